//! Documented lists that carry values without OBIS codes: the position names the object.
//!
//! In: a structure. Out: its entries, when number and types of the elements fit one list of the
//! table and its evidence holds. A list that only its shape would give away needs a profile.

use super::layout::{CLOCK, DEVICE_ID, Entry, LIST_VERSION, Layout, ListName, is_clock_value};
use super::plausibility::mains_exponent;
use crate::models::Profile;
use frame::dlms::axdr::{Item, tag};
use frame::dlms::date_time;
use reading::{Obis, Timestamp};

/// The clock of a list is the one of the header, read once more: seconds apart.
const CLOCKS_APART_MAX: std::time::Duration = std::time::Duration::from_secs(300);

/// What is known about a telegram beside its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) profile: Option<&'static Profile>,
    /// The header's date-time came as a tagged octet string, as Kaifa's meters send it.
    pub(crate) tagged_date_time: bool,
    /// The header's date-time.
    pub(crate) date_time: Option<[u8; date_time::LENGTH]>,
    pub(crate) system_title: Option<&'a [u8; 8]>,
}

struct List {
    name: &'static str,
    slots: &'static [Slot],
    evidence: Evidence,
}

enum Slot {
    Text(Obis),
    Word(Obis),
    Double(Obis),
    Number(Obis),
    Clock(Obis),
    Flag(Obis),
    NumberInOctets(Obis),
    /// Present, and not told what it is.
    Unnamed,
}

