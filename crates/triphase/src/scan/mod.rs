//! `triphase scan`: finds devices, and writes the block of the configuration that reads them.
//!
//! In: a bus, as the command line names it. Out: what answered, on stdout, as comments and a block
//! that can be pasted into triphase.toml; progress on stderr where that is a terminal. One file per
//! bus: its arguments, its search. A bus on which nothing was found ends with exit 1 and says what
//! to look at; a bus that is none, or units that cannot be, with exit 2.

mod mbus;
mod modbus;
mod place;
mod progress;
mod serial;

pub(crate) use progress::Progress;

use clap::Subcommand;
use std::io::Write;

/// Which bus is searched.
#[derive(Debug, Subcommand)]
pub(crate) enum Bus {
    /// Lists serial ports under names that stay; asks optical heads for their meter on request
    #[command(after_help = "Examples:\n  triphase scan serial\n  \
        triphase scan serial --optical           asks every port for a meter, 300 baud, 3 s each\n  \
        triphase scan serial --optical /dev/ttyUSB0")]
    Serial(serial::Arguments),
    /// Finds slaves on a wired M-Bus by primary and secondary address
    #[command(after_help = "Examples:\n  triphase scan mbus /dev/ttyUSB0\n  \
        triphase scan mbus /dev/ttyUSB0 --baud 300,2400,9600 --search secondary\n  \
        triphase scan mbus tcp://10.0.0.20:10001 --addresses 1-20\n  \
        triphase scan mbus 'mbus+serial:///dev/ttyUSB0?baud=300'\n\
        Slaves are only asked. A whole search at 2400 baud takes about two minutes.")]
    Mbus(mbus::Arguments),
    /// Finds Modbus devices behind a gateway or on a line, and the map that reads them
    #[command(after_help = "Examples:\n  triphase scan modbus modbus+tcp://10.0.0.12\n  \
        triphase scan modbus /dev/ttyUSB0 --units 1-10\n  \
        triphase scan modbus modbus+rtutcp://10.0.0.12:4001    serial frames through a gateway\n  \
        triphase scan modbus 'modbus+rtu:///dev/ttyUSB0?baud=19200&parity=even' --units 1-247")]
    Modbus(modbus::Arguments),
}

/// What a search found: for people, and for the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// One line that says what it is.
    pub(crate) what: String,
    /// The block of the configuration that reads it; empty when there is nothing to read yet.
    pub(crate) block: String,
}

/// What a search came to.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// In the order of the bus.
    pub(crate) found: Vec<Found>,
    /// What to look at when nothing was found.
    pub(crate) advice: &'static str,
}

/// The search was asked for in a way that cannot be done.
#[derive(Debug)]
pub(crate) struct Misused(pub(crate) String);

impl std::fmt::Display for Misused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misused {}

/// What is missing where every meter that was found is a machine's.
const MAIN_METER: &str = "# Who draws what is on the page /machines. What no meter explains is known \
                          once one of them,\n# or another meter, measures the whole: give that one \
                          role = \"main\".";

/// Searches and prints; tells whether anything was found.
///
/// # Errors
/// The bus cannot be used, or the output not written.
pub(crate) async fn scan(bus: Bus) -> anyhow::Result<bool> {
    let findings = match bus {
        Bus::Serial(arguments) => serial::scan(&arguments).await?,
        Bus::Mbus(arguments) => mbus::scan(&arguments).await?,
        Bus::Modbus(arguments) => modbus::scan(&arguments).await?,
    };
    let mut out = std::io::stdout().lock();
    print(&findings, &mut out)?;
    if findings.found.is_empty() {
        eprintln!("nothing was found. {}", findings.advice);
    }
    Ok(!findings.found.is_empty())
}

/// Blocks with what they are about as comments: the whole output is valid TOML.
fn print(findings: &Findings, out: &mut dyn Write) -> std::io::Result<()> {
    for Found { what, block } in &findings.found {
        for line in what.lines() {
            writeln!(out, "# {line}")?;
        }
        if !block.is_empty() {
            writeln!(out, "{}", block.trim_end())?;
        }
        writeln!(out)?;
    }
    if findings.found.iter().any(|found| found.block.contains("role = \"machine\"")) {
        writeln!(out, "{MAIN_METER}")?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_is_a_configuration_with_remarks() {
        let found = Found {
            what: "a meter\nthat answered".to_owned(),
            block: "[[meter]]\nid = \"a\"\n".to_owned(),
        };
        let bare = Found { what: "a port".to_owned(), block: String::new() };
        let mut out = Vec::new();
        print(&Findings { found: vec![found, bare], advice: "" }, &mut out).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text, "# a meter\n# that answered\n[[meter]]\nid = \"a\"\n\n# a port\n\n");
        toml::from_str::<toml::Table>(&text).expect("valid TOML");
        let machine = Found {
            what: "a meter".to_owned(),
            block: "[[meter]]\nid = \"a\"\nrole = \"machine\"\n".to_owned(),
        };
        let mut out = Vec::new();
        print(&Findings { found: vec![machine], advice: "" }, &mut out).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("role = \"main\""), "{text}");
        toml::from_str::<toml::Table>(&text).expect("valid TOML");
    }
}
