//! `triphase decode`: what captured bytes say.
//!
//! In: raw bytes or hex text with comments. Out: one explanation, or one JSON object, per telegram,
//! delivered or refused. Exit 0 when at least one was delivered.

mod explain;
mod json;
mod mbus;
mod modbus;
mod readout;
mod text;

pub(crate) use explain::read_outs;
pub(crate) use explain::{explain, explained_alone};
pub(crate) use mbus::lay_out as lay_out_mbus;

use crate::cli;
use crate::config::parse_key;
use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use meter::push::{Outcome, PushOptions, PushReader};
use std::io::{Read, Write};
use std::path::Path;

/// Largest capture that is read whole.
const CAPTURE_MAX: u64 = 256 << 20;
/// Bytes given to the reader at once; outcomes are printed as they come.
const CHUNK: usize = 64 << 10;

/// Decodes and prints; tells whether a telegram was delivered.
///
/// # Errors
/// The capture cannot be read, or the output not written.
pub(crate) fn decode(
    arguments: &cli::Decode,
    options: PushOptions,
    out: &mut dyn Write,
) -> Result<bool> {
    let captured = read_capture(arguments.file.as_deref())?;
    let bytes = match Found::of(arguments.protocol, &captured, &options) {
        Ok(Found::ReadOuts(kind)) => {
            return readout::decode(&captured, (arguments.format, kind), &options, out);
        }
        Ok(Found::Mbus(bytes)) => {
            let options = mbus_options(arguments, options.zone)?;
            let tally = mbus::decode(&bytes, (&options, arguments.format), out)?;
            return conclude(arguments.format, &tally, out);
        }
        Ok(Found::Modbus(bytes)) => {
            let tally = modbus::decode(&bytes, arguments.format, out)?;
            return conclude(arguments.format, &tally, out);
        }
        Ok(Found::Pushes(bytes)) => bytes,
        Err(fault) => bail!("{fault}"),
    };
    let mut reader = PushReader::new(options);
    let mut delivered = 0_u64;
    let mut refused = 0_u64;
    let mut print = |outcomes: Vec<Outcome>| -> Result<()> {
        for outcome in outcomes {
            if outcome.delivered {
                delivered += 1;
            } else {
                refused += 1;
            }
            match arguments.format {
                cli::Format::Json => json::print(&outcome, out)?,
                cli::Format::Text => text::print(&outcome, out)?,
            }
        }
        Ok(())
    };
    for chunk in bytes.chunks(CHUNK) {
        print(reader.feed(None, chunk))?;
    }
    print(reader.finish())?;
    if arguments.format == cli::Format::Text {
        text::rest(&reader.take_steps(), out)?;
    }
    let noise = reader.statistics().noise_bytes;
    conclude(arguments.format, &Tally { delivered, refused, bytes: bytes.len(), noise }, out)
}

/// Sums up, and tells whether anything was delivered.
fn conclude(format: cli::Format, tally: &Tally, out: &mut dyn Write) -> Result<bool> {
    if format == cli::Format::Text {
        text::summary(tally, out)?;
    } else if tally.delivered + tally.refused == 0 {
        eprintln!("nothing was found in {} bytes: no frame, no telegram", tally.bytes);
    }
    Ok(tally.delivered > 0)
}

/// What a capture is read as.
enum Found {
    /// Read-outs of this kind, or of whichever it is.
    ReadOuts(Option<meter::readout::Kind>),
    /// Answers of M-Bus slaves.
    Mbus(Vec<u8>),
    /// Questions and answers of Modbus.
    Modbus(Vec<u8>),
    /// Pushed DLMS.
    Pushes(Vec<u8>),
}

impl Found {
    /// Reads a capture as `protocol` says, or as what it looks like.
    ///
    /// # Errors
    /// A sentence: the capture is text and no hexadecimal.
    fn of(protocol: cli::Protocol, captured: &[u8], options: &PushOptions) -> Result<Self, String> {
        if let Some(kind) = readout::kind_of(protocol, captured, options) {
            return Ok(Self::ReadOuts(kind));
        }
        if let Some(fault) = text_fault(captured) {
            return Err(fault);
        }
        let bytes = frame::capture_text::bytes_of_capture(captured);
        Ok(match protocol {
            cli::Protocol::Mbus => Self::Mbus(bytes),
            cli::Protocol::Modbus => Self::Modbus(bytes),
            cli::Protocol::Auto if mbus::recognises(&bytes) => Self::Mbus(bytes),
            cli::Protocol::Auto if modbus::recognises(&bytes) => Self::Modbus(bytes),
            _ => Self::Pushes(bytes),
        })
    }
}