enum Evidence {
    /// The first element is a text that starts so.
    Version(&'static [u8]),
    /// The first element names the device: maker's letters and digits.
    DeviceName,
    /// The first element is the logical name of this push setup.
    SetupName([u8; 6]),
    /// The notification's date-time is tagged, or the profile is this maker's.
    TaggedDateTime(&'static str),
    /// The first three words can be the voltages of a supply with at least one live phase, and
    /// nothing names another maker; or the system title or the profile is this maker's.
    Voltages(&'static str),
    /// The first element is the clock of the header, and nothing names another maker; or the
    /// system title is this maker's, or some profile was chosen.
    HeaderClock(&'static str),
}

const fn now(c: u8, e: u8) -> Obis {
    Obis::new(1, 0, [c, 7, e], 255)
}

const fn total(c: u8, e: u8) -> Obis {
    Obis::new(1, 0, [c, 8, e], 255)
}

const fn device(c: u8, d: u8, e: u8) -> Obis {
    Obis::new(0, 0, [c, d, e], 255)
}

use Slot::{Clock, Double, Flag, Number, NumberInOctets, Text, Unnamed, Word};

#[rustfmt::skip]
static LISTS: &[List] = &[
    // Netz Burgenland, "Beschreibung Endkundenschnittstelle"; the three words before the
    // identification are not described.
    List { name: "netz_burgenland_14", evidence: Evidence::Voltages("LGZ"), slots: &[
        Word(now(32, 0)), Word(now(52, 0)), Word(now(72, 0)), Word(now(31, 0)), Word(now(51, 0)), Word(now(71, 0)),
        Double(now(1, 0)), Double(now(2, 0)), Double(total(1, 0)), Double(total(2, 0)),
        Unnamed, Unnamed, Unnamed, Text(DEVICE_ID),
    ] },
    List { name: "netz_burgenland_11", evidence: Evidence::Voltages("LGZ"), slots: &[
        Word(now(32, 0)), Word(now(52, 0)), Word(now(72, 0)), Word(now(31, 0)), Word(now(51, 0)), Word(now(71, 0)),
        Double(now(1, 0)), Double(now(2, 0)), Double(total(1, 0)), Double(total(2, 0)), Text(DEVICE_ID),
    ] },
    // Wiener Netze customer interface.
    List { name: "wiener_netze_9", evidence: Evidence::HeaderClock("LGZ"), slots: &[
        Clock(CLOCK), Double(total(1, 0)), Double(total(2, 0)), Double(total(3, 0)), Double(total(4, 0)),
        Double(now(1, 0)), Double(now(2, 0)), Double(now(3, 0)), Double(now(4, 0)),
    ] },
    // Kaifa, "KFM_001 OBIS List Information": lists 1, 2 and 3 for one and three phases.
    List { name: "kfm_001_list_1", evidence: Evidence::TaggedDateTime("KFM"), slots: &[Double(now(1, 0))] },
    List { name: "kfm_001_list_2_one_phase", evidence: Evidence::Version(b"KFM_"), slots: &[
        Text(LIST_VERSION), Text(DEVICE_ID), Text(device(96, 1, 7)),
        Double(now(1, 0)), Double(now(2, 0)), Double(now(3, 0)), Double(now(4, 0)), Double(now(31, 0)), Double(now(32, 0)),
    ] },
    List { name: "kfm_001_list_2_three_phases", evidence: Evidence::Version(b"KFM_"), slots: &[
        Text(LIST_VERSION), Text(DEVICE_ID), Text(device(96, 1, 7)),
        Double(now(1, 0)), Double(now(2, 0)), Double(now(3, 0)), Double(now(4, 0)),
        Double(now(31, 0)), Double(now(51, 0)), Double(now(71, 0)), Double(now(32, 0)), Double(now(52, 0)), Double(now(72, 0)),
    ] },
    List { name: "kfm_001_list_3_one_phase", evidence: Evidence::Version(b"KFM_"), slots: &[
        Text(LIST_VERSION), Text(DEVICE_ID), Text(device(96, 1, 7)),
        Double(now(1, 0)), Double(now(2, 0)), Double(now(3, 0)), Double(now(4, 0)), Double(now(31, 0)), Double(now(32, 0)),
        Clock(CLOCK), Double(total(1, 0)), Double(total(2, 0)), Double(total(3, 0)), Double(total(4, 0)),
    ] },
    List { name: "kfm_001_list_3_three_phases", evidence: Evidence::Version(b"KFM_"), slots: &[
        Text(LIST_VERSION), Text(DEVICE_ID), Text(device(96, 1, 7)),
        Double(now(1, 0)), Double(now(2, 0)), Double(now(3, 0)), Double(now(4, 0)),
        Double(now(31, 0)), Double(now(51, 0)), Double(now(71, 0)), Double(now(32, 0)), Double(now(52, 0)), Double(now(72, 0)),
        Clock(CLOCK), Double(total(1, 0)), Double(total(2, 0)), Double(total(3, 0)), Double(total(4, 0)),
    ] },
    // Iskraemeco, push setup 0-6:25.9.0, and the meter's number; time and date come as two octet
    // strings.
    List { name: "iskra_0-6:25.9.0", evidence: Evidence::SetupName([0, 6, 25, 9, 0, 255]), slots: &[
        Unnamed, Text(DEVICE_ID), Unnamed, Unnamed,
        Double(total(1, 0)), Double(total(2, 0)), Double(total(3, 0)), Double(total(4, 0)), Double(now(1, 0)), Double(now(2, 0)),
        Unnamed, Unnamed,
    ] },
    // Slovenian grid operators (Elektro Celje), lists 1 and 2.
    List { name: "ece_list_1", evidence: Evidence::DeviceName, slots: &[
        Text(device(42, 0, 0)), Text(device(96, 1, 2)),
        Number(now(1, 0)), Number(now(2, 0)), Number(now(3, 0)), Number(now(4, 0)),
        Number(now(32, 0)), Number(now(52, 0)), Number(now(72, 0)), Number(now(31, 0)), Number(now(51, 0)), Number(now(71, 0)),
        Number(now(21, 0)), Number(now(41, 0)), Number(now(61, 0)), Number(now(22, 0)), Number(now(42, 0)), Number(now(62, 0)),
    ] },
    List { name: "ece_list_2", evidence: Evidence::DeviceName, slots: &[
        Text(device(42, 0, 0)), Text(device(96, 1, 3)), Flag(device(96, 3, 10)), NumberInOctets(device(96, 14, 0)),
        Double(total(1, 0)), Double(total(1, 1)), Double(total(1, 2)), Double(total(2, 0)), Double(total(2, 1)), Double(total(2, 2)),
        Double(total(3, 0)), Double(total(4, 0)),
    ] },
];

/// The list that a body follows; `None` when it is none of the table.
pub(crate) fn recognise<'a>(
    root: &Item<'a>,
    circumstances: &Circumstances<'_>,
) -> Option<Layout<'a>> {
    if root.tag() != tag::STRUCTURE {
        return None;
    }
    let list = LISTS.iter().find(|list| {
        list.slots.len() == root.count()
            && list.slots.iter().zip(root.children()).all(|(slot, item)| slot.fits(&item))
            && list.evidence.holds(root, circumstances)
    })?;
    let entries =
        list.slots.iter().zip(root.children()).filter_map(|(slot, item)| slot.entry(item));
    Some(Layout {
        name: ListName::Documented(list.name),
        kind: "documented list without OBIS",
        entries: entries.collect(),
        complete: root.children().count() == list.slots.len(),
        maker: list.evidence.maker(),
    })
}

impl Slot {
    fn fits(&self, item: &Item<'_>) -> bool {
        match self {
            Self::Text(_) => matches!(item.tag(), tag::OCTET_STRING | tag::VISIBLE_STRING),
            Self::Word(_) => item.tag() == tag::LONG_UNSIGNED,
            Self::Double(_) => item.tag() == tag::DOUBLE_LONG_UNSIGNED,
            Self::Number(_) => item.integer().is_some() && item.tag() != tag::BOOLEAN,
            Self::Clock(_) => is_clock_value(item),
            Self::Flag(_) => item.tag() == tag::BOOLEAN,
            Self::NumberInOctets(_) => {
                item.tag() == tag::OCTET_STRING && (1..=7).contains(&item.content().len())
            }
            Self::Unnamed => !item.is_container(),
        }
    }

    fn entry<'a>(&self, item: Item<'a>) -> Option<Entry<'a>> {
        match self {
            Self::Unnamed => None,
            Self::NumberInOctets(obis) => {
                let mut entry = Entry::new(*obis, item);
                entry.is_number_in_octets = true;
                Some(entry)
            }
            Self::Text(obis)
            | Self::Word(obis)
            | Self::Double(obis)
            | Self::Number(obis)
            | Self::Clock(obis)
            | Self::Flag(obis) => Some(Entry::new(*obis, item)),
        }
    }
}

