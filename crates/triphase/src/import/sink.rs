//! Where imported telegrams go: the store, or a running service.
//!
//! In: telegrams with their lines. Out: what became of them, in the summary. Running again is
//! harmless: what is stored already is counted, other values for the same meter, list and time
//! are refused by line and change nothing.

use super::interval::{ENERGIES, RUNNING_COUNTER};
use super::summary::Summary;
use crate::config::Config;
use anyhow::{Context, Result, bail};
use reading::{Decimal, MeterId, Quantity, Telegram, Timestamp, Value};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;
use store::{Appended, Batch, Store};

/// Measurements of one request.
const POST_ROWS: usize = 500;
/// Rows that wait to be posted; a service takes one measurement per instant, so they are joined.
const WAITING_MAX: usize = 2_000_000;
/// How long a request may take.
const POST_PATIENCE: Duration = Duration::from_secs(60);
/// How far back a running counter is looked for: the same instant, an hour, a day.
const LOOK_BACK_S: [u64; 3] = [0, 3600, 86_400];

/// Telegrams with the line that each came from.
pub(super) type Lines = Vec<(u64, Telegram)>;

/// The destination.
pub(super) enum Sink {
    Store { store: Store, runtime: tokio::runtime::Runtime },
    Service(Box<Service>),
}

/// A service over HTTP.
pub(super) struct Service {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
    waiting: BTreeMap<Timestamp, (u64, Telegram)>,
}

impl Sink {
    /// The store of a configuration.
    pub(super) fn store(config: &Config) -> Result<Self> {
        let store = Store::open(&config.store, store::Options::default());
        let store = store.map_err(|error| match error {
            store::Error::InUse { .. } => anyhow::anyhow!(
                "{error}. To import while the service runs: --url http://{}",
                config.http.listen
            ),
            other => other.into(),
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().context("runtime")?;
        Ok(Self::Store { store, runtime })
    }

    /// A running service.
    pub(super) fn service(url: &str, token: Option<&str>) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(POST_PATIENCE))
            .build();
        Self::Service(Box::new(Service {
            agent: agent.into(),
            url: format!("{}/api/mesures", url.trim_end_matches('/')),
            token: token.map(ToOwned::to_owned),
            waiting: BTreeMap::new(),
        }))
    }

    /// The running counters of earlier imports at `at`.
    pub(super) fn running_counters(
        &self,
        meter: &MeterId,
        at: Timestamp,
    ) -> Result<Vec<(Quantity, Decimal)>> {
        let Self::Store { store, .. } = self else { return Ok(Vec::new()) };
        for seconds in LOOK_BACK_S {
            let from = at.minus(Duration::from_secs(seconds));
            let to = at.plus(Duration::from_micros(1));
            let rows = store.numbers(meter, (from, to), &ENERGIES)?;
            let last = rows.into_iter().rfind(|row| row.list.as_str() == RUNNING_COUNTER);
            if let Some(row) = last {
                let known = ENERGIES.into_iter().zip(row.values);
                return Ok(known.filter_map(|(q, value)| Some((q, value?))).collect());
            }
        }
        Ok(Vec::new())
    }

    /// Takes telegrams.
    pub(super) fn append(&mut self, lines: Lines, summary: &mut Summary) -> Result<()> {
        match self {
            Self::Store { store, runtime } => runtime.block_on(append(store, lines, summary)),
            Self::Service(service) => service.take(lines),
        }
    }

    /// Everything was taken.
    pub(super) fn finish(&mut self, summary: &mut Summary) -> Result<()> {
        match self {
            Self::Store { .. } => Ok(()),
            Self::Service(service) => service.post_all(summary),
        }
    }

    /// Folds the store's log into its file.
    pub(super) fn close(self) {
        if let Self::Store { store, .. } = self {
            store.close();
        }
    }
}

/// Appends until nothing contradicts what is stored.
async fn append(store: &Store, mut lines: Lines, summary: &mut Summary) -> Result<()> {
    while !lines.is_empty() {
        let telegrams = lines.iter().map(|(_, telegram)| telegram.clone()).collect();
        let appended = store.append(Batch::all_or_nothing(telegrams)).await?;
        let conflicts = appended.iter().any(|one| matches!(one, Appended::Conflict(_)));
        let mut left = Vec::new();
        for ((line, telegram), became) in lines.into_iter().zip(appended) {
            match became {
                Appended::Conflict(id) if is_stored(store, id, &telegram)? => {
                    summary.known(telegram.measured_at);
                }
                Appended::Conflict(_) => summary.contradicted(line, &contradiction(&telegram)),
                Appended::New(_) | Appended::Duplicate(_) if conflicts => {
                    left.push((line, telegram));
                }
                Appended::New(_) => summary.stored(telegram.measured_at),
                Appended::Duplicate(_) => summary.known(telegram.measured_at),
            }
        }
        lines = left;
    }
    Ok(())
}

