//! The command line: what may be asked, and how it is explained.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Reads three-phase meters, keeps every reading, and turns them into what people act on.
#[derive(Debug, Parser)]
#[command(name = "triphase", version, max_term_width = 100)]
#[command(after_help = "Try it without hardware:  triphase demo\n\
    Results go to stdout, logs to stderr. Exit 0 = done, 1 = the job failed, 2 = wrong usage or \
    configuration.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A whole simulated workshop, its meter's real protocol and the live page; no hardware
    #[command(after_help = "Example:  triphase demo --listen 127.0.0.1:9000 --speed 10")]
    Demo(Demo),
    /// The service: reads the configured meters until it is told to stop
    #[command(after_help = "Example:  triphase run --config triphase.toml")]
    Run(ConfigFile),
    /// Validates a configuration without touching ports, files or the network
    #[command(after_help = "Example:  triphase check --config triphase.toml")]
    Check(ConfigFile),
    /// Configuration help
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Access tokens of the page and the API; may be used while the service runs
    #[command(subcommand)]
    Token(TokenCommand),
    /// Explains captured bytes: raw binary or hex, with noise and several telegrams
    #[command(after_help = "Examples:\n  triphase decode capture.hex\n  \
        triphase decode --guek 00112233445566778899AABBCCDDEEFF --timezone Europe/Zurich --format json capture.hex\n  \
        cat capture.bin | triphase decode -\n\
        Keys on a command line can be seen by other users of the machine: @FILE reads one from a file.")]
    Decode(Decode),
    /// One reading of one meter, printed; stores nothing
    #[command(after_help = "Examples:\n  triphase read --meter general\n  \
        triphase read --model lgz_e450 --port 'serial:///dev/ttyUSB0?baud=2400' --set 'guek = { file = \"guek.hex\" }'\n\
        --set takes a line of a [[meter]] table, as in the configuration.")]
    Read(Read),
    /// One simulated meter that any third-party reader can talk to
    #[command(after_help = "Examples:\n  triphase simulate --model lgz_e450 --port pty\n  \
        triphase simulate --model lgz_e450 --port tcp://127.0.0.1:4059 --guek @guek.hex --gak @gak.hex\n  \
        triphase simulate --model iec62056_21 --port pty --echo\n  \
        triphase simulate --model mbus --port tcp://127.0.0.1:10001\n  \
        triphase simulate --model dsmr_p1 --port tcp://127.0.0.1:2001\n  \
        triphase simulate --model lgz_e450_dlms --port tcp://127.0.0.1:4059 --password 12345678\n  \
        triphase simulate --model eastron_sdm630 --port tcp://127.0.0.1:1502 --units 1-6 --fault 3=mute\n  \
        triphase simulate --model sunspec --port pty                slaves on a serial line\n  \
        triphase simulate --model shelly_pro_3em --port mqtt://127.0.0.1:1883")]
    Simulate(Simulate),
    /// Finds devices on a bus and writes the configuration that reads them
    #[command(subcommand, after_help = "Example:  triphase scan serial --optical")]
    Scan(crate::scan::Bus),
    /// What is wrong with the wiring: reversed and swapped transformers, ratios, scalers, clocks
    #[command(after_help = "Examples:\n  triphase doctor --config triphase.toml\n  \
        triphase doctor --url http://127.0.0.1:8330 --language de\n  \
        triphase doctor --format json\n\
        The store is only read, so the service may run. Exit 0 = nothing found, 1 = something is \
        wrong.")]
    Doctor(Doctor),
    /// Reads the whole store and says what is damaged, where; also while the service runs
    #[command(after_help = "Examples:\n  triphase verify --config triphase.toml\n  \
        triphase verify --data backup.sqlite\n\
        Exit 0 = whole, 1 = damaged.")]
    Verify(StoreAt),
    /// Copies the store into one file, also while the service runs
    #[command(after_help = "Example:  triphase backup --to /mnt/usb/triphase-2026-11.sqlite\n\
        To restore, stop the service and put the file into the store's folder as triphase.sqlite, \
        in place of the old one and of its -wal file.")]
    Backup(Backup),
    /// Electrical formulas as a calculator, with formula, source and assumptions
    #[command(
        after_help = "Examples:\n  triphase calc                       lists the features\n  \
        triphase calc u2_from_3_line_magnitudes u_ll_v=400,395,388\n  \
        triphase calc qc_sizing --json '{\"p_kw\": 100, \"pf1\": 0.75, \"pf2\": 0.95}' --format json"
    )]
    Calc(Calc),
    /// Readings out of a CSV file of another system, or of `export`
    #[command(after_help = "Examples:\n  \
        triphase import day.csv --meter general --time Date --column 'P=active_power[kW]'\n  \
        triphase import steel.csv --meter general --map docs/import/uci_steel.toml\n  \
        triphase import exported.csv --meter general      a file of `triphase export` maps itself\n\
        Energies per interval: --column 'Usage=active_energy_import[kWh/interval]' --interval 15min \
        --stamp end. Running it again changes nothing.")]
    Import(Import),
    /// Readings as a CSV file, also while the service runs
    #[command(after_help = "Examples:\n  triphase export --meter general --out general.csv\n  \
        triphase export --meter general --from 2026-05-01 --to 2026-06-01 --resolution 15min \
        --quantity active_energy_import --decimal comma --time local")]
    Export(Export),
}

