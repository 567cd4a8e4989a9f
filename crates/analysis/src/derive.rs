//! Quantities that a meter does not send, computed from those it does.
//!
//! In: a [`Measurement`]. Out: values that carry their method and their inputs; `None` when an
//! input is missing. A measured value always wins over a derived one. Signs follow
//! IEC 62053-23: import and inductive are positive.

use crate::{Measurement, Method};
use reading::Decimal;
use reading::Quantity::{
    self, ActivePower, ActivePowerExport, ActivePowerExportL1, ActivePowerExportL2,
    ActivePowerExportL3, ActivePowerImport, ActivePowerImportL1, ActivePowerImportL2,
    ActivePowerImportL3, ActivePowerL1, ActivePowerL2, ActivePowerL3, ApparentPower,
    ApparentPowerExport, ApparentPowerL1, ApparentPowerL2, ApparentPowerL3, PowerFactor,
    ReactivePower, ReactivePowerExport, ReactivePowerExportL1, ReactivePowerExportL2,
    ReactivePowerExportL3, ReactivePowerImport, ReactivePowerImportL1, ReactivePowerImportL2,
    ReactivePowerImportL3, ReactivePowerL1, ReactivePowerL2, ReactivePowerL3, ReactivePowerQ1,
    ReactivePowerQ2, ReactivePowerQ3, ReactivePowerQ4,
};

/// A value with its method and the measured quantities it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived {
    /// The value, in the unit of the quantity that the function names.
    pub value: f64,
    /// `Measured` when the meter sent it, else `Derived` or `Estimated`.
    pub method: Method,
    /// The measured quantities used.
    pub inputs: Vec<Quantity>,
}

impl Derived {
    fn new(value: f64, method: Method, inputs: &[Quantity]) -> Self {
        Self { value, method, inputs: inputs.to_vec() }
    }
}

/// Active power P of the three phases together.
///
/// **Unit** W. **Sign** import positive. From register 16.7.0, else +P and −P (one of them
/// alone is not enough when it is 0: the other direction is unknown), else the sum of the phases.
#[must_use]
pub fn active_power(measurement: &Measurement) -> Option<Derived> {
    measured(measurement, ActivePower)
        .or_else(|| difference(measurement, ActivePowerImport, ActivePowerExport))
        .or_else(|| sum_of_phases(measurement, active_power_of_phase))
}

/// Reactive power Q of the three phases together, with its sign.
///
/// **Unit** var. **Sign** positive when the current lags (inductive consumer). From a signed
/// register, else +Q − −Q, else QI + QII − QIII − QIV (IEC 62053-23), else the sum of the phases.
/// √(S² − P²) has no sign and holds distortion: see [`nonactive_power`].
#[must_use]
pub fn reactive_power(measurement: &Measurement) -> Option<Derived> {
    measured(measurement, ReactivePower)
        .or_else(|| difference(measurement, ReactivePowerImport, ReactivePowerExport))
        .or_else(|| quadrants(measurement))
        .or_else(|| sum_of_phases(measurement, reactive_power_of_phase))
}

/// Apparent power S of the three phases together.
///
/// **Unit** VA, never negative. From the register (9.7.0, or 10.7.0 while exporting), else
/// √(P² + Q²), the vector apparent power of IEEE 1459.
#[must_use]
pub fn apparent_power(measurement: &Measurement) -> Option<Derived> {
    let register = |quantity| measured(measurement, quantity).filter(|known| known.value > 0.0);
    register(ApparentPower)
        .or_else(|| register(ApparentPowerExport))
        .or_else(|| {
            let (p, q) = (active_power(measurement)?, reactive_power(measurement)?);
            let inputs = [p.inputs, q.inputs].concat();
            Some(Derived::new(p.value.hypot(q.value), Method::Derived, &inputs))
        })
        .or_else(|| measured(measurement, ApparentPower))
}

/// Non-active power N = √(S² − P²): an upper bound of |Q|, since it also holds distortion.
///
/// **Unit** var, never negative; its nature (inductive, capacitive) is unknown.
#[must_use]
pub fn nonactive_power(measurement: &Measurement) -> Option<Derived> {
    let s = measured(measurement, ApparentPower)?;
    let p = active_power(measurement)?;
    let square = s.value * s.value - p.value * p.value;
    let inputs = [s.inputs, p.inputs].concat();
    (square >= 0.0).then(|| Derived::new(square.sqrt(), Method::Estimated, &inputs))
}

