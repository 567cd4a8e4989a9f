//! Which phases are under voltage.

use crate::voltages::{LINE_VOLTAGES, VOLTAGES};
use crate::{Measurement, VoltageKind};

/// A phase below this share of the highest one is lost: no supply sags one phase so far for long.
const LIVE_SHARE_MIN: f64 = 0.7;
/// Below this highest voltage nothing is live, and no phase is more lost than the others.
const LIVE_V_MIN: f64 = 50.0;

/// What the voltages tell about each phase.
pub(super) struct Supply {
    /// Whether L1 to L3 are live; `None` when the voltages do not tell.
    pub(super) live: [Option<bool>; 3],
    /// Phase voltages of the measurement, for texts. **Unit** V.
    pub(super) volts: [Option<f64>; 3],
}

impl Supply {
    /// By the phase voltages, else by those between phases.
    pub(super) fn of(measurement: &Measurement, kind: VoltageKind) -> Self {
        let named = measurement.three(VOLTAGES);
        let measured = named.iter().any(Option::is_some);
        match kind {
            VoltageKind::Phase if measured => Self { live: above(named), volts: named },
            VoltageKind::LineToLine if measured => Self::of_lines(named),
            _ => Self::of_lines(measurement.three(LINE_VOLTAGES)),
        }
    }

    /// A lost phase pulls down both line voltages that touch it.
    fn of_lines(lines: [Option<f64>; 3]) -> Self {
        let live = match above(lines) {
            [Some(l12), Some(l23), Some(l31)] => {
                let both_down = [!(l12 || l31), !(l12 || l23), !(l23 || l31)];
                let either_down = [!(l12 && l31), !(l12 && l23), !(l23 && l31)];
                // One low line voltage alone: its two phases hang on one conductor.
                let lost = if both_down.contains(&true) { both_down } else { either_down };
                lost.map(|lost| Some(!lost))
            }
            _ => [None; 3],
        };
        Self { live, volts: [None; 3] }
    }

    /// The lost phases, 1 to 3; none when no phase is live, since that is no phase loss.
    pub(super) fn lost(&self) -> Vec<u8> {
        if !self.live.contains(&Some(true)) {
            return Vec::new();
        }
        let phases = (1..=3).zip(self.live);
        phases.filter(|(_, live)| *live == Some(false)).map(|(phase, _)| phase).collect()
    }

    /// Whether any voltage tells anything.
    pub(super) fn known(&self) -> bool {
        self.live.iter().any(Option::is_some)
    }
}

fn above(volts: [Option<f64>; 3]) -> [Option<bool>; 3] {
    let highest = volts.iter().flatten().copied().fold(0.0, f64::max);
    let live = |volt: f64| highest >= LIVE_V_MIN && volt >= LIVE_SHARE_MIN * highest;
    volts.map(|volt| volt.map(live))
}
