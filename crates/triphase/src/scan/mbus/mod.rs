//! Slaves on a wired M-Bus, behind a level converter or a gateway.
//!
//! In: a port and the rates to try. Out: one finding per slave, with a block that reads it. Slaves
//! are only asked: nothing is written to them.

mod search;

use super::place::{self, Bus};
use super::{Findings, Found, Progress};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use frame::mbus::{self, Application, Frame, LONG_LENGTH_MAX, names};
use meter::mbus::{Ear, Selection, asks_for_data, map, map_fixed};
use search::{Heard, Search, Slave};
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use wire::{LineSettings, Link, MbusAddress, Parity, Port, SerialSettings};

/// Bits of a character with start, parity and stop.
const CHARACTER_BITS: u32 = 11;
/// A slave begins its answer within 330 bits and 50 ms (EN 13757-2, 5.5.3).
const ANSWER_BITS: u32 = 330;
const ANSWER_REST: Duration = Duration::from_millis(50);
/// What converters and gateways add.
const WAY: Duration = Duration::from_millis(100);
const WAY_TCP: Duration = Duration::from_millis(400);
/// Longest silence inside an answer.
const GAP: Duration = Duration::from_millis(80);
/// Most bytes of one answer: a line that never falls silent is not waited for.
const ANSWER_BYTES_MAX: usize = 2_048;
/// The same where an acknowledgement is the only answer, and there may be an echo.
const ACKNOWLEDGEMENT_BYTES_MAX: usize = 64;
/// Most characters that the bus can have carried while one answer is heard: the longest frame and
/// as much again of what clashed with it. A slow trickle that never ends is not waited for either.
const ANSWER_CHARACTERS_MAX: usize = 2 * LONG_LENGTH_MAX;
/// The rate that the slowest gateway's bus may run at.
const GATEWAY_BAUD_MIN: u32 = 300;
/// The rate that a gateway's bus is taken to run at.
const GATEWAY_BAUD: u32 = 2400;
const PRIMARY_MAX: u8 = 250;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Secondary addresses, then primary ones
    Both,
    /// Primary addresses 0 to 250
    Primary,
    /// Secondary addresses, by wildcards
    Secondary,
}

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The level converter, such as /dev/serial/by-id/…, or the gateway as tcp://HOST:PORT; also
    /// mbus+serial://DEVICE?baud&parity and mbus+tcp://HOST:PORT
    #[arg(value_name = "PORT")]
    port: String,
    /// The rates to try, one after the other; a gateway has its own
    #[arg(long, value_name = "BAUD", value_delimiter = ',', default_value = "2400",
        value_parser = rate)]
    baud: Vec<u32>,
    /// Parity of the line
    #[arg(long, value_name = "PARITY", default_value = "even", value_parser = parity)]
    parity: Parity,
    /// Which addresses to try
    #[arg(long, value_enum, default_value_t = Which::Both)]
    search: Which,
    /// Only these primary addresses, such as 1-20
    #[arg(long, value_name = "RANGE", value_parser = addresses)]
    addresses: Option<AddressRange>,
    /// Only secondary addresses under this pattern: 16 digits, F matches any
    #[arg(long, value_name = "DIGITS", value_parser = pattern)]
    pattern: Option<Selection>,
}

#[derive(Debug, Clone)]
struct AddressRange(RangeInclusive<u8>);

/// A slave with the port it was found on.
struct Placed {
    slave: Slave,
    port: Port,
}

pub(super) async fn scan(arguments: &Arguments) -> Result<Findings> {
    let mut progress = Progress::new();
    let mut placed: Vec<Placed> = Vec::new();
    let mut doubts = Vec::new();
    for port in ports(arguments)? {
        let line = port.line();
        let link = wire::open(&port, frame::capture_text::bytes_of_capture).await?;
        let place = line.map_or_else(String::new, |line| format!("{} baud, ", line.baud));
        let mut tell = |text: &str| progress.at(&format!("{place}{text}"));
        let (found, open) = search_line(link, line, arguments, &mut tell).await?;
        for slave in found {
            let known = |known: &Placed| {
                known.slave.number == slave.number
                    && known.slave.identity == slave.identity
                    && known.slave.primary == slave.primary
            };
            if !placed.iter().any(known) {
                placed.push(Placed { slave, port: port.clone() });
            }
        }
        doubts.extend(open.into_iter().map(|doubt| format!("{place}{doubt}")));
    }
    progress.done();
    for doubt in &doubts {
        eprintln!("note: {doubt}");
    }
    let shared = |address: u8| placed.iter().filter(|it| it.slave.primary == address).count() > 1;
    let found = placed.iter().map(|it| finding(it, shared(it.slave.primary)));
    Ok(Findings {
        found: found.collect(),
        advice: "Check that the level converter is a master and feeds the bus (about 36 V between \
            the wires), try other rates (--baud 300,2400,9600), and that no other master asks on \
            the same bus.",
    })
}

