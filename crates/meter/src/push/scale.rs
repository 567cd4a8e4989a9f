//! Registers to values: exact digits, and the unit where something tells it.

use super::layout::{Entry, is_clock_value};
use super::text::text_of;
use crate::models::{Profile, is_mbus_channel};
use frame::dlms::axdr::tag;
use frame::dlms::date_time;
use reading::{Decimal, Obis, Quality, Quantity, Reading, Unit, Value};

/// A value, and what was noticed on the way.
pub(crate) struct Scaled {
    pub(crate) reading: Reading,
    pub(crate) remark: Remark,
}

/// What scaling a register brought to light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remark {
    None,
    /// The register would need a scaler, and nobody tells one.
    ScalerUnknown,
    /// The wire's unit is another than the quantity's.
    UnitConflict {
        wire: Unit,
        quantity: Quantity,
    },
}

/// The value of an entry; `None` for containers and for numbers beyond what is kept exactly.
pub(crate) fn scale(
    entry: &Entry<'_>,
    quantity: Option<Quantity>,
    profile: Option<&Profile>,
) -> Option<Scaled> {
    let quantity = quantity.filter(|_| entry.is_value);
    let value = match number(entry) {
        Some(number) => number,
        None => {
            let text = text(entry)?;
            return Some(plain(entry.obis, quantity, Value::Text(text)));
        }
    };
    let Some((scaler, unit)) = entry.scaler_unit else {
        return Some(without_scaler(entry, quantity, (value, profile)));
    };
    let value = value.shifted(scaler)?;
    let unit = Unit::from_cosem(unit);
    let mut scaled = plain(entry.obis, quantity, Value::Number(value));
    scaled.reading.unit = unit;
    let conflict = quantity.and_then(|quantity| {
        let (wire, expected) = (unit?, quantity.unit()?);
        (wire != expected).then_some((wire, quantity))
    });
    if let Some((wire, quantity)) = conflict {
        // Numbers of a quantity are kept in its own unit everywhere, so this is not one.
        scaled.reading.quantity = None;
        scaled.reading.quality = Quality::Suspect;
        scaled.remark = Remark::UnitConflict { wire, quantity };
    }
    Some(scaled)
}

fn without_scaler(
    entry: &Entry<'_>,
    quantity: Option<Quantity>,
    (value, profile): (Decimal, Option<&Profile>),
) -> Scaled {
    let unit = quantity.and_then(Quantity::unit);
    let exponent = unit.and_then(|unit| profile?.exponent(unit));
    if let (Some(unit), Some(exponent)) = (unit, exponent)
        && let Some(value) = value.shifted(exponent)
    {
        let mut scaled = plain(entry.obis, quantity, Value::Number(value));
        scaled.reading.unit = Some(unit);
        return scaled;
    }
    let mut scaled = plain(entry.obis, quantity, Value::Number(value));
    // Identifications and other general objects of electricity are no measurements.
    let [c, ..] = entry.obis.cde();
    let measured = entry.obis.medium() == 1 && (1..96).contains(&c);
    let unknown_register = quantity.is_none() && measured && entry.is_value;
    let measures = unit.is_some() || unknown_register;
    if measures && entry.is_register && !is_mbus_channel(entry.obis) {
        scaled.remark = Remark::ScalerUnknown;
    }
    scaled
}

const fn plain(obis: Obis, quantity: Option<Quantity>, value: Value) -> Scaled {
    let reading = Reading { quantity, obis: Some(obis), value, unit: None, quality: Quality::Good };
    Scaled { reading, remark: Remark::None }
}

fn number(entry: &Entry<'_>) -> Option<Decimal> {
    let item = &entry.item;
    if entry.is_number_in_octets {
        let digits = item.content().iter().fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
        return Some(Decimal::new(digits, 0));
    }
    if let Some(integer) = item.integer() {
        return Some(Decimal::new(integer, 0));
    }
    item.float_text()?.parse().ok()
}

fn text(entry: &Entry<'_>) -> Option<String> {
    let item = &entry.item;
    let content = item.content();
    if is_clock_value(item)
        && let Some(bytes) = content.first_chunk()
        // Other attributes of twelve bytes are capture times.
        && (item.tag() == tag::DATE_TIME || is_clock(entry.obis) || !entry.is_value)
        && let Ok(time) = date_time::decode(bytes)
    {
        return Some(time.to_string());
    }
    if let Some(name) = setup_name(content).filter(|_| item.tag() == tag::OCTET_STRING) {
        return Some(name.to_string());
    }
    match item.tag() {
        tag::OCTET_STRING | tag::VISIBLE_STRING | tag::UTF8_STRING => Some(text_of(content)),
        tag::DATE_TIME | tag::DATE | tag::TIME => Some(super::text::hex_of(content)),
        tag::BIT_STRING => {
            let bits =
                content.iter().flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0));
            Some(bits.take(item.count()).map(|bit| if bit { '1' } else { '0' }).collect())
        }
        tag::BCD => Some(super::text::hex_of(content)),
        _ => None,
    }
}

/// The logical name of a push setup, sent as a value to tell the lists of a meter apart.
fn setup_name(content: &[u8]) -> Option<Obis> {
    let bytes: [u8; 6] = content.try_into().ok()?;
    matches!(bytes, [0, _, 25, 9, 0, 255]).then(|| Obis::from_bytes(bytes))
}

/// Whether an object is a clock, on whatever channel.
pub(crate) const fn is_clock(obis: Obis) -> bool {
    obis.medium() == 0 && matches!(obis.cde(), [1, 0, 0])
}
