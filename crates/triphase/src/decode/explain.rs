//! Telegrams with their bytes, for the frame inspector: live ones and captures.
//!
//! In: outcomes of the reader, and the bytes that they came from. Out: the outlet's plain form. The
//! bytes of a telegram begin with the noise before it and end with the flag behind it.

use super::{Found, mbus, modbus, readout};
use crate::acquire::Tape;
use crate::cli;
use crate::config::parse_key;
use clap::ValueEnum;
use jiff::tz::TimeZone;
use meter::push::{Layer, Outcome, PushOptions, PushReader, Step};
use meter::readout::Kind;
use outlet::{
    Capture, CaptureFault, Explained, ExplainedDefect, ExplainedStep, ExplainedValue, Protection,
    TELEGRAM_BYTES_MAX,
};
use std::collections::HashMap;

/// The flag that ends a frame of HDLC (ISO/IEC 13239), and may begin the next.
const HDLC_FLAG: u8 = 0x7E;

/// A telegram by itself: offsets count its own bytes.
pub(crate) fn explained_alone(outcome: &Outcome, tape: &Tape) -> Explained {
    let cut = |from, to| tape.cut(from, to);
    let mut telegram = explained(outcome, &outcome.steps, &cut);
    let base = telegram.offset;
    telegram.offset = 0;
    for value in &mut telegram.values {
        value.offset = value.offset.saturating_sub(base);
    }
    for defect in &mut telegram.defects {
        defect.offset = defect.offset.saturating_sub(base);
    }
    for step in &mut telegram.steps {
        step.offset = step.offset.saturating_sub(base);
    }
    if !outcome.security.encrypted {
        tell_as_sent(&mut telegram);
    }
    telegram
}

/// A read-out is shown as it was sent, as that of a capture is.
fn tell_as_sent(telegram: &mut Explained) {
    let kinds = [Kind::Dsmr, Kind::Iec62056_21];
    let Some(kind) = kinds.into_iter().find(|kind| kind.name() == telegram.protocol) else {
        return;
    };
    if let [sent] = &mut read_outs(&telegram.bytes, kind)[..] {
        telegram.values = std::mem::take(&mut sent.values);
        telegram.own = std::mem::take(&mut sent.own);
    }
}

/// The read-outs in bytes of a wire.
pub(crate) fn read_outs(bytes: &[u8], kind: Kind) -> Vec<Explained> {
    let options = PushOptions { explain: true, ..PushOptions::default() };
    readout::explain(bytes, Some(kind), &options, explained)
}

/// What a capture says: one object for each telegram; what lies behind the last belongs to it.
///
/// # Errors
/// A parameter makes no sense, or the text is no hexadecimal.
pub(crate) fn explain(capture: &Capture) -> Result<Vec<Explained>, CaptureFault> {
    let fault = |parameter, detail| CaptureFault { parameter, detail };
    let options = options(capture)?;
    let protocol = protocol(capture)?;
    let found = Found::of(protocol, &capture.data, &options);
    let bytes = match found.map_err(|detail| fault("data", detail))? {
        Found::ReadOuts(kind) => {
            return Ok(readout::explain(&capture.data, kind, &options, explained));
        }
        Found::Mbus(bytes) => {
            let key = key_of(&capture.key, "key")?;
            return Ok(mbus::explain(&bytes, &mbus::Options { key, zone: options.zone }));
        }
        Found::Modbus(bytes) => return Ok(modbus::explain(&bytes)),
        Found::Pushes(bytes) => bytes,
    };
    let mut reader = PushReader::new(options);
    let mut outcomes = reader.feed(None, &bytes);
    outcomes.extend(reader.finish());
    let rest = reader.take_steps();
    let cut = |from: u64, to: u64| {
        let range = usize::try_from(from).ok()?..usize::try_from(to).ok()?;
        bytes.get(range).map(<[u8]>::to_vec)
    };
    let last = outcomes.len().saturating_sub(1);
    let telegrams = outcomes.iter().enumerate().map(|(index, outcome)| {
        let mut steps = outcome.steps.clone();
        if index == last {
            steps.extend(rest.iter().cloned());
        }
        explained(outcome, &steps, &cut)
    });
    Ok(telegrams.collect())
}