async fn search_line(
    mut link: Link,
    line: Option<LineSettings>,
    arguments: &Arguments,
    tell: &mut dyn FnMut(&str),
) -> Result<(Vec<Slave>, Vec<String>)> {
    let ask = async |question: Vec<u8>| ask(&mut link, line, &question).await;
    let mut search = Search::new(ask, tell);
    if arguments.search != Which::Primary {
        search.secondary(arguments.pattern.unwrap_or(Selection::ALL)).await?;
    }
    if arguments.search != Which::Secondary {
        let all = AddressRange(0..=PRIMARY_MAX);
        let AddressRange(range) = arguments.addresses.clone().unwrap_or(all);
        search.primary(range).await?;
    }
    Ok(search.into_findings())
}

/// Sends a question and hears what comes until the line is silent.
async fn ask(link: &mut Link, line: Option<LineSettings>, question: &[u8]) -> Result<Heard> {
    link.drain().await?;
    link.write_all(question).await?;
    let baud = line.map_or(GATEWAY_BAUD, |line| line.baud.max(1));
    let bits = |bits: u32| Duration::from_secs(1) * bits / baud;
    let characters = u32::try_from(question.len()).unwrap_or(u32::MAX);
    let way = if line.is_some() { WAY } else { WAY_TCP };
    let sending = bits(CHARACTER_BITS.saturating_mul(characters));
    let mut patience = sending + bits(ANSWER_BITS) + ANSWER_REST + way;
    let slowest = line.map_or(GATEWAY_BAUD_MIN, |line| line.baud.max(1));
    let characters = u32::try_from(ANSWER_CHARACTERS_MAX).unwrap_or(u32::MAX);
    let longest = Duration::from_secs(1) * CHARACTER_BITS * characters / slowest;
    let end = Instant::now() + patience + longest;
    let bytes_max =
        if asks_for_data(question) { ANSWER_BYTES_MAX } else { ACKNOWLEDGEMENT_BYTES_MAX };
    let (mut ear, mut heard, mut bytes) = (Ear::default(), Heard::default(), 0);
    let mut buffer = [0; 256];
    while bytes < bytes_max && Instant::now() < end {
        let Ok(read) = timeout(patience, link.read(&mut buffer)).await else { break };
        let count = read?;
        if count == 0 {
            bail!("the gateway closed the connection");
        }
        bytes += count;
        ear.push(buffer.get(..count).unwrap_or_default());
        heard.events.extend(std::iter::from_fn(|| ear.next()));
        // An echo is no answer: that may still begin.
        if !heard.events.is_empty() || ear.waste() > 0 {
            patience = GAP.max(bits(CHARACTER_BITS * 4)) + way / 2;
        }
    }
    heard.waste = ear.waste();
    if bytes >= bytes_max || Instant::now() >= end {
        // Whatever it is, it should have a moment to end.
        sleep(patience).await;
    }
    Ok(heard)
}

/// The ports to search, one per rate; a rate or parity that the port names is the only one.
fn ports(arguments: &Arguments) -> Result<Vec<Port>> {
    let text = arguments.port.as_str();
    let port = place::port(text, Bus::Mbus)?;
    let Port::MbusSerial { line, address } = port else { return Ok(vec![port]) };
    let parity = if place::says(text, "parity") { line.line.parity } else { arguments.parity };
    let bauds =
        if place::says(text, "baud") { vec![line.line.baud] } else { arguments.baud.clone() };
    let at = |baud| {
        let settings = LineSettings { baud, parity, ..line.line };
        let line = SerialSettings { path: line.path.clone(), line: settings };
        Port::MbusSerial { line, address: address.clone() }
    };
    Ok(bauds.into_iter().map(at).collect())
}

