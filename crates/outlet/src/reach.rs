//! A meter's power and energy registers over a stretch of time, in intervals of one length.
//!
//! In: a store, a meter, a stretch. Out: mean powers and register readings, read as series, so that
//! months cost no more than their roll-ups. Power is read as it is sent: net, in two directions, or
//! by phases.

use analysis::energy::{Sample, Window};
use analysis::energy_bars::{BarInputs, PowerInterval};
use reading::Quantity::{
    self, ActiveEnergyExport, ActiveEnergyImport, ActivePower, ActivePowerExport,
    ActivePowerImport, ActivePowerL1, ActivePowerL2, ActivePowerL3,
};
use reading::{Decimal, MeterId, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;
use store::{POINTS_MAX, ReadOnly, SeriesPoint, SeriesQuery, Store};

/// How near to an edge every reading of a counter is looked at, to the second: the energy of a bar is
/// the difference of its counter at its edges, and a reading placed within a minute of its time is
/// wrong by the energy of half a minute.
const NEAR: Duration = Duration::from_secs(90);
/// The resolution that tells the time of a reading.
const TO_THE_SECOND: Duration = Duration::from_secs(1);
/// How far beyond the edges counters are read.
const EDGE: Duration = Duration::from_secs(3600);
const PHASES: [Quantity; 3] = [ActivePowerL1, ActivePowerL2, ActivePowerL3];

/// What a meter sends of what energy is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    power: bool,
    flows: bool,
    phases: bool,
    import: bool,
    export: bool,
}

impl Sent {
    /// Everything: who only reads the store asks for all of it.
    pub(crate) const ALL: Self =
        Self { power: true, flows: true, phases: true, import: true, export: true };

    pub(crate) fn of(store: &Store, meter: &MeterId) -> Self {
        let latest = store.latest(meter);
        let sent = |quantity: Quantity| {
            latest.as_ref().is_some_and(|latest| latest.value(quantity).is_some())
        };
        Self {
            power: sent(ActivePower),
            flows: sent(ActivePowerImport),
            phases: PHASES.into_iter().all(sent),
            import: sent(ActiveEnergyImport),
            export: sent(ActiveEnergyExport),
        }
    }
}

/// What is read: a stretch of a meter, in intervals of one length.
pub(crate) struct Reach<'a> {
    pub(crate) archive: &'a ReadOnly,
    pub(crate) meter: &'a MeterId,
    pub(crate) range: (Timestamp, Timestamp),
    pub(crate) length: Duration,
    /// The edges of the bars.
    pub(crate) edges: &'a [Timestamp],
}