fn mbus_options(arguments: &cli::Decode, zone: Option<TimeZone>) -> Result<mbus::Options> {
    let key = arguments.key.as_deref().map(|text| key_argument(text, "--key")).transpose()?;
    Ok(mbus::Options { key, zone })
}

/// What one run came to.
struct Tally {
    delivered: u64,
    refused: u64,
    bytes: usize,
    noise: u64,
}

/// What the arguments ask for.
///
/// # Errors
/// An argument makes no sense.
pub(crate) fn options(arguments: &cli::Decode) -> Result<PushOptions> {
    let key = |argument: &Option<String>, name: &str| {
        argument.as_deref().map(|text| key_argument(text, name)).transpose()
    };
    let profile = match arguments.profile.as_deref() {
        None => None,
        Some(name) => Some(meter::profile(name).with_context(|| {
            let known: Vec<&str> = meter::profiles().map(|profile| profile.name).collect();
            format!("--profile {name}: no such profile; there are {}", known.join(", "))
        })?),
    };
    let zone = match arguments.timezone.as_deref() {
        None => None,
        Some(name) => Some(TimeZone::get(name).map_err(|_| {
            anyhow::anyhow!("--timezone {name}: expected an IANA name such as Europe/Zurich")
        })?),
    };
    Ok(PushOptions {
        guek: key(&arguments.guek, "--guek")?.or(key(&arguments.key, "--key")?),
        gak: key(&arguments.gak, "--gak")?,
        profile,
        zone,
        explain: arguments.format == cli::Format::Text,
        ..PushOptions::default()
    })
}

/// What is wrong with a capture that is text and not hexadecimal: a typing error must not be
/// blamed on the line.
fn text_fault(captured: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(captured).ok()?;
    let printable = |c: char| !c.is_control() || c.is_ascii_whitespace();
    if text.is_empty() || !text.chars().all(printable) {
        return None;
    }
    if frame::capture_text::bytes_of_text(captured).is_some() {
        return None;
    }
    let mut lines = text.lines().enumerate();
    let (line, column, found) = lines.find_map(|(line, content)| {
        let end = content.find('#').into_iter().chain(content.find("//")).min();
        let content = &content[..end.unwrap_or(content.len())];
        let digit = |c: &(usize, char)| c.1.is_ascii_hexdigit() || c.1.is_whitespace();
        content.chars().enumerate().find(|c| !digit(c)).map(|(column, c)| (line, column, c))
    })?;
    Some(format!(
        "this is text and no hexadecimal: line {}, column {} holds '{found}'; a capture is raw \
         binary, or hex digits with white space and # or // comments",
        line + 1,
        column + 1
    ))
}

/// A key given as 32 hexadecimal digits or as `@FILE`.
///
/// # Errors
/// The file cannot be read, or the digits are not a key.
pub(crate) fn key_argument(text: &str, name: &str) -> Result<[u8; 16]> {
    let Some(file) = text.strip_prefix('@') else { return Ok(parse_key(text, name)?) };
    let content = std::fs::read_to_string(file).with_context(|| format!("{name} {file}"))?;
    Ok(parse_key(&content, file)?)
}

fn read_capture(file: Option<&Path>) -> Result<Vec<u8>> {
    let mut captured = Vec::new();
    match file.filter(|file| file.as_os_str() != "-") {
        None => {
            std::io::stdin().lock().take(CAPTURE_MAX + 1).read_to_end(&mut captured)?;
        }
        Some(file) => {
            let open = std::fs::File::open(file);
            let open = open.with_context(|| format!("{} cannot be opened", file.display()))?;
            let read = open.take(CAPTURE_MAX + 1).read_to_end(&mut captured);
            read.with_context(|| format!("{} cannot be read", file.display()))?;
        }
    }
    if captured.len() as u64 > CAPTURE_MAX {
        bail!("the capture is larger than {} MiB: cut it into parts", CAPTURE_MAX >> 20);
    }
    Ok(captured)
}
