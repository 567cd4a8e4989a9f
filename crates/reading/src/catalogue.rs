//! The one catalogue of quantities. A quantity is described here and nowhere else.
//!
//! Columns: canonical name, register (IEC 62056-6-1 value groups), unit, behaviour, sign,
//! decimals worth showing, English, French and German name, field of chapter 25.
//! Store and plugs know quantities by name, so rows may move but names may not change.

use crate::Unit::{
    Ampere, Celsius, CubicMetre, CubicMetrePerHour, Degree, Hertz, Kilogram, One, Percent, Var,
    VarHour, Volt, VoltAmpere, VoltAmpereHour, Watt, WattHour,
};
use crate::quantity::Kind::{Counter, Demand, Instantaneous, State, Text};
use crate::quantity::Register::{Abstract, Electrical, Exact, Unassigned};
use crate::quantity::Sign::{self, ImportPositive, InductivePositive, NonNegative, Signed};
use crate::quantity::{Chapter25, Description};

macro_rules! catalogue {
    ($($quantity:ident = $name:literal, $register:expr, $unit:expr, $kind:expr, $sign:expr,
       $decimals:literal, $english:literal, $french:literal, $german:literal, $chapter25:expr;)*) => {
        /// A quantity that some meter measures; see [`Description`] for what is known about it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Quantity {
            $(#[doc = $english] $quantity,)*
        }

        pub(crate) static CATALOGUE: &[Description] = &[
            $(Description {
                quantity: Quantity::$quantity,
                name: $name,
                register: $register,
                unit: $unit,
                kind: $kind,
                sign: $sign,
                decimals: $decimals,
                english: $english,
                french: $french,
                german: $german,
                chapter25: $chapter25,
            },)*
        ];
    };
}

