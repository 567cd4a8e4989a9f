//! What the outlets ask the store: the last measurement, the last hour, the samples since.
//!
//! In: a meter. Out: measurements for the analyses. Reads that touch the disk run on the blocking
//! pool.

use crate::{MeterInfo, Outlet, Role};
use analysis::Measurement;
use analysis::chapter25::KpiRow;
use analysis::derive;
use analysis::energy::{EnergyReport, Samples, Window, energy_report};
use reading::Quantity::{
    self, ActiveEnergyExport, ActiveEnergyImport, ActivePower, ActivePowerExport,
    ActivePowerExportL1, ActivePowerExportL2, ActivePowerExportL3, ActivePowerImport,
    ActivePowerImportL1, ActivePowerImportL2, ActivePowerImportL3, ActivePowerL1, ActivePowerL2,
    ActivePowerL3, ApparentPower, ApparentPowerExport, PowerFactor, ReactivePower,
    ReactivePowerExport, ReactivePowerImport, ReactivePowerQ1, ReactivePowerQ2, ReactivePowerQ3,
    ReactivePowerQ4, ThdVoltage,
};
use reading::{Decimal, ListId, MeterId, Timestamp, Value};
use std::sync::Arc;
use std::time::Duration;
use store::{Latest, Sample, SampleQuery, Store};

/// The texts in which a meter tells its serial number, the most telling first.
const SERIALS: [Quantity; 4] =
    [Quantity::DeviceId1, Quantity::DeviceId2, Quantity::DeviceId8, Quantity::LogicalDeviceName];
/// What the figures of an hour are made of.
const HOUR_QUANTITIES: [Quantity; 25] = [
    ActivePower,
    ActivePowerImport,
    ActivePowerExport,
    ActivePowerL1,
    ActivePowerL2,
    ActivePowerL3,
    ActivePowerImportL1,
    ActivePowerImportL2,
    ActivePowerImportL3,
    ActivePowerExportL1,
    ActivePowerExportL2,
    ActivePowerExportL3,
    ReactivePower,
    ReactivePowerImport,
    ReactivePowerExport,
    ReactivePowerQ1,
    ReactivePowerQ2,
    ReactivePowerQ3,
    ReactivePowerQ4,
    ApparentPower,
    ApparentPowerExport,
    PowerFactor,
    ThdVoltage,
    ActiveEnergyImport,
    ActiveEnergyExport,
];
/// The chapter's period of analysis.
const HOUR: Duration = Duration::from_secs(3600);

/// The rows of one hour, oldest first.
pub(crate) struct Hour {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) rows: Vec<KpiRow>,
}

/// Power and energy of one hour.
pub(crate) struct Energy(pub(crate) EnergyReport);

impl Energy {
    fn of(window: Window, samples: &Samples<'_>) -> Self {
        let mut report = energy_report(window, samples);
        // The sum of no stretches is −0.0, which nobody should read.
        report.coverage_pct += 0.0;
        report.energy_coverage_pct += 0.0;
        Self(report)
    }
}

impl Outlet {
    /// The default meter of every route.
    pub(crate) fn main_meter(&self) -> Option<&MeterInfo> {
        let main = self.meters.iter().find(|meter| meter.role == Role::Main);
        main.or_else(|| self.meters.first())
    }

    /// The configured meter with this id.
    pub(crate) fn meter(&self, id: &MeterId) -> Option<&MeterInfo> {
        self.meters.iter().find(|meter| meter.id == *id)
    }

    /// The configured meter with this id, or that sent this serial number.
    pub(crate) fn find_meter(&self, name: &str) -> Option<&MeterInfo> {
        let by_id = self.meters.iter().find(|meter| meter.id.as_str() == name);
        by_id.or_else(|| self.meters.iter().find(|meter| self.sent_serial(&meter.id, name)))
    }

    fn sent_serial(&self, meter: &MeterId, name: &str) -> bool {
        let Some(latest) = self.store.latest(meter) else { return false };
        SERIALS.into_iter().any(|quantity| text(&latest, quantity) == Some(name))
    }

    /// The serial number that a meter sent.
    pub(crate) fn serial(&self, meter: &MeterId) -> Option<String> {
        let latest = self.store.latest(meter)?;
        let serial = SERIALS.into_iter().find_map(|quantity| text(&latest, quantity));
        serial.map(str::to_owned)
    }

    /// The meter's last measurement.
    pub(crate) fn measurement(&self, meter: &MeterId) -> Option<Measurement> {
        let current = self.store.measurement(meter)?;
        Some(Measurement::new(current.measured_at, current.numbers()))
    }

    /// The period of a meter's telegrams: as configured, else as observed. **Unit** s.
    pub(crate) fn period_s(&self, meter: &MeterInfo) -> Option<f64> {
        let observed = || {
            let latest = self.store.latest(&meter.id)?;
            latest.lists.iter().filter_map(|list| list.period).min()
        };
        meter.period.or_else(observed).map(|period| period.as_secs_f64())
    }

