//! Load profiles: what a meter recorded while nobody asked.
//!
//! In: capture objects and rows of a profile generic. Out: telegrams with their own past times,
//! under the profile's name as list. A row that cannot be dated is left out, aloud.
//!
//! # Source
//! IEC 62056-6-2 (Blue Book 4.3.6), profile generic; the status word of IDIS package 2, 6.2.4.

use super::objects::{CLASS_CLOCK, code_of, scaler_of};
use super::register::{Scaler, reading_of};
use crate::push::clock::{self, Sent, Sources};
use crate::push::defect::{Defect, DefectCode};
use frame::dlms::axdr::{self, Document, Item, Node, Style, tag};
use frame::dlms::{Attribute, date_time};
use jiff::tz::TimeZone;
use reading::{MeterTime, Obis, Quality, Reading, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Most columns of a profile.
const COLUMNS_MAX: usize = 64;
/// Most rows of one answer that are looked at.
const ROWS_MAX: usize = 16_384;
/// Bits of the status word that make a row doubtful: critical error, data not valid.
const STATUS_DOUBTFUL: i64 = 0x01 | 0x04;

/// One captured attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) attribute: Attribute,
}

impl Column {
    const fn is_clock(self) -> bool {
        self.attribute.class == CLASS_CLOCK && self.attribute.index == 2
    }

    /// 0-b:96.10.x: the status of the profile.
    const fn is_status(self) -> bool {
        let name = self.attribute.name;
        name.medium() == 0 && matches!(name.cde(), [96, 10, _])
    }

    pub(super) fn scaler(self) -> Option<Attribute> {
        code_of(self.attribute)?;
        scaler_of(self.attribute.class, self.attribute.name)
    }
}

/// Reads capture objects; `None` when they are none, or hold no clock.
pub(super) fn columns(bytes: &[u8], nodes: &mut Vec<Node>) -> Option<Vec<Column>> {
    axdr::decode(bytes, 0, nodes, Style::Standard).ok()?;
    let root = Document::new(bytes, nodes).root()?;
    let column = |item: Item<'_>| {
        let [class, name, index, _] = item.elements::<4>()?;
        let attribute = Attribute {
            class: u16::try_from(class.integer()?).ok()?,
            name: Obis::from_bytes(name.content().try_into().ok()?),
            index: i8::try_from(index.integer()?).ok()?,
        };
        Some(Column { attribute })
    };
    let columns: Vec<Column> =
        root.children().take(COLUMNS_MAX).map(column).collect::<Option<_>>()?;
    columns.iter().any(|column| column.is_clock()).then_some(columns)
}

/// One row, dated.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) meter_time: Option<MeterTime>,
    pub(super) at: Timestamp,
    pub(super) quality: Quality,
    pub(super) readings: Vec<Reading>,
}

/// What rows are read with.
pub(super) struct Reader<'a> {
    pub(super) name: Obis,
    pub(super) columns: &'a [Column],
    pub(super) scalers: &'a BTreeMap<Attribute, Option<Scaler>>,
    pub(super) period: Option<Duration>,
    pub(super) zone: Option<&'a TimeZone>,
}

