//! Records to readings of the catalogue.
//!
//! In: one record and who sent it. Out: the quantity with its value, or nothing: history, extremes,
//! values in error and what no table explains are shown by `decode`, and are no readings.

use super::mapping_table::{
    CONVERSIONS, DRAWN, ELECTRICAL, NEGATIVE_ONLY, OTHER, OWN_QUANTITIES, OWN_SIDES, POSITIVE_ONLY,
    Role, SIDES, SUB_UNITS, Side, TARIFFS, Way,
};
use frame::mbus::{self, Fixed, Identity, Record, names};
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
    let (side, way) = side(&vif, &maker)?;
    let role = role(record.sub_unit, &maker)?;
    let role = if way == Way::Fed { role.fed()? } else { role };
    let quality = if record.has_invalid_digits() { Quality::Bad } else { Quality::Good };
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
    let quantity = electrical?.4;
    let drawn = DRAWN.iter().find(|(both, _)| way == Way::Drawn && *both == quantity);
    mapped(drawn.map_or(quantity, |(_, drawn)| *drawn), value)
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
    let counters = fixed.values().into_iter().zip(fixed.has_invalid_digits()).zip(historic);
    for ((counter, invalid), historic) in counters {
        let Some((number, unit)) = counter else { continue };
        let Some((unit, value)) = converted(unit, number) else { continue };
        let quality = if invalid { Quality::Bad } else { Quality::Good };
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
            found.push(Mapped { quantity, value, quality });
        }
    }
    found
}

/// Where a value was measured, and which contributions it counts; `None` when something else limits
/// what it says.
fn side(vif: &mbus::Vif<'_>, maker: &str) -> Option<(Side, Way)> {
    let (mut side, mut way) = (Side::Total, Way::Both);
    for combined in vif.combinable().filter(|combined| !combined.is_neutral()) {
        match (combined.second, combined.code) {
            (true, code) => side = SIDES.iter().find(|(known, _)| *known == code)?.1,
            (false, POSITIVE_ONLY) => way = Way::Drawn,
            (false, NEGATIVE_ONLY) => way = Way::Fed,
            (false, _) => return None,
        }
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
        [] => Some((side, way)),
        [code] => own?.iter().find(|(known, _)| known == code).map(|(_, side)| (*side, way)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use frame::mbus::{Application, decode_application};

    /// The readings of records of an electricity meter whose maker no table knows.
    fn mapped(records: &[u8]) -> Vec<(Quantity, String, Quality)> {
        let header = [0x78, 0x56, 0x34, 0x12, 0x24, 0x40, 0x01, 0x02, 0x55, 0, 0, 0];
        let data = [&header[..], records].concat();
        let Ok(Application::Variable(variable)) = decode_application(0x08, 0x72, &data) else {
            panic!("a variable data structure");
        };
        let identity = variable.identity.expect("a long header");
        let records = variable.records().map(|record| record.expect("an intact record"));
        let found = records.filter_map(|record| map(&record, &identity));
        found.map(|found| (found.quantity, found.value.to_string(), found.quality)).collect()
    }

    #[test]
    fn contributions_of_either_direction_are_told_apart() {
        let records = [
            &[0x04, 0x83, 0x3B, 0x10, 0, 0, 0][..],
            &[0x04, 0x83, 0x3C, 0x20, 0, 0, 0],
            &[0x84, 0x10, 0x83, 0x3C, 0x08, 0, 0, 0],
            &[0x04, 0xAB, 0x3B, 5, 0, 0, 0],
            &[0x04, 0xAB, 0x3C, 7, 0, 0, 0],
            &[0x04, 0xAB, 0xBC, 0xFC, 0x01, 3, 0, 0, 0],
        ];
        let told: Vec<_> = mapped(&records.concat())
            .into_iter()
            .map(|(quantity, value, _)| (quantity, value))
            .collect();
        let expected = [
            (Quantity::ActiveEnergyImport, "16"),
            (Quantity::ActiveEnergyExport, "32"),
            (Quantity::ActiveEnergyExportT1, "8"),
            (Quantity::ActivePowerImport, "5"),
            (Quantity::ActivePowerExport, "7"),
            (Quantity::ActivePowerExportL1, "3"),
        ];
        assert_eq!(told, expected.map(|(quantity, value)| (quantity, value.to_owned())));
    }

    #[test]
    fn what_limits_a_value_otherwise_is_no_reading() {
        assert_eq!(mapped(&[0x04, 0xAB, 0x4A, 1, 0, 0, 0]), []);
        assert_eq!(mapped(&[0x04, 0xAB, 0x12, 1, 0, 0, 0]), []);
    }

    #[test]
    fn digits_that_are_none_make_a_bad_value() {
        let found = mapped(&[0x0D, 0xFD, 0x48, 0xC2, 0xFA, 0xFF, 0x0A, 0x2B, 0x10, 0xA0]);
        assert!(found.iter().all(|(_, _, quality)| *quality == Quality::Bad), "{found:?}");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn counters_of_a_fixed_structure_without_digits_are_bad() {
        let data =
            [0x78, 0x56, 0x34, 0x12, 0x0A, 0x00, 0x85, 0x16, 0xFF, 0xFF, 0xFF, 0xFF, 0x42, 0, 0, 0];
        let Ok(Application::Fixed(fixed)) = decode_application(0x08, 0x73, &data) else {
            panic!("a fixed data structure");
        };
        let qualities: Vec<_> = map_fixed(&fixed).iter().map(|found| found.quality).collect();
        assert_eq!(qualities, [Quality::Bad, Quality::Good]);
    }
}
