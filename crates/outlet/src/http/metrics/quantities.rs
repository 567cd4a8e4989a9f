//! The newest values as gauges and counters: `triphase_voltage_volts{meter,phase}`.
//!
//! Names follow from the catalogue: the quantity without its phase, then its unit. A value that is
//! bad or old is left out, so that nobody takes it for one of now.

use super::{Kind, Text};
use crate::Outlet;
use reading::{Kind as Behaviour, Quality, Quantity, Unit};
use std::collections::BTreeMap;
use std::time::Duration;

/// A value is old after so many periods of its list.
const PERIODS_MAX: u32 = 3;
/// No value is old before.
const AGE_ALWAYS: Duration = Duration::from_secs(60);
/// A value whose list's period is not known is old after this time.
const AGE_MAX: Duration = Duration::from_secs(300);

/// Ends of names that name a phase or a pair of phases.
const PHASES: [(&str, &str); 7] = [
    ("_l1", "L1"),
    ("_l2", "L2"),
    ("_l3", "L3"),
    ("_l12", "L1-L2"),
    ("_l23", "L2-L3"),
    ("_l31", "L3-L1"),
    ("_neutral", "N"),
];

/// One family: its behaviour, its help, its samples by meter and phase.
struct Family {
    kind: Kind,
    help: String,
    samples: Vec<(String, &'static str, f64)>,
}

pub(super) fn tell(text: &mut Text, outlet: &Outlet) {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let now = (outlet.clock)();
    for meter in &outlet.meters {
        let Some(latest) = outlet.store.latest(&meter.id) else { continue };
        for newest in &latest.values {
            let list = latest.lists.iter().find(|list| list.sample.telegram.list == newest.list);
            let period = list.and_then(|list| list.period);
            let fresh = period.map_or(AGE_MAX, |period| (period * PERIODS_MAX).max(AGE_ALWAYS));
            let reading = &newest.reading;
            if reading.quality == Quality::Bad || now.since(newest.received_at) > fresh {
                continue;
            }
            let (Some(quantity), Some(number)) = (reading.quantity, reading.value.number()) else {
                continue;
            };
            let Some((name, kind, factor)) = name(quantity) else { continue };
            let family = families.entry(name).or_insert_with(|| Family {
                kind,
                help: format!("{}, newest value.", bare(quantity.description().english)),
                samples: Vec::new(),
            });
            let value = number.to_f64() * factor;
            family.samples.push((meter.id.to_string(), phase(quantity).1, value));
        }
    }
    for (name, Family { kind, help, samples }) in families {
        text.family(&name, kind, &help);
        for (meter, phase, value) in samples {
            text.sample(&name, &[("meter", &meter), ("phase", phase)], value);
        }
    }
}

/// The quantity's name without its phase, and the phase; `total` for the whole.
fn phase(quantity: Quantity) -> (&'static str, &'static str) {
    let name = quantity.name();
    let found = PHASES.into_iter().find_map(|(end, phase)| Some((name.strip_suffix(end)?, phase)));
    found.unwrap_or((name, "total"))
}

/// The English name without its phase.
fn bare(english: &str) -> &str {
    let ends = [" L1-L2", " L2-L3", " L3-L1", " L1", " L2", " L3"];
    ends.into_iter().find_map(|end| english.strip_suffix(end)).unwrap_or(english)
}

/// The family's name, its behaviour, and the factor to the unit in the name.
fn name(quantity: Quantity) -> Option<(String, Kind, f64)> {
    let (unit, factor) = match quantity.unit()? {
        Unit::Volt => ("volts", 1.0),
        Unit::Ampere => ("amperes", 1.0),
        Unit::Watt => ("watts", 1.0),
        Unit::Var => ("vars", 1.0),
        Unit::VoltAmpere => ("voltamperes", 1.0),
        Unit::WattHour => ("watthours", 1.0),
        Unit::VarHour => ("varhours", 1.0),
        Unit::VoltAmpereHour => ("voltamperehours", 1.0),
        Unit::Hertz => ("hertz", 1.0),
        Unit::Degree => ("degrees", 1.0),
        Unit::Celsius => ("celsius", 1.0),
        Unit::CubicMetre => ("cubicmetres", 1.0),
        Unit::CubicMetrePerHour => ("cubicmetres_perhour", 1.0),
        Unit::Percent => ("ratio", 0.01),
        Unit::One => ("ratio", 1.0),
        Unit::Kilogram => ("kilograms", 1.0),
        _ => return None,
    };
    let base = phase(quantity).0;
    Some(match quantity.description().kind {
        // A count of things carries no unit beside their name.
        Behaviour::Counter if quantity.unit() == Some(Unit::One) => {
            (format!("triphase_{base}_total"), Kind::Counter, factor)
        }
        Behaviour::Counter => (format!("triphase_{base}_{unit}_total"), Kind::Counter, factor),
        Behaviour::Instantaneous | Behaviour::Demand => {
            (format!("triphase_{base}_{unit}"), Kind::Gauge, factor)
        }
        Behaviour::State | Behaviour::Text => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_the_unit_and_leave_the_phase_to_a_label() {
        for (quantity, family, label) in [
            (Quantity::VoltageL1, "triphase_voltage_volts", "L1"),
            (Quantity::VoltageL12, "triphase_voltage_volts", "L1-L2"),
            (Quantity::ActivePower, "triphase_active_power_watts", "total"),
            (
                Quantity::ActiveEnergyImport,
                "triphase_active_energy_import_watthours_total",
                "total",
            ),
            (Quantity::ThdVoltage, "triphase_thd_voltage_ratio", "total"),
            (Quantity::ProductionPieces, "triphase_production_pieces_total", "total"),
            (Quantity::ProductionMass, "triphase_production_mass_kilograms_total", "total"),
        ] {
            assert_eq!(name(quantity).map(|name| name.0).as_deref(), Some(family));
            assert_eq!(phase(quantity).1, label);
        }
    }
}
