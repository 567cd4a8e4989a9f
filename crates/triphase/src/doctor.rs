//! `triphase doctor`: what is wrong with the wiring, from the store or a running service.
//!
//! In: a configuration, or a service's address. Out: for each meter the findings with their numbers
//! and what to do, what was found sound, what could not be judged and why; as text for people or as
//! the JSON of `/api/v1/analysis/doctor`. The store is only read. Refuses: an unknown meter.

use crate::cli::{self, DoctorLanguage, Format};
use crate::{assemble, clock, config, import};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::Write;
use std::time::Duration;
use store::ReadOnly;

use import::Error;

/// How long a service may take: it reads a day of every meter.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(120);
/// Longest answer of a service. **Unit** bytes.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Width of a line of text.
const WIDTH: usize = 92;

/// Prints the diagnosis; returns whether nothing was found.
///
/// # Errors
/// Wrong usage; a store or a service that cannot be read.
pub(crate) fn doctor(arguments: &cli::Doctor, out: &mut impl Write) -> Result<bool, Error> {
    let mut diagnosis = match &arguments.url {
        Some(url) => asked(url, arguments.token.as_deref())?,
        None => read(arguments)?,
    };
    if let Some(id) = &arguments.meter {
        only(&mut diagnosis, id)?;
    }
    match arguments.format {
        Format::Json => {
            serde_json::to_writer(&mut *out, &diagnosis).context("writing")?;
            writeln!(out).context("writing")?;
        }
        Format::Text => {
            let words = Words::of(arguments.language);
            print(&diagnosis, &words, out).context("writing")?;
        }
    }
    Ok(list(&diagnosis, "meters").all(|meter| list(meter, "findings").next().is_none()))
}

fn read(arguments: &cli::Doctor) -> Result<Value, Error> {
    let config = config::load(&arguments.config);
    let config = config.map_err(|report| Error::Misused(report.to_string()))?;
    if let Some(id) = &arguments.meter {
        import::known_meter(&config, id).map_err(Error::Misused)?;
    }
    let archive = ReadOnly::open(&config.store).context("the store")?;
    let meters: Vec<outlet::MeterInfo> = config.meters.iter().map(assemble::meter_facts).collect();
    let asked = (config.site.nominal_voltage_v, clock::now());
    let diagnosis = outlet::diagnose(&archive, &meters, asked).context("the store")?;
    Ok(serde_json::to_value(&diagnosis).context("the diagnosis")?)
}

fn asked(url: &str, token: Option<&str>) -> Result<Value> {
    let address = format!("{}/api/v1/analysis/doctor", url.trim_end_matches('/'));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(ANSWER_TIME_MAX))
        .http_status_as_error(false)
        .build()
        .into();
    let mut request = agent.get(&address).header("accept", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut answer = request.call().with_context(|| format!("{address} does not answer"))?;
    match answer.status().as_u16() {
        200 => {}
        401 | 403 => bail!("{address}: a token with scope read is needed: --token"),
        status => bail!("{address} answered {status}"),
    }
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    body.read_json().with_context(|| format!("{address} answered no diagnosis"))
}

fn only(diagnosis: &mut Value, id: &str) -> Result<(), Error> {
    let meters = diagnosis["meters"].as_array_mut();
    let Some(meters) = meters else { return Ok(()) };
    meters.retain(|meter| meter["meter"] == id);
    if meters.is_empty() {
        return Err(Error::Misused(format!("--meter {id}: the service knows no such meter")));
    }
    Ok(())
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

/// The words around the sentences, which come translated.
struct Words {
    suffix: &'static str,
    until: &'static str,
    nothing: &'static str,
    remedy: &'static str,
    confidence: &'static str,
    sound: &'static str,
    not_judged: &'static str,
    no_meter: &'static str,
}

impl Words {
    const fn of(language: DoctorLanguage) -> Self {
        match language {
            DoctorLanguage::En => Self {
                suffix: "",
                until: "Measurements up to",
                nothing: "nothing wrong was found",
                remedy: "Do",
                confidence: "sure to",
                sound: "Sound",
                not_judged: "Not judged",
                no_meter: "No meter is configured.",
            },
            DoctorLanguage::Fr => Self {
                suffix: "_fr",
                until: "Mesures jusqu'au",
                nothing: "aucun défaut trouvé",
                remedy: "À faire",
                confidence: "sûr à",
                sound: "Correct",
                not_judged: "Non jugé",
                no_meter: "Aucun compteur configuré.",
            },
            DoctorLanguage::De => Self {
                suffix: "_de",
                until: "Messungen bis",
                nothing: "kein Fehler gefunden",
                remedy: "Tun",
                confidence: "sicher zu",
                sound: "In Ordnung",
                not_judged: "Nicht beurteilt",
                no_meter: "Kein Zähler eingerichtet.",
            },
        }
    }

    fn text<'a>(&self, value: &'a Value, key: &str) -> &'a str {
        value[format!("{key}{}", self.suffix).as_str()].as_str().unwrap_or_default()
    }
}

fn print(diagnosis: &Value, words: &Words, out: &mut impl Write) -> std::io::Result<()> {
    if let Some(until) = diagnosis["until"].as_str() {
        writeln!(out, "{} {until}", words.until)?;
    }
    if list(diagnosis, "meters").next().is_none() {
        return writeln!(out, "{}", words.no_meter);
    }
    for meter in list(diagnosis, "meters") {
        let name = meter["meter"].as_str().unwrap_or_default();
        let found = list(meter, "findings").count();
        let headline = if found == 0 { words.nothing.to_owned() } else { format!("{found}") };
        writeln!(out, "\n{name}: {headline}")?;
        for finding in list(meter, "findings") {
            let confidence = finding["confidence"].as_f64().unwrap_or(0.0) * 100.0;
            let code = finding["code"].as_str().unwrap_or_default();
            writeln!(out, "  ✗ {code} ({} {confidence:.0} %)", words.confidence)?;
            paragraph(words.text(finding, "text"), "    ", out)?;
            let remedy = format!("{}: {}", words.remedy, words.text(finding, "remedy"));
            paragraph(&remedy, "    ", out)?;
        }
        let sound: Vec<String> = list(meter, "sound")
            .map(|one| format!("{} ({})", one["check"].as_str().unwrap_or_default(), one["count"]))
            .collect();
        if !sound.is_empty() {
            paragraph(&format!("✓ {}: {}", words.sound, sound.join(", ")), "  ", out)?;
        }
        for one in list(meter, "not_judged") {
            let check = one["check"].as_str().unwrap_or_default();
            let line = format!("· {}: {check}. {}", words.not_judged, words.text(one, "text"));
            paragraph(&line, "  ", out)?;
        }
    }
    Ok(())
}

/// A text in lines of bounded width.
fn paragraph(text: &str, indent: &str, out: &mut impl Write) -> std::io::Result<()> {
    let mut line = String::new();
    // A no-break space keeps a number and its unit together.
    for word in text.split(' ') {
        if !line.is_empty()
            && indent.len() + line.chars().count() + 1 + word.chars().count() > WIDTH
        {
            writeln!(out, "{indent}{line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "{indent}{line}")
}
