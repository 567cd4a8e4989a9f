//! The features by theme, one line each.

mod alarms;
mod anomalies;
mod balance;
mod billing;
mod current;
mod energy;
mod quality;
mod reactive;

use super::feature::{Feature, Range};

/// Every feature, in the order of the list.
pub(super) fn all() -> impl Iterator<Item = &'static Feature> {
    let themes: [&'static [Feature]; 8] = [
        balance::FEATURES,
        current::FEATURES,
        reactive::FEATURES,
        billing::FEATURES,
        energy::FEATURES,
        quality::FEATURES,
        anomalies::FEATURES,
        alarms::FEATURES,
    ];
    themes.into_iter().flatten()
}

/// Voltages up to the highest transmission voltage. **Unit** V.
const VOLTS: Range = Range::from(0.0, 1_200_000.0);
/// Currents up to a power station's generator. **Unit** A.
const AMPS: Range = Range::from(0.0, 100_000.0);
/// Powers of an industrial site. **Unit** kW, kvar or kVA.
const POWER: Range = Range::from(0.0, 1e6);
const POWER_ABOVE_0: Range = Range::above(0.0, 1e6);
const SIGNED_POWER: Range = Range::from(-1e6, 1e6);
/// Energies of an industrial site. **Unit** kWh or kvarh.
const ENERGY: Range = Range::from(0.0, 1e12);
/// Times. **Unit** s.
const SECONDS_ABOVE_0: Range = Range::above(0.0, 1e9);
const SECONDS: Range = Range::from(0.0, 1e9);
/// Amounts and prices of any currency.
const MONEY: Range = Range::from(0.0, 1e12);
const PERCENT: Range = Range::from(0.0, 100.0);
/// Values whose scale nobody knows.
const ANY: Range = Range::from(-1e15, 1e15);
