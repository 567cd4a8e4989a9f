//! The voltages of a measurement, as phase and as line voltages.
//!
//! In: a [`Measurement`] and what its meter calls "voltage". Out: three r.m.s. values with the
//! method that found them. Source: IEC 61000-4-30:2015, 5.7. Refuses: to guess angles without
//! saying `assumed_120`.

use crate::measurement::all_three;
use crate::phasor::{self, Phasor};
use crate::{Figure, Measurement, Method, Reason};
use reading::Quantity::{
    self, AngleU2U1, AngleU3U1, VoltageL1, VoltageL2, VoltageL3, VoltageL12, VoltageL23, VoltageL31,
};

/// What a meter calls its voltages L1, L2, L3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum VoltageKind {
    /// Phase to neutral.
    #[default]
    Phase,
    /// Between phases: "L1" is U12, "L2" is U23, "L3" is U31.
    LineToLine,
}

/// The order in which the phases reach their maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhaseSequence {
    /// L1, L2, L3: clockwise, motors turn as wired.
    Forward,
    /// L1, L3, L2: two phases are swapped.
    Reversed,
}

/// The three registers named "voltage L1" to "L3".
pub(crate) const VOLTAGES: [Quantity; 3] = [VoltageL1, VoltageL2, VoltageL3];
pub(crate) const LINE_VOLTAGES: [Quantity; 3] = [VoltageL12, VoltageL23, VoltageL31];

/// Voltages from phase to neutral, L1 to L3. **Unit** V.
#[must_use]
pub fn phase_voltages(measurement: &Measurement, kind: VoltageKind) -> Figure<[f64; 3]> {
    match (all_three(measurement.three(VOLTAGES)), kind) {
        (Some(volts), VoltageKind::Phase) => Figure::measured(volts),
        (Some(_), VoltageKind::LineToLine) => Figure::Unknown(Reason::LineVoltagesOnly),
        (None, _) => Figure::Unknown(Reason::VoltagesMissing),
    }
}

/// Voltages between phases. **Unit** V. **Shape** U12, U23, U31.
///
/// Measured, else from phase voltages by the law of cosines: with the measured angles, or with
/// 120° (method `assumed_120`).
#[must_use]
pub fn line_voltages(measurement: &Measurement, kind: VoltageKind) -> Figure<[f64; 3]> {
    if let Some(volts) = all_three(measurement.three(LINE_VOLTAGES)) {
        return Figure::measured(volts);
    }
    match (all_three(measurement.three(VOLTAGES)), kind) {
        (Some(volts), VoltageKind::LineToLine) => Figure::measured(volts),
        (Some(volts), VoltageKind::Phase) => match voltage_angles(measurement) {
            Some([second, third]) => {
                Figure::derived(line_from_phase(volts, [second, second - third, third]))
            }
            None => Figure::Known {
                value: line_from_phase(volts, [120.0; 3]),
                method: Method::Assumed120,
            },
        },
        (None, _) => Figure::Unknown(Reason::VoltagesMissing),
    }
}

/// Phase voltages as phasors; `None` unless the magnitudes and both angles are measured.
///
/// Makers print 81.7.1 as −120, 120 or 240: when the angles as sent rotate backwards they are
/// mirrored, so the result always has a positive sequence greater than its negative one.
#[must_use]
pub fn voltage_phasors(measurement: &Measurement, kind: VoltageKind) -> Option<[Phasor; 3]> {
    let [one, two, three] = phase_voltages(measurement, kind).value()?;
    let [second, third] = voltage_angles(measurement)?;
    let as_sent = |sign: f64| {
        [Phasor::new(one, 0.0), Phasor::new(two, sign * second), Phasor::new(three, sign * third)]
    };
    let sent = phasor::components(as_sent(1.0));
    Some(as_sent(if sent.negative > sent.positive { -1.0 } else { 1.0 }))
}

/// Whether the angles as sent (U2 − U1 and U3 − U1, lead positive) rotate L1, L2, L3.
///
/// `None` when they fit neither sequence.
pub(crate) fn sent_forward(measurement: &Measurement, kind: VoltageKind) -> Option<bool> {
    let [one, two, three] = phase_voltages(measurement, kind).value()?;
    let [second, third] = voltage_angles(measurement)?;
    let sent = phasor::components([
        Phasor::new(one, 0.0),
        Phasor::new(two, second),
        Phasor::new(three, third),
    ]);
    let clear = sent.negative.min(sent.positive) < 0.5 * sent.negative.max(sent.positive);
    clear.then_some(sent.positive > sent.negative)
}

/// Line voltages of phase voltages: law of cosines.
///
/// **Shape** phases L1 to L3; angles between 1-2, 2-3, 3-1 in degrees, sign irrelevant; result
/// U12, U23, U31 in the unit of the input.
#[must_use]
pub fn line_from_phase([one, two, three]: [f64; 3], degrees: [f64; 3]) -> [f64; 3] {
    let [first, second, third] = degrees;
    [
        phasor::difference(one, two, first),
        phasor::difference(two, three, second),
        phasor::difference(three, one, third),
    ]
}

/// Coarsest resolution of the voltages present. **Unit** power of ten of 1 V.
pub(crate) fn resolution(measurement: &Measurement) -> Option<i8> {
    let present = VOLTAGES.into_iter().chain(LINE_VOLTAGES);
    present.filter_map(|quantity| Some(measurement.decimal(quantity)?.exponent())).max()
}

fn voltage_angles(measurement: &Measurement) -> Option<[f64; 2]> {
    Some([measurement.f64(AngleU2U1)?, measurement.f64(AngleU3U1)?])
}