/// Power factor |P| / S.
///
/// **Range** 0 to 1, without sign: makers disagree about its meaning, so direction and nature
/// are results of their own. From the register, else from P and Q, else from P and S; `None`
/// when there is no power at all.
#[must_use]
pub fn power_factor(measurement: &Measurement) -> Option<Derived> {
    if let Some(known) = measured(measurement, PowerFactor) {
        return Some(Derived { value: known.value.abs(), ..known });
    }
    let p = active_power(measurement)?;
    let s = apparent_power(measurement)?;
    let mut inputs = p.inputs;
    inputs.extend(s.inputs.into_iter().filter(|q| *q != ActivePower));
    let ratio = p.value.abs() / s.value;
    (s.value > 0.0).then(|| Derived::new(ratio.min(1.0), Method::Derived, &inputs))
}

/// Active power of one phase (1 to 3). **Unit** W. **Sign** import positive.
#[must_use]
pub fn active_power_of_phase(measurement: &Measurement, phase: u8) -> Option<Derived> {
    let (net, import, export) = match phase {
        1 => (ActivePowerL1, ActivePowerImportL1, ActivePowerExportL1),
        2 => (ActivePowerL2, ActivePowerImportL2, ActivePowerExportL2),
        3 => (ActivePowerL3, ActivePowerImportL3, ActivePowerExportL3),
        _ => return None,
    };
    measured(measurement, net).or_else(|| difference(measurement, import, export))
}

/// Reactive power of one phase (1 to 3). **Unit** var. **Sign** inductive positive.
#[must_use]
pub fn reactive_power_of_phase(measurement: &Measurement, phase: u8) -> Option<Derived> {
    let (net, import, export) = match phase {
        1 => (ReactivePowerL1, ReactivePowerImportL1, ReactivePowerExportL1),
        2 => (ReactivePowerL2, ReactivePowerImportL2, ReactivePowerExportL2),
        3 => (ReactivePowerL3, ReactivePowerImportL3, ReactivePowerExportL3),
        _ => return None,
    };
    measured(measurement, net).or_else(|| difference(measurement, import, export))
}

/// Apparent power of one phase (1 to 3). **Unit** VA. From the register, else √(P² + Q²).
#[must_use]
pub fn apparent_power_of_phase(measurement: &Measurement, phase: u8) -> Option<Derived> {
    let register = match phase {
        1 => ApparentPowerL1,
        2 => ApparentPowerL2,
        3 => ApparentPowerL3,
        _ => return None,
    };
    measured(measurement, register).or_else(|| {
        let p = active_power_of_phase(measurement, phase)?;
        let q = reactive_power_of_phase(measurement, phase)?;
        let inputs = [p.inputs, q.inputs].concat();
        Some(Derived::new(p.value.hypot(q.value), Method::Derived, &inputs))
    })
}

/// Power factor |P| / S of one phase (1 to 3). **Range** 0 to 1; `None` without power.
#[must_use]
pub fn power_factor_of_phase(measurement: &Measurement, phase: u8) -> Option<Derived> {
    let register = match phase {
        1 => Quantity::PowerFactorL1,
        2 => Quantity::PowerFactorL2,
        3 => Quantity::PowerFactorL3,
        _ => return None,
    };
    if let Some(known) = measured(measurement, register) {
        return Some(Derived { value: known.value.abs(), ..known });
    }
    let p = active_power_of_phase(measurement, phase)?;
    let s = apparent_power_of_phase(measurement, phase)?;
    let inputs = [p.inputs, s.inputs].concat();
    let ratio = p.value.abs() / s.value;
    (s.value > 0.0).then(|| Derived::new(ratio.min(1.0), Method::Derived, &inputs))
}

fn measured(measurement: &Measurement, quantity: Quantity) -> Option<Derived> {
    let value = measurement.f64(quantity)?;
    Some(Derived::new(value, Method::Measured, &[quantity]))
}

