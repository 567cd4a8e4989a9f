//! `/api/v1/analysis/loads` as JSON.

use super::ledger::Day;
use super::now::Now;
use crate::MeterInfo;
use crate::http::v1::figure::{FigureBody, ReasonBody};
use crate::json::Utc;
use analysis::energy_bars::EnergyBar;
use analysis::loads::{
    KnownLoad, Load, MachineState, Remainder, Stretch, Thresholds, remainder, states, totals,
};
use analysis::{Figure, loads};
use reading::Timestamp;
use serde::Serialize;

/// Loads behind a meter.
#[derive(Serialize)]
pub(in crate::http::v1) struct Body {
    /// Null where no meter measures the whole and none was asked for.
    pub(super) meter: Option<String>,
    /// The clock of the answer.
    pub(super) now: Utc,
    /// The newest instant of the site.
    pub(super) at: Utc,
    /// In place of a meter that measures the whole.
    pub(super) sum: Option<SumBody>,
    /// The meter and what is behind it, each before those behind itself.
    pub(super) meters: Vec<LoadBody>,
    pub(super) range: Option<super::range::RangeBody>,
}

/// What the meters measure together that have no other upstream.
#[derive(Serialize)]
pub(super) struct SumBody {
    /// **Unit** kW; null where none of them is known.
    pub(super) kw: Option<f64>,
    uncertainty_kw: Option<f64>,
    /// Meters whose load is not known, and therefore not in it.
    without: Vec<String>,
    /// Why nothing is known of what none of them measures.
    reason: ReasonBody,
}

/// One meter.
#[derive(Serialize)]
pub(super) struct LoadBody {
    meter: String,
    label: String,
    role: &'static str,
    parent: Option<String>,
    /// Steps down from the meter that was asked for.
    depth: usize,
    /// **Unit** kW; `method` is submeter, estimated or constant.
    load_kw: ValueBody,
    uncertainty_kw: Option<f64>,
    confidence: Option<&'static str>,
    /// Share of the meter that was asked for. **Unit** percent.
    share_pct: Option<f64>,
    measured_at: Option<Utc>,
    /// What was known last of a load that is not known.
    last: Option<LastBody>,
    remainder: Option<RemainderBody>,
    state: StateBody,
    today: PeriodBody,
    yesterday: PeriodBody,
    week: WeekBody,
}

#[derive(Serialize)]
struct ValueBody {
    value: Option<f64>,
    method: Option<&'static str>,
    reason: Option<ReasonBody>,
}

#[derive(Serialize)]
struct LastBody {
    at: Utc,
    kw: f64,
}

#[derive(Serialize)]
struct RemainderBody {
    kw: f64,
    uncertainty_kw: f64,
    skew_s: f64,
    share_pct: Option<f64>,
    /// `within_uncertainty`, `unmetered_load`, `sub_exceeds_main`.
    verdict: &'static str,
    /// Meters whose load is not known, and therefore part of the remainder.
    contains: Vec<String>,
}

#[derive(Serialize)]
struct StateBody {
    /// `off`, `idle`, `running`; null while it is not known.
    value: Option<&'static str>,
    since: Option<Utc>,
    reason: Option<ReasonBody>,
    off_max_kw: Option<f64>,
    running_min_kw: Option<f64>,
    /// `configured` or `learned`.
    thresholds: Option<&'static str>,
    /// Minutes that were learned from, of those that are needed.
    learned_minutes: usize,
    learned_minutes_min: usize,
}

#[derive(Serialize)]
struct PeriodBody {
    from: Utc,
    energy_kwh: FigureBody<f64>,
    coverage_pct: f64,
    /// Null where the states are not known.
    hours: Option<HoursBody>,
}

#[derive(Serialize)]
struct HoursBody {
    running: f64,
    idle: f64,
    off: f64,
    unknown: f64,
    idle_kwh: f64,
}

#[derive(Serialize)]
struct WeekBody {
    from: Utc,
    energy_kwh: FigureBody<f64>,
    coverage_pct: f64,
}

/// One meter with what is known of it.
pub(super) struct Subject<'a> {
    pub(super) meter: &'a MeterInfo,
    pub(super) place: usize,
    pub(super) depth: usize,
    pub(super) day: &'a Day,
}

impl SumBody {
    pub(super) fn of(now: &Now, meters: &[MeterInfo]) -> Self {
        let loads = || now.tops.iter().map(|top| (*top, now.branches[*top].load.known()));
        let known: Vec<&KnownLoad> = loads().filter_map(|(_, load)| load).collect();
        let some = |number: f64| (!known.is_empty()).then_some(number);
        let squares = known.iter().map(|load| load.uncertainty_kw().powi(2)).sum::<f64>();
        let unknown = loads().filter(|(_, load)| load.is_none());
        let text = "No meter measures the whole: this is the sum of what is measured, and what no \
                    meter measures cannot be known. A [[meter]] with role = \"main\" makes it known.";
        Self {
            kw: some(known.iter().map(|load| load.kw).sum()),
            uncertainty_kw: some(squares.sqrt()),
            without: unknown.map(|(top, _)| meters[top].id.to_string()).collect(),
            reason: ReasonBody::new("no_main_meter", text),
        }
    }
}

