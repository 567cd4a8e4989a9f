//! `triphase scan modbus`: units on a bus or behind a gateway, what they say they are, and which
//! map reads sense from them.

use super::place::{self, Bus};
use super::{Findings, Found, Misused, Progress};
use crate::acquire::{Asker, Clock, Owed, Tap};
use crate::clock;
use anyhow::{Context, Result};
use clap::Args;
use meter::Correction;
use meter::modbus::{
    self, Image, Likeness, Map, Reader, ReaderOptions, SUNSPEC, Source, Span, SunSpecMeter, Table,
    Walk, WalkStep, fits, likeness,
};
use reading::MeterId;
use std::sync::Arc;
use std::time::Duration;
use wire::modbus::{Client, Failure, Manners, Question};
use wire::{LineSettings, Parity, Port, SerialSettings};

/// Highest address of a device (MODBUS over Serial Line V1.02, 2.2).
const UNIT_MAX: u8 = 247;
/// Most maps that are proposed for one device.
const PROPOSALS_MAX: usize = 3;
/// The rates and frames that meters leave the factory with, the most usual first.
const LINES: [(u32, Parity, u8); 6] = [
    (9600, Parity::None, 1),
    (19_200, Parity::Even, 1),
    (19_200, Parity::None, 2),
    (9600, Parity::Even, 1),
    (38_400, Parity::None, 1),
    (19_200, Parity::None, 1),
];
/// A register that a device has or refuses; either tells that it is there.
const PROBE: Span = Span { table: Table::Holding, address: 0, count: 1 };
const ADVICE: &str = "Is Modbus switched on in the device, are A and B the right way round, and is \
                      the line terminated? Meters whose baud rate or unit was changed show them in \
                      their menu.";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The bus: a device, tcp://HOST:PORT, modbus+tcp://HOST:PORT, modbus+rtutcp://HOST:PORT or
    /// modbus+rtu://DEVICE?baud&parity&stop; without baud and parity the usual ones are tried
    #[arg(value_name = "PORT")]
    port: String,
    /// The units that are asked: 1-247, or such as 1-32,126
    #[arg(long, value_name = "UNITS", default_value = "1-32,126")]
    units: String,
    /// How long an answer may take. Unit: ms
    #[arg(long, value_name = "MS", default_value_t = 300)]
    timeout: u64,
}

/// Searches the bus.
///
/// # Errors
/// The arguments are wrong, or the bus cannot be used.
pub(super) async fn scan(arguments: &Arguments) -> Result<Findings> {
    let units = units(&arguments.units)?;
    let ports = ports(&arguments.port)?;
    let manners = Manners {
        timeout: Duration::from_millis(arguments.timeout.clamp(10, 60_000)),
        pause: Duration::from_millis(5),
    };
    let mut search = Search { manners, progress: Progress::new(), found: Vec::new() };
    for port in &ports {
        search.bus(port, &units).await?;
        // Devices of one line share its settings, mostly.
        if !search.found.is_empty() {
            break;
        }
    }
    let Search { progress, found, .. } = search;
    progress.done();
    Ok(Findings { found, advice: ADVICE })
}

struct Search {
    manners: Manners,
    progress: Progress,
    found: Vec<Found>,
}

/// A map that may be the device's.
struct Proposal {
    model: String,
    /// Which of a SunSpec device's meters it reads, where that has several.
    meter: Option<NumberedMeter>,
    /// The device has a mark of the model.
    marked: bool,
    likeness: Likeness,
    /// How many of the map's registers the device refuses.
    refused: usize,
}

/// One of several meters of a SunSpec device.
struct NumberedMeter {
    /// Counted from 1.
    number: u8,
    of: usize,
    /// What the device says that it is.
    texts: Vec<String>,
}

/// A device that answered.
struct Device<'a> {
    port: &'a Port,
    unit: u8,
    texts: Vec<String>,
}

impl Search {
    async fn bus(&mut self, port: &Port, units: &[u8]) -> Result<()> {
        let mut client = None;
        for (place, unit) in units.iter().enumerate() {
            let at = format!("{} unit {unit} ({} of {})", short(port), place + 1, units.len());
            self.progress.at(&at);
            let question = question(*unit, PROBE);
            let there =
                match self.client(&mut client, port).await?.read(question, self.manners).await {
                    Ok(_) => true,
                    // A gateway answers for devices that it does not reach.
                    Err(Failure::Exception { code }) => !matches!(code, 10 | 11),
                    Err(failure) => {
                        let there = matches!(failure, Failure::Length { .. });
                        client = None;
                        there
                    }
                };
            if there {
                self.device(&mut client, (port, *unit), &at).await?;
            }
        }
        Ok(())
    }