impl Reach<'_> {
    /// A quantity in all the intervals that hold a value.
    fn series(&self, quantity: Quantity, edge: Duration) -> Result<Vec<SeriesPoint>, store::Error> {
        let step = i64::try_from(self.length.as_micros()).unwrap_or(i64::MAX);
        let index = |at: Timestamp| at.as_micros().div_euclid(step);
        let mut first = index(self.range.0.minus(edge));
        let behind = index(self.range.1.plus(edge)) + 1;
        let mut points = Vec::new();
        while first < behind {
            let count = (behind - first).min(i64::try_from(POINTS_MAX).unwrap_or(i64::MAX));
            let query = SeriesQuery {
                meter: self.meter.clone(),
                quantity,
                from: Timestamp::from_micros(first * step),
                to: Timestamp::from_micros((first + count) * step),
                points: usize::try_from(count).unwrap_or(POINTS_MAX),
            };
            points.extend(self.archive.series(&query)?.points);
            first += count;
        }
        Ok(points)
    }

    fn window(&self, start: Timestamp) -> Window {
        Window { from: start, to: start.plus(self.length) }
    }

    /// A counter's readings: near the edges every one at its time, elsewhere the first and the last
    /// of each interval. Several values are taken to be spread evenly over it, a single one to lie in
    /// the middle.
    fn counter(
        &self,
        quantity: Quantity,
        breaks: &[Timestamp],
    ) -> Result<Vec<Sample>, store::Error> {
        let mut near = Vec::new();
        for edge in self.edges.iter().chain([&self.range.1]) {
            near.extend(self.near(quantity, *edge)?);
        }
        let points = self.series(quantity, EDGE)?;
        // Of an interval in which the meter was exchanged nobody knows which reading is whose.
        let mixed = |point: &SeriesPoint| {
            let within = point.start..point.start.plus(self.length);
            breaks.iter().any(|at| within.contains(at))
        };
        let told = |point: &SeriesPoint| {
            let (from, to) = (point.start, point.start.plus(self.length));
            near.iter().any(|(window, _)| window.from < to && from < window.to)
        };
        let sound = points.iter().filter(|point| !told(point) && !mixed(point));
        let coarse = sound.flat_map(|point| {
            let count = u32::try_from(point.count).unwrap_or(u32::MAX).max(1);
            let edge = self.length / count.saturating_mul(2);
            let first = (point.start.plus(edge), point.min);
            let last = (point.start.plus(self.length).minus(edge), point.max);
            [Some(first), (count > 1).then_some(last)].into_iter().flatten()
        });
        let mut readings: Vec<Sample> = coarse.collect();
        readings.extend(near.iter().flat_map(|(_, readings)| readings.iter().copied()));
        readings.sort_by_key(|(at, _)| *at);
        readings.dedup_by_key(|(at, _)| *at);
        Ok(readings)
    }

    /// The readings around an edge; `None` where the store keeps them no longer one by one.
    fn near(
        &self,
        quantity: Quantity,
        edge: Timestamp,
    ) -> Result<Option<(Window, Vec<Sample>)>, store::Error> {
        let window = Window { from: edge.minus(NEAR), to: edge.plus(NEAR) };
        let points = usize::try_from(2 * NEAR.as_secs() + 1).unwrap_or(POINTS_MAX);
        let query = SeriesQuery {
            meter: self.meter.clone(),
            quantity,
            from: window.from,
            to: window.to,
            points,
        };
        let series = self.archive.series(&query)?;
        if series.resolution != TO_THE_SECOND || series.points.is_empty() {
            return Ok(None);
        }
        Ok(Some((window, series.points.iter().map(|point| (point.start, point.max)).collect())))
    }

    /// Mean powers as the meter sends them; `None` when it sends none.
    pub(crate) fn power(&self, sent: Sent) -> Result<Option<Vec<PowerInterval>>, store::Error> {
        if sent.power {
            let points = self.series(ActivePower, Duration::ZERO)?;
            // Of a meter that is only read nobody knows how it sends its power.
            if !points.is_empty() || !(sent.flows || sent.phases) {
                return Ok(Some(points.iter().map(|point| self.signed(point)).collect()));
            }
        }
        if sent.flows {
            let both = self.both_ways()?;
            if !both.is_empty() || !sent.phases {
                return Ok(Some(both));
            }
        }
        if sent.phases {
            return self.phases().map(Some);
        }
        Ok(sent.power.then(Vec::new))
    }

    fn both_ways(&self) -> Result<Vec<PowerInterval>, store::Error> {
        let export = self.series(ActivePowerExport, Duration::ZERO)?;
        let export: BTreeMap<i64, SeriesPoint> =
            export.into_iter().map(|point| (point.start.as_micros(), point)).collect();
        let import = self.series(ActivePowerImport, Duration::ZERO)?;
        let both = import.iter().map(|point| {
            let back = export.get(&point.start.as_micros());
            let (fed_in, least) = back.map_or((0.0, 0.0), |it| (it.mean, it.min.to_f64()));
            let drawn = point.max.to_f64();
            PowerInterval {
                window: self.window(point.start),
                mean_w: point.mean - fed_in,
                max_w: if drawn > 0.0 { drawn } else { -least },
                flows_w: Some((point.mean, fed_in)),
                coverage: point.coverage,
                count: point.count,
            }
        });
        Ok(both.collect())
    }

    /// The sum of the three phases; its greatest value is not known, the mean stands for it.
    fn phases(&self) -> Result<Vec<PowerInterval>, store::Error> {
        let mut sums: BTreeMap<i64, (f64, f64, u64, u8)> = BTreeMap::new();
        for phase in PHASES {
            for point in self.series(phase, Duration::ZERO)? {
                let sum = sums.entry(point.start.as_micros()).or_insert((0.0, 1.0, u64::MAX, 0));
                let (mean, coverage, count, phases) = *sum;
                *sum = (
                    mean + point.mean,
                    coverage.min(point.coverage),
                    count.min(point.count),
                    phases + 1,
                );
            }
        }
        let whole = sums.into_iter().filter(|(_, (.., phases))| *phases == 3);
        let interval = |(start, (mean_w, coverage, count, _))| PowerInterval {
            window: self.window(Timestamp::from_micros(start)),
            mean_w,
            max_w: mean_w,
            flows_w: Some((mean_w.max(0.0), (-mean_w).max(0.0))),
            coverage,
            count,
        };
        Ok(whole.map(interval).collect())
    }

    fn signed(&self, point: &SeriesPoint) -> PowerInterval {
        let (least, greatest) = (point.min.to_f64(), point.max.to_f64());
        let flows_w = match (least >= 0.0, greatest <= 0.0) {
            (true, _) => Some((point.mean, 0.0)),
            (_, true) => Some((0.0, -point.mean)),
            _ => None,
        };
        PowerInterval {
            window: self.window(point.start),
            mean_w: point.mean,
            max_w: greatest,
            flows_w,
            coverage: point.coverage,
            count: point.count,
        }
    }
}

/// What was read for the energy of some bars.
pub(crate) struct Inputs {
    power: Option<Vec<PowerInterval>>,
    import: Option<Vec<(Timestamp, Decimal)>>,
    export: Option<Vec<(Timestamp, Decimal)>>,
    /// When the meter or its ratio was exchanged.
    breaks: Vec<Timestamp>,
}

impl Inputs {
    pub(crate) fn read(reach: &Reach<'_>, sent: Sent) -> Result<Self, store::Error> {
        let (from, to) = reach.range;
        let around = (from.minus(EDGE), to.plus(EDGE));
        let breaks = reach.archive.journal_breaks(reach.meter, around)?;
        let counter =
            |sent: bool, quantity| sent.then(|| reach.counter(quantity, &breaks)).transpose();
        Ok(Self {
            power: reach.power(sent)?,
            import: counter(sent.import, ActiveEnergyImport)?,
            export: counter(sent.export, ActiveEnergyExport)?,
            breaks,
        })
    }

    /// `supply_w`: what the supply gives at most, which bounds how fast a counter can grow.
    pub(crate) fn borrowed(&self, supply_w: Option<f64>) -> BarInputs<'_> {
        BarInputs {
            power: self.power.as_deref(),
            import_counter: self.import.as_deref(),
            export_counter: self.export.as_deref(),
            breaks: &self.breaks,
            supply_w,
        }
    }
}
