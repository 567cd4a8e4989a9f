//! Serial ports, under the names that stay when they are plugged elsewhere.
//!
//! In: `/dev/serial/by-id` and the system's list of terminals. Out: one finding per port with what
//! the plug says it is. With `--optical` each port is asked for a meter by the sign-on of IEC
//! 62056-21 (300 baud, 7E1, `/?!`): the question is harmless to every meter, and whoever answers
//! names itself.

use super::{Findings, Found, Progress};
use anyhow::{Context, Result};
use clap::Args;
use frame::iec62056_21::{Event, Identification, Mode, Scanner, Start, message};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use wire::{LineSettings, Port, SerialSettings};

/// A meter answers a request after 1.5 s at the latest (IEC 62056-21, 6.3.14), and its
/// identification takes 1 s at 300 baud.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 512;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Also asks each port for a meter behind an optical head (IEC 62056-21)
    #[arg(long)]
    optical: bool,
    /// The meter's device address in the request; every meter answers without one
    #[arg(long, value_name = "ADDRESS", default_value = "", requires = "optical")]
    address: String,
    /// Only these ports
    #[arg(value_name = "PORT")]
    ports: Vec<PathBuf>,
}

/// A serial port of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SerialPort {
    /// The name that stays, or the device where there is none.
    path: PathBuf,
    /// The device.
    device: PathBuf,
    /// What the plug says it is.
    product: String,
}

pub(super) async fn scan(arguments: &Arguments) -> Result<Findings> {
    let ports = if arguments.ports.is_empty() {
        ports(Path::new("/"))
    } else {
        arguments.ports.iter().map(|path| named(path)).collect()
    };
    let mut findings = Findings {
        found: Vec::new(),
        advice: "No serial port is plugged in, or the system has no driver for it: look at \
            \"dmesg\" after plugging. In a container the device must be passed in.",
    };
    let mut progress = Progress::new();
    for (index, port) in ports.iter().enumerate() {
        let SerialPort { path, device, product } = port;
        let mut what = format!("{}: {product}", path.display());
        if path != device {
            what.push_str(&format!(", now {}", device.display()));
        }
        let mut block = String::new();
        if arguments.optical {
            let place = format!("{} of {}", index + 1, ports.len());
            progress.at(&format!("asking {} ({place})", path.display()));
            match ask(path, &arguments.address).await {
                Ok(Some(line)) => {
                    what.push_str(&format!("\nmeter: {}", described(&line)));
                    block = block_of(path, &line);
                }
                Ok(None) => what.push_str("\nno meter answered the optical sign-on"),
                Err(error) => what.push_str(&format!("\n{error:#}")),
            }
        }
        findings.found.push(Found { what, block });
    }
    progress.done();
    Ok(findings)
}

fn named(path: &Path) -> SerialPort {
    let device = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    SerialPort { path: path.to_owned(), product: "as named".to_owned(), device }
}