#[rustfmt::skip]
catalogue! {
    Voltage = "voltage", Electrical([12, 7, 0]), Some(Volt), Instantaneous, NonNegative, 1, "Voltage", "Tension", "Spannung", None;
    VoltageL1 = "voltage_l1", Electrical([32, 7, 0]), Some(Volt), Instantaneous, NonNegative, 1, "Voltage L1", "Tension L1", "Spannung L1", Some(Chapter25 { field: "tension_l1", exponent: 0 });
    VoltageL2 = "voltage_l2", Electrical([52, 7, 0]), Some(Volt), Instantaneous, NonNegative, 1, "Voltage L2", "Tension L2", "Spannung L2", Some(Chapter25 { field: "tension_l2", exponent: 0 });
    VoltageL3 = "voltage_l3", Electrical([72, 7, 0]), Some(Volt), Instantaneous, NonNegative, 1, "Voltage L3", "Tension L3", "Spannung L3", Some(Chapter25 { field: "tension_l3", exponent: 0 });
    VoltageL12 = "voltage_l12", Unassigned, Some(Volt), Instantaneous, NonNegative, 1, "Line voltage L1-L2", "Tension composée L1-L2", "Außenleiterspannung L1-L2", None;
    VoltageL23 = "voltage_l23", Unassigned, Some(Volt), Instantaneous, NonNegative, 1, "Line voltage L2-L3", "Tension composée L2-L3", "Außenleiterspannung L2-L3", None;
    VoltageL31 = "voltage_l31", Unassigned, Some(Volt), Instantaneous, NonNegative, 1, "Line voltage L3-L1", "Tension composée L3-L1", "Außenleiterspannung L3-L1", None;
    VoltageNeutral = "voltage_neutral", Electrical([92, 7, 0]), Some(Volt), Instantaneous, NonNegative, 1, "Neutral voltage", "Tension du neutre", "Neutralleiterspannung", None;
    Current = "current", Electrical([11, 7, 0]), Some(Ampere), Instantaneous, NonNegative, 2, "Current", "Courant", "Strom", None;
    CurrentL1 = "current_l1", Electrical([31, 7, 0]), Some(Ampere), Instantaneous, NonNegative, 2, "Current L1", "Courant L1", "Strom L1", Some(Chapter25 { field: "courant_l1", exponent: 0 });
    CurrentL2 = "current_l2", Electrical([51, 7, 0]), Some(Ampere), Instantaneous, NonNegative, 2, "Current L2", "Courant L2", "Strom L2", Some(Chapter25 { field: "courant_l2", exponent: 0 });
    CurrentL3 = "current_l3", Electrical([71, 7, 0]), Some(Ampere), Instantaneous, NonNegative, 2, "Current L3", "Courant L3", "Strom L3", Some(Chapter25 { field: "courant_l3", exponent: 0 });
    CurrentNeutral = "current_neutral", Electrical([91, 7, 0]), Some(Ampere), Instantaneous, NonNegative, 2, "Neutral current", "Courant de neutre", "Neutralleiterstrom", Some(Chapter25 { field: "courant_neutre", exponent: 0 });
    ActivePower = "active_power", Electrical([16, 7, 0]), Some(Watt), Instantaneous, ImportPositive, 0, "Active power", "Puissance active", "Wirkleistung", Some(Chapter25 { field: "puissance_active_totale", exponent: 0 });
    ActivePowerImport = "active_power_import", Electrical([1, 7, 0]), Some(Watt), Instantaneous, NonNegative, 0, "Active power import", "Puissance active soutirée", "Wirkleistung Bezug", None;
    ActivePowerExport = "active_power_export", Electrical([2, 7, 0]), Some(Watt), Instantaneous, NonNegative, 0, "Active power export", "Puissance active injectée", "Wirkleistung Einspeisung", None;
    ActivePowerL1 = "active_power_l1", Electrical([36, 7, 0]), Some(Watt), Instantaneous, ImportPositive, 0, "Active power L1", "Puissance active L1", "Wirkleistung L1", None;
    ActivePowerImportL1 = "active_power_import_l1", Electrical([21, 7, 0]), Some(Watt), Instantaneous, NonNegative, 0, "Active power import L1", "Puissance active soutirée L1", "Wirkleistung Bezug L1", None;
    ActivePowerExportL1 = "active_power_export_l1", Electrical([22, 7, 0]), Some(Watt), Instantaneous, NonNegative, 0, "Active power export L1", "Puissance active injectée L1", "Wirkleistung Einspeisung L1", None;
    ActivePowerL2 = "active_power_l2", Electrical([56, 7, 0]), Some(Watt), Instantaneous, ImportPositive, 0, "Active power L2", "Puissance active L2", "Wirkleistung L2", None;
    ActivePowerImportL2 = "active_power_import_l2", Electrical([41, 7, 0]), Some(Watt), Instantaneous, NonNegative, 0, "Active power import L2", "Puissance active soutirée L2", "Wirkleistung Bezug L2", None;
    ActivePowerExportL2 = "active_power_export_l2", Electrical([42, 7, 0]), Some(Watt), Instantaneous, NonNegative, 0, "Active power export L2", "Puissance active injectée L2", "Wirkleistung Einspeisung L2", None;
    ActivePowerL3 = "active_power_l3", Electrical([76, 7, 0]), Some(Watt), Instantaneous, ImportPositive, 0, "Active power L3", "Puissance active L3", "Wirkleistung L3", None;
    ActivePowerImportL3 = "active_power_import_l3", Electrical([61, 7, 0]), Some(Watt), Instantaneous, NonNegative, 0, "Active power import L3", "Puissance active soutirée L3", "Wirkleistung Bezug L3", None;
    ActivePowerExportL3 = "active_power_export_l3", Electrical([62, 7, 0]), Some(Watt), Instantaneous, NonNegative, 0, "Active power export L3", "Puissance active injectée L3", "Wirkleistung Einspeisung L3", None;
    ReactivePower = "reactive_power", Electrical([130, 7, 0]), Some(Var), Instantaneous, InductivePositive, 0, "Reactive power", "Puissance réactive", "Blindleistung", Some(Chapter25 { field: "puissance_reactive_totale", exponent: 0 });
    ReactivePowerImport = "reactive_power_import", Electrical([3, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power import", "Puissance réactive soutirée", "Blindleistung Bezug", None;
    ReactivePowerExport = "reactive_power_export", Electrical([4, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power export", "Puissance réactive injectée", "Blindleistung Einspeisung", None;
    ReactivePowerQ1 = "reactive_power_q1", Electrical([5, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power QI", "Puissance réactive QI", "Blindleistung QI", None;
    ReactivePowerQ2 = "reactive_power_q2", Electrical([6, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power QII", "Puissance réactive QII", "Blindleistung QII", None;
    ReactivePowerQ3 = "reactive_power_q3", Electrical([7, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power QIII", "Puissance réactive QIII", "Blindleistung QIII", None;
    ReactivePowerQ4 = "reactive_power_q4", Electrical([8, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power QIV", "Puissance réactive QIV", "Blindleistung QIV", None;
    ReactivePowerL1 = "reactive_power_l1", Unassigned, Some(Var), Instantaneous, InductivePositive, 0, "Reactive power L1", "Puissance réactive L1", "Blindleistung L1", None;
    ReactivePowerImportL1 = "reactive_power_import_l1", Electrical([23, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power import L1", "Puissance réactive soutirée L1", "Blindleistung Bezug L1", None;
    ReactivePowerExportL1 = "reactive_power_export_l1", Electrical([24, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power export L1", "Puissance réactive injectée L1", "Blindleistung Einspeisung L1", None;
    ReactivePowerL2 = "reactive_power_l2", Unassigned, Some(Var), Instantaneous, InductivePositive, 0, "Reactive power L2", "Puissance réactive L2", "Blindleistung L2", None;
    ReactivePowerImportL2 = "reactive_power_import_l2", Electrical([43, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power import L2", "Puissance réactive soutirée L2", "Blindleistung Bezug L2", None;
    ReactivePowerExportL2 = "reactive_power_export_l2", Electrical([44, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power export L2", "Puissance réactive injectée L2", "Blindleistung Einspeisung L2", None;
    ReactivePowerL3 = "reactive_power_l3", Unassigned, Some(Var), Instantaneous, InductivePositive, 0, "Reactive power L3", "Puissance réactive L3", "Blindleistung L3", None;
    ReactivePowerImportL3 = "reactive_power_import_l3", Electrical([63, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power import L3", "Puissance réactive soutirée L3", "Blindleistung Bezug L3", None;
    ReactivePowerExportL3 = "reactive_power_export_l3", Electrical([64, 7, 0]), Some(Var), Instantaneous, NonNegative, 0, "Reactive power export L3", "Puissance réactive injectée L3", "Blindleistung Einspeisung L3", None;
    ApparentPower = "apparent_power", Electrical([9, 7, 0]), Some(VoltAmpere), Instantaneous, NonNegative, 0, "Apparent power", "Puissance apparente", "Scheinleistung", Some(Chapter25 { field: "puissance_apparente_totale", exponent: 0 });
    ApparentPowerL1 = "apparent_power_l1", Electrical([29, 7, 0]), Some(VoltAmpere), Instantaneous, NonNegative, 0, "Apparent power L1", "Puissance apparente L1", "Scheinleistung L1", None;
    ApparentPowerL2 = "apparent_power_l2", Electrical([49, 7, 0]), Some(VoltAmpere), Instantaneous, NonNegative, 0, "Apparent power L2", "Puissance apparente L2", "Scheinleistung L2", None;
    ApparentPowerL3 = "apparent_power_l3", Electrical([69, 7, 0]), Some(VoltAmpere), Instantaneous, NonNegative, 0, "Apparent power L3", "Puissance apparente L3", "Scheinleistung L3", None;
    ApparentPowerExport = "apparent_power_export", Electrical([10, 7, 0]), Some(VoltAmpere), Instantaneous, NonNegative, 0, "Apparent power export", "Puissance apparente injectée", "Scheinleistung Einspeisung", None;
    PowerFactor = "power_factor", Electrical([13, 7, 0]), Some(One), Instantaneous, Signed, 3, "Power factor", "Facteur de puissance", "Leistungsfaktor", Some(Chapter25 { field: "facteur_puissance", exponent: 0 });
    PowerFactorL1 = "power_factor_l1", Electrical([33, 7, 0]), Some(One), Instantaneous, Signed, 3, "Power factor L1", "Facteur de puissance L1", "Leistungsfaktor L1", None;
    PowerFactorL2 = "power_factor_l2", Electrical([53, 7, 0]), Some(One), Instantaneous, Signed, 3, "Power factor L2", "Facteur de puissance L2", "Leistungsfaktor L2", None;
    PowerFactorL3 = "power_factor_l3", Electrical([73, 7, 0]), Some(One), Instantaneous, Signed, 3, "Power factor L3", "Facteur de puissance L3", "Leistungsfaktor L3", None;
    PowerFactorExport = "power_factor_export", Electrical([84, 7, 0]), Some(One), Instantaneous, Signed, 3, "Power factor export", "Facteur de puissance en injection", "Leistungsfaktor Einspeisung", None;
    Frequency = "frequency", Electrical([14, 7, 0]), Some(Hertz), Instantaneous, NonNegative, 2, "Frequency", "Fréquence", "Frequenz", Some(Chapter25 { field: "frequence", exponent: 0 });
    FrequencyL1 = "frequency_l1", Electrical([34, 7, 0]), Some(Hertz), Instantaneous, NonNegative, 2, "Frequency L1", "Fréquence L1", "Frequenz L1", None;
    FrequencyL2 = "frequency_l2", Electrical([54, 7, 0]), Some(Hertz), Instantaneous, NonNegative, 2, "Frequency L2", "Fréquence L2", "Frequenz L2", None;
    FrequencyL3 = "frequency_l3", Electrical([74, 7, 0]), Some(Hertz), Instantaneous, NonNegative, 2, "Frequency L3", "Fréquence L3", "Frequenz L3", None;
    ThdVoltage = "thd_voltage", Electrical([12, 7, 124]), Some(Percent), Instantaneous, NonNegative, 1, "Voltage THD", "THD tension", "Spannungs-THD", Some(Chapter25 { field: "thd_tension", exponent: 0 });
    ThdCurrent = "thd_current", Electrical([11, 7, 124]), Some(Percent), Instantaneous, NonNegative, 1, "Current THD", "THD courant", "Strom-THD", Some(Chapter25 { field: "thd_courant", exponent: 0 });
    ThdVoltageL1 = "thd_voltage_l1", Electrical([32, 7, 124]), Some(Percent), Instantaneous, NonNegative, 1, "Voltage THD L1", "THD tension L1", "Spannungs-THD L1", None;
    ThdCurrentL1 = "thd_current_l1", Electrical([31, 7, 124]), Some(Percent), Instantaneous, NonNegative, 1, "Current THD L1", "THD courant L1", "Strom-THD L1", None;
    ThdVoltageL2 = "thd_voltage_l2", Electrical([52, 7, 124]), Some(Percent), Instantaneous, NonNegative, 1, "Voltage THD L2", "THD tension L2", "Spannungs-THD L2", None;
    ThdCurrentL2 = "thd_current_l2", Electrical([51, 7, 124]), Some(Percent), Instantaneous, NonNegative, 1, "Current THD L2", "THD courant L2", "Strom-THD L2", None;
    ThdVoltageL3 = "thd_voltage_l3", Electrical([72, 7, 124]), Some(Percent), Instantaneous, NonNegative, 1, "Voltage THD L3", "THD tension L3", "Spannungs-THD L3", None;
    ThdCurrentL3 = "thd_current_l3", Electrical([71, 7, 124]), Some(Percent), Instantaneous, NonNegative, 1, "Current THD L3", "THD courant L3", "Strom-THD L3", None;
    AngleU2U1 = "angle_u2_u1", Electrical([81, 7, 1]), Some(Degree), Instantaneous, Signed, 1, "Angle of U2 to U1", "Angle de U2 par rapport à U1", "Winkel U2 gegen U1", None;
    AngleU3U1 = "angle_u3_u1", Electrical([81, 7, 2]), Some(Degree), Instantaneous, Signed, 1, "Angle of U3 to U1", "Angle de U3 par rapport à U1", "Winkel U3 gegen U1", None;
    AngleI1U1 = "angle_i1_u1", Electrical([81, 7, 4]), Some(Degree), Instantaneous, Signed, 1, "Angle of I1 to U1", "Angle de I1 par rapport à U1", "Winkel I1 gegen U1", None;
    AngleI2U2 = "angle_i2_u2", Electrical([81, 7, 15]), Some(Degree), Instantaneous, Signed, 1, "Angle of I2 to U2", "Angle de I2 par rapport à U2", "Winkel I2 gegen U2", None;
    AngleI3U3 = "angle_i3_u3", Electrical([81, 7, 26]), Some(Degree), Instantaneous, Signed, 1, "Angle of I3 to U3", "Angle de I3 par rapport à U3", "Winkel I3 gegen U3", None;
    AngleI2U1 = "angle_i2_u1", Electrical([81, 7, 5]), Some(Degree), Instantaneous, Signed, 1, "Angle of I2 to U1", "Angle de I2 par rapport à U1", "Winkel I2 gegen U1", None;
    AngleI3U1 = "angle_i3_u1", Electrical([81, 7, 6]), Some(Degree), Instantaneous, Signed, 1, "Angle of I3 to U1", "Angle de I3 par rapport à U1", "Winkel I3 gegen U1", None;
    AngleU1I1 = "angle_u1_i1", Electrical([81, 7, 40]), Some(Degree), Instantaneous, Signed, 1, "Angle of U1 to I1", "Angle de U1 par rapport à I1", "Winkel U1 gegen I1", None;
    AngleU2I2 = "angle_u2_i2", Electrical([81, 7, 51]), Some(Degree), Instantaneous, Signed, 1, "Angle of U2 to I2", "Angle de U2 par rapport à I2", "Winkel U2 gegen I2", None;
    AngleU3I3 = "angle_u3_i3", Electrical([81, 7, 62]), Some(Degree), Instantaneous, Signed, 1, "Angle of U3 to I3", "Angle de U3 par rapport à I3", "Winkel U3 gegen I3", None;
    ActiveEnergyImport = "active_energy_import", Electrical([1, 8, 0]), Some(WattHour), Counter, NonNegative, 0, "Active energy import", "Énergie active soutirée", "Wirkarbeit Bezug", Some(Chapter25 { field: "energie_active_import", exponent: -3 });
    ActiveEnergyImportT1 = "active_energy_import_t1", Electrical([1, 8, 1]), Some(WattHour), Counter, NonNegative, 0, "Active energy import, tariff 1", "Énergie active soutirée, tarif 1", "Wirkarbeit Bezug, Tarif 1", None;
    ActiveEnergyImportT2 = "active_energy_import_t2", Electrical([1, 8, 2]), Some(WattHour), Counter, NonNegative, 0, "Active energy import, tariff 2", "Énergie active soutirée, tarif 2", "Wirkarbeit Bezug, Tarif 2", None;
    ActiveEnergyImportT3 = "active_energy_import_t3", Electrical([1, 8, 3]), Some(WattHour), Counter, NonNegative, 0, "Active energy import, tariff 3", "Énergie active soutirée, tarif 3", "Wirkarbeit Bezug, Tarif 3", None;
    ActiveEnergyImportT4 = "active_energy_import_t4", Electrical([1, 8, 4]), Some(WattHour), Counter, NonNegative, 0, "Active energy import, tariff 4", "Énergie active soutirée, tarif 4", "Wirkarbeit Bezug, Tarif 4", None;
    ActiveEnergyExport = "active_energy_export", Electrical([2, 8, 0]), Some(WattHour), Counter, NonNegative, 0, "Active energy export", "Énergie active injectée", "Wirkarbeit Einspeisung", Some(Chapter25 { field: "energie_active_export", exponent: -3 });
    ActiveEnergyExportT1 = "active_energy_export_t1", Electrical([2, 8, 1]), Some(WattHour), Counter, NonNegative, 0, "Active energy export, tariff 1", "Énergie active injectée, tarif 1", "Wirkarbeit Einspeisung, Tarif 1", None;
    ActiveEnergyExportT2 = "active_energy_export_t2", Electrical([2, 8, 2]), Some(WattHour), Counter, NonNegative, 0, "Active energy export, tariff 2", "Énergie active injectée, tarif 2", "Wirkarbeit Einspeisung, Tarif 2", None;
    ActiveEnergyExportT3 = "active_energy_export_t3", Electrical([2, 8, 3]), Some(WattHour), Counter, NonNegative, 0, "Active energy export, tariff 3", "Énergie active injectée, tarif 3", "Wirkarbeit Einspeisung, Tarif 3", None;
    ActiveEnergyExportT4 = "active_energy_export_t4", Electrical([2, 8, 4]), Some(WattHour), Counter, NonNegative, 0, "Active energy export, tariff 4", "Énergie active injectée, tarif 4", "Wirkarbeit Einspeisung, Tarif 4", None;
    ReactiveEnergyImport = "reactive_energy_import", Electrical([3, 8, 0]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy import", "Énergie réactive soutirée", "Blindarbeit Bezug", Some(Chapter25 { field: "energie_reactive_import", exponent: -3 });
    ReactiveEnergyImportT1 = "reactive_energy_import_t1", Electrical([3, 8, 1]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy import, tariff 1", "Énergie réactive soutirée, tarif 1", "Blindarbeit Bezug, Tarif 1", None;
    ReactiveEnergyImportT2 = "reactive_energy_import_t2", Electrical([3, 8, 2]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy import, tariff 2", "Énergie réactive soutirée, tarif 2", "Blindarbeit Bezug, Tarif 2", None;
    ReactiveEnergyImportT3 = "reactive_energy_import_t3", Electrical([3, 8, 3]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy import, tariff 3", "Énergie réactive soutirée, tarif 3", "Blindarbeit Bezug, Tarif 3", None;
    ReactiveEnergyImportT4 = "reactive_energy_import_t4", Electrical([3, 8, 4]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy import, tariff 4", "Énergie réactive soutirée, tarif 4", "Blindarbeit Bezug, Tarif 4", None;
    ReactiveEnergyExport = "reactive_energy_export", Electrical([4, 8, 0]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy export", "Énergie réactive injectée", "Blindarbeit Einspeisung", Some(Chapter25 { field: "energie_reactive_export", exponent: -3 });
    ReactiveEnergyExportT1 = "reactive_energy_export_t1", Electrical([4, 8, 1]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy export, tariff 1", "Énergie réactive injectée, tarif 1", "Blindarbeit Einspeisung, Tarif 1", None;
    ReactiveEnergyExportT2 = "reactive_energy_export_t2", Electrical([4, 8, 2]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy export, tariff 2", "Énergie réactive injectée, tarif 2", "Blindarbeit Einspeisung, Tarif 2", None;
    ReactiveEnergyExportT3 = "reactive_energy_export_t3", Electrical([4, 8, 3]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy export, tariff 3", "Énergie réactive injectée, tarif 3", "Blindarbeit Einspeisung, Tarif 3", None;
    ReactiveEnergyExportT4 = "reactive_energy_export_t4", Electrical([4, 8, 4]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy export, tariff 4", "Énergie réactive injectée, tarif 4", "Blindarbeit Einspeisung, Tarif 4", None;
    ReactiveEnergyQ1 = "reactive_energy_q1", Electrical([5, 8, 0]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QI", "Énergie réactive QI", "Blindarbeit QI", None;
    ReactiveEnergyQ1T1 = "reactive_energy_q1_t1", Electrical([5, 8, 1]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QI, tariff 1", "Énergie réactive QI, tarif 1", "Blindarbeit QI, Tarif 1", None;
    ReactiveEnergyQ1T2 = "reactive_energy_q1_t2", Electrical([5, 8, 2]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QI, tariff 2", "Énergie réactive QI, tarif 2", "Blindarbeit QI, Tarif 2", None;
    ReactiveEnergyQ1T3 = "reactive_energy_q1_t3", Electrical([5, 8, 3]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QI, tariff 3", "Énergie réactive QI, tarif 3", "Blindarbeit QI, Tarif 3", None;
    ReactiveEnergyQ1T4 = "reactive_energy_q1_t4", Electrical([5, 8, 4]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QI, tariff 4", "Énergie réactive QI, tarif 4", "Blindarbeit QI, Tarif 4", None;
    ReactiveEnergyQ2 = "reactive_energy_q2", Electrical([6, 8, 0]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QII", "Énergie réactive QII", "Blindarbeit QII", None;
    ReactiveEnergyQ2T1 = "reactive_energy_q2_t1", Electrical([6, 8, 1]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QII, tariff 1", "Énergie réactive QII, tarif 1", "Blindarbeit QII, Tarif 1", None;
    ReactiveEnergyQ2T2 = "reactive_energy_q2_t2", Electrical([6, 8, 2]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QII, tariff 2", "Énergie réactive QII, tarif 2", "Blindarbeit QII, Tarif 2", None;
    ReactiveEnergyQ2T3 = "reactive_energy_q2_t3", Electrical([6, 8, 3]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QII, tariff 3", "Énergie réactive QII, tarif 3", "Blindarbeit QII, Tarif 3", None;
    ReactiveEnergyQ2T4 = "reactive_energy_q2_t4", Electrical([6, 8, 4]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QII, tariff 4", "Énergie réactive QII, tarif 4", "Blindarbeit QII, Tarif 4", None;
    ReactiveEnergyQ3 = "reactive_energy_q3", Electrical([7, 8, 0]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QIII", "Énergie réactive QIII", "Blindarbeit QIII", None;
    ReactiveEnergyQ3T1 = "reactive_energy_q3_t1", Electrical([7, 8, 1]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QIII, tariff 1", "Énergie réactive QIII, tarif 1", "Blindarbeit QIII, Tarif 1", None;
    ReactiveEnergyQ3T2 = "reactive_energy_q3_t2", Electrical([7, 8, 2]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QIII, tariff 2", "Énergie réactive QIII, tarif 2", "Blindarbeit QIII, Tarif 2", None;
    ReactiveEnergyQ3T3 = "reactive_energy_q3_t3", Electrical([7, 8, 3]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QIII, tariff 3", "Énergie réactive QIII, tarif 3", "Blindarbeit QIII, Tarif 3", None;
    ReactiveEnergyQ3T4 = "reactive_energy_q3_t4", Electrical([7, 8, 4]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QIII, tariff 4", "Énergie réactive QIII, tarif 4", "Blindarbeit QIII, Tarif 4", None;
    ReactiveEnergyQ4 = "reactive_energy_q4", Electrical([8, 8, 0]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QIV", "Énergie réactive QIV", "Blindarbeit QIV", None;
    ReactiveEnergyQ4T1 = "reactive_energy_q4_t1", Electrical([8, 8, 1]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QIV, tariff 1", "Énergie réactive QIV, tarif 1", "Blindarbeit QIV, Tarif 1", None;
    ReactiveEnergyQ4T2 = "reactive_energy_q4_t2", Electrical([8, 8, 2]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QIV, tariff 2", "Énergie réactive QIV, tarif 2", "Blindarbeit QIV, Tarif 2", None;
    ReactiveEnergyQ4T3 = "reactive_energy_q4_t3", Electrical([8, 8, 3]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QIV, tariff 3", "Énergie réactive QIV, tarif 3", "Blindarbeit QIV, Tarif 3", None;
    ReactiveEnergyQ4T4 = "reactive_energy_q4_t4", Electrical([8, 8, 4]), Some(VarHour), Counter, NonNegative, 0, "Reactive energy QIV, tariff 4", "Énergie réactive QIV, tarif 4", "Blindarbeit QIV, Tarif 4", None;
    ApparentEnergyImport = "apparent_energy_import", Electrical([9, 8, 0]), Some(VoltAmpereHour), Counter, NonNegative, 0, "Apparent energy import", "Énergie apparente soutirée", "Scheinarbeit Bezug", None;
    ApparentEnergyImportT1 = "apparent_energy_import_t1", Electrical([9, 8, 1]), Some(VoltAmpereHour), Counter, NonNegative, 0, "Apparent energy import, tariff 1", "Énergie apparente soutirée, tarif 1", "Scheinarbeit Bezug, Tarif 1", None;
    ApparentEnergyImportT2 = "apparent_energy_import_t2", Electrical([9, 8, 2]), Some(VoltAmpereHour), Counter, NonNegative, 0, "Apparent energy import, tariff 2", "Énergie apparente soutirée, tarif 2", "Scheinarbeit Bezug, Tarif 2", None;
    ApparentEnergyImportT3 = "apparent_energy_import_t3", Electrical([9, 8, 3]), Some(VoltAmpereHour), Counter, NonNegative, 0, "Apparent energy import, tariff 3", "Énergie apparente soutirée, tarif 3", "Scheinarbeit Bezug, Tarif 3", None;
    ApparentEnergyImportT4 = "apparent_energy_import_t4", Electrical([9, 8, 4]), Some(VoltAmpereHour), Counter, NonNegative, 0, "Apparent energy import, tariff 4", "Énergie apparente soutirée, tarif 4", "Scheinarbeit Bezug, Tarif 4", None;
    ApparentEnergyExport = "apparent_energy_export", Electrical([10, 8, 0]), Some(VoltAmpereHour), Counter, NonNegative, 0, "Apparent energy export", "Énergie apparente injectée", "Scheinarbeit Einspeisung", None;
    ApparentEnergyExportT1 = "apparent_energy_export_t1", Electrical([10, 8, 1]), Some(VoltAmpereHour), Counter, NonNegative, 0, "Apparent energy export, tariff 1", "Énergie apparente injectée, tarif 1", "Scheinarbeit Einspeisung, Tarif 1", None;
    ApparentEnergyExportT2 = "apparent_energy_export_t2", Electrical([10, 8, 2]), Some(VoltAmpereHour), Counter, NonNegative, 0, "Apparent energy export, tariff 2", "Énergie apparente injectée, tarif 2", "Scheinarbeit Einspeisung, Tarif 2", None;
    ApparentEnergyExportT3 = "apparent_energy_export_t3", Electrical([10, 8, 3]), Some(VoltAmpereHour), Counter, NonNegative, 0, "Apparent energy export, tariff 3", "Énergie apparente injectée, tarif 3", "Scheinarbeit Einspeisung, Tarif 3", None;
    ApparentEnergyExportT4 = "apparent_energy_export_t4", Electrical([10, 8, 4]), Some(VoltAmpereHour), Counter, NonNegative, 0, "Apparent energy export, tariff 4", "Énergie apparente injectée, tarif 4", "Scheinarbeit Einspeisung, Tarif 4", None;
    ActiveEnergyImportL1 = "active_energy_import_l1", Electrical([21, 8, 0]), Some(WattHour), Counter, NonNegative, 0, "Active energy import L1", "Énergie active soutirée L1", "Wirkarbeit Bezug L1", None;
    ActiveEnergyImportL2 = "active_energy_import_l2", Electrical([41, 8, 0]), Some(WattHour), Counter, NonNegative, 0, "Active energy import L2", "Énergie active soutirée L2", "Wirkarbeit Bezug L2", None;
    ActiveEnergyImportL3 = "active_energy_import_l3", Electrical([61, 8, 0]), Some(WattHour), Counter, NonNegative, 0, "Active energy import L3", "Énergie active soutirée L3", "Wirkarbeit Bezug L3", None;
    ActiveEnergyExportL1 = "active_energy_export_l1", Electrical([22, 8, 0]), Some(WattHour), Counter, NonNegative, 0, "Active energy export L1", "Énergie active injectée L1", "Wirkarbeit Einspeisung L1", None;
    ActiveEnergyExportL2 = "active_energy_export_l2", Electrical([42, 8, 0]), Some(WattHour), Counter, NonNegative, 0, "Active energy export L2", "Énergie active injectée L2", "Wirkarbeit Einspeisung L2", None;
    ActiveEnergyExportL3 = "active_energy_export_l3", Electrical([62, 8, 0]), Some(WattHour), Counter, NonNegative, 0, "Active energy export L3", "Énergie active injectée L3", "Wirkarbeit Einspeisung L3", None;
    ActiveDemandImport = "active_demand_import", Electrical([1, 4, 0]), Some(Watt), Demand, NonNegative, 0, "Active demand import, running interval", "Puissance moyenne soutirée, période en cours", "Wirkleistungsmittel Bezug, laufende Periode", None;
    ActiveDemandLastImport = "active_demand_last_import", Electrical([1, 5, 0]), Some(Watt), Demand, NonNegative, 0, "Active demand import, last interval", "Puissance moyenne soutirée, dernière période", "Wirkleistungsmittel Bezug, letzte Periode", None;
    ActiveDemandMaxImport = "active_demand_max_import", Electrical([1, 6, 0]), Some(Watt), Demand, NonNegative, 0, "Maximum active demand import", "Puissance maximale atteinte, soutirée", "Maximale Wirkleistung Bezug", None;
    ActiveDemandExport = "active_demand_export", Electrical([2, 4, 0]), Some(Watt), Demand, NonNegative, 0, "Active demand export, running interval", "Puissance moyenne injectée, période en cours", "Wirkleistungsmittel Einspeisung, laufende Periode", None;
    ActiveDemandLastExport = "active_demand_last_export", Electrical([2, 5, 0]), Some(Watt), Demand, NonNegative, 0, "Active demand export, last interval", "Puissance moyenne injectée, dernière période", "Wirkleistungsmittel Einspeisung, letzte Periode", None;
    ActiveDemandMaxExport = "active_demand_max_export", Electrical([2, 6, 0]), Some(Watt), Demand, NonNegative, 0, "Maximum active demand export", "Puissance maximale atteinte, injectée", "Maximale Wirkleistung Einspeisung", None;
    ProductionPieces = "production_pieces", Unassigned, Some(One), Counter, NonNegative, 0, "Pieces produced", "Pièces produites", "Gefertigte Teile", None;
    ProductionCycles = "production_cycles", Unassigned, Some(One), Counter, NonNegative, 0, "Machine cycles", "Cycles machine", "Maschinenzyklen", None;
    ProductionMass = "production_mass", Unassigned, Some(Kilogram), Counter, NonNegative, 0, "Mass produced", "Masse produite", "Gefertigte Masse", None;
    Temperature = "temperature", Unassigned, Some(Celsius), Instantaneous, Signed, 1, "Temperature", "Température", "Temperatur", None;
    FlowTemperature = "flow_temperature", Unassigned, Some(Celsius), Instantaneous, Signed, 1, "Flow temperature", "Température de départ", "Vorlauftemperatur", None;
    ReturnTemperature = "return_temperature", Unassigned, Some(Celsius), Instantaneous, Signed, 1, "Return temperature", "Température de retour", "Rücklauftemperatur", None;
    Volume = "volume", Unassigned, Some(CubicMetre), Counter, NonNegative, 3, "Volume", "Volume", "Volumen", None;
    VolumeFlow = "volume_flow", Unassigned, Some(CubicMetrePerHour), Instantaneous, Signed, 3, "Volume flow", "Débit", "Durchfluss", None;
    ThermalEnergy = "thermal_energy", Unassigned, Some(WattHour), Counter, NonNegative, 0, "Thermal energy", "Énergie thermique", "Wärmemenge", None;
    ThermalPower = "thermal_power", Unassigned, Some(Watt), Instantaneous, Signed, 0, "Thermal power", "Puissance thermique", "Wärmeleistung", None;
    Clock = "clock", Abstract(0, [1, 0, 0]), None, Text, Sign::None, 0, "Meter clock", "Horloge du compteur", "Zähleruhr", None;
    LogicalDeviceName = "logical_device_name", Abstract(0, [42, 0, 0]), None, Text, Sign::None, 0, "Logical device name", "Nom logique de l’appareil", "Logischer Gerätename", None;
    DeviceId1 = "device_id_1", Abstract(0, [96, 1, 0]), None, Text, Sign::None, 0, "Meter identification 1", "Identification 1 du compteur", "Zähleridentifikation 1", None;
    DeviceId2 = "device_id_2", Abstract(0, [96, 1, 1]), None, Text, Sign::None, 0, "Meter identification 2", "Identification 2 du compteur", "Zähleridentifikation 2", None;
    DeviceId8 = "device_id_8", Abstract(0, [96, 1, 7]), None, Text, Sign::None, 0, "Meter identification 8", "Identification 8 du compteur", "Zähleridentifikation 8", None;
    ActiveTariff = "active_tariff", Abstract(0, [96, 14, 0]), None, Text, Sign::None, 0, "Active tariff", "Tarif en cours", "Aktueller Tarif", None;
    ConsumerMessage = "consumer_message", Abstract(0, [96, 13, 0]), None, Text, Sign::None, 0, "Consumer message", "Message au client", "Kundennachricht", None;
    ListVersion = "list_version", Exact([1, 1, 0, 2, 129]), None, Text, Sign::None, 0, "List version", "Version de la liste", "Listenversion", None;
    DisconnectState = "disconnect_state", Abstract(0, [96, 3, 10]), None, State, Sign::None, 0, "Supply disconnector (0 off, 1 on, 2 ready)", "Organe de coupure (0 ouvert, 1 fermé, 2 prêt)", "Trennvorrichtung (0 aus, 1 ein, 2 bereit)", None;
    MbusChannel1 = "mbus_channel_1", Abstract(1, [24, 2, 1]), None, State, Sign::None, 0, "M-Bus channel 1, register as sent", "Voie M-Bus 1, index tel que transmis", "M-Bus-Kanal 1, Stand wie gesendet", None;
    MbusChannel2 = "mbus_channel_2", Abstract(2, [24, 2, 1]), None, State, Sign::None, 0, "M-Bus channel 2, register as sent", "Voie M-Bus 2, index tel que transmis", "M-Bus-Kanal 2, Stand wie gesendet", None;
    MbusChannel3 = "mbus_channel_3", Abstract(3, [24, 2, 1]), None, State, Sign::None, 0, "M-Bus channel 3, register as sent", "Voie M-Bus 3, index tel que transmis", "M-Bus-Kanal 3, Stand wie gesendet", None;
    MbusChannel4 = "mbus_channel_4", Abstract(4, [24, 2, 1]), None, State, Sign::None, 0, "M-Bus channel 4, register as sent", "Voie M-Bus 4, index tel que transmis", "M-Bus-Kanal 4, Stand wie gesendet", None;
    MbusChannel5 = "mbus_channel_5", Abstract(5, [24, 2, 1]), None, State, Sign::None, 0, "M-Bus channel 5, register as sent", "Voie M-Bus 5, index tel que transmis", "M-Bus-Kanal 5, Stand wie gesendet", None;
    MbusChannel6 = "mbus_channel_6", Abstract(6, [24, 2, 1]), None, State, Sign::None, 0, "M-Bus channel 6, register as sent", "Voie M-Bus 6, index tel que transmis", "M-Bus-Kanal 6, Stand wie gesendet", None;
    MbusDevice1 = "mbus_device_1", Abstract(1, [96, 1, 0]), None, Text, Sign::None, 0, "M-Bus channel 1, device id", "Voie M-Bus 1, identifiant", "M-Bus-Kanal 1, Gerätenummer", None;
    MbusDevice2 = "mbus_device_2", Abstract(2, [96, 1, 0]), None, Text, Sign::None, 0, "M-Bus channel 2, device id", "Voie M-Bus 2, identifiant", "M-Bus-Kanal 2, Gerätenummer", None;
    MbusDevice3 = "mbus_device_3", Abstract(3, [96, 1, 0]), None, Text, Sign::None, 0, "M-Bus channel 3, device id", "Voie M-Bus 3, identifiant", "M-Bus-Kanal 3, Gerätenummer", None;
    MbusDevice4 = "mbus_device_4", Abstract(4, [96, 1, 0]), None, Text, Sign::None, 0, "M-Bus channel 4, device id", "Voie M-Bus 4, identifiant", "M-Bus-Kanal 4, Gerätenummer", None;
    MbusDevice5 = "mbus_device_5", Abstract(5, [96, 1, 0]), None, Text, Sign::None, 0, "M-Bus channel 5, device id", "Voie M-Bus 5, identifiant", "M-Bus-Kanal 5, Gerätenummer", None;
    MbusDevice6 = "mbus_device_6", Abstract(6, [96, 1, 0]), None, Text, Sign::None, 0, "M-Bus channel 6, device id", "Voie M-Bus 6, identifiant", "M-Bus-Kanal 6, Gerätenummer", None;
}
