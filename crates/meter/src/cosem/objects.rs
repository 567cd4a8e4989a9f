//! What a meter has, and which of it is worth asking for.
//!
//! In: the object list of its association. Out: the attributes to read. Objects that this client
//! may not read are left out before they are asked for.
//!
//! # Source
//! IEC 62056-6-2 (Blue Book 4.4.4): association LN, attribute 2, `object_list`.

use super::options::{CosemOptions, OBJECTS_MAX, PROFILES_MAX};
use frame::dlms::Attribute;
use frame::dlms::axdr::{self, Document, Item, Node, Style};
use reading::{Obis, Quantity};
use std::collections::BTreeSet;

pub(super) const CLASS_DATA: u16 = 1;
pub(super) const CLASS_REGISTER: u16 = 3;
pub(super) const CLASS_EXTENDED_REGISTER: u16 = 4;
pub(super) const CLASS_DEMAND_REGISTER: u16 = 5;
pub(super) const CLASS_PROFILE: u16 = 7;
pub(super) const CLASS_CLOCK: u16 = 8;
/// 0-0:40.0.0: the association that is open.
pub(super) const ASSOCIATION: Obis = Obis::new(0, 0, [40, 0, 0], 255);
pub(super) const CLOCK: Obis = Obis::new(0, 0, [1, 0, 0], 255);
pub(super) const OBJECT_LIST: Attribute = Attribute::new(15, ASSOCIATION, 2);
/// Value of a register, of data, of the clock; the running mean of a demand register.
const VALUE: i8 = 2;
/// The last closed mean of a demand register.
const LAST_AVERAGE: i8 = 3;
/// Value group D of running and last demand means (IEC 62056-6-1, 7.3).
const RUNNING: u8 = 4;
const LAST: u8 = 5;
/// Most objects of a list that is looked at.
const LISTED_MAX: usize = 8192;

/// An object of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) class: u16,
    pub(super) name: Obis,
    /// Attribute 2 may be read, as far as the list says.
    readable: bool,
}

/// An attribute that is read, and the register that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) attribute: Attribute,
    /// The code of what it holds: a demand register holds two.
    pub(super) obis: Obis,
}

impl Target {
    /// Where its scaler and unit stand; `None` for classes without.
    pub(super) const fn scaler(&self) -> Option<Attribute> {
        scaler_of(self.attribute.class, self.attribute.name)
    }
}

/// Where a class keeps scaler and unit.
pub(super) const fn scaler_of(class: u16, name: Obis) -> Option<Attribute> {
    match class {
        CLASS_REGISTER | CLASS_EXTENDED_REGISTER => Some(Attribute::new(class, name, 3)),
        CLASS_DEMAND_REGISTER => Some(Attribute::new(class, name, 4)),
        _ => None,
    }
}

/// The code of what an attribute holds, and whether it is a value at all.
pub(super) fn code_of(attribute: Attribute) -> Option<Obis> {
    let Attribute { class, name, index } = attribute;
    match (class, index) {
        (_, VALUE) => Some(name),
        (CLASS_DEMAND_REGISTER, LAST_AVERAGE) => {
            let [c, d, e] = name.cde();
            let last = if d == RUNNING { LAST } else { d };
            Some(Obis::new(name.medium(), name.channel(), [c, last, e], name.period()))
        }
        _ => None,
    }
}

/// Reads an object list; `None` when it is none. Elements of another shape are left out.
pub(super) fn decode(bytes: &[u8], nodes: &mut Vec<Node>) -> Option<Vec<Object>> {
    let (count, mut position) = axdr::array_header(bytes)?;
    let mut objects = Vec::new();
    for _ in 0..count.min(LISTED_MAX) {
        position = axdr::decode(bytes, position, nodes, Style::Standard).ok()?;
        objects.extend(Document::new(bytes, nodes).root().and_then(|item| object(&item)));
    }
    Some(objects)
}

fn object(item: &Item<'_>) -> Option<Object> {
    let [class, _version, name, rights] = item.elements::<4>()?;
    Some(Object {
        class: u16::try_from(class.integer()?).ok()?,
        name: Obis::from_bytes(name.content().try_into().ok()?),
        readable: readable(&rights).unwrap_or(true),
    })
}

/// Whether attribute 2 may be read; `None` when the rights do not mention it.
fn readable(rights: &Item<'_>) -> Option<bool> {
    let attributes = rights.children().next()?;
    let mode = attributes.children().find_map(|access| {
        let mut parts = access.children();
        let number = parts.next()?.integer()?;
        let mode = parts.next()?.integer()?;
        (number == i64::from(VALUE)).then_some(mode)
    })?;
    // 1 and 3 read, 4 and 6 read when authenticated; from version 3 on, bit 0 reads.
    Some(matches!(mode, 1 | 3 | 4 | 6) || (mode > 6 && mode & 1 == 1))
}

/// Whether the list has a clock that may be read.
pub(super) fn has_clock(objects: &[Object]) -> bool {
    objects.iter().any(|it| (it.class, it.name, it.readable) == (CLASS_CLOCK, CLOCK, true))
}