/// Names of tokens, and where they are kept.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Makes a token and prints it, once
    #[command(after_help = "Examples:\n  triphase token add bureau --scope admin\n  \
        triphase token add plc --scope write --config /etc/triphase/triphase.toml")]
    Add {
        /// What people call it: A-Z a-z 0-9 _ - .
        name: String,
        /// read: every GET; write: and sending measurements; admin: everything
        #[arg(long, value_enum)]
        scope: TokenScope,
        #[command(flatten)]
        place: TokenPlace,
    },
    /// Lists names, scopes and dates; the tokens themselves are not kept
    #[command(after_help = "Example:  triphase token list --config triphase.toml")]
    List(TokenPlace),
    /// Takes a token away; its sessions and live streams end within a second
    #[command(after_help = "Example:  triphase token revoke plc")]
    Revoke {
        /// The token's name
        name: String,
        #[command(flatten)]
        place: TokenPlace,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenScope {
    /// Every GET
    Read,
    /// Also sending measurements and captures
    Write,
    /// Everything
    Admin,
}

#[derive(Debug, Args)]
pub(crate) struct TokenPlace {
    /// The configuration file, which names the data folder
    #[arg(long, value_name = "FILE", default_value = "triphase.toml", conflicts_with = "data")]
    pub(crate) config: PathBuf,
    /// The data folder itself
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct StoreAt {
    /// The configuration file, which names the store
    #[arg(long, value_name = "FILE", default_value = "triphase.toml")]
    pub(crate) config: PathBuf,
    /// The store's folder, or the file of a backup, whatever the configuration says
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    pub(crate) store: StoreAt,
    /// The copy; it must not exist yet
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Prints an annotated configuration to start from
    #[command(after_help = "Example:  triphase config example > triphase.toml")]
    Example,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "triphase.toml")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Address of the page and the API, on this machine
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8330",
        value_parser = crate::config::listen_address)]
    pub(crate) listen: SocketAddr,
    /// Folder of the simulated readings; reused when it exists
    #[arg(long, value_name = "DIR", default_value = "triphase-demo")]
    pub(crate) data: PathBuf,
    /// Deletes the simulated readings of earlier runs first
    #[arg(long)]
    pub(crate) reset: bool,
    /// Chooses the workshop's story; the same seed tells the same one
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How much faster than real the workshop lives
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
    pub(crate) speed: f64,
    /// The past that a first start tells: such as 6w or 3d, or none
    #[arg(long, value_name = "LENGTH", default_value = "6w")]
    pub(crate) history: crate::demo::History,
    /// Publishes to this broker too, e.g. mqtt://127.0.0.1:1883
    #[arg(long, value_name = "URL", value_parser = crate::config::broker_address)]
    pub(crate) mqtt: Option<crate::config::BrokerAddress>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// Recognise the protocol
    Auto,
    /// DLMS push: HDLC, M-Bus transport or bare APDUs
    Dlms,
    /// Answers of wired M-Bus slaves (EN 13757-3)
    Mbus,
    /// Questions and answers of Modbus, TCP or RTU
    Modbus,
    /// Read-outs of the optical port, modes A to D
    #[value(name = "iec62056-21")]
    Iec62056_21,
    /// P1 telegrams: DSMR, e-MUCS, Luxembourg
    Dsmr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// An explanation for people
    Text,
    /// One object per line per telegram
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Decode {
    /// The protocol of the bytes
    #[arg(long, value_enum, default_value_t = Protocol::Auto)]
    pub(crate) protocol: Protocol,
    /// Global unicast encryption key: 32 hex digits, or @FILE
    #[arg(long, value_name = "HEX")]
    pub(crate) guek: Option<String>,
    /// Authentication key: 32 hex digits, or @FILE; without it nothing is authenticated
    #[arg(long, value_name = "HEX")]
    pub(crate) gak: Option<String>,
    /// AES key of M-Bus (mode 5), or of an encrypted P1 telegram in place of --guek: 32 hex digits,
    /// or @FILE
    #[arg(long, value_name = "HEX", conflicts_with = "guek")]
    pub(crate) key: Option<String>,
    /// The meter's profile: scalers that its telegrams do not carry (lgz_e450, lgz_e570, …)
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Time zone of a meter clock that names none, e.g. Europe/Zurich
    #[arg(long, value_name = "IANA")]
    pub(crate) timezone: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// The capture; `-` or nothing reads stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Read {
    /// The configuration file that names the meter, unless --port and --model do
    #[arg(long, value_name = "FILE", default_value = "triphase.toml")]
    pub(crate) config: PathBuf,
    /// The configured meter; the first one with a port by default
    #[arg(long, value_name = "ID")]
    pub(crate) meter: Option<String>,
    /// Where the meter is, as in the configuration
    #[arg(long, value_name = "URL", requires = "model", conflicts_with_all = ["config", "meter"])]
    pub(crate) port: Option<String>,
    /// What the meter is
    #[arg(long, value_name = "NAME", requires = "port")]
    pub(crate) model: Option<String>,
    /// A further setting of the meter, as a line of its [[meter]] table
    #[arg(long, value_name = "LINE", requires = "port")]
    pub(crate) set: Vec<String>,
    /// Time zone of a meter clock that names none, e.g. Europe/Zurich; UTC by default
    #[arg(long, value_name = "IANA", requires = "port")]
    pub(crate) timezone: Option<String>,
    /// Longest wait for the reading. Unit: s
    #[arg(long, value_name = "SECONDS", default_value_t = 90)]
    pub(crate) timeout: u64,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Calc {
    /// What to compute; nothing lists what there is
    #[arg(value_name = "FEATURE")]
    pub(crate) feature: Option<String>,
    /// Its inputs: numbers, lists (u_ll_v=400,395,388), pairs (uh_pct=5:4,7:3), phasors (i=25@-30,…)
    #[arg(value_name = "KEY=VALUE", allow_hyphen_values = false)]
    pub(crate) values: Vec<String>,
    /// Its inputs as one JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) json: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The CSV file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "triphase.toml")]
    pub(crate) config: PathBuf,
    /// The configured meter that the readings belong to
    #[arg(long, value_name = "ID")]
    pub(crate) meter: String,
    /// A mapping file; see docs/import
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// The column of the time; given twice, date and time are joined
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: Vec<String>,
    /// How times are written: strftime such as '%d/%m/%Y %H:%M', unix or unix_ms
    #[arg(long, value_name = "FORMAT")]
    pub(crate) time_format: Option<String>,
    /// Zone of times without offset; the site's by default
    #[arg(long, value_name = "IANA")]
    pub(crate) timezone: Option<String>,
    /// Which point of its interval a time names: instant, start or end
    #[arg(long, value_name = "WHICH")]
    pub(crate) stamp: Option<String>,
    /// Length of the rows' intervals, such as 15min
    #[arg(long, value_name = "TIME")]
    pub(crate) interval: Option<String>,
    /// What a column holds: 'CSV name=quantity[unit]'; kWh/interval is the energy of an interval
    #[arg(long, value_name = "MAPPING")]
    pub(crate) column: Vec<String>,
    /// The column of the quality: good, suspect or bad
    #[arg(long, value_name = "COLUMN")]
    pub(crate) quality: Option<String>,
    /// The delimiter; found in the header by default
    #[arg(long, value_name = "CHARACTER")]
    pub(crate) delimiter: Option<String>,
    /// The decimal mark, point or comma; found in the file by default
    #[arg(long, value_name = "MARK")]
    pub(crate) decimal: Option<String>,
    /// Lines before the header
    #[arg(long, value_name = "N")]
    pub(crate) skip_lines: Option<u32>,
    /// Imports nothing when one row is refused
    #[arg(long)]
    pub(crate) strict: bool,
    /// Posts to a running service instead, such as http://127.0.0.1:8330
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The service's token, where it wants one
    #[arg(long, value_name = "TOKEN", env = "TRIPHASE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
}

/// A language of the doctor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DoctorLanguage {
    /// English
    En,
    /// French
    Fr,
    /// German
    De,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "triphase.toml")]
    pub(crate) config: PathBuf,
    /// Only this meter
    #[arg(long, value_name = "ID")]
    pub(crate) meter: Option<String>,
    /// Asks a running service instead of the store, such as http://127.0.0.1:8330
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The service's token, where it wants one
    #[arg(long, value_name = "TOKEN", env = "TRIPHASE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The language of the sentences
    #[arg(long, value_enum, default_value_t = DoctorLanguage::En)]
    pub(crate) language: DoctorLanguage,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Which instants an export tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportTime {
    /// UTC
    Utc,
    /// The site's time with its offset
    Local,
}