impl LoadBody {
    pub(super) fn new(
        subject: &Subject<'_>,
        (now, whole_kw): (&Now, Option<f64>),
        (meters, clock): (&[MeterInfo], Timestamp),
    ) -> Self {
        let Subject { meter, place, depth, day } = *subject;
        let branch = &now.branches[place];
        let share = |kw: f64| whole_kw.filter(|whole| *whole > 0.0).map(|whole| 100.0 * kw / whole);
        let known = branch.load.known();
        let (load_kw, last) = match branch.load {
            Load::Known(known) => (
                ValueBody {
                    value: Some(known.kw),
                    method: Some(known.method.name()),
                    reason: None,
                },
                None,
            ),
            Load::Unknown { reason, last } => {
                let reason = Some(ReasonBody::new(reason.code(), reason.english()));
                let last = last.map(|(at, kw)| LastBody { at: Utc(at), kw });
                (ValueBody { value: None, method: None, reason }, last)
            }
        };
        let id = |place: usize| meters[place].id.to_string();
        let rest = remainder(&now.branches, place);
        let machine = &meter.plate.machine;
        let stretches = day.thresholds.map(|limits| states(&day.intervals, &limits, machine.dwell));
        let period = |range, bar: &Option<EnergyBar>| {
            PeriodBody::new(range, bar.as_ref(), (stretches.as_deref(), day))
        };
        Self {
            meter: meter.id.to_string(),
            label: meter.label.clone().unwrap_or_else(|| meter.id.to_string()),
            role: meter.role.name(),
            parent: branch.parent.map(id),
            depth,
            load_kw,
            uncertainty_kw: known.map(loads::KnownLoad::uncertainty_kw),
            confidence: known.map(|known| known.confidence(now.at).name()),
            share_pct: known.and_then(|known| share(known.kw)),
            measured_at: now.measured[place].map(Utc),
            last,
            remainder: rest.map(|rest| RemainderBody::new(&rest, share(rest.kw), id)),
            state: StateBody::new(known.is_some(), stretches.as_deref(), day),
            today: period((day.today, clock), &day.energies[0]),
            yesterday: period((day.yesterday, day.today), &day.energies[1]),
            week: WeekBody {
                from: Utc(day.week),
                energy_kwh: energy(day.energies[2].as_ref()),
                coverage_pct: day.energies[2].as_ref().map_or(0.0, |bar| bar.coverage_pct),
            },
        }
    }
}

impl RemainderBody {
    fn new(rest: &Remainder, share_pct: Option<f64>, id: impl Fn(usize) -> String) -> Self {
        Self {
            kw: rest.kw,
            uncertainty_kw: rest.uncertainty_kw,
            skew_s: rest.skew_s,
            share_pct,
            verdict: rest.verdict.name(),
            contains: rest.contains.iter().map(|place| id(*place)).collect(),
        }
    }
}

impl StateBody {
    fn new(is_known: bool, stretches: Option<&[Stretch]>, day: &Day) -> Self {
        let limits = day.thresholds;
        let mut body = Self {
            value: None,
            since: None,
            reason: None,
            off_max_kw: limits.map(|limits: Thresholds| limits.off_max_kw),
            running_min_kw: limits.map(|limits| limits.running_min_kw),
            thresholds: limits.map(|limits| limits.origin.name()),
            learned_minutes: day.learned_from,
            learned_minutes_min: loads::LEARNING_MIN,
        };
        let last = stretches.and_then(<[Stretch]>::last);
        match (last, is_known) {
            (Some(last), true) if last.state != MachineState::Unknown => {
                body.value = Some(last.state.name());
                // A stretch that reaches back to the begin of what was read began before it.
                let begun = stretches.is_some_and(|all| all.len() > 1);
                body.since = begun.then_some(Utc(last.from));
            }
            (_, false) => {
                let text = "The load is not known, so neither is what the machine does.";
                body.reason = Some(ReasonBody::new("load_unknown", text));
            }
            _ if limits.is_none() => {
                let text = "The machine's powers are neither configured nor learned yet.";
                body.reason = Some(ReasonBody::new("learning", text));
            }
            _ => {
                let text = "Nothing was measured since yesterday's midnight.";
                body.reason = Some(ReasonBody::new("no_samples", text));
            }
        }
        body
    }
}

impl PeriodBody {
    fn new(
        range: (Timestamp, Timestamp),
        bar: Option<&EnergyBar>,
        (stretches, day): (Option<&[Stretch]>, &Day),
    ) -> Self {
        let hours = stretches.map(|stretches| {
            let totals = totals(stretches, &day.intervals, range);
            HoursBody {
                running: totals.running_h,
                idle: totals.idle_h,
                off: totals.off_h,
                unknown: totals.unknown_h,
                idle_kwh: totals.idle_kwh,
            }
        });
        Self {
            from: Utc(range.0),
            energy_kwh: energy(bar),
            coverage_pct: bar.map_or(0.0, |bar| bar.coverage_pct),
            hours,
        }
    }
}

fn energy(bar: Option<&EnergyBar>) -> FigureBody<f64> {
    let none = Figure::Unknown(analysis::Reason::NoSamples);
    bar.map_or(none, |bar| bar.import_wh.map(|wh| wh / 1000.0)).into()
}