/// What one reading asks for, in the order of the list.
pub(super) fn targets(objects: &[Object], options: &CosemOptions) -> Vec<Target> {
    let wanted = |obis: Obis| match &options.objects {
        Some(configured) => configured.contains(&obis),
        None => Quantity::from_obis(obis).is_some(),
    };
    let mut seen = BTreeSet::new();
    let mut targets = Vec::new();
    for object in objects.iter().filter(|object| object.readable) {
        let indices: &[i8] = match object.class {
            CLASS_DATA | CLASS_REGISTER | CLASS_EXTENDED_REGISTER => &[VALUE],
            CLASS_DEMAND_REGISTER => &[VALUE, LAST_AVERAGE],
            _ => continue,
        };
        for index in indices {
            let attribute = Attribute::new(object.class, object.name, *index);
            let Some(obis) = code_of(attribute).filter(|obis| wanted(*obis)) else { continue };
            // An object of its own says more of a register than a demand register beside it.
            if targets.len() < OBJECTS_MAX && seen.insert(obis.bytes()) {
                targets.push(Target { attribute, obis });
            }
        }
    }
    targets
}

/// The load profiles to read.
pub(super) fn profiles(objects: &[Object], options: &CosemOptions) -> Vec<Obis> {
    let wanted = |obis: Obis| match &options.profiles {
        Some(configured) => configured.contains(&obis),
        None => {
            obis.medium() == 1 && matches!(obis.cde(), [99, 1 | 2, 0]) && obis.period() == u8::MAX
        }
    };
    let profiles = objects.iter().filter(|object| object.class == CLASS_PROFILE);
    let names = profiles.map(|object| object.name).filter(|name| wanted(*name));
    names.take(PROFILES_MAX).collect()
}

/// What is tried on a meter that does not give its object list: the configured objects, else the
/// registers that nearly every three-phase meter has, and the clock. Each is dropped when the
/// meter knows no such object.
pub(super) fn assumed(options: &CosemOptions) -> Vec<Object> {
    let usual = || {
        let codes = [
            [1, 8, 0],
            [1, 8, 1],
            [1, 8, 2],
            [2, 8, 0],
            [2, 8, 1],
            [2, 8, 2],
            [3, 8, 0],
            [4, 8, 0],
            [1, 7, 0],
            [2, 7, 0],
            [16, 7, 0],
            [3, 7, 0],
            [4, 7, 0],
            [32, 7, 0],
            [52, 7, 0],
            [72, 7, 0],
            [31, 7, 0],
            [51, 7, 0],
            [71, 7, 0],
            [13, 7, 0],
            [14, 7, 0],
        ];
        codes.map(|code| Obis::new(1, 0, code, 255)).to_vec()
    };
    let registers = options.objects.clone().unwrap_or_else(usual).into_iter().map(|name| {
        // Electricity keeps its values in registers, everything abstract in data objects.
        let class = if name.medium() == 0 { CLASS_DATA } else { CLASS_REGISTER };
        Object { class, name, readable: true }
    });
    let clock = Object { class: CLASS_CLOCK, name: CLOCK, readable: true };
    let profiles = options.profiles.clone().unwrap_or_default().into_iter();
    let profiles = profiles.map(|name| Object { class: CLASS_PROFILE, name, readable: true });
    std::iter::once(clock).chain(registers).chain(profiles).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use frame::dlms::Data;

    fn element(class: u16, name: [u8; 6], mode: u8) -> Data {
        let access = Data::Structure(vec![Data::Integer(2), Data::Enum(mode), Data::Null]);
        Data::Structure(vec![
            Data::LongUnsigned(class),
            Data::Unsigned(0),
            Data::OctetString(name.to_vec()),
            Data::Structure(vec![Data::Array(vec![access]), Data::Array(Vec::new())]),
        ])
    }

    fn listed(elements: Vec<Data>) -> Vec<Object> {
        let mut bytes = Vec::new();
        Data::Array(elements).encode(&mut bytes);
        decode(&bytes, &mut Vec::new()).expect("a list")
    }

    #[test]
    fn chooses_what_the_catalogue_knows_and_this_client_may_read() {
        let objects = listed(vec![
            element(15, [0, 0, 40, 0, 0, 255], 1),
            element(8, [0, 0, 1, 0, 0, 255], 3),
            element(3, [1, 0, 1, 8, 0, 255], 1),
            element(3, [1, 0, 2, 8, 0, 255], 0),   // No access.
            element(3, [1, 0, 200, 8, 0, 255], 1), // Not in the catalogue.
            element(5, [1, 0, 1, 4, 0, 255], 1),
            element(7, [1, 0, 99, 1, 0, 255], 1),
            element(7, [1, 0, 98, 1, 0, 255], 1),
        ]);
        assert!(has_clock(&objects));
        let options = CosemOptions::default();
        let codes: Vec<_> =
            targets(&objects, &options).iter().map(|target| target.obis.to_string()).collect();
        assert_eq!(codes, ["1-0:1.8.0*255", "1-0:1.4.0*255", "1-0:1.5.0*255"]);
        assert_eq!(profiles(&objects, &options), [Obis::new(1, 0, [99, 1, 0], 255)]);
        let unknown = Obis::new(1, 0, [200, 8, 0], 255);
        let options = CosemOptions { objects: Some(vec![unknown]), ..options };
        assert_eq!(targets(&objects, &options)[0].obis, unknown);
    }

    #[test]
    fn a_list_that_ends_early_is_none() {
        let mut bytes = Vec::new();
        Data::Array(vec![element(3, [1, 0, 1, 8, 0, 255], 1)]).encode(&mut bytes);
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length], &mut Vec::new()), None, "{length}");
        }
    }
}