    /// The rows of the hour before `now`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn hour(&self, meter: &MeterId, now: Timestamp) -> Result<Hour, store::Error> {
        let from = now.minus(HOUR);
        let meter = meter.clone();
        // As in the chapter, nothing ends the hour: a row a little ahead of the clock counts.
        let window = (from, Timestamp::from_micros(i64::MAX));
        let rows =
            blocking(&self.store, move |store| store.numbers(&meter, window, &HOUR_QUANTITIES));
        let rows = rows.await?.into_iter().map(|row| {
            let pairs = HOUR_QUANTITIES.into_iter().zip(row.values);
            let known = pairs.filter_map(|(quantity, value)| Some((quantity, value?)));
            KpiRow { measurement: Measurement::new(row.measured_at, known), quality: row.quality }
        });
        Ok(Hour { from, to: now, rows: rows.collect() })
    }

    /// Power and energy of an hour, each from the list that carries it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn energy(
        &self,
        meter: &MeterInfo,
        hour: &Hour,
    ) -> Result<Energy, store::Error> {
        let Some(latest) = self.store.latest(&meter.id) else {
            return Ok(Energy::of(hour.window(), &Samples::default()));
        };
        let period = |list: Option<&ListId>| {
            let known = latest.lists.iter().find(|known| Some(&known.sample.telegram.list) == list);
            meter.period.or_else(|| known?.period).unwrap_or_default()
        };
        let list_of = |quantities: &[Quantity]| {
            let newest = quantities.iter().find_map(|quantity| latest.value(*quantity));
            newest.map(|newest| newest.list.clone())
        };
        let lists = Lists {
            power: list_of(&POWERS),
            import: list_of(&[ActiveEnergyImport]),
            export: list_of(&[ActiveEnergyExport]),
        };
        let period = period(lists.power.as_ref());
        let margin = EDGE_MAX.min(period * 3);
        let query = SampleQuery {
            meter: meter.id.clone(),
            from: Some(hour.from.minus(margin)),
            to: Some(hour.to.plus(margin)),
            after: None,
            limit: store::SAMPLES_MAX,
        };
        let window = hour.window();
        blocking(&self.store, move |store| {
            let mut samples = store.samples(&query)?;
            samples.sort_by_key(|sample| sample.telegram.measured_at);
            let columns = lists.columns(&samples);
            Ok(Energy::of(window, &columns.samples(period)))
        })
        .await
    }

    /// Samples of all meters after an id.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn samples_after(
        &self,
        id: u64,
        limit: usize,
    ) -> Result<Vec<Arc<Sample>>, store::Error> {
        let samples = blocking(&self.store, move |store| store.samples_after(id, limit)).await?;
        Ok(samples.into_iter().map(Arc::new).collect())
    }
}

/// Active power, directly or in parts; the first that a meter sends tells its list.
const POWERS: [Quantity; 6] = [
    ActivePower,
    ActivePowerImport,
    ActivePowerExport,
    ActivePowerL1,
    ActivePowerImportL1,
    ActivePowerExportL1,
];
/// How far beyond the hour's edges samples are read.
const EDGE_MAX: Duration = Duration::from_secs(900);

impl Hour {
    fn window(&self) -> Window {
        Window { from: self.from, to: self.to }
    }
}

/// The lists that carry power and the counters; two lists snapshot different instants.
struct Lists {
    power: Option<ListId>,
    import: Option<ListId>,
    export: Option<ListId>,
}

/// Values of one list each, oldest first.
#[derive(Default)]
struct Columns {
    power: Vec<(Timestamp, Decimal)>,
    import: Vec<(Timestamp, Decimal)>,
    export: Vec<(Timestamp, Decimal)>,
}

impl Lists {
    fn columns(&self, samples: &[Sample]) -> Columns {
        let mut columns = Columns::default();
        for telegram in samples.iter().map(|sample| &sample.telegram) {
            let (at, list) = (telegram.measured_at, Some(&telegram.list));
            if list == self.power.as_ref() {
                let power = derive::active_power(&Measurement::from_telegram(telegram));
                let watts = power.and_then(|power| Decimal::from_f64(power.value));
                columns.power.extend(watts.map(|watts| (at, watts)));
            }
            if list == self.import.as_ref() {
                columns.import.extend(telegram.number(ActiveEnergyImport).map(|wh| (at, wh)));
            }
            if list == self.export.as_ref() {
                columns.export.extend(telegram.number(ActiveEnergyExport).map(|wh| (at, wh)));
            }
        }
        columns
    }
}

impl Columns {
    fn samples(&self, period: Duration) -> Samples<'_> {
        Samples {
            power: &self.power,
            period,
            import_counter: &self.import,
            export_counter: &self.export,
        }
    }
}

/// Asks the store on the blocking pool.
///
/// # Errors
/// The store cannot be read.
pub(crate) async fn blocking<T: Send + 'static>(
    store: &Store,
    ask: impl FnOnce(&Store) -> Result<T, store::Error> + Send + 'static,
) -> Result<T, store::Error> {
    let store = store.clone();
    let answer = tokio::task::spawn_blocking(move || ask(&store)).await;
    answer.expect("reading the store never panics")
}

fn text(latest: &Latest, quantity: Quantity) -> Option<&str> {
    match &latest.value(quantity)?.reading.value {
        Value::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        Value::Number(_) => None,
    }
}
