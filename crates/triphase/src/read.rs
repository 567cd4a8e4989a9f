//! `triphase read`: one reading of one meter, whatever its wire.
//!
//! In: a port and a model, or a configured meter. Out: the telegram, for people or as JSON. Stores
//! nothing and needs no service.

use crate::acquire::{Around, Asker, Clock, Exchange, Tap, converse};
use crate::config::{self, MeterConfig, ModelConfig, SiteConfig};
use crate::{assemble, cli, clock};
use anyhow::{Context, Result, bail};
use meter::cosem::CosemOptions;
use meter::doubt::IMPLAUSIBLE;
use meter::{Dialogue, Driver, Heard, Reader};
use reading::{Telegram, Value};
use serde::Serialize;
use serde_json::value::RawValue;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use wire::modbus::Client;

/// Most bytes taken from a port at once.
const READ_MAX: usize = 4096;
/// The id of a meter that no configuration names.
const UNNAMED: &str = "meter";

/// The meter that the arguments mean, checked like a configured one.
///
/// # Errors
/// What is wrong with the configuration, or with what was asked.
pub(crate) fn chosen(arguments: &cli::Read) -> Result<(SiteConfig, MeterConfig), String> {
    let config = match (&arguments.port, &arguments.model) {
        (Some(port), Some(model)) => {
            let text = unnamed(port, model, arguments);
            config::parse(&text, Path::new("--set")).map_err(|report| report.to_string())?
        }
        (None, None) => config::load(&arguments.config).map_err(|report| report.to_string())?,
        _ => return Err("--port and --model go together: where the meter is, and what".to_owned()),
    };
    let id = arguments.meter.as_deref();
    let known: Vec<String> = config.meters.iter().map(|meter| meter.id.to_string()).collect();
    let config::Config { site, meters, .. } = config;
    let mut meters = meters.into_iter().filter(|meter| meter.port.is_some());
    let meter = match id {
        Some(id) => meters.find(|meter| meter.id.as_str() == id),
        None => meters.next(),
    };
    let meter = meter.ok_or_else(|| {
        let names = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        match id {
            Some(id) if known.iter().any(|name| name == id) => {
                format!("the meter \"{id}\" has no port: nothing reads it")
            }
            Some(id) => format!("there is no meter \"{id}\"; the configuration names {names}"),
            None => format!("no meter has a port; the configuration names {names}"),
        }
    })?;
    Ok((site, meter))
}

/// A configuration of one meter, so that every setting is checked in one place.
fn unnamed(port: &str, model: &str, arguments: &cli::Read) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let zone = arguments.timezone.as_deref().unwrap_or("UTC");
    let mut text = format!(
        "[site]\nname = \"read\"\ntimezone = {}\n[[meter]]\nid = \"{UNNAMED}\"\nport = {}\n\
         model = {}\n",
        quoted(zone),
        quoted(port),
        quoted(model)
    );
    for setting in &arguments.set {
        text.push_str(setting);
        text.push('\n');
    }
    text
}

/// Reads once and prints.
///
/// # Errors
/// The port cannot be opened, or the meter gave no reading.
pub(crate) async fn read(arguments: &cli::Read, chosen: (SiteConfig, MeterConfig)) -> Result<()> {
    let (site, meter) = chosen;
    let patience = Duration::from_secs(arguments.timeout);
    let late = || format!("{}: no reading within {} s", meter.id, patience.as_secs());
    let telegrams = timeout(patience, once(&site, &meter)).await.with_context(late)??;
    if telegrams.is_empty() {
        bail!("{}: the meter answered and gave no value", meter.id);
    }
    let mut out = std::io::stdout().lock();
    for telegram in &telegrams {
        match arguments.format {
            cli::Format::Json => {
                serde_json::to_writer(&mut out, &line(telegram)?)?;
                writeln!(out)?;
            }
            cli::Format::Text => print(telegram, &mut out)?,
        }
    }
    Ok(())
}

async fn once(site: &SiteConfig, meter: &MeterConfig) -> Result<Vec<Telegram>> {
    let port = meter.port.as_ref().context("the meter has no port")?;
    let model = meter.model.as_ref().context("the meter has no model")?;
    let mut link = wire::open(port, frame::capture_text::bytes_of_capture).await?;
    let model = match model {
        ModelConfig::Known(model) => model,
        ModelConfig::Registers(source) => {
            return registers(assemble::asker(meter, port, source), port, link).await;
        }
    };
    let mut options = assemble::options(meter, site, Vec::new())?;
    options.dlms = options.dlms.map(unkept).transpose()?;
    match model.reader(options) {
        Reader::Listens(driver) => listen(driver, &mut link).await,
        Reader::Asks(dialogue) => {
            if let Some(line) = port.line() {
                link.set_line(line).await?;
            }
            ask(dialogue, &mut link).await
        }
    }
}

