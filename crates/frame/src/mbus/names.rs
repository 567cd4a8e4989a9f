//! Names behind the numbers of M-Bus headers, as data: media, application errors, fixed units.

/// The flag letters of a manufacturer (EN 62056-21, as EN 13757-3, 5.6 packs them).
#[must_use]
pub fn manufacturer(code: u16) -> [char; 3] {
    [10, 5, 0].map(|shift| {
        let letter = u8::try_from(code >> shift & 0x1F).unwrap_or(0);
        char::from(letter.saturating_add(64))
    })
}

/// The packed code of three letters; `None` when they are none.
#[must_use]
pub fn manufacturer_code(letters: &str) -> Option<u16> {
    let mut letters = letters.bytes();
    let three = [letters.next()?, letters.next()?, letters.next()?];
    let whole = letters.next().is_none() && three.iter().all(u8::is_ascii_uppercase);
    let packed = |code: u16, letter: &u8| code << 5 | u16::from(letter.saturating_sub(64));
    whole.then(|| three.iter().fold(0, packed))
}

/// Media of a variable data header, as libmbus calls them.
///
/// # Source
/// EN 13757-3:2018, table 13 (device types).
#[rustfmt::skip]
const MEDIA: &[(u8, &str)] = &[
    (0x00, "Other"),
    (0x01, "Oil"),
    (0x02, "Electricity"),
    (0x03, "Gas"),
    (0x04, "Heat: Outlet"),
    (0x05, "Steam"),
    (0x06, "Warm water (30-90°C)"),
    (0x07, "Water"),
    (0x08, "Heat Cost Allocator"),
    (0x09, "Compressed Air"),
    (0x0A, "Cooling load meter: Outlet"),
    (0x0B, "Cooling load meter: Inlet"),
    (0x0C, "Heat: Inlet"),
    (0x0D, "Heat / Cooling load meter"),
    (0x0E, "Bus/System"),
    (0x0F, "Unknown Medium"),
    (0x10, "Irrigation Water"),
    (0x11, "Water Logger"),
    (0x12, "Gas Logger"),
    (0x13, "Gas Converter"),
    (0x14, "Calorific value"),
    (0x15, "Hot water (>90°C)"),
    (0x16, "Cold water"),
    (0x17, "Dual water"),
    (0x18, "Pressure"),
    (0x19, "A/D Converter"),
    (0x1A, "Smoke Detector"),
    (0x1B, "Ambient Sensor"),
    (0x1C, "Gas Detector"),
    (0x20, "Breaker: Electricity"),
    (0x21, "Valve: Gas or Water"),
    (0x25, "Customer Unit: Display Device"),
    (0x28, "Waste Water"),
    (0x29, "Garbage"),
    (0x30, "Service Unit"),
    (0x36, "Radio Converter: System"),
    (0x37, "Radio Converter: Meter"),
];

/// Codes that are kept for later use; all others without a name are not assigned.
const MEDIA_RESERVED: [std::ops::RangeInclusive<u8>; 5] =
    [0x22..=0x24, 0x26..=0x27, 0x2A..=0x2F, 0x31..=0x34, 0x38..=0x3F];

/// What a meter measures; `None` for codes without a name.
#[must_use]
pub fn medium(code: u8) -> Option<&'static str> {
    let reserved = || MEDIA_RESERVED.iter().any(|range| range.contains(&code));
    let named = MEDIA.iter().find(|(known, _)| *known == code).map(|(_, name)| *name);
    named.or_else(|| reserved().then_some("Reserved"))
}

/// General application errors (EN 13757-3:2018, 10.2), as libmbus calls them.
const ERRORS: [&str; 10] = [
    "Unspecified error",
    "Unimplemented CI-Field",
    "Buffer too long, truncated",
    "Too many records",
    "Premature end of record",
    "More than 10 DIFE´s",
    "More than 10 VIFE´s",
    "Reserved",
    "Application busy",
    "Too many readouts",
];

/// What a slave complains of with CI 70.
#[must_use]
pub fn application_error(code: u8) -> String {
    let known = ERRORS.get(usize::from(code));
    known.map_or_else(|| format!("Unknown error (0x{code:02X})"), |text| (*text).to_owned())
}

/// Media of a fixed data structure: the two upper bits of the second unit byte before those of
/// the first one.
const FIXED_MEDIA: [&str; 16] = [
    "Other",
    "Oil",
    "Electricity",
    "Gas",
    "Heat",
    "Steam",
    "Hot Water",
    "Water",
    "H.C.A.",
    "Reserved",
    "Gas Mode 2",
    "Heat Mode 2",
    "Hot Water Mode 2",
    "Water Mode 2",
    "H.C.A. Mode 2",
    "Reserved",
];

