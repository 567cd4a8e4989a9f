//! The plates of a meter and of the machine behind it.

use super::checked::{duration, number};
use super::raw;
use super::report::Complaint;
use reading::Decimal;
use std::time::Duration;
use toml::Spanned;

/// The longest time that a state may have to last.
const DWELL_MAX: Duration = Duration::from_secs(3600);

/// What stands on the plates of the meter and the machine.
pub(super) fn check(
    (raw, accuracy): (Option<Spanned<raw::Machine>>, Option<Spanned<f64>>),
    (ct_ratio, has_port): (Decimal, bool),
    wrong: &mut Vec<Complaint>,
) -> outlet::Plate {
    let mut plate = outlet::Plate { ct_ratio: ct_ratio.to_f64(), ..outlet::Plate::default() };
    plate.accuracy_pct =
        number(accuracy.as_ref(), 0.05..=20.0, wrong).unwrap_or(plate.accuracy_pct);
    let Some(raw) = raw else { return plate };
    let span = raw.span();
    let machine = raw.into_inner();
    let mut power = |value: Option<Spanned<f64>>| number(value.as_ref(), 0.001..=100_000.0, wrong);
    plate.machine.rated_kw = power(machine.rated_kw);
    plate.machine.idle_kw = power(machine.idle_kw);
    plate.machine.off_kw = power(machine.off_kw);
    plate.constant_kw = power(machine.constant_kw);
    if plate.constant_kw.is_some() && has_port {
        let message = "constant_kw stands for a machine that nothing measures: remove it or port";
        wrong.push(Complaint::at(span.clone(), message));
    }
    let falls = |low: Option<f64>, high: Option<f64>| low.zip(high).is_some_and(|(l, h)| l >= h);
    let outlet::MachineSettings { rated_kw, idle_kw, off_kw, .. } = plate.machine;
    if falls(off_kw, idle_kw) || falls(idle_kw, rated_kw) || falls(off_kw, rated_kw) {
        wrong.push(Complaint::at(span, "expected off_kw < idle_kw < rated_kw"));
    }
    if let Some(text) = &machine.dwell {
        match duration(text.get_ref()).filter(|dwell| *dwell <= DWELL_MAX) {
            Some(dwell) => plate.machine.dwell = dwell,
            None => {
                let message = "expected a time from 100ms to 1h, such as \"20s\" or \"2min\"";
                wrong.push(Complaint::at(text.span(), message));
            }
        }
    }
    plate
}
