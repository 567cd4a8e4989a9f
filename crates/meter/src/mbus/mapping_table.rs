//! What records of known meters mean, as data.
//!
//! # Source
//! EN 13757-3:2018 for the standard's own quantities and phases (table 16). ABB B21/B23/B24 user
//! manual 2CMC485003M0201, chapter "Communication with M-Bus" (sub-units, VIFE 81 to 87, VIF FF
//! with D9 and E0). Saia-Burgess ALD1/ALE3 M-Bus data sheet 26/527 and Finder 7E M-Bus protocol
//! (VIFE 01 to 03 and 00, sub-unit 1 reactive power), which share their firmware's record layout.

use reading::Quantity;

/// What an electricity meter's sub-unit stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The meter itself: drawn from the grid, or signed.
    Active,
    ActiveExport,
    Reactive,
    ReactiveExport,
    Apparent,
    ApparentExport,
}

/// Where a value was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Total,
    L1,
    L2,
    L3,
    Neutral,
    L12,
    L23,
    L31,
}

/// Which contributions a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// All of them, or the meter does not say.
    Both,
    /// What is drawn from the grid.
    Drawn,
    /// What is fed into it, as a positive number.
    Fed,
}

/// VIFE: only positive contributions count (EN 13757-3:2018, table 15).
pub(super) const POSITIVE_ONLY: u8 = 0x3B;
/// VIFE: the absolute value of negative contributions only.
pub(super) const NEGATIVE_ONLY: u8 = 0x3C;

impl Role {
    /// The same of what is fed into the grid; `None` when it is that already.
    pub(super) const fn fed(self) -> Option<Self> {
        match self {
            Self::Active => Some(Self::ActiveExport),
            Self::Reactive => Some(Self::ReactiveExport),
            Self::Apparent => Some(Self::ApparentExport),
            Self::ActiveExport | Self::ReactiveExport | Self::ApparentExport => None,
        }
    }
}

/// Powers that count what is drawn only.
pub(super) const DRAWN: &[(Quantity, Quantity)] = &[
    (Quantity::ActivePower, Quantity::ActivePowerImport),
    (Quantity::ActivePowerL1, Quantity::ActivePowerImportL1),
    (Quantity::ActivePowerL2, Quantity::ActivePowerImportL2),
    (Quantity::ActivePowerL3, Quantity::ActivePowerImportL3),
    (Quantity::ReactivePower, Quantity::ReactivePowerImport),
];

/// Sub-units of electricity meters, by maker.
#[rustfmt::skip]
pub(super) const SUB_UNITS: &[(&str, &[Role])] = &[
    ("ABB", &[
        Role::Active, Role::ActiveExport, Role::Reactive, Role::ReactiveExport, Role::Apparent,
        Role::ApparentExport,
    ]),
    ("SBC", &[Role::Active, Role::Reactive]),
    ("FIN", &[Role::Active, Role::Reactive]),
];

/// Phases that the maker tells with a VIFE of its own, behind FF.
#[rustfmt::skip]
pub(super) const OWN_SIDES: &[(&str, &[(u8, Side)])] = &[
    ("ABB", &[
        (0x01, Side::L1), (0x02, Side::L2), (0x03, Side::L3), (0x04, Side::Neutral),
        (0x05, Side::L12), (0x06, Side::L23), (0x07, Side::L31),
    ]),
    ("SBC", &[(0x00, Side::Total), (0x01, Side::L1), (0x02, Side::L2), (0x03, Side::L3)]),
    ("FIN", &[(0x00, Side::Total), (0x01, Side::L1), (0x02, Side::L2), (0x03, Side::L3)]),
];

/// Phases of the standard, behind VIFE FC.
pub(super) const SIDES: &[(u8, Side)] = &[
    (0x01, Side::L1),
    (0x02, Side::L2),
    (0x03, Side::L3),
    (0x04, Side::Neutral),
    (0x05, Side::L12),
    (0x06, Side::L23),
    (0x07, Side::L31),
];