/// The medium of a fixed data structure.
#[must_use]
pub fn fixed_medium(units: [u8; 2]) -> &'static str {
    let [first, second] = units;
    let code = first >> 6 | second >> 6 << 2;
    FIXED_MEDIA.get(usize::from(code)).copied().unwrap_or("Reserved")
}

/// Units of a fixed data structure: text, base unit, power of ten.
///
/// # Source
/// EN 13757-3:2004, annex A, table A.2 (physical units of the fixed data structure).
#[rustfmt::skip]
const FIXED_UNITS: [(&str, &str, i8); 64] = [
    ("h,m,s", "", 0), ("D,M,Y", "", 0),
    ("Wh", "Wh", 0), ("10 Wh", "Wh", 1), ("100 Wh", "Wh", 2),
    ("kWh", "Wh", 3), ("10 kWh", "Wh", 4), ("100 kWh", "Wh", 5),
    ("MWh", "Wh", 6), ("10 MWh", "Wh", 7), ("100 MWh", "Wh", 8),
    ("kJ", "J", 3), ("10 kJ", "J", 4), ("100 kJ", "J", 5),
    ("MJ", "J", 6), ("10 MJ", "J", 7), ("100 MJ", "J", 8),
    ("GJ", "J", 9), ("10 GJ", "J", 10), ("100 GJ", "J", 11),
    ("W", "W", 0), ("10 W", "W", 1), ("100 W", "W", 2),
    ("kW", "W", 3), ("10 kW", "W", 4), ("100 kW", "W", 5),
    ("MW", "W", 6), ("10 MW", "W", 7), ("100 MW", "W", 8),
    ("kJ/h", "J/h", 3), ("10 kJ/h", "J/h", 4), ("100 kJ/h", "J/h", 5),
    ("MJ/h", "J/h", 6), ("10 MJ/h", "J/h", 7), ("100 MJ/h", "J/h", 8),
    ("GJ/h", "J/h", 9), ("10 GJ/h", "J/h", 10), ("100 GJ/h", "J/h", 11),
    ("ml", "m^3", -6), ("10 ml", "m^3", -5), ("100 ml", "m^3", -4),
    ("l", "m^3", -3), ("10 l", "m^3", -2), ("100 l", "m^3", -1),
    ("m^3", "m^3", 0), ("10 m^3", "m^3", 1), ("100 m^3", "m^3", 2),
    ("ml/h", "m^3/h", -6), ("10 ml/h", "m^3/h", -5), ("100 ml/h", "m^3/h", -4),
    ("l/h", "m^3/h", -3), ("10 l/h", "m^3/h", -2), ("100 l/h", "m^3/h", -1),
    ("m^3/h", "m^3/h", 0), ("10 m^3/h", "m^3/h", 1), ("100 m^3/h", "m^3/h", 2),
    ("1e-3 °C", "°C", -3),
    ("units for HCA", "Units for H.C.A.", 0),
    ("reserved", "", 0), ("reserved", "", 0), ("reserved", "", 0), ("reserved", "", 0),
    ("reserved but historic", "", 0),
    ("without units", "", 0),
];

/// The unit of a counter of a fixed data structure: as libmbus writes it, and as base unit with
/// its power of ten.
#[must_use]
pub fn fixed_unit(code: u8) -> (&'static str, &'static str, i8) {
    FIXED_UNITS.get(usize::from(code & 0x3F)).copied().unwrap_or(("reserved", "", 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manufacturers_pack_and_unpack() {
        assert_eq!(manufacturer(0x0442), ['A', 'B', 'B']);
        assert_eq!(manufacturer_code("ABB"), Some(0x0442));
        assert_eq!(manufacturer_code("AB"), None);
        assert_eq!(manufacturer_code("abb"), None);
    }

    #[test]
    fn every_number_has_its_name() {
        assert_eq!(medium(0x0D), Some("Heat / Cooling load meter"));
        assert_eq!(medium(0x33), Some("Reserved"));
        assert_eq!(medium(0x41), None);
        assert_eq!(application_error(5), "More than 10 DIFE´s");
        assert_eq!(application_error(0x42), "Unknown error (0x42)");
        assert_eq!(fixed_medium([0xE9, 0x7E]), "Water");
        assert_eq!(fixed_unit(0x29), ("l", "m^3", -3));
        assert_eq!(fixed_unit(0x38), ("1e-3 °C", "°C", -3));
        assert_eq!(fixed_unit(0xFE), ("reserved but historic", "", 0));
    }
}