/// `positive` − `negative` on exact digits. A meter that sends one direction only is read
/// when that one is not zero, since a meter never counts both directions at once.
fn difference(
    measurement: &Measurement,
    positive: Quantity,
    negative: Quantity,
) -> Option<Derived> {
    let inputs = [positive, negative];
    match inputs.map(|quantity| measurement.decimal(quantity)) {
        [Some(plus), Some(minus)] => {
            let exact = plus.checked_sub(minus).map(Decimal::to_f64);
            let value = exact.unwrap_or_else(|| plus.to_f64() - minus.to_f64());
            Some(Derived::new(value, Method::Derived, &inputs))
        }
        [Some(plus), None] if plus.mantissa() != 0 => {
            Some(Derived::new(plus.to_f64(), Method::Derived, &[positive]))
        }
        [None, Some(minus)] if minus.mantissa() != 0 => {
            Some(Derived::new(-minus.to_f64(), Method::Derived, &[negative]))
        }
        _ => None,
    }
}

fn quadrants(measurement: &Measurement) -> Option<Derived> {
    let inputs = [ReactivePowerQ1, ReactivePowerQ2, ReactivePowerQ3, ReactivePowerQ4];
    let [q1, q2, q3, q4] = inputs.map(|quantity| measurement.decimal(quantity));
    let net = q1?.checked_add(q2?)?.checked_sub(q3?)?.checked_sub(q4?)?;
    Some(Derived::new(net.to_f64(), Method::Derived, &inputs))
}

fn sum_of_phases(
    measurement: &Measurement,
    of_phase: fn(&Measurement, u8) -> Option<Derived>,
) -> Option<Derived> {
    let [a, b, c] = [1, 2, 3].map(|phase| of_phase(measurement, phase));
    let (a, b, c) = (a?, b?, c?);
    let inputs = [a.inputs, b.inputs, c.inputs].concat();
    Some(Derived::new(a.value + b.value + c.value, Method::Derived, &inputs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::Timestamp;

    fn measurement(values: &[(Quantity, &str)]) -> Measurement {
        let number = |text: &str| text.parse::<Decimal>().expect("a number");
        let values = values.iter().map(|(quantity, text)| (*quantity, number(text)));
        Measurement::new(Timestamp::from_seconds(0), values)
    }

    #[test]
    fn power_is_import_minus_export_unless_the_meter_nets_it() {
        let split = [(ActivePowerImport, "0"), (ActivePowerExport, "1250")];
        let derived = active_power(&measurement(&split)).expect("both directions");
        assert_eq!((derived.value, derived.method), (-1250.0, Method::Derived));
        assert_eq!(derived.inputs, [ActivePowerImport, ActivePowerExport]);
        let netted = measurement(&[split[0], split[1], (ActivePower, "-1249")]);
        assert_eq!(active_power(&netted).expect("netted").value, -1249.0);
        assert_eq!(active_power(&netted).expect("netted").method, Method::Measured);
    }

    #[test]
    fn a_single_direction_at_zero_tells_nothing() {
        assert_eq!(active_power(&measurement(&[(ActivePowerImport, "0")])), None);
        let some = active_power(&measurement(&[(ActivePowerImport, "800")]));
        assert_eq!(some.expect("importing").value, 800.0);
    }

    #[test]
    fn reactive_power_follows_the_quadrants() {
        let values = [
            (ReactivePowerQ1, "0"),
            (ReactivePowerQ2, "0"),
            (ReactivePowerQ3, "0"),
            (ReactivePowerQ4, "512"),
        ];
        assert_eq!(reactive_power(&measurement(&values)).expect("all four").value, -512.0);
        assert_eq!(reactive_power(&measurement(&values[..3])), None);
    }

    #[test]
    fn apparent_power_alone_never_signs_reactive_power() {
        let values = [(ActivePower, "3000"), (ApparentPower, "5000")];
        let given = measurement(&values);
        assert_eq!(reactive_power(&given), None);
        let nonactive = nonactive_power(&given).expect("S and P");
        assert_eq!((nonactive.value, nonactive.method), (4000.0, Method::Estimated));
        assert_eq!(power_factor(&given).expect("S and P").value, 0.6);
    }

    #[test]
    fn no_power_has_no_power_factor() {
        let none = measurement(&[(ActivePower, "0"), (ReactivePower, "0")]);
        assert_eq!(power_factor(&none), None);
    }
}