/// Quantities that the maker codes under VIF FF: maker, code, power of ten, side, quantity.
#[rustfmt::skip]
pub(super) const OWN_QUANTITIES: &[(&str, u8, i8, Side, Quantity)] = &[
    ("ABB", 0x59, -2, Side::Total, Quantity::Frequency),
    ("ABB", 0x60, -3, Side::Total, Quantity::PowerFactor),
    ("ABB", 0x60, -3, Side::L1, Quantity::PowerFactorL1),
    ("ABB", 0x60, -3, Side::L2, Quantity::PowerFactorL2),
    ("ABB", 0x60, -3, Side::L3, Quantity::PowerFactorL3),
];

/// Instantaneous electrical quantities and counters without tariff: name and unit on the wire,
/// role, side.
#[rustfmt::skip]
pub(super) const ELECTRICAL: &[(&str, &str, Role, Side, Quantity)] = &[
    ("Energy", "Wh", Role::Active, Side::Total, Quantity::ActiveEnergyImport),
    ("Energy", "Wh", Role::Active, Side::L1, Quantity::ActiveEnergyImportL1),
    ("Energy", "Wh", Role::Active, Side::L2, Quantity::ActiveEnergyImportL2),
    ("Energy", "Wh", Role::Active, Side::L3, Quantity::ActiveEnergyImportL3),
    ("Energy", "Wh", Role::ActiveExport, Side::Total, Quantity::ActiveEnergyExport),
    ("Energy", "Wh", Role::ActiveExport, Side::L1, Quantity::ActiveEnergyExportL1),
    ("Energy", "Wh", Role::ActiveExport, Side::L2, Quantity::ActiveEnergyExportL2),
    ("Energy", "Wh", Role::ActiveExport, Side::L3, Quantity::ActiveEnergyExportL3),
    ("Energy", "Wh", Role::Reactive, Side::Total, Quantity::ReactiveEnergyImport),
    ("Energy", "Wh", Role::ReactiveExport, Side::Total, Quantity::ReactiveEnergyExport),
    ("Energy", "Wh", Role::Apparent, Side::Total, Quantity::ApparentEnergyImport),
    ("Energy", "Wh", Role::ApparentExport, Side::Total, Quantity::ApparentEnergyExport),
    ("Reactive energy", "varh", Role::Active, Side::Total, Quantity::ReactiveEnergyImport),
    ("Apparent energy", "VAh", Role::Active, Side::Total, Quantity::ApparentEnergyImport),
    ("Power", "W", Role::Active, Side::Total, Quantity::ActivePower),
    ("Power", "W", Role::Active, Side::L1, Quantity::ActivePowerL1),
    ("Power", "W", Role::Active, Side::L2, Quantity::ActivePowerL2),
    ("Power", "W", Role::Active, Side::L3, Quantity::ActivePowerL3),
    ("Reactive energy", "varh", Role::ActiveExport, Side::Total, Quantity::ReactiveEnergyExport),
    ("Power", "W", Role::ActiveExport, Side::Total, Quantity::ActivePowerExport),
    ("Power", "W", Role::ActiveExport, Side::L1, Quantity::ActivePowerExportL1),
    ("Power", "W", Role::ActiveExport, Side::L2, Quantity::ActivePowerExportL2),
    ("Power", "W", Role::ActiveExport, Side::L3, Quantity::ActivePowerExportL3),
    ("Reactive power", "var", Role::ActiveExport, Side::Total, Quantity::ReactivePowerExport),
    ("Power", "W", Role::Reactive, Side::Total, Quantity::ReactivePower),
    ("Power", "W", Role::Reactive, Side::L1, Quantity::ReactivePowerL1),
    ("Power", "W", Role::Reactive, Side::L2, Quantity::ReactivePowerL2),
    ("Power", "W", Role::Reactive, Side::L3, Quantity::ReactivePowerL3),
    ("Power", "W", Role::Apparent, Side::Total, Quantity::ApparentPower),
    ("Power", "W", Role::Apparent, Side::L1, Quantity::ApparentPowerL1),
    ("Power", "W", Role::Apparent, Side::L2, Quantity::ApparentPowerL2),
    ("Power", "W", Role::Apparent, Side::L3, Quantity::ApparentPowerL3),
    ("Reactive power", "var", Role::Active, Side::Total, Quantity::ReactivePower),
    ("Reactive power", "var", Role::Active, Side::L1, Quantity::ReactivePowerL1),
    ("Reactive power", "var", Role::Active, Side::L2, Quantity::ReactivePowerL2),
    ("Reactive power", "var", Role::Active, Side::L3, Quantity::ReactivePowerL3),
    ("Apparent power", "VA", Role::Active, Side::Total, Quantity::ApparentPower),
    ("Apparent power", "VA", Role::Active, Side::L1, Quantity::ApparentPowerL1),
    ("Apparent power", "VA", Role::Active, Side::L2, Quantity::ApparentPowerL2),
    ("Apparent power", "VA", Role::Active, Side::L3, Quantity::ApparentPowerL3),
    ("Voltage", "V", Role::Active, Side::Total, Quantity::Voltage),
    ("Voltage", "V", Role::Active, Side::L1, Quantity::VoltageL1),
    ("Voltage", "V", Role::Active, Side::L2, Quantity::VoltageL2),
    ("Voltage", "V", Role::Active, Side::L3, Quantity::VoltageL3),
    ("Voltage", "V", Role::Active, Side::Neutral, Quantity::VoltageNeutral),
    ("Voltage", "V", Role::Active, Side::L12, Quantity::VoltageL12),
    ("Voltage", "V", Role::Active, Side::L23, Quantity::VoltageL23),
    ("Voltage", "V", Role::Active, Side::L31, Quantity::VoltageL31),
    ("Current", "A", Role::Active, Side::Total, Quantity::Current),
    ("Current", "A", Role::Active, Side::L1, Quantity::CurrentL1),
    ("Current", "A", Role::Active, Side::L2, Quantity::CurrentL2),
    ("Current", "A", Role::Active, Side::L3, Quantity::CurrentL3),
    ("Current", "A", Role::Active, Side::Neutral, Quantity::CurrentNeutral),
    ("Frequency", "Hz", Role::Active, Side::Total, Quantity::Frequency),
];

