//! Records to readings of the catalogue.
//!
//! In: one record and who sent it. Out: the quantity with its value, or nothing: history, extremes,
//! values in error and what no table explains are shown by `decode`, and are no readings.

use super::mapping_table::{
    CONVERSIONS, ELECTRICAL, OTHER, OWN_QUANTITIES, OWN_SIDES, Role, SIDES, SUB_UNITS, Side,
    TARIFFS,
};
use frame::mbus::{self, Data, Fixed, Identity, Record, names};
use reading::{Decimal, Quality, Quantity, Reading, Value};

/// Electricity, and its breakers (EN 13757-3, device types).
const ELECTRICITY: [u8; 2] = [0x02, 0x20];
/// Digits that a division which does not come out even keeps behind the register's own.
const DIVISION_DIGITS: u32 = 4;

/// A record that is a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped {
    /// What was measured.
    pub quantity: Quantity,
    /// In the quantity's unit.
    pub value: Decimal,
    /// Bad when the digits on the wire are none.
    pub quality: Quality,
}

impl Mapped {
    /// As a reading.
    #[must_use]
    pub fn reading(&self) -> Reading {
        Reading {
            quantity: Some(self.quantity),
            obis: None,
            value: Value::Number(self.value),
            unit: self.quantity.description().unit,
            quality: self.quality,
        }
    }
}

/// What a record says in the catalogue's words.
#[must_use]
pub fn map(record: &Record<'_>, identity: &Identity) -> Option<Mapped> {
    if !record.is_current() {
        return None;
    }
    let vif = record.vif?;
    let meaning = vif.meaning();
    let mbus::Value::Number(value) = record.value() else {
        return None;
    };
    let maker: String = names::manufacturer(identity.manufacturer).into_iter().collect();
    let side = side(&vif, &maker)?;
    let role = role(record.sub_unit, &maker)?;
    let quality = match record.data {
        Data::Bcd(digits) if !mbus::bcd_is_valid(digits) => Quality::Bad,
        _ => Quality::Good,
    };
    let mapped = |quantity, value| Some(Mapped { quantity, value, quality });
    if vif.is_manufacturers() {
        let code = vif.manufacturers().next()?;
        let own = |row: &&(&str, u8, i8, Side, Quantity)| {
            row.0 == maker && row.1 == code && row.3 == side && role == Role::Active
        };
        let (_, _, powers, _, quantity) = OWN_QUANTITIES.iter().find(own)?;
        return mapped(*quantity, value.shifted(*powers)?);
    }
    let electrical = ELECTRICITY.contains(&identity.medium);
    let (unit, value) = converted(meaning.unit, value)?;
    if !electrical {
        let main = record.tariff == 0 && role == Role::Active && side == Side::Total;
        let row = OTHER.iter().find(|row| row.0 == meaning.quantity && row.1 == unit && main)?;
        return mapped(row.2, value);
    }
    if record.tariff > 0 {
        let counter = meaning.quantity == "Energy" && unit == "Wh" && side == Side::Total;
        let (_, tariffs) = TARIFFS.iter().find(|row| row.0 == role && counter)?;
        let place = usize::try_from(record.tariff).ok()?.checked_sub(1)?;
        return mapped(*tariffs.get(place)?, value);
    }
    let electrical = ELECTRICAL
        .iter()
        .find(|row| row.0 == meaning.quantity && row.1 == unit && row.2 == role && row.3 == side);
    mapped(electrical?.4, value)
}

/// What the counters of a fixed data structure say.
#[must_use]
pub fn map_fixed(fixed: &Fixed) -> Vec<Mapped> {
    if fixed.is_stored() {
        return Vec::new();
    }
    let [first, _] = fixed.units;
    let electrical = names::fixed_medium(fixed.units) == "Electricity";
    let mut found: Vec<Mapped> = Vec::new();
    let historic = fixed.units.map(|unit| unit & 0x3F == 0x3E);
    for ((number, unit), historic) in fixed.values().into_iter().flatten().zip(historic) {
        let Some((unit, value)) = converted(unit, number) else { continue };
        let quantity = match unit {
            "Wh" if electrical => Quantity::ActiveEnergyImport,
            "W" if electrical => Quantity::ActivePower,
            "Wh" => Quantity::ThermalEnergy,
            "W" => Quantity::ThermalPower,
            "m^3" => Quantity::Volume,
            "m^3/h" => Quantity::VolumeFlow,
            "°C" if first & 0x3F == 0x38 => Quantity::Temperature,
            _ => continue,
        };
        if !historic && found.iter().all(|known| known.quantity != quantity) {
            found.push(Mapped { quantity, value, quality: Quality::Good });
        }
    }
    found
}

/// Where a value was measured; `None` when something else limits what it says.
fn side(vif: &mbus::Vif<'_>, maker: &str) -> Option<Side> {
    let mut side = Side::Total;
    for combined in vif.combinable().filter(|combined| !combined.is_neutral()) {
        if !combined.second {
            return None;
        }
        side = SIDES.iter().find(|(code, _)| *code == combined.code)?.1;
    }
    let own = OWN_SIDES.iter().find(|(known, _)| *known == maker).map(|(_, sides)| *sides);
    // The first code under VIF FF is the quantity; a last 0 ends the chain.
    let mut codes: Vec<u8> =
        vif.manufacturers().skip(usize::from(vif.is_manufacturers())).collect();
    if codes.len() > 1 && codes.last() == Some(&0) {
        codes.pop();
    }
    if vif.is_manufacturers() {
        codes.retain(|code| !matches!(code, 0x00 | 0x7F));
    }
    match codes.as_slice() {
        [] => Some(side),
        [code] => own?.iter().find(|(known, _)| known == code).map(|(_, side)| *side),
        _ => None,
    }
}

fn role(sub_unit: u16, maker: &str) -> Option<Role> {
    let roles = SUB_UNITS.iter().find(|(known, _)| *known == maker).map(|(_, roles)| *roles);
    match roles {
        Some(roles) => roles.get(usize::from(sub_unit)).copied(),
        None => (sub_unit == 0).then_some(Role::Active),
    }
}

/// The value in a unit that the tables know.
fn converted(unit: &'static str, value: Decimal) -> Option<(&'static str, Decimal)> {
    let Some((_, numerator, denominator, own)) = CONVERSIONS.iter().find(|row| row.0 == unit)
    else {
        return Some((unit, value));
    };
    if *denominator == 1 {
        let mantissa = value.mantissa().checked_mul(*numerator)?;
        return Some((own, Decimal::new(mantissa, value.exponent())));
    }
    let digits = 10_i128.pow(DIVISION_DIGITS);
    let product = i128::from(value.mantissa()) * i128::from(*numerator) * digits;
    let denominator = i128::from(*denominator);
    let half = if product < 0 { -denominator / 2 } else { denominator / 2 };
    let quotient = i64::try_from((product + half) / denominator).ok()?;
    let quotient = Decimal::new(quotient, value.exponent());
    Some((own, quotient.shifted(-i8::try_from(DIVISION_DIGITS).ok()?)?))
}