impl Reader<'_> {
    /// The rows of a buffer in its order, or why it is none.
    pub(super) fn rows(
        &self,
        bytes: &[u8],
        (nodes, defects): (&mut Vec<Node>, &mut Vec<Defect>),
    ) -> Result<Vec<Row>, String> {
        let broken =
            |error: &dyn std::fmt::Display| format!("the buffer of {}: {error}", self.name);
        let mut rows = Vec::new();
        let mut before = Before::default();
        let Some((count, mut position)) = axdr::array_header(bytes) else {
            // A compact array holds all rows in one element.
            axdr::decode(bytes, 0, nodes, Style::Standard).map_err(|error| broken(&error))?;
            let root = Document::new(bytes, nodes).root().filter(Item::is_container);
            let root = root.ok_or_else(|| broken(&"it is no array"))?;
            for item in root.children() {
                rows.extend(self.row(&item, &mut before, defects));
            }
            return Ok(rows);
        };
        for _ in 0..count.min(ROWS_MAX) {
            position = axdr::decode(bytes, position, nodes, Style::Standard)
                .map_err(|error| broken(&error))?;
            if let Some(item) = Document::new(bytes, nodes).root() {
                rows.extend(self.row(&item, &mut before, defects));
            }
        }
        Ok(rows)
    }

    fn row(&self, row: &Item<'_>, before: &mut Before, defects: &mut Vec<Defect>) -> Option<Row> {
        let wrong = |defects: &mut Vec<Defect>, detail: String| {
            let offset = row.offset() as u64;
            defects.push(Defect::new(DefectCode::ValueUnreadable, offset, detail));
        };
        if row.count() != self.columns.len() {
            let (got, expected) = (row.count(), self.columns.len());
            wrong(defects, format!("{}: a row of {got} values, expected {expected}", self.name));
            return None;
        }
        let Some((meter_time, at)) = self.time_of(row, before, defects) else {
            wrong(defects, format!("{}: a row without a time was left out", self.name));
            return None;
        };
        before.at = Some(at);
        before.values.resize(self.columns.len(), None);
        let mut quality = Quality::Good;
        let mut readings = Vec::new();
        for ((column, item), known) in
            self.columns.iter().zip(row.children()).zip(&mut before.values)
        {
            if column.is_clock() {
                continue;
            }
            let Some(obis) = code_of(column.attribute) else { continue };
            if item.tag() != tag::NULL {
                let scaler =
                    column.scaler().and_then(|at| self.scalers.get(&at).copied().flatten());
                *known = reading_of(&item, (obis, column.attribute.class), scaler);
                if column.is_status() && item.integer().is_some_and(|it| it & STATUS_DOUBTFUL != 0)
                {
                    quality = Quality::Suspect;
                }
            }
            // Null stands for what the row before tells without doubt: the same value.
            readings.extend(known.clone());
        }
        Some(Row { meter_time, at, quality, readings })
    }

    fn time_of(
        &self,
        row: &Item<'_>,
        before: &Before,
        defects: &mut Vec<Defect>,
    ) -> Option<(Option<MeterTime>, Timestamp)> {
        let place = self.columns.iter().position(|column| column.is_clock())?;
        let item = row.children().nth(place)?;
        if item.tag() == tag::NULL {
            return Some((None, before.at?.plus(self.period?)));
        }
        let bytes: [u8; date_time::LENGTH] = item.content().try_into().ok()?;
        let sent = Sent { bytes, offset: item.content_offset() as u64 };
        let sources = Sources {
            object: Some(sent),
            header: None,
            zone: self.zone,
            arrival: None,
            previous: before.at,
        };
        // Rows are old: whether the clock was right then is told by the status of the row.
        let mut remarks = Vec::new();
        let resolved = clock::resolve(&sources, &mut remarks);
        let told = remarks.into_iter().filter(|it| it.code == DefectCode::MeterClockAmbiguous);
        defects.extend(told);
        Some((resolved.meter_time, resolved.measured_at?))
    }
}

#[derive(Default)]
struct Before {
    at: Option<Timestamp>,
    values: Vec<Option<Reading>>,
}

/// The bytes of an instant as the meter's clock would show it.
///
/// The deviation is the one that the meter's clock states; a clock that states none shows the wall
/// time of `zone`.
pub(super) fn shown(at: Timestamp, deviation: Option<i16>, zone: &TimeZone) -> Option<[u8; 12]> {
    let instant = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
    let wall = match deviation {
        // UTC = local time + deviation.
        Some(minutes) => {
            let offset = jiff::tz::Offset::from_seconds(-i32::from(minutes) * 60).ok()?;
            offset.to_datetime(instant)
        }
        None => zone.to_datetime(instant),
    };
    let field = |value: i8| u8::try_from(value).ok();
    let time = MeterTime {
        year: u16::try_from(wall.year()).ok()?,
        month: field(wall.month())?,
        day: field(wall.day())?,
        hour: field(wall.hour())?,
        minute: field(wall.minute())?,
        second: field(wall.second())?,
        hundredths: Some(0),
        deviation,
        status: None,
    };
    Some(date_time::encode(&time))
}

/// A whole number among an attribute's data.
pub(super) fn whole_number(bytes: &[u8], nodes: &mut Vec<Node>) -> Option<i64> {
    axdr::decode(bytes, 0, nodes, Style::Standard).ok()?;
    let root = Document::new(bytes, nodes).root()?;
    root.integer()
}