/// Counters of a tariff, 1 to 4.
#[rustfmt::skip]
pub(super) const TARIFFS: &[(Role, [Quantity; 4])] = &[
    (Role::Active, [
        Quantity::ActiveEnergyImportT1, Quantity::ActiveEnergyImportT2,
        Quantity::ActiveEnergyImportT3, Quantity::ActiveEnergyImportT4,
    ]),
    (Role::ActiveExport, [
        Quantity::ActiveEnergyExportT1, Quantity::ActiveEnergyExportT2,
        Quantity::ActiveEnergyExportT3, Quantity::ActiveEnergyExportT4,
    ]),
    (Role::Reactive, [
        Quantity::ReactiveEnergyImportT1, Quantity::ReactiveEnergyImportT2,
        Quantity::ReactiveEnergyImportT3, Quantity::ReactiveEnergyImportT4,
    ]),
    (Role::ReactiveExport, [
        Quantity::ReactiveEnergyExportT1, Quantity::ReactiveEnergyExportT2,
        Quantity::ReactiveEnergyExportT3, Quantity::ReactiveEnergyExportT4,
    ]),
];

/// Other media: name and unit on the wire, quantity.
pub(super) const OTHER: &[(&str, &str, Quantity)] = &[
    ("Energy", "Wh", Quantity::ThermalEnergy),
    ("Power", "W", Quantity::ThermalPower),
    ("Volume", "m^3", Quantity::Volume),
    ("Volume flow", "m^3/h", Quantity::VolumeFlow),
    ("Flow temperature", "°C", Quantity::FlowTemperature),
    ("Return temperature", "°C", Quantity::ReturnTemperature),
    ("External temperature", "°C", Quantity::Temperature),
];

/// Units on the wire that a quantity's own unit is a fraction of: unit, numerator, denominator, its
/// own unit.
pub(super) const CONVERSIONS: &[(&str, i64, i64, &str)] = &[
    ("J", 1, 3_600, "Wh"),
    ("J/h", 1, 3_600, "W"),
    ("cal", 4_184, 3_600_000, "Wh"),
    ("m^3/min", 60, 1, "m^3/h"),
    ("m^3/s", 3_600, 1, "m^3/h"),
];
