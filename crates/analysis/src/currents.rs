//! The phase currents of a measurement, with angles where the meter tells enough.
//!
//! In: a [`Measurement`]. Out: magnitudes, phasors, and the convention of the meter's angles.
//! Source: IEC 62056-6-1, 81.7.x; IEC 62053-23 for the signs of P and Q. Refuses: the sign of an
//! angle register by itself, since makers print it both ways: P and Q decide.

use crate::measurement::all_three;
use crate::phasor::Phasor;
use crate::power_factor::{Nature, nature};
use crate::voltages::{VoltageKind, phase_voltages, voltage_phasors};
use crate::{Figure, Measurement, Method, Reason, derive};
use reading::Quantity::{
    self, AngleI1U1, AngleI2U1, AngleI2U2, AngleI3U1, AngleI3U3, AngleU1I1, AngleU2I2, AngleU2U1,
    AngleU3I3, AngleU3U1, CurrentL1, CurrentL2, CurrentL3,
};

pub(crate) const CURRENTS: [Quantity; 3] = [CurrentL1, CurrentL2, CurrentL3];

/// Phase currents L1 to L3. **Unit** A.
///
/// An r.m.s. current has no sign: a negative one means a meter that counts a direction, or a
/// wrong one, and no phasor sum of signed magnitudes would be true.
#[must_use]
pub fn phase_currents(measurement: &Measurement) -> Figure<[f64; 3]> {
    let amps = all_three(measurement.three(CURRENTS));
    match amps {
        Some(amps) if amps.iter().any(|amps| *amps < 0.0) => {
            Figure::Unknown(Reason::CurrentNegative)
        }
        amps => Figure::from_option(amps, Method::Measured, Reason::CurrentsMissing),
    }
}

/// φ of each phase, L1 to L3: the angle by which the current lags its voltage.
///
/// **Unit** degrees. **Sign** lag positive. **Range** −180 to 180. From P and Q of each phase,
/// else from the angle registers with the sign that the total Q demands.
#[must_use]
pub fn lags(measurement: &Measurement) -> Option<[f64; 3]> {
    lags_from_powers(measurement).or_else(|| {
        let angles = angle_registers(measurement)?;
        let lead = lead_of_registers(measurement, angles)?;
        Some(angles.map(|angle| -lead * angle))
    })
}

/// Phase currents as phasors against U1, normalised to the sequence L1, L2, L3. **Unit** A.
///
/// The method is `derived` with measured voltage angles, else `assumed_120`.
#[must_use]
pub fn current_phasors(
    measurement: &Measurement,
    kind: VoltageKind,
) -> Option<([Phasor; 3], Method)> {
    let amps = phase_currents(measurement).value()?;
    let lags = lags(measurement)?;
    let (voltage_angles, method) = match voltage_phasors(measurement, kind) {
        Some(phasors) => (phasors.map(Phasor::degrees), Method::Derived),
        None => ([0.0, -120.0, 120.0], Method::Assumed120),
    };
    let [one, two, three] = amps;
    let [first, second, third] = voltage_angles;
    let [lag1, lag2, lag3] = lags;
    let phasors = [
        Phasor::new(one, first - lag1),
        Phasor::new(two, second - lag2),
        Phasor::new(three, third - lag3),
    ];
    Some((phasors, method))
}

/// Whether the meter's I–U angles count lead positive, as IEC 62056-6-1 has it; `None` when P
/// and Q do not tell.
pub(crate) fn lead_positive(measurement: &Measurement) -> Option<bool> {
    let angles = all_three(measurement.three([AngleI1U1, AngleI2U2, AngleI3U3]))?;
    Some(lead_of_registers(measurement, angles)? > 0.0)
}

fn lags_from_powers(measurement: &Measurement) -> Option<[f64; 3]> {
    all_three([1, 2, 3].map(|phase| {
        let p = derive::active_power_of_phase(measurement, phase)?.value;
        let q = derive::reactive_power_of_phase(measurement, phase)?.value;
        Some(q.atan2(p).to_degrees())
    }))
}

/// I–U of each phase as sent, within ±180°.
fn angle_registers(measurement: &Measurement) -> Option<[f64; 3]> {
    let direct = all_three(measurement.three([AngleI1U1, AngleI2U2, AngleI3U3]));
    let opposite = || all_three(measurement.three([AngleU1I1, AngleU2I2, AngleU3I3]));
    let against_first = || {
        let [one, two, three] = all_three(measurement.three([AngleI1U1, AngleI2U1, AngleI3U1]))?;
        let (second, third) = (measurement.f64(AngleU2U1)?, measurement.f64(AngleU3U1)?);
        Some([one, two - second, three - third])
    };
    direct.or_else(opposite).or_else(against_first).map(|angles| angles.map(within_half_turn))
}

fn within_half_turn(degrees: f64) -> f64 {
    let turned = degrees.rem_euclid(360.0);
    if turned > 180.0 { turned - 360.0 } else { turned }
}

/// +1 when the registers count lead positive, −1 when lag; `None` when Q is unknown or within
/// its dead zone.
fn lead_of_registers(measurement: &Measurement, angles: [f64; 3]) -> Option<f64> {
    let reactive = derive::reactive_power(measurement)?.value;
    let apparent = derive::apparent_power(measurement)?.value;
    if nature(reactive, apparent) == Nature::Resistive {
        return None;
    }
    let amps = phase_currents(measurement).value()?;
    let volts = phase_voltages(measurement, VoltageKind::Phase).value().unwrap_or([230.0; 3]);
    let loads = volts.into_iter().zip(amps).zip(angles);
    let if_lead: f64 = loads.map(|((u, i), angle)| -u * i * angle.to_radians().sin()).sum();
    // The registers must account for most of Q, or their sign says nothing.
    (if_lead.abs() > 0.5 * reactive.abs()).then(|| (if_lead * reactive).signum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::{Decimal, Timestamp};

    fn loaded(angle: i64, reactive: i64) -> Measurement {
        let mut values = vec![
            (Quantity::ActivePower, Decimal::new(5975, 0)),
            (Quantity::ReactivePower, Decimal::new(reactive, 0)),
        ];
        for quantity in CURRENTS {
            values.push((quantity, Decimal::new(10, 0)));
        }
        for quantity in [AngleI1U1, AngleI2U2, AngleI3U3] {
            values.push((quantity, Decimal::new(angle, 0)));
        }
        Measurement::new(Timestamp::from_seconds(0), values)
    }

    #[test]
    fn reactive_power_decides_the_sign_of_an_angle() {
        assert_eq!(lags(&loaded(-30, 3450)), Some([30.0; 3]));
        assert_eq!(lags(&loaded(30, 3450)), Some([30.0; 3]));
        assert_eq!(lags(&loaded(330, -3450)), Some([-30.0; 3]));
        assert_eq!(lead_positive(&loaded(-30, 3450)), Some(true));
        assert_eq!(lead_positive(&loaded(30, 3450)), Some(false));
    }

    #[test]
    fn without_reactive_power_no_angle_has_a_sign() {
        assert_eq!(lags(&loaded(-30, 0)), None);
    }
}