/// What a slave is, and the block that reads it.
fn finding(placed: &Placed, shared: bool) -> Found {
    let Placed { slave, port } = placed;
    let number = slave.number.map_or_else(|| "unnamed".to_owned(), |it| format!("{it:08X}"));
    let (maker, medium) = match &slave.identity {
        Some(identity) => (
            names::manufacturer(identity.manufacturer).into_iter().collect(),
            names::medium(identity.medium).unwrap_or("unknown medium").to_owned(),
        ),
        None => (String::new(), fixed_medium(&slave.answer)),
    };
    let name = format!("{maker} {number}").trim().to_owned();
    let version = slave.identity.map(|it| format!(", version {}", it.version)).unwrap_or_default();
    let mut what = format!("{name}: {medium}{version}, primary address {}", slave.primary);
    if let Some(identity) = &slave.identity {
        what.push_str(&format!(", secondary address {}", identity.secondary_address()));
    }
    for reading in readings(&slave.answer) {
        what.push_str(&format!("\n  {reading}"));
    }
    // A primary address of 0 was never set: the next new meter has it, too.
    let usable = slave.primary > 0 && slave.primary <= PRIMARY_MAX && !shared;
    let address = match &slave.identity {
        Some(identity) if !usable => MbusAddress::Secondary(identity.secondary_address()),
        _ => MbusAddress::Primary(slave.primary),
    };
    let port = port.clone().with_mbus_address(address);
    let id = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let block = format!(
        "[[meter]]\nid = \"{id}\"\nrole = \"machine\"\nlabel = \"{name}, {medium}\"\n\
         model = \"mbus\"\nport = \"{port}\"\nperiod = \"30s\"\n"
    );
    Found { what, block }
}

fn fixed_medium(answer: &[u8]) -> String {
    match application(answer) {
        Some(Application::Fixed(fixed)) => names::fixed_medium(fixed.units).to_owned(),
        _ => "unknown medium".to_owned(),
    }
}

fn application(answer: &[u8]) -> Option<Application<'_>> {
    let (frame, _) = mbus::decode(answer).ok().flatten()?;
    let Frame::Long { control, ci, data, .. } = frame else { return None };
    mbus::decode_application(control, ci, data).ok()
}

/// What the first telegram holds that the service would keep.
fn readings(answer: &[u8]) -> Vec<String> {
    let mapped = match application(answer) {
        Some(Application::Variable(variable)) => {
            let Some(identity) = variable.identity else { return Vec::new() };
            let records = variable.records().map_while(Result::ok);
            records.filter_map(|record| map(&record, &identity)).collect()
        }
        Some(Application::Fixed(fixed)) => map_fixed(&fixed),
        _ => Vec::new(),
    };
    let line = |it: &meter::mbus::Mapped| {
        let unit = it.quantity.description().unit.map_or("", reading::Unit::symbol);
        format!("{} {} {unit}", it.quantity.description().english, it.value)
    };
    mapped.iter().map(line).collect()
}

fn rate(text: &str) -> Result<u32, String> {
    let rate = text.parse().ok().filter(|rate| (300..=38_400).contains(rate));
    rate.ok_or_else(|| "expected rates from 300 to 38400, such as 2400,9600".to_owned())
}

fn parity(text: &str) -> Result<Parity, String> {
    match text {
        "even" => Ok(Parity::Even),
        "none" => Ok(Parity::None),
        "odd" => Ok(Parity::Odd),
        _ => Err("expected even, none or odd".to_owned()),
    }
}

fn addresses(text: &str) -> Result<AddressRange, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse::<u8>().ok().filter(|it| *it <= PRIMARY_MAX);
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(AddressRange(first..=last)),
        _ => Err("expected primary addresses from 0 to 250, such as 1-20".to_owned()),
    }
}

fn pattern(text: &str) -> Result<Selection, String> {
    let expected =
        "expected 16 hexadecimal digits: number, manufacturer, version, medium; F matches any";
    Selection::parse(text).ok_or_else(|| expected.to_owned())
}
