//! Physical units: COSEM's numbers (Blue Book 12.2, 4.3.2, table "units") and their symbols.

use std::fmt;

/// The unit of a number. W, var and VA, and Wh, varh and VAh never interchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Active power.
    Watt,
    /// Apparent power.
    VoltAmpere,
    /// Reactive power.
    Var,
    /// Active energy.
    WattHour,
    /// Apparent energy.
    VoltAmpereHour,
    /// Reactive energy.
    VarHour,
    /// Current.
    Ampere,
    /// Voltage.
    Volt,
    /// Frequency.
    Hertz,
    /// Angle.
    Degree,
    /// A pure number such as a power factor.
    One,
    /// Per cent.
    Percent,
    /// Temperature.
    Celsius,
    /// Volume.
    CubicMetre,
    /// Volume flow.
    CubicMetrePerHour,
    /// Thermal energy.
    Joule,
    /// Duration.
    Second,
    /// Mass.
    Kilogram,
}

impl Unit {
    /// The unit of a COSEM `scaler_unit`; `None` for the numbers that no quantity here uses.
    ///
    /// # Source
    /// IEC 62056-6-2, clause 4.3.2, table of physical units.
    #[must_use]
    pub const fn from_cosem(number: u8) -> Option<Self> {
        Some(match number {
            6 => Self::Kilogram,
            7 => Self::Second,
            8 => Self::Degree,
            9 => Self::Celsius,
            13 | 14 => Self::CubicMetre,
            15 | 16 => Self::CubicMetrePerHour,
            25 => Self::Joule,
            27 => Self::Watt,
            28 => Self::VoltAmpere,
            29 => Self::Var,
            30 => Self::WattHour,
            31 => Self::VoltAmpereHour,
            32 => Self::VarHour,
            33 => Self::Ampere,
            35 => Self::Volt,
            44 => Self::Hertz,
            56 => Self::Percent,
            255 => Self::One,
            _ => return None,
        })
    }

    /// The COSEM number of the unit, for the simulator's `scaler_unit`.
    #[must_use]
    pub const fn to_cosem(self) -> u8 {
        match self {
            Self::Kilogram => 6,
            Self::Second => 7,
            Self::Degree => 8,
            Self::Celsius => 9,
            Self::CubicMetre => 13,
            Self::CubicMetrePerHour => 15,
            Self::Joule => 25,
            Self::Watt => 27,
            Self::VoltAmpere => 28,
            Self::Var => 29,
            Self::WattHour => 30,
            Self::VoltAmpereHour => 31,
            Self::VarHour => 32,
            Self::Ampere => 33,
            Self::Volt => 35,
            Self::Hertz => 44,
            Self::Percent => 56,
            Self::One => 255,
        }
    }

    /// The symbol as printed; empty for a pure number.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Watt => "W",
            Self::VoltAmpere => "VA",
            Self::Var => "var",
            Self::WattHour => "Wh",
            Self::VoltAmpereHour => "VAh",
            Self::VarHour => "varh",
            Self::Ampere => "A",
            Self::Volt => "V",
            Self::Hertz => "Hz",
            Self::Degree => "°",
            Self::One => "",
            Self::Percent => "%",
            Self::Celsius => "°C",
            Self::CubicMetre => "m³",
            Self::CubicMetrePerHour => "m³/h",
            Self::Joule => "J",
            Self::Second => "s",
            Self::Kilogram => "kg",
        }
    }

    /// The unit whose [`symbol`](Self::symbol) the text is.
    #[must_use]
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        (0..=u8::MAX).filter_map(Self::from_cosem).find(|unit| unit.symbol() == symbol)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosem_numbers_and_symbols_come_back() {
        for unit in (0..=u8::MAX).filter_map(Unit::from_cosem) {
            assert_eq!(Unit::from_cosem(unit.to_cosem()), Some(unit));
            assert_eq!(Unit::from_symbol(unit.symbol()), Some(unit));
        }
    }
}
