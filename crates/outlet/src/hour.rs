//! The last hour of a meter: its rows and its energy.
//!
//! In: a meter and the time of now. Out: what chapter 25 and the standards compute an hour from,
//! out of one query of columns. Outside strict mode a value of bad quality is no value.

use crate::lookup::blocking;
use crate::{MeterInfo, Outlet};
use analysis::Measurement;
use analysis::chapter25::{KpiRow, Mode, Warning};
use analysis::derive;
use analysis::energy::{EnergyReport, QualityShare, Samples, Window, energy_report};
use reading::Quantity::{
    self, ActiveEnergyExport, ActiveEnergyImport, ActivePower, ActivePowerExport,
    ActivePowerExportL1, ActivePowerExportL2, ActivePowerExportL3, ActivePowerImport,
    ActivePowerImportL1, ActivePowerImportL2, ActivePowerImportL3, ActivePowerL1, ActivePowerL2,
    ActivePowerL3, ApparentPower, ApparentPowerExport, PowerFactor, ReactivePower,
    ReactivePowerExport, ReactivePowerImport, ReactivePowerQ1, ReactivePowerQ2, ReactivePowerQ3,
    ReactivePowerQ4, ThdVoltage,
};
use reading::{Decimal, ListId, Quality, Timestamp};
use std::time::Duration;
use store::{Latest, Row};

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

/// What is known of one hour.
pub(crate) struct Hour {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// The rows of the hour, oldest first.
    pub(crate) rows: Vec<KpiRow>,
    /// Power and energy, each from the list that carries it.
    pub(crate) energy: EnergyReport,
}

impl Outlet {
    /// The hour before `now`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn hour(
        &self,
        meter: &MeterInfo,
        now: Timestamp,
        mode: Mode,
    ) -> Result<Hour, store::Error> {
        let window = Window { from: now.minus(HOUR), to: now };
        let Some(latest) = self.store.latest(&meter.id) else {
            return Ok(Hour::of(window, Vec::new(), energy(window, &Samples::default())));
        };
        let lists = Lists::of(&latest);
        let power_list = latest
            .lists
            .iter()
            .find(|known| Some(&known.sample.telegram.list) == lists.power.as_ref());
        let period = meter.period.or_else(|| power_list?.period).unwrap_or_default();
        let margin = EDGE_MAX.min(period * 3);
        // As in the chapter, nothing ends the hour: a row a little ahead of the clock counts.
        let asked = (window.from.minus(margin), Timestamp::from_micros(i64::MAX));
        let supply_w = self.site.supply_w();
        let meter = meter.id.clone();
        blocking(&self.store, move |store| {
            let rows = store.numbers(&meter, asked, &HOUR_QUANTITIES)?;
            let breaks = store.journal_breaks(&meter, asked)?;
            let mut columns = Columns::default();
            let mut kpi = Vec::with_capacity(rows.len());
            for row in rows {
                let measurement = measurement(&row, mode);
                if row.measured_at < window.to.plus(margin) {
                    columns.take(&lists, &row.list, &measurement);
                }
                if row.measured_at >= window.from {
                    kpi.push(KpiRow { measurement, quality: row.quality });
                }
            }
            let samples = Samples { breaks: &breaks, supply_w, ..columns.samples(period) };
            Ok(Hour::of(window, kpi, energy(window, &samples)))
        })
        .await
    }
}

impl Hour {
    fn of(window: Window, rows: Vec<KpiRow>, energy: EnergyReport) -> Self {
        Self { from: window.from, to: window.to, rows, energy }
    }

    /// When the oldest row leaves the hour; at once without rows.
    pub(crate) fn until(&self) -> Timestamp {
        let oldest = self.rows.first().map_or(self.from, |row| row.measurement.at());
        // A row that is exactly an hour old still counts.
        oldest.plus(HOUR).plus(Duration::from_micros(1))
    }

    /// How many rows have which quality.
    pub(crate) fn qualities(&self) -> QualityShare {
        QualityShare::of(self.rows.iter().map(|row| row.quality))
    }

    /// What must be known about the quality of the rows.
    pub(crate) fn doubt(&self) -> Option<Warning> {
        let QualityShare { suspect, bad, .. } = self.qualities();
        (suspect + bad > 0).then(|| {
            let french = format!(
                "Mesures de l'heure marquées « warning » : {suspect}, « error » : {bad} ; les \
                 valeurs « error » ne sont pas utilisées."
            );
            let english = format!(
                "Measurements of the hour marked \"warning\": {suspect}, \"error\": {bad}; \
                 values marked \"error\" are not used."
            );
            Warning::with_values("qualite_mauvaise", french, english)
        })
    }
}

fn energy(window: Window, samples: &Samples<'_>) -> EnergyReport {
    let mut report = energy_report(window, samples);
    // The sum of no stretches is −0.0, which nobody should read.
    report.coverage_pct += 0.0;
    report.energy_coverage_pct += 0.0;
    report
}

fn measurement(row: &Row, mode: Mode) -> Measurement {
    let columns = HOUR_QUANTITIES.into_iter().zip(&row.values).zip(&row.qualities);
    let usable = columns.filter_map(|((quantity, value), quality)| {
        let usable = mode == Mode::Strict || *quality != Quality::Bad;
        Some((quantity, (*value).filter(|_| usable)?))
    });
    Measurement::new(row.measured_at, usable)
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
    fn of(latest: &Latest) -> Self {
        let list_of = |quantities: &[Quantity]| {
            let newest = quantities.iter().find_map(|quantity| latest.value(*quantity));
            newest.map(|newest| newest.list.clone())
        };
        Self {
            power: list_of(&POWERS),
            import: list_of(&[ActiveEnergyImport]),
            export: list_of(&[ActiveEnergyExport]),
        }
    }
}

impl Columns {
    fn take(&mut self, lists: &Lists, list: &ListId, measurement: &Measurement) {
        let (at, list) = (measurement.at(), Some(list));
        if list == lists.power.as_ref() {
            let power = derive::active_power(measurement);
            let watts = power.and_then(|power| Decimal::from_f64(power.value));
            self.power.extend(watts.map(|watts| (at, watts)));
        }
        if list == lists.import.as_ref() {
            self.import.extend(measurement.decimal(ActiveEnergyImport).map(|wh| (at, wh)));
        }
        if list == lists.export.as_ref() {
            self.export.extend(measurement.decimal(ActiveEnergyExport).map(|wh| (at, wh)));
        }
    }

    fn samples(&self, period: Duration) -> Samples<'_> {
        Samples {
            power: &self.power,
            period,
            import_counter: &self.import,
            export_counter: &self.export,
            ..Samples::default()
        }
    }
}