/// How fine an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Resolution {
    /// Every telegram with the register's digits
    Raw,
    /// Mean, least and greatest value of every minute
    #[value(name = "1min")]
    Minute,
    /// Of every quarter of an hour
    #[value(name = "15min")]
    QuarterHour,
    /// Of every hour
    #[value(name = "1h")]
    Hour,
    /// Of every day in UTC
    #[value(name = "1d")]
    Day,
}

impl Resolution {
    /// Length of an interval; 0 for telegrams.
    pub(crate) const fn seconds(self) -> u64 {
        match self {
            Self::Raw => 0,
            Self::Minute => 60,
            Self::QuarterHour => 900,
            Self::Hour => 3600,
            Self::Day => 86_400,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "triphase.toml")]
    pub(crate) config: PathBuf,
    /// The configured meter
    #[arg(long, value_name = "ID")]
    pub(crate) meter: String,
    /// Measured then or later: a date of the site, or a time with offset
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Measured before then
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Only this quantity, such as active_energy_import; may be given several times
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) quantity: Vec<String>,
    /// Telegrams, or intervals
    #[arg(long, value_enum, default_value_t = Resolution::Raw)]
    pub(crate) resolution: Resolution,
    /// Where to write; `-` or nothing is stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<String>,
    /// Replaces a file that exists
    #[arg(long)]
    pub(crate) force: bool,
    /// Which time is written
    #[arg(long, value_enum, default_value_t = ExportTime::Utc)]
    pub(crate) time: ExportTime,
    /// The delimiter; a comma, or a semicolon with decimal commas
    #[arg(long, value_name = "CHARACTER")]
    pub(crate) delimiter: Option<String>,
    /// The decimal mark, point or comma
    #[arg(long, value_name = "MARK")]
    pub(crate) decimal: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The meter to simulate
    #[arg(long, value_name = "NAME", default_value = "lgz_e450")]
    pub(crate) model: String,
    /// `pty` (the first line printed is its path) or tcp://HOST:PORT to listen on; Modbus also
    /// modbus+rtutcp://HOST:PORT for serial frames over TCP; a model that publishes takes its broker,
    /// mqtt://HOST:PORT
    #[arg(long, value_name = "PORT", default_value = "pty")]
    pub(crate) port: String,
    /// The machine whose feeder is measured, for a model that publishes
    #[arg(long, value_name = "NAME", default_value = "ligne_production_1")]
    pub(crate) machine: String,
    /// The device's topic, for a model that publishes
    #[arg(long, value_name = "TOPIC", default_value = "shellypro3em-0cb815fc4e60")]
    pub(crate) topic: String,
    /// Encrypts with this key: 32 hex digits, or @FILE
    #[arg(long, value_name = "HEX")]
    pub(crate) guek: Option<String>,
    /// Authenticates with this key: 32 hex digits, or @FILE
    #[arg(long, value_name = "HEX", requires = "guek")]
    pub(crate) gak: Option<String>,
    /// Answers only to who knows this password (models that are asked): text, or @FILE
    #[arg(long, value_name = "TEXT")]
    pub(crate) password: Option<String>,
    /// Longest APDU of a model that is asked; longer answers come in blocks
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(128..))]
    pub(crate) pdu_length_max: Option<u16>,
    /// Time zone of the meter's clock
    #[arg(long, value_name = "IANA", default_value = "Europe/Paris")]
    pub(crate) timezone: String,
    /// Chooses the workshop's story
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How much faster than real the workshop lives
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
    pub(crate) speed: f64,
    /// Modbus: the units on the bus, such as 1-6,9; each measures another machine
    #[arg(long, value_name = "UNITS")]
    pub(crate) units: Option<String>,
    /// Modbus over TCP: so many buses, on ports that follow each other
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) count: u16,
    /// Modbus: what a unit does wrong, such as 3=mute or 4=late:1500ms; may be given several times
    #[arg(long, value_name = "UNIT=WHAT")]
    pub(crate) fault: Vec<String>,
    /// Optical port, M-Bus and Modbus RTU: the head or converter sends back what it is sent
    #[arg(long)]
    pub(crate) echo: bool,
    /// Optical port: the rate that the meter offers
    #[arg(long, value_name = "BAUD", default_value_t = 9600,
        value_parser = optical_rate)]
    pub(crate) offer: u32,
    /// Optical port: the meter stays at 300 baud, whatever it offered
    #[arg(long)]
    pub(crate) breaks_offer: bool,
    /// Optical port: the read-out comes in partial blocks
    #[arg(long)]
    pub(crate) pages: bool,
}

fn optical_rate(text: &str) -> Result<u32, String> {
    let rate = text.parse().ok();
    let known = rate.filter(|rate| frame::iec62056_21::BaudCharacter::of_mode_c(*rate).is_some());
    known.ok_or_else(|| "expected 300, 600, 1200, 2400, 4800, 9600 or 19200".to_owned())
}

/// Fastest and slowest pace of a simulated workshop.
const SPEED_RANGE: std::ops::RangeInclusive<f64> = 0.1..=1000.0;

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "expected a number such as 10".to_owned())?;
    if !SPEED_RANGE.contains(&speed) {
        return Err(format!("expected {} to {}", SPEED_RANGE.start(), SPEED_RANGE.end()));
    }
    Ok(speed)
}