fn explained(
    outcome: &Outcome,
    steps: &[Step],
    cut: &dyn Fn(u64, u64) -> Option<Vec<u8>>,
) -> Explained {
    let ends = steps.iter().map(|step| step.offset.saturating_add(step.length as u64));
    let end = ends.max().unwrap_or(0).max(outcome.end);
    let begin = steps.iter().map(|step| step.offset).min().unwrap_or(u64::MAX).min(outcome.offset);
    // Much noise says less than the telegram behind it.
    let long = end.saturating_sub(begin) > TELEGRAM_BYTES_MAX as u64;
    let begin = if long { outcome.offset } else { begin };
    let closed = outcome.steps.iter().any(|step| step.layer == Layer::Hdlc)
        && cut(end, end.saturating_add(1)).is_some_and(|flag| flag == [HDLC_FLAG]);
    let end = if closed { end.saturating_add(1) } else { end };
    let length = usize::try_from(end.saturating_sub(begin)).unwrap_or(usize::MAX);
    let bytes = if length > TELEGRAM_BYTES_MAX { None } else { cut(begin, end) };
    let extents: HashMap<u64, usize> = steps
        .iter()
        .filter(|step| step.layer == Layer::Value)
        .map(|step| (step.offset, step.length))
        .collect();
    let security = &outcome.security;
    Explained {
        protocol: outcome.protocol,
        meter: outcome.meter.clone(),
        meter_time: outcome.meter_time,
        measured_at: outcome.measured_at,
        list: outcome.list.as_ref().map(ToString::to_string),
        security: Protection {
            encrypted: security.encrypted,
            authenticated: security.authenticated,
            invocation_counter: security.invocation_counter,
        },
        values: outcome
            .values
            .iter()
            .map(|value| {
                let length = extents.get(&value.offset).copied();
                ExplainedValue::of(&value.reading, value.offset, length)
            })
            .collect(),
        defects: outcome
            .defects
            .iter()
            .map(|defect| ExplainedDefect {
                code: defect.code.name(),
                detail: defect.detail.clone(),
                offset: defect.offset,
            })
            .collect(),
        delivered: outcome.delivered,
        offset: begin,
        length,
        bytes: bytes.unwrap_or_default(),
        steps: steps.iter().map(|step| shown(step, begin)).collect(),
        own: Vec::new(),
    }
}

/// A step within the bytes that are shown.
fn shown(step: &Step, begin: u64) -> ExplainedStep {
    let hidden = begin.saturating_sub(step.offset);
    let hidden = usize::try_from(hidden).unwrap_or(usize::MAX);
    ExplainedStep {
        layer: match step.layer {
            Layer::Noise => "noise",
            Layer::Hdlc => "hdlc",
            Layer::Mbus => "mbus",
            Layer::Block => "block",
            Layer::Cipher => "cipher",
            Layer::Apdu => "apdu",
            Layer::Value => "value",
            Layer::Defect => "defect",
        },
        offset: step.offset.max(begin),
        length: step.length.saturating_sub(hidden),
        text: step.text.clone(),
    }
}

/// The protocol by the name that the command takes.
fn protocol(capture: &Capture) -> Result<cli::Protocol, CaptureFault> {
    let Some(name) = capture.protocol.as_deref() else { return Ok(cli::Protocol::Auto) };
    cli::Protocol::from_str(name, false).map_err(|_| {
        let names = cli::Protocol::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let names: Vec<String> = names.map(|name| format!("\"{}\"", name.get_name())).collect();
        let detail = format!("expected one of {}", names.join(", "));
        CaptureFault { parameter: "protocol", detail }
    })
}

fn key_of(
    text: &Option<String>,
    parameter: &'static str,
) -> Result<Option<[u8; 16]>, CaptureFault> {
    let key = text.as_deref().map(|text| parse_key(text, "the text"));
    key.transpose().map_err(|error| CaptureFault { parameter, detail: error.to_string() })
}

fn options(capture: &Capture) -> Result<PushOptions, CaptureFault> {
    let fault = |parameter, detail| CaptureFault { parameter, detail };
    if capture.guek.is_some() && capture.key.is_some() {
        return Err(fault("key", "give key or guek, not both".to_owned()));
    }
    let profile = capture.profile.as_deref().map(|name| {
        meter::profile(name).ok_or_else(|| {
            let known: Vec<&str> = meter::profiles().map(|profile| profile.name).collect();
            fault("profile", format!("no such profile; there are {}", known.join(", ")))
        })
    });
    let zone = capture.timezone.as_deref().map(|name| {
        let expected = "expected an IANA name such as Europe/Zurich".to_owned();
        TimeZone::get(name).map_err(|_| fault("timezone", expected))
    });
    Ok(PushOptions {
        guek: key_of(&capture.guek, "guek")?.or(key_of(&capture.key, "key")?),
        gak: key_of(&capture.gak, "gak")?,
        profile: profile.transpose()?,
        zone: zone.transpose()?,
        explain: true,
        ..PushOptions::default()
    })
}
