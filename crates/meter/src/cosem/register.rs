//! Attributes to values: exact digits and the unit that the meter states.

use super::objects::CLASS_DATA;
use crate::push::defect::{Defect, DefectCode};
use crate::push::layout::Entry;
use crate::push::scale::{Remark, Scaled, scale};
use frame::dlms::axdr::{self, Document, Item, Node, Style, tag};
use reading::{Obis, Quality, Quantity, Reading, Unit};

/// Power of ten and COSEM unit of a register.
pub(super) type Scaler = (i8, u8);

/// Reads a scaler_unit; `None` when it is none.
pub(super) fn scaler_unit(bytes: &[u8], nodes: &mut Vec<Node>) -> Option<Scaler> {
    axdr::decode(bytes, 0, nodes, Style::Standard).ok()?;
    let [scaler, unit] = Document::new(bytes, nodes).root()?.elements::<2>()?;
    let scaler = i8::try_from(scaler.integer()?).ok()?;
    Some((scaler, u8::try_from(unit.integer()?).ok()?))
}

/// A value that stands inside other data; `None` when it is no single value.
pub(super) fn reading_of(
    item: &Item<'_>,
    place: (Obis, u16),
    scaler: Option<Scaler>,
) -> Option<Reading> {
    scaled(item, place, scaler).map(|scaled| scaled.reading)
}

fn scaled(item: &Item<'_>, (obis, class): (Obis, u16), scaler: Option<Scaler>) -> Option<Scaled> {
    let entry =
        Entry { scaler_unit: scaler, is_register: class != CLASS_DATA, ..Entry::new(obis, *item) };
    let mut scaled = scale(&entry, Quantity::from_obis(obis), None)?;
    if scaler.is_none() && class != CLASS_DATA && scaled.reading.value.number().is_some() {
        // Digits of unknown weight are no value of the quantity.
        scaled.reading.quantity = None;
        scaled.reading.quality = Quality::Suspect;
    }
    Some(scaled)
}

/// A value with what was noticed on the way; `None` when the meter holds none at present.
pub(super) type Valued = Option<(Reading, Option<Defect>)>;

/// The value of an attribute.
///
/// # Errors
/// Data that are no single value.
pub(super) fn value(
    bytes: &[u8],
    (obis, class): (Obis, u16),
    scaler: Option<Scaler>,
    nodes: &mut Vec<Node>,
) -> Result<Valued, Defect> {
    let unreadable = |detail: String| Defect::new(DefectCode::ValueUnreadable, 0, detail);
    axdr::decode(bytes, 0, nodes, Style::Standard)
        .map_err(|error| unreadable(format!("{obis}: {error}")))?;
    let root = Document::new(bytes, nodes).root();
    let root = root.ok_or_else(|| unreadable(format!("{obis} is empty")))?;
    if root.tag() == tag::NULL {
        return Ok(None);
    }
    let scaled = scaled(&root, (obis, class), scaler)
        .ok_or_else(|| unreadable(format!("{obis} holds something else than a single value")))?;
    let remark = match scaled.remark {
        Remark::None => None,
        Remark::ScalerUnknown => {
            let detail = format!("{obis}: the meter tells no scaler");
            Some(Defect::new(DefectCode::ScalerUnknown, 0, detail))
        }
        Remark::UnitConflict { wire, quantity } => {
            let expected = quantity.unit().map(Unit::symbol).unwrap_or_default();
            let detail = format!("{obis} in {wire}, but {quantity} is in {expected}");
            Some(Defect::new(DefectCode::UnitConflict, 0, detail))
        }
    };
    Ok(Some((scaled.reading, remark)))
}