    /// The open client; after a lost answer a new one, on a line that fell silent.
    async fn client<'c>(
        &self,
        client: &'c mut Option<Client>,
        port: &Port,
    ) -> Result<&'c mut Client> {
        if client.is_none() {
            let link = wire::open(port, frame::capture_text::bytes_of_capture).await?;
            let mut opened = Client::of(link, port).context("not a Modbus port")?;
            if let Some(line) = port.line() {
                opened.set_line(line)?;
                opened.settle().await?;
            }
            *client = Some(opened);
        }
        client.as_mut().context("just opened")
    }

    async fn device(
        &mut self,
        client: &mut Option<Client>,
        (port, unit): (&Port, u8),
        at: &str,
    ) -> Result<()> {
        let texts = match self.client(client, port).await?.identification(unit, self.manners).await
        {
            Ok(texts) => texts,
            Err(_) => {
                *client = None;
                Vec::new()
            }
        };
        let device = Device { port, unit, texts };
        self.progress.at(&format!("{at}: SunSpec"));
        let meters = self.sunspec(client, &device).await?;
        if !meters.is_empty() {
            self.found.extend(meters.into_iter().map(|meter| found(&device, &[meter])));
            return Ok(());
        }
        let mut proposals = Vec::new();
        for map in modbus::maps().iter().filter(|map| map.sunspec.is_empty()) {
            self.progress.at(&format!("{at}: {}", map.name));
            let marked = self.is_marked(client, &device, map).await?;
            let source = Source::Map(Arc::clone(map));
            let likeness = self.likeness(client, &device, &source).await?;
            if let Some((likeness, refused)) = likeness.filter(|(l, _)| l.is_likely()) {
                let model = map.name.clone();
                proposals.push(Proposal { model, meter: None, marked, likeness, refused });
            }
        }
        // A larger model's map has registers that the smaller model refuses.
        proposals.sort_by_key(|it| (!it.marked, u32::MAX - it.likeness.plausible, it.refused));
        proposals.truncate(PROPOSALS_MAX);
        self.found.push(found(&device, &proposals));
        Ok(())
    }

    /// The meters of a SunSpec device; none when it is no such device.
    async fn sunspec(
        &mut self,
        client: &mut Option<Client>,
        device: &Device<'_>,
    ) -> Result<Vec<Proposal>> {
        let mut walk = Walk::to(1);
        while let WalkStep::Ask(span) = walk.step() {
            match self.words(client, device, span).await? {
                Some(words) => walk.answered(&words),
                None => walk.refused(),
            }
        }
        let meters = walk.meters();
        let mut proposals = Vec::new();
        for (place, meter) in meters.iter().enumerate() {
            let Ok(number) = u8::try_from(place + 1) else { break };
            let texts = match meter.plate() {
                Some(plate) => self.words(client, device, plate).await?,
                None => None,
            };
            let source = Source::SunSpec { meter: number };
            // A meter whose every value is "not available" is there all the same.
            let likeness = self.likeness(client, device, &source).await?.unwrap_or_default().0;
            let texts = texts.map(|words| SunSpecMeter::texts(&words)).unwrap_or_default();
            let numbered = NumberedMeter { number, of: meters.len(), texts };
            proposals.push(Proposal {
                model: SUNSPEC.to_owned(),
                meter: Some(numbered).filter(|it| it.of > 1),
                marked: true,
                likeness,
                refused: 0,
            });
        }
        Ok(proposals)
    }

    /// The words of registers; `None` when the device does not give them.
    async fn words(
        &self,
        client: &mut Option<Client>,
        device: &Device<'_>,
        span: Span,
    ) -> Result<Option<Vec<u16>>> {
        let opened = self.client(client, device.port).await?;
        match opened.read(question(device.unit, span), self.manners).await {
            Ok(words) => Ok(Some(words)),
            Err(failure) => {
                if failure.spoils_the_wire() {
                    *client = None;
                }
                Ok(None)
            }
        }
    }

    /// How much of what a map reads from the device makes sense, and how many of its registers the
    /// device refuses; `None` when it reads nothing.
    async fn likeness(
        &self,
        client: &mut Option<Client>,
        device: &Device<'_>,
        source: &Source,
    ) -> Result<Option<(Likeness, usize)>> {
        let meter = MeterId::new("scan".to_owned()).context("an id")?;
        let options = ReaderOptions { meter, correction: Correction::NONE };
        let reader = Reader::new(source.clone(), options);
        let (unit, timeout) = (device.unit, self.manners.timeout);
        let mut asker = Asker { reader, unit, timeout, owed: Owed::default() };
        let now: Clock = Arc::new(clock::now);
        let opened = self.client(client, device.port).await?;
        match asker.read(opened, &now, &mut Tap::default()).await {
            Ok((exchange, _)) => {
                if exchange.answer.fault.is_some_and(|fault| !fault.keep_link) {
                    *client = None;
                }
                let refused = asker.reader.refusals().len();
                let telegram = exchange.answer.heard.telegrams.first();
                Ok(telegram.map(|telegram| (likeness(telegram), refused)))
            }
            Err(_) => {
                *client = None;
                Ok(None)
            }
        }
    }

    /// Whether the device has a mark of the map.
    async fn is_marked(
        &self,
        client: &mut Option<Client>,
        device: &Device<'_>,
        map: &Map,
    ) -> Result<bool> {
        let mut image = Image::default();
        for span in map.marks.iter().filter_map(meter::modbus::Mark::span) {
            if let Some(words) = self.words(client, device, span).await? {
                image.take(span, words);
            }
        }
        Ok(fits(map, &device.texts, &image))
    }
}