impl Evidence {
    fn holds(&self, root: &Item<'_>, circumstances: &Circumstances<'_>) -> bool {
        let first = || root.children().next().map(|item| item.content()).unwrap_or_default();
        let profile_of =
            |maker: &str| circumstances.profile.is_some_and(|known| known.maker == maker);
        match self {
            Self::Version(start) => first().starts_with(start),
            Self::SetupName(name) => first() == name,
            Self::DeviceName => {
                let name = first();
                let (maker, serial) = name.split_at_checked(3).unwrap_or_default();
                name.len() == 16
                    && maker.iter().all(u8::is_ascii_uppercase)
                    && serial.iter().all(u8::is_ascii_alphanumeric)
            }
            Self::TaggedDateTime(maker) => circumstances.tagged_date_time || profile_of(maker),
            Self::Voltages(maker) => {
                let mut voltages = root.children().take(3).map(|item| item.integer());
                let voltages = [(); 3].map(|()| voltages.next().flatten());
                profile_of(maker)
                    || circumstances.sent_by(maker).unwrap_or(mains_exponent(voltages).is_some())
            }
            Self::HeaderClock(maker) => {
                circumstances.profile.is_some()
                    || circumstances.sent_by(maker).unwrap_or_else(|| {
                        root.children().next().is_some_and(|first| circumstances.dates(&first))
                    })
            }
        }
    }

    const fn maker(&self) -> Option<&'static str> {
        match self {
            Self::TaggedDateTime(maker) | Self::Voltages(maker) | Self::HeaderClock(maker) => {
                Some(maker)
            }
            Self::Version(_) | Self::SetupName(_) | Self::DeviceName => None,
        }
    }
}

impl Circumstances<'_> {
    /// Whether the system title is of this maker; `None` without one.
    fn sent_by(&self, maker: &str) -> Option<bool> {
        self.system_title.map(|title| title.starts_with(maker.as_bytes()))
    }

    /// Whether the element shows the time of the header.
    fn dates(&self, clock: &Item<'_>) -> bool {
        let wall = |bytes: &[u8]| -> Option<Timestamp> {
            date_time::decode(bytes.try_into().ok()?).ok()?.as_if_utc()
        };
        let header = self.date_time.and_then(|bytes| wall(&bytes));
        header.zip(wall(clock.content())).is_some_and(|(header, clock)| {
            header.since(clock).max(clock.since(header)) <= CLOCKS_APART_MAX
        })
    }
}