/// Every serial port that has hardware behind it. `root` is `/` but in tests.
fn ports(root: &Path) -> Vec<SerialPort> {
    let mut names = BTreeMap::new();
    for entry in listed(&root.join("dev/serial/by-id")) {
        if let Ok(device) = fs::canonicalize(&entry) {
            names.entry(device).or_insert(entry);
        }
    }
    let mut ports = Vec::new();
    for terminal in listed(&root.join("sys/class/tty")) {
        let Some(name) = terminal.file_name() else { continue };
        let device = root.join("dev").join(name);
        if !has_hardware(&terminal) || !device.exists() {
            continue;
        }
        let device = fs::canonicalize(&device).unwrap_or(device);
        let path = names.remove(&device).unwrap_or_else(|| device.clone());
        ports.push(SerialPort { path, product: product(&terminal), device });
    }
    // A name whose terminal the system does not list is still a port.
    for (device, path) in names {
        ports.push(SerialPort { path, product: "serial port".to_owned(), device });
    }
    ports.sort_by(|a, b| a.path.cmp(&b.path));
    ports
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Consoles and pseudo-terminals have no device; a UART that is not there has type 0.
fn has_hardware(terminal: &Path) -> bool {
    let absent = fs::read_to_string(terminal.join("type")).is_ok_and(|kind| kind.trim() == "0");
    terminal.join("device").exists() && !absent
}

/// What the plug says: maker, product and serial number of the USB device above the terminal.
fn product(terminal: &Path) -> String {
    const LEVELS_MAX: usize = 8;
    let above = fs::canonicalize(terminal.join("device"));
    let above = above.as_deref().map(Path::ancestors).into_iter().flatten().take(LEVELS_MAX);
    for folder in above {
        let word = |name: &str| {
            let text = fs::read_to_string(folder.join(name)).ok()?;
            // A plug may call itself anything; what is printed stays on its line.
            let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
            (!text.is_empty()).then_some(text)
        };
        let (Some(vendor), Some(id)) = (word("idVendor"), word("idProduct")) else { continue };
        let names: Vec<String> = ["manufacturer", "product"].into_iter().filter_map(word).collect();
        let serial = word("serial").map(|serial| format!(", serial {serial}")).unwrap_or_default();
        let names = if names.is_empty() { "USB serial port".to_owned() } else { names.join(" ") };
        return format!("{names} (USB {vendor}:{id}{serial})");
    }
    "serial port of the machine".to_owned()
}

/// The identification of a meter behind an optical head, when one answers.
async fn ask(path: &Path, address: &str) -> Result<Option<String>> {
    let settings = SerialSettings { path: path.to_owned(), line: LineSettings::OPTICAL };
    let mut link = wire::open(&Port::Serial(settings), <[u8]>::to_vec).await?;
    link.write_all(&message::request(address)).await.context("cannot ask")?;
    let deadline = Instant::now() + ANSWER_MAX;
    let mut scanner = Scanner::new(Start::Marked);
    let mut buffer = [0; 64];
    let mut taken = 0;
    while taken < ANSWER_BYTES_MAX {
        let Ok(read) = timeout_at(deadline, link.read(&mut buffer)).await else { break };
        let count = read.context("cannot listen")?;
        taken += count;
        // Heads and adapters that run without parity leave the parity bit in.
        scanner.push(&buffer[..count].iter().map(|byte| byte & 0x7F).collect::<Vec<u8>>());
        while let Some(event) = scanner.next() {
            if let Event::Identified { identification, .. } = event {
                return Ok(Some(identification.line.to_owned()));
            }
        }
    }
    Ok(None)
}

/// What an identification tells, in words.
fn described(line: &str) -> String {
    let Ok(identification) = Identification::parse(line.as_bytes()) else {
        return line.to_owned();
    };
    let baud = identification.baud;
    let mut text = match (baud.mode(), baud.mode_c(), baud.mode_b()) {
        (Mode::C, Some(rate), _) => format!("{line}, mode C, offers {rate} baud"),
        (Mode::B, _, Some(rate)) => format!("{line}, mode B, changes to {rate} baud"),
        (Mode::A, ..) => format!("{line}, mode A, stays at 300 baud"),
        _ => format!("{line}, offers a rate that is not standardised"),
    };
    if identification.offers_mode_e() {
        text.push_str(", and mode E (DLMS over HDLC)");
    }
    text
}

/// The block that reads this meter.
fn block_of(path: &Path, line: &str) -> String {
    let text = Identification::parse(line.as_bytes()).map_or("meter", |found| found.text);
    let mut id: String =
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    if id.is_empty() {
        "meter".clone_into(&mut id);
    }
    format!(
        "[[meter]]\nid = \"{id}\"\nmodel = \"iec62056_21\"\n\
         port = \"serial://{}?baud=300&data=7&parity=even&stop=1\"\nperiod = \"1min\"\n",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A machine with one USB adapter, one UART that is there, one that is not, and a console.
    fn machine() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        let at = |path: &str| root.path().join(path);
        for folder in
            ["dev/serial/by-id", "sys/class/tty", "sys/devices/usb1/1-1/1-1:1.0/ttyUSB0", "sys/pnp"]
        {
            fs::create_dir_all(at(folder)).expect("a folder");
        }
        for device in ["ttyUSB0", "ttyS0", "ttyS1", "tty1"] {
            fs::write(at("dev").join(device), "").expect("a file");
            fs::create_dir_all(at("sys/class/tty").join(device)).expect("a folder");
        }
        for (name, text) in [
            ("idVendor", "0403\n"),
            ("idProduct", "6001\n"),
            ("manufacturer", "FTDI\n"),
            ("product", "FT232R USB UART\n"),
            ("serial", "A50285BI\n"),
        ] {
            fs::write(at("sys/devices/usb1/1-1").join(name), text).expect("a file");
        }
        let usb = at("sys/devices/usb1/1-1/1-1:1.0/ttyUSB0");
        symlink(usb, at("sys/class/tty/ttyUSB0/device")).expect("a link");
        for uart in ["ttyS0", "ttyS1"] {
            symlink(at("sys/pnp"), at("sys/class/tty").join(uart).join("device")).expect("a link");
        }
        fs::write(at("sys/class/tty/ttyS0/type"), "4\n").expect("a file");
        fs::write(at("sys/class/tty/ttyS1/type"), "0\n").expect("a file");
        symlink(at("dev/ttyUSB0"), at("dev/serial/by-id/usb-FTDI_A50285BI-if00-port0"))
            .expect("a link");
        root
    }

    #[test]
    fn lists_ports_with_hardware_under_names_that_stay() {
        let root = machine();
        let ports = ports(root.path());
        let names: Vec<_> = ports
            .iter()
            .map(|port| {
                (port.path.file_name().expect("a name").to_str().expect("text"), &port.product)
            })
            .collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert_eq!(names[0].0, "usb-FTDI_A50285BI-if00-port0");
        assert_eq!(names[0].1, "FTDI FT232R USB UART (USB 0403:6001, serial A50285BI)");
        assert_eq!((names[1].0, names[1].1.as_str()), ("ttyS0", "serial port of the machine"));
    }

    #[test]
    fn a_machine_without_ports_is_no_error() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(ports(root.path()), []);
    }

    #[test]
    fn says_in_words_what_a_meter_offers() {
        let cases = [
            ("/LGZ4ZMF100AC.M27", "/LGZ4ZMF100AC.M27, mode C, offers 4800 baud"),
            (
                "/ISk5\\2MT382-1000",
                "/ISk5\\2MT382-1000, mode C, offers 9600 baud, and mode E (DLMS over HDLC)",
            ),
            ("/ABCE-X", "/ABCE-X, mode B, changes to 9600 baud"),
            ("/ABCxX", "/ABCxX, mode A, stays at 300 baud"),
            ("/ABC9X", "/ABC9X, offers a rate that is not standardised"),
        ];
        for (line, text) in cases {
            assert_eq!(described(line), text);
        }
    }
}