fn contradiction(telegram: &Telegram) -> String {
    let Telegram { list, measured_at, .. } = telegram;
    format!("other values are stored already for {measured_at} (list {list}); they stay")
}

/// Whether the sample tells the same numbers, if with registers and a clock that a file lacks.
fn is_stored(store: &Store, id: u64, telegram: &Telegram) -> Result<bool> {
    let Some(before) = id.checked_sub(1) else { return Ok(false) };
    let stored = store.samples_after(before, 1)?;
    let Some(stored) = stored.into_iter().find(|sample| sample.id == id) else { return Ok(false) };
    let stored = stored.telegram.readings;
    Ok(telegram.readings.iter().all(|reading| {
        stored.iter().any(|other| {
            let same = match (&reading.value, &other.value) {
                (Value::Number(one), Value::Number(two)) => one.cmp_value(*two).is_eq(),
                (one, two) => one == two,
            };
            same && (reading.quantity, reading.unit) == (other.quantity, other.unit)
        })
    }))
}

impl Service {
    fn take(&mut self, lines: Lines) -> Result<()> {
        for (line, telegram) in lines {
            match self.waiting.get_mut(&telegram.measured_at) {
                Some((_, waiting)) => {
                    let known = |quantity| waiting.readings.iter().any(|r| r.quantity == quantity);
                    let new = telegram.readings.into_iter().filter(|r| !known(r.quantity));
                    let new: Vec<_> = new.collect();
                    waiting.readings.extend(new);
                    waiting.quality = waiting.quality.max(telegram.quality);
                }
                None => {
                    self.waiting.insert(telegram.measured_at, (line, telegram));
                }
            }
        }
        if self.waiting.len() > WAITING_MAX {
            bail!("more than {WAITING_MAX} rows over HTTP: stop the service for this import");
        }
        Ok(())
    }

    fn post_all(&mut self, summary: &mut Summary) -> Result<()> {
        let mut progress = super::Progress::new("posted", self.waiting.len() as u64);
        let lines: Vec<(u64, Telegram)> = std::mem::take(&mut self.waiting).into_values().collect();
        let mut done = 0;
        for chunk in lines.chunks(POST_ROWS) {
            self.post(chunk, summary)?;
            done += chunk.len() as u64;
            progress.at(done);
        }
        progress.done();
        Ok(())
    }

    /// Posts rows; a batch that the service refuses is halved until the refused rows stand alone.
    fn post(&self, lines: &[(u64, Telegram)], summary: &mut Summary) -> Result<()> {
        let body = body(lines.iter().map(|(_, telegram)| telegram));
        let mut request = self.agent.post(&self.url).header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send(&body);
        let mut answer = answer.with_context(|| format!("{} does not answer", self.url))?;
        let status = answer.status().as_u16();
        match status {
            201 => {
                lines.iter().for_each(|(_, telegram)| summary.stored(telegram.measured_at));
                Ok(())
            }
            409 | 422 => match lines {
                [] => Ok(()),
                [(line, telegram)] => {
                    let text = answer.body_mut().read_to_string().unwrap_or_default();
                    let reason = if status == 409 { contradiction(telegram) } else { text };
                    summary.contradicted(*line, &reason);
                    Ok(())
                }
                _ => {
                    let (first, second) = lines.split_at(lines.len() / 2);
                    self.post(first, summary)?;
                    self.post(second, summary)
                }
            },
            401 | 403 => bail!("{}: a token with scope write is needed: --token", self.url),
            _ => bail!(
                "{} answers {status}: {}",
                self.url,
                answer.body_mut().read_to_string().unwrap_or_default()
            ),
        }
    }
}

/// Chapter 25's `MesureEnergie` rows; digits as they are.
fn body<'a>(telegrams: impl Iterator<Item = &'a Telegram>) -> String {
    let mut text = String::from("[");
    for (index, telegram) in telegrams.enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let Telegram { meter, measured_at, quality, readings, .. } = telegram;
        let quality = quality.chapter25();
        // Writing to a String never fails.
        let _ = write!(
            text,
            "{comma}{{\"timestamp\":\"{measured_at}\",\"compteur_id\":\"{meter}\",\
             \"qualite\":\"{quality}\""
        );
        for reading in readings {
            let field = reading.quantity.and_then(|quantity| quantity.description().chapter25);
            let Some((field, number)) = field.zip(reading.value.number()) else { continue };
            let number = number.shifted(field.exponent).unwrap_or(number);
            let _ = write!(text, ",\"{}\":{number}", field.field);
        }
        text.push('}');
    }
    text.push(']');
    text
}
