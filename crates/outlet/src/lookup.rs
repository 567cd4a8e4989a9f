//! What the outlets ask the store and the configuration: meters, periods, the samples since.
//!
//! In: a meter. Out: what is known of it. Reads that touch the disk run on the blocking pool.

use crate::{MeterInfo, Outlet, Role};
use reading::{MeterId, Quantity, Value};
use std::sync::Arc;
use std::time::Duration;
use store::{Latest, Sample, Store};

/// The texts in which a meter tells its serial number, the most telling first.
const SERIALS: [Quantity; 4] =
    [Quantity::DeviceId1, Quantity::DeviceId2, Quantity::DeviceId8, Quantity::LogicalDeviceName];
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

    /// The period of a meter's telegrams: as configured, else as observed.
    pub(crate) fn period(&self, meter: &MeterInfo) -> Option<Duration> {
        let observed = || {
            let latest = self.store.latest(&meter.id)?;
            latest.lists.iter().filter_map(|list| list.period).min()
        };
        meter.period.or_else(observed)
    }

    /// The same. **Unit** s.
    pub(crate) fn period_s(&self, meter: &MeterInfo) -> Option<f64> {
        self.period(meter).map(|period| period.as_secs_f64())
    }

    /// Samples on disk that the broker has not acknowledged.
    pub(crate) fn mqtt_backlog(&self) -> u64 {
        self.store.last_id().saturating_sub(self.counters.mqtt.acknowledged())
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
