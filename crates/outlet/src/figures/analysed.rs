//! One meter's analyses, as far as the rows of the catalogue need them.

use super::point::SiteLoads;
use crate::last::usable;
use crate::{MeterInfo, Outlet};
use alarm::chapter25::{Evaluation, risks};
use alarm::{Condition, Severity};
use analysis::balance::{BalanceReport, BalanceSettings, balance_report};
use analysis::chapter25::{self, Mode};
use analysis::compensation::{CompensationReport, CompensationSettings, compensation_report};
use analysis::loads::remainder;
use analysis::power_factor::{PowerReport, power_report};
use analysis::{Figure, Measurement, Method, Reason};
use reading::{LinkState, Quality, Timestamp};

/// The analyses of a meter's last measurement.
pub(super) struct Analysed {
    /// When the newest value used was measured; `None` when nothing ever was.
    pub(super) at: Option<Timestamp>,
    /// The worst quality among the values used.
    pub(super) worst: Quality,
    pub(super) balance: BalanceReport,
    pub(super) power: PowerReport,
    pub(super) compensation: CompensationReport,
    pub(super) load: LoadFigures,
    pub(super) alarm: AlarmFigures,
    pub(super) health: HealthFigures,
    pub(super) chapter25: Chapter25Figures,
}

pub(super) struct LoadFigures {
    pub(super) own_w: Figure<f64>,
    pub(super) share_pct: Figure<f64>,
    pub(super) unexplained_w: Figure<f64>,
    pub(super) uncertainty_w: Figure<f64>,
}

pub(super) struct AlarmFigures {
    pub(super) level: Figure<f64>,
    pub(super) word: Figure<f64>,
    pub(super) count: Figure<f64>,
}

pub(super) struct HealthFigures {
    pub(super) age_s: Figure<f64>,
    pub(super) quality: Figure<f64>,
    pub(super) link: Figure<f64>,
}

pub(super) struct Chapter25Figures {
    pub(super) score: Figure<f64>,
    pub(super) power_factor: Figure<f64>,
}

impl Analysed {
    pub(super) fn of(outlet: &Outlet, meter: &MeterInfo, loads: &SiteLoads) -> Self {
        let current = outlet.store.measurement(&meter.id);
        let at = current.as_ref().map(|current| current.measured_at);
        let nothing = || Measurement::new(Timestamp::from_micros(0), std::iter::empty());
        let measurement = current.as_ref().map_or_else(nothing, usable);
        let settings =
            BalanceSettings { voltage_kind: meter.voltage_kind, ..BalanceSettings::default() };
        let power = power_report(&measurement, None);
        let worst = current.as_ref().map(|current| current.quality).unwrap_or_default();
        Self {
            at,
            worst,
            balance: balance_report(&measurement, &settings),
            compensation: compensation_report(&power, &CompensationSettings::default()),
            power,
            load: LoadFigures::of(outlet, meter, loads),
            alarm: AlarmFigures::of(outlet, meter, at.map(|_| &measurement)),
            health: HealthFigures::of(outlet, meter, at.map(|at| (at, worst))),
            chapter25: Chapter25Figures::of(&measurement),
        }
    }
}

impl LoadFigures {
    fn of(outlet: &Outlet, meter: &MeterInfo, loads: &SiteLoads) -> Self {
        let branches = &loads.now.branches;
        let place = outlet.meters.iter().position(|known| known.id == meter.id);
        let branch = place.and_then(|place| branches.get(place));
        let kw = |place: usize| branches.get(place)?.load.known().map(|known| known.kw);
        let own = place.and_then(kw);
        let upstream = branch.and_then(|branch| branch.parent).and_then(kw);
        let share = own.zip(upstream).filter(|(_, upstream)| *upstream != 0.0);
        let rest = place.and_then(|place| remainder(branches, place));
        let watts = |kw: Option<f64>| {
            let watts = kw.map(|kw| kw * 1000.0);
            Figure::from_option(watts, Method::Derived, Reason::ActivePowerMissing)
        };
        Self {
            own_w: watts(own),
            share_pct: Figure::from_option(
                share.map(|(own, upstream)| own / upstream * 100.0),
                Method::Derived,
                Reason::ActivePowerMissing,
            ),
            unexplained_w: watts(rest.as_ref().map(|rest| rest.kw)),
            uncertainty_w: watts(rest.as_ref().map(|rest| rest.uncertainty_kw)),
        }
    }
}

impl AlarmFigures {
    fn of(outlet: &Outlet, meter: &MeterInfo, measurement: Option<&Measurement>) -> Self {
        let Some(measurement) = measurement else {
            let unknown = Figure::Unknown(Reason::NoSamples);
            return Self { level: unknown, word: unknown, count: unknown };
        };
        let thresholds = &outlet.alarms;
        let voltage_kind = meter.voltage_kind;
        let found =
            risks(&Evaluation { measurement, thresholds, voltage_kind }, Mode::Extended).result;
        let active =
            |condition: &Condition| found.risks.iter().any(|risk| risk.condition == *condition);
        let bits = Condition::ALL.iter().enumerate().filter(|(_, condition)| active(condition));
        let (word, count) =
            bits.fold((0_u16, 0_u16), |(word, count), (bit, _)| (word | 1 << bit, count + 1));
        Self {
            level: Figure::derived(found.level.map_or(0.0, rank)),
            word: Figure::derived(f64::from(word)),
            count: Figure::derived(f64::from(count)),
        }
    }
}

const fn rank(severity: Severity) -> f64 {
    match severity {
        Severity::Minor => 1.0,
        Severity::Major => 2.0,
        Severity::Critical => 3.0,
    }
}

impl HealthFigures {
    fn of(outlet: &Outlet, meter: &MeterInfo, last: Option<(Timestamp, Quality)>) -> Self {
        let now = (outlet.clock)();
        let state = outlet.store.link(&meter.id).map_or(LinkState::Waiting, |link| link.state);
        let known =
            |value: Option<f64>| Figure::from_option(value, Method::Derived, Reason::NoSamples);
        Self {
            age_s: known(last.map(|(at, _)| now.since(at).as_secs_f64())),
            quality: known(last.map(|(_, quality)| f64::from(quality.code()))),
            link: Figure::derived(match state {
                LinkState::Fed => 0.0,
                LinkState::Waiting => 1.0,
                LinkState::Live => 2.0,
                LinkState::Stale => 3.0,
                LinkState::Disconnected => 4.0,
            }),
        }
    }
}

impl Chapter25Figures {
    fn of(measurement: &Measurement) -> Self {
        let balance = chapter25::balance(measurement, Mode::Extended).result;
        let factor = chapter25::power_factor(measurement, Mode::Extended).result;
        let known =
            |value: Option<f64>| Figure::from_option(value, Method::Derived, Reason::NotMeasured);
        Self {
            score: known(balance.score_equilibre),
            power_factor: known(factor.facteur_puissance),
        }
    }
}
