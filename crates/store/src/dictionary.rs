//! The numbers that stand for meters, lists and channels in a store.
//!
//! In: names. Out: small numbers, written to the dictionary tables in the transaction that first
//! uses them. Quantities are stored by name, so the catalogue may change its order. Refuses: more
//! entries than the named maxima, so that a meter gone mad cannot fill the memory.

use crate::append::Failure;
use crate::encoding::ChannelId;
use crate::error::Refusal;
use reading::{ListId, MeterId, Obis, Quantity, Reading, Unit};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// Most lists of all meters together.
const LISTS_MAX: usize = 16_384;
/// Most channels.
const CHANNELS_MAX: usize = 65_536;

/// What a value is: everything of a reading that is the same in every telegram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Channel {
    pub(crate) quantity: Option<Quantity>,
    pub(crate) obis: Option<Obis>,
    pub(crate) unit: Option<Unit>,
}

impl From<&Reading> for Channel {
    fn from(reading: &Reading) -> Self {
        Self { quantity: reading.quantity, obis: reading.obis, unit: reading.unit }
    }
}

/// The writer's copy of the dictionary tables.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    lists: HashMap<MeterId, HashMap<ListId, i64>>,
    list_count: usize,
    channels: HashMap<Channel, ChannelId>,
    /// The last telegram's channels: the next one mostly has the same in the same places.
    last: Vec<(Channel, ChannelId)>,
}

impl Dictionary {
    /// The dictionary as it stands in the file.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut dictionary = Self::default();
        for (id, meter, list) in lists(connection)? {
            dictionary.lists.entry(meter).or_default().insert(list, id);
            dictionary.list_count += 1;
        }
        for (id, channel) in channels(connection)? {
            dictionary.channels.insert(channel, id);
        }
        Ok(dictionary)
    }

    pub(crate) fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// The number of a meter's list, new if need be.
    pub(crate) fn list(
        &mut self,
        connection: &Connection,
        meter: &MeterId,
        list: &ListId,
    ) -> Result<i64, Failure> {
        if let Some(id) = self.lists.get(meter).and_then(|lists| lists.get(list)) {
            return Ok(*id);
        }
        if self.list_count >= LISTS_MAX {
            return Err(Refusal::DictionaryFull { what: "lists", max: LISTS_MAX }.into());
        }
        let meter_id = Self::meter(connection, meter)?;
        let insert = "INSERT INTO list (meter, name) VALUES (?1, ?2)";
        connection.execute(insert, params![meter_id, list.as_str()])?;
        let id = connection.last_insert_rowid();
        self.lists.entry(meter.clone()).or_default().insert(list.clone(), id);
        self.list_count += 1;
        Ok(id)
    }

    /// The number of a meter, new if need be.
    pub(crate) fn meter(connection: &Connection, meter: &MeterId) -> rusqlite::Result<i64> {
        let known = connection
            .prepare_cached("SELECT id FROM meter WHERE name = ?1")?
            .query_row([meter.as_str()], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Ok(id);
        }
        connection.execute("INSERT INTO meter (name) VALUES (?1)", [meter.as_str()])?;
        Ok(connection.last_insert_rowid())
    }

    /// The number of the channel at a place of a telegram, new if need be.
    pub(crate) fn channel(
        &mut self,
        connection: &Connection,
        (place, channel): (usize, Channel),
    ) -> Result<ChannelId, Failure> {
        match self.last.get(place) {
            Some((known, id)) if *known == channel => return Ok(*id),
            _ => {}
        }
        let id = self.found(connection, channel)?;
        self.last.truncate(place);
        self.last.push((channel, id));
        Ok(id)
    }

    fn found(&mut self, connection: &Connection, channel: Channel) -> Result<ChannelId, Failure> {
        if let Some(id) = self.channels.get(&channel) {
            return Ok(*id);
        }
        if self.channels.len() >= CHANNELS_MAX {
            return Err(Refusal::DictionaryFull { what: "channels", max: CHANNELS_MAX }.into());
        }
        let insert = "INSERT INTO channel (quantity, obis, unit) VALUES (?1, ?2, ?3)";
        let quantity = channel.quantity.map(Quantity::name);
        let obis = channel.obis.map(|obis| obis.to_string());
        let unit = channel.unit.map(Unit::symbol);
        connection.execute(insert, params![quantity, obis, unit])?;
        let id = ChannelId::try_from(connection.last_insert_rowid());
        let id = id.expect("channels are numbered from one, and there are few");
        self.channels.insert(channel, id);
        Ok(id)
    }
}

/// Every list with its meter.
pub(crate) fn lists(connection: &Connection) -> rusqlite::Result<Vec<(i64, MeterId, ListId)>> {
    let mut statement = connection.prepare_cached(
        "SELECT list.id, meter.name, list.name FROM list JOIN meter ON meter.id = list.meter",
    )?;
    let rows = statement.query_map([], |row| {
        let (meter, list): (String, String) = (row.get(1)?, row.get(2)?);
        Ok((row.get(0)?, meter, list))
    })?;
    let mut lists = Vec::new();
    for row in rows {
        let (id, meter, list) = row?;
        // Only a foreign hand writes a name here that is none.
        if let Ok(meter) = MeterId::new(meter) {
            lists.push((id, meter, ListId::new(&list)));
        }
    }
    Ok(lists)
}

/// Every channel. A name that this program's catalogue lacks reads as a register outside it.
pub(crate) fn channels(connection: &Connection) -> rusqlite::Result<Vec<(ChannelId, Channel)>> {
    let mut statement =
        connection.prepare_cached("SELECT id, quantity, obis, unit FROM channel ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        let text = |index| row.get_ref(index)?.as_str_or_null().map_err(rusqlite::Error::from);
        let channel = Channel {
            quantity: text(1)?.and_then(Quantity::from_name),
            obis: text(2)?.and_then(|obis| obis.parse().ok()),
            unit: text(3)?.and_then(Unit::from_symbol),
        };
        Ok((row.get(0)?, channel))
    })?;
    rows.collect()
}