const fn question(unit: u8, span: Span) -> Question {
    Question { unit, function: span.table.function(), address: span.address, count: span.count }
}

/// What is said of a device, and the block that reads it.
fn found(device: &Device<'_>, proposals: &[Proposal]) -> Found {
    let Device { port, unit, texts } = device;
    let id = id(port, *unit);
    let mut what = format!("unit {unit} on {}", short(port));
    if !texts.is_empty() {
        what.push_str(&format!(" says it is {}", texts.join(", ")));
    }
    let Some(Proposal { model, meter, marked, likeness, .. }) = proposals.first() else {
        what.push_str(
            "\nno map in this version reads sense from it: write one from its data sheet, see \
             docs/meters/adding-a-modbus-meter.md",
        );
        let block = format!(
            "# [[meter]]\n# id = \"{id}\"\n# model = \"my_meter.toml\"\n# port = \"{}\"\n",
            url(port, *unit)
        );
        return Found { what, block };
    };
    let because = if *marked { "as it says" } else { "a guess" };
    if let Some(NumberedMeter { number, of, texts }) = meter {
        what.push_str(&format!("\nmeter {number} of {of}"));
        if !texts.is_empty() {
            what.push_str(&format!(": {}", texts.join(", ")));
        }
    }
    what.push_str(&format!(
        "\n{model} ({because}): {} of its values make sense, {} do not",
        likeness.plausible, likeness.absurd
    ));
    let others: Vec<&str> = proposals.iter().skip(1).map(|it| it.model.as_str()).collect();
    if !others.is_empty() {
        what.push_str(&format!("; {} would, too", others.join(" and ")));
    }
    what.push_str("\ncompare the first reading with the meter's display");
    let (id, which) = match meter {
        Some(NumberedMeter { number, .. }) => {
            (format!("{id}_meter_{number}"), format!("sunspec_meter = {number}\n"))
        }
        None => (id, String::new()),
    };
    let block = format!(
        "[[meter]]\nid = \"{id}\"\nrole = \"machine\"\nmodel = \"{model}\"\n{which}port = \
         \"{}\"\nperiod = \"5s\"\n",
        url(port, *unit)
    );
    Found { what, block }
}