/// How a meter is asked over DLMS/COSEM when nothing of the reading is kept: without the load
/// profile, and under a name that was never used, since nobody will know its counters afterwards.
fn unkept(options: CosemOptions) -> Result<CosemOptions> {
    if options.system_title.is_some() {
        bail!(
            "dlms.system_title counts its requests in the service's store, and `read` keeps \
             nothing: leave it out to read once"
        );
    }
    let [a, b, c, d, e, ..] = RandomState::new().build_hasher().finish().to_be_bytes();
    Ok(CosemOptions {
        system_title: Some([b'T', b'P', b'R', a, b, c, d, e]),
        profiles: options.profiles.or(Some(Vec::new())),
        ..options
    })
}

async fn registers(mut asker: Asker, port: &wire::Port, link: wire::Link) -> Result<Vec<Telegram>> {
    let mut client = Client::of(link, port).context("the port is not one of Modbus")?;
    if let Some(line) = port.line() {
        client.set_line(line)?;
    }
    let (Exchange { answer, .. }, defects) =
        asker.read(&mut client, &now(), &mut Tap::default()).await?;
    let fault = answer.fault.as_ref().map_or("", |fault| fault.code);
    for defect in defects.iter().filter(|defect| defect.code != fault) {
        eprintln!("triphase read: {} ({})", defect.detail, defect.code);
    }
    match answer.fault {
        Some(fault) => bail!("{fault} ({})", fault.code),
        None => Ok(told(answer.heard)),
    }
}

/// The telegrams, after saying which of their values no meter can have measured.
fn told(heard: Heard) -> Vec<Telegram> {
    for doubt in &heard.doubts {
        eprintln!("triphase read: {} ({})", doubt.detail, IMPLAUSIBLE);
    }
    heard.telegrams
}

fn now() -> Clock {
    Arc::new(clock::now)
}

async fn listen(mut driver: Box<dyn Driver>, link: &mut wire::Link) -> Result<Vec<Telegram>> {
    let mut buffer = [0; READ_MAX];
    loop {
        let count = link.read(&mut buffer).await?;
        if count == 0 {
            bail!("the other side closed the connection");
        }
        let heard = driver.receive(clock::now(), &buffer[..count]);
        for outcome in heard.outcomes.iter().filter(|outcome| !outcome.delivered) {
            for defect in &outcome.defects {
                eprintln!("telegram refused ({}): {}", defect.code.name(), defect.detail);
            }
        }
        if !heard.telegrams.is_empty() {
            return Ok(told(heard));
        }
    }
}

async fn ask(mut dialogue: Box<dyn Dialogue>, link: &mut wire::Link) -> Result<Vec<Telegram>> {
    dialogue.begin(clock::now());
    let around = Around { clock: &clock::now, store: None };
    let Exchange { answer, .. } =
        converse(&mut *dialogue, around, link, &mut Tap::default()).await?;
    for defect in answer.heard.outcomes.iter().flat_map(|outcome| &outcome.defects) {
        eprintln!("triphase read: {} ({})", defect.detail, defect.code.name());
    }
    let telegrams = told(answer.heard);
    match answer.fault {
        Some(fault) if telegrams.is_empty() => bail!("{fault} ({})", fault.code),
        Some(fault) => eprintln!("triphase read: {fault} ({}); what came before it:", fault.code),
        None => {}
    }
    Ok(telegrams)
}

fn print(telegram: &Telegram, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{}  list {}", telegram.measured_at, telegram.list)?;
    for reading in &telegram.readings {
        let obis = reading.obis.map(|obis| obis.to_string()).unwrap_or_default();
        let name = reading.quantity.map_or("", reading::Quantity::name);
        let unit = reading.unit.map_or("", reading::Unit::symbol);
        let value = match &reading.value {
            Value::Number(number) => number.to_string(),
            Value::Text(text) => text.clone(),
        };
        let doubt = if reading.quality == reading::Quality::Good { "" } else { "  (doubtful)" };
        writeln!(out, "  {obis:<18} {name:<32} {value:>14} {unit}{doubt}")?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Line {
    list: String,
    meter_time: Option<String>,
    measured_at: String,
    received_at: String,
    values: Vec<ValueLine>,
}

#[derive(Serialize)]
struct ValueLine {
    obis: Option<String>,
    quantity: Option<&'static str>,
    value: Exact,
    unit: Option<&'static str>,
    quality: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Exact {
    Number(Box<RawValue>),
    Text(String),
}

fn line(telegram: &Telegram) -> Result<Line> {
    let values = telegram.readings.iter().map(|reading| {
        let value = match &reading.value {
            Value::Number(number) => Exact::Number(RawValue::from_string(number.to_string())?),
            Value::Text(text) => Exact::Text(text.clone()),
        };
        Ok(ValueLine {
            obis: reading.obis.map(|obis| obis.to_string()),
            quantity: reading.quantity.map(reading::Quantity::name),
            value,
            unit: reading.unit.map(reading::Unit::symbol),
            quality: reading.quality.name(),
        })
    });
    Ok(Line {
        list: telegram.list.to_string(),
        meter_time: telegram.meter_time.map(|time| time.to_string()),
        measured_at: telegram.measured_at.to_string(),
        received_at: telegram.received_at.to_string(),
        values: values.collect::<Result<_>>()?,
    })
}