/// An id that no unit of another bus is given: `unit_2_at_10.0.0.12`.
fn id(port: &Port, unit: u8) -> String {
    /// The port of Modbus/TCP, which needs no mention.
    const PORT_USUAL: u16 = 502;
    /// Most characters of the place; the end of a device's path tells devices apart.
    const PLACE_MAX: usize = 48;
    let place = match port {
        Port::ModbusTcp { host, port: PORT_USUAL, .. } => host.clone(),
        Port::ModbusTcp { host, port, .. } | Port::ModbusRtuTcp { host, port, .. } => {
            format!("{host}-{port}")
        }
        Port::ModbusRtu { line, .. } => {
            line.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
        }
        other => short(other),
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let place: Vec<char> = place.chars().map(plain).collect();
    let place: String = place[place.len().saturating_sub(PLACE_MAX)..].iter().collect();
    format!("unit_{unit}_at_{place}")
}

/// The port of one unit as the configuration writes it.
fn url(port: &Port, unit: u8) -> String {
    port.clone().with_unit(unit).to_string()
}

fn short(port: &Port) -> String {
    let url = port.to_string();
    let end = url.find("&unit=").or_else(|| url.find("?unit="));
    url[..end.unwrap_or(url.len())].to_owned()
}

/// The ports to try: one, or a line under each of the usual settings.
fn ports(text: &str) -> Result<Vec<Port>> {
    let port = place::port(text, Bus::Modbus)?;
    let says = |key: &str| place::says(text, key);
    let Port::ModbusRtu { line: SerialSettings { path, line }, unit } = &port else {
        return Ok(vec![port]);
    };
    let usual = LINES.iter().filter(|(baud, parity, _)| {
        (!says("baud") || *baud == line.baud) && (!says("parity") || *parity == line.parity)
    });
    let ports: Vec<Port> = usual
        .map(|(baud, parity, stop)| Port::ModbusRtu {
            line: SerialSettings {
                path: path.clone(),
                line: LineSettings { baud: *baud, data: 8, parity: *parity, stop: *stop },
            },
            unit: *unit,
        })
        .collect();
    let named = says("baud") && says("parity");
    Ok(if named || ports.is_empty() { vec![port] } else { ports })
}

/// `1-32,126`.
fn units(text: &str) -> Result<Vec<u8>, Misused> {
    let mut units = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let unit = |text: &str| text.trim().parse::<u8>().ok().filter(|unit| *unit <= UNIT_MAX);
        match (unit(first), unit(last)) {
            (Some(first), Some(last)) if first <= last => units.extend(first..=last),
            _ => {
                return Err(Misused(format!(
                    "--units {text}: expected units from 0 to {UNIT_MAX}, such as 1-32,126"
                )));
            }
        }
    }
    units.dedup();
    Ok(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_settings_are_tried_with_the_usual_ones() {
        assert_eq!(ports("modbus+rtu:///dev/ttyUSB0").expect("valid").len(), LINES.len());
        let even = ports("modbus+rtu:///dev/ttyUSB0?parity=even").expect("valid");
        assert_eq!(even.len(), 2);
        let one = ports("modbus+rtu:///dev/ttyUSB0?baud=4800&parity=none").expect("valid");
        assert_eq!(
            one[0].to_string(),
            "modbus+rtu:///dev/ttyUSB0?baud=4800&data=8&parity=none&stop=1&unit=1"
        );
        assert_eq!(short(&one[0]), "modbus+rtu:///dev/ttyUSB0?baud=4800&data=8&parity=none&stop=1");
        assert_eq!(ports("modbus+tcp://10.0.0.9").expect("valid").len(), 1);
        assert_eq!(ports("/dev/ttyUSB0").expect("valid").len(), LINES.len());
        let plain = ports("tcp://10.0.0.9:1").expect("valid");
        assert_eq!(plain, ports("modbus+tcp://10.0.0.9:1").expect("valid"));
    }

    #[test]
    fn units_of_different_buses_have_different_ids() {
        let of = |text: &str| id(&ports(text).expect("a bus")[0], 1);
        let ids = [
            "modbus+tcp://10.0.0.9",
            "modbus+tcp://10.0.0.10",
            "modbus+tcp://10.0.0.10:1502",
            "modbus+rtutcp://10.0.0.11:4001",
            "modbus+tcp://[fd00::1]",
            "modbus+rtu:///dev/ttyUSB0",
            "modbus+rtu:///dev/serial/by-id/usb-FTDI_FT232R_USB_UART_of_a_long_name_A50285BI-if00-port0",
        ]
        .map(of);
        assert_eq!(ids[0], "unit_1_at_10.0.0.9");
        assert_eq!(ids[2], "unit_1_at_10.0.0.10-1502");
        assert_eq!(ids[5], "unit_1_at_ttyUSB0");
        assert!(ids[6].ends_with("A50285BI-if00-port0"), "{ids:?}");
        let different: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!(different.len(), ids.len(), "{ids:?}");
        for id in &ids {
            MeterId::new(id.clone()).expect("an id");
        }
    }

    #[test]
    fn units_are_lists_and_ranges() {
        assert_eq!(units("1-3,126").expect("valid"), [1, 2, 3, 126]);
        for wrong in ["", "3-1", "1,248", "a"] {
            assert!(units(wrong).is_err(), "{wrong}");
        }
    }
}
