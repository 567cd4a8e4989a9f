//! From what was written to what may be relied on.

use super::dlms::{self, DlmsConfig};
use super::feed::{self, FeedConfig};
use super::maps::{self, Maps, ModelConfig};
use super::mqtt::{self, MqttConfig};
use super::plate;
use super::raw;
use super::report::Complaint;
use super::retention;
use super::secret::Secret;
use jiff::tz::TimeZone;
use outlet::http::access::{TlsSource, is_host_name};
use reading::{Decimal, MeterId};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;

/// A checked configuration.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) site: SiteConfig,
    pub(crate) meters: Vec<MeterConfig>,
    pub(crate) http: HttpConfig,
    pub(crate) mqtt: Option<MqttConfig>,
    pub(crate) store: PathBuf,
    pub(crate) retention: store::Retention,
    pub(crate) alarms: alarm::Thresholds,
}

/// The place that is measured.
#[derive(Debug, Clone)]
pub(crate) struct SiteConfig {
    pub(crate) name: String,
    pub(crate) zone: TimeZone,
    pub(crate) nominal_voltage_v: f64,
    pub(crate) subscribed_power_kw: Option<f64>,
    pub(crate) demand_interval_min: u32,
}

/// One meter.
#[derive(Debug, Clone)]
pub(crate) struct MeterConfig {
    pub(crate) id: MeterId,
    pub(crate) role: Role,
    pub(crate) parent: Option<MeterId>,
    pub(crate) label: String,
    pub(crate) model: Option<ModelConfig>,
    pub(crate) port: Option<wire::Port>,
    pub(crate) period: Option<Duration>,
    pub(crate) guek: Option<Secret>,
    pub(crate) gak: Option<Secret>,
    pub(crate) line_to_line: bool,
    pub(crate) ct_ratio: Decimal,
    pub(crate) vt_ratio: Decimal,
    pub(crate) plate: outlet::Plate,
    pub(crate) invert: bool,
    /// How long an answer of a meter that is asked may take.
    pub(crate) timeout: Option<Duration>,
    pub(crate) optical: meter::readout::OpticalOptions,
    pub(crate) dlms: Option<DlmsConfig>,
    /// The rate that an M-Bus slave is told to speak at.
    pub(crate) switch_baud: Option<u32>,
    /// The meter that measures the energy of what this one counts.
    pub(crate) counter_of: Option<MeterId>,
    pub(crate) feed: Option<FeedConfig>,
}

/// What a meter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Main,
    Machine,
}

/// The listener.
#[derive(Debug, Clone)]
pub(crate) struct HttpConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) tls: Option<TlsSource>,
    pub(crate) names: Vec<String>,
}

/// Where the service listens unless told otherwise.
pub(crate) const LISTEN_DEFAULT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8330);
const NOMINAL_VOLTAGE_DEFAULT_V: f64 = 230.0;
const DEMAND_INTERVAL_DEFAULT_MIN: u32 = 10;
const METERS_MAX: usize = 1000;
const NAMES_MAX: usize = 32;
const PERIOD_MAX: Duration = Duration::from_secs(86_400);
const TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// Checks everything and reports everything that is wrong, not only the first.
pub(super) fn check(raw: raw::File, folder: &Path) -> Result<Config, Vec<Complaint>> {
    let mut wrong = Vec::new();
    let name = raw.site.get_ref().name.get_ref().clone();
    let site = site(raw.site.into_inner(), &mut wrong);
    let http = http(raw.http, folder, &mut wrong);
    let retention = retention::check(raw.store.retention, &mut wrong);
    let store = folder.join(raw.store.path.map_or_else(|| "data".into(), Spanned::into_inner));
    let alarms = alarms(&raw.alarms, &mut wrong);
    let has_broker = raw.mqtt.is_some();
    let mqtt = mqtt::check((raw.mqtt, &name), (&raw.meter, folder), &mut wrong);
    let place = feed::Place { folder, site: &name, broker: has_broker };
    let maps = Maps::new(folder, raw.modbus.as_ref());
    let meters = meters(raw.meter, (maps, &place), &mut wrong);
    match site {
        Some(site) if wrong.is_empty() => {
            Ok(Config { site, meters, http, mqtt, store, retention, alarms })
        }
        _ => Err(wrong),
    }
}

fn site(raw: raw::Site, wrong: &mut Vec<Complaint>) -> Option<SiteConfig> {
    if raw.name.get_ref().trim().is_empty() || raw.name.get_ref().len() > 100 {
        wrong.push(Complaint::at(raw.name.span(), "expected a name of 1 to 100 bytes"));
    }
    let zone = TimeZone::get(raw.timezone.get_ref());
    if zone.is_err() {
        let message = "expected an IANA time zone such as \"Europe/Paris\"";
        wrong.push(Complaint::at(raw.timezone.span(), message));
    }
    let interval = raw.demand_interval_min.as_ref();
    if let Some(minutes) = interval.filter(|m| !matches!(m.get_ref(), 1 | 5 | 10 | 15 | 30 | 60)) {
        let message = "expected 1, 5, 10, 15, 30 or 60 minutes";
        wrong.push(Complaint::at(minutes.span(), message));
    }
    Some(SiteConfig {
        name: raw.name.into_inner(),
        nominal_voltage_v: number(raw.nominal_voltage_v.as_ref(), 50.0..=1000.0, wrong)
            .unwrap_or(NOMINAL_VOLTAGE_DEFAULT_V),
        subscribed_power_kw: number(raw.subscribed_power_kw.as_ref(), 0.1..=100_000.0, wrong),
        demand_interval_min: interval.map_or(DEMAND_INTERVAL_DEFAULT_MIN, |m| *m.get_ref()),
        zone: zone.ok()?,
    })
}

fn http(raw: raw::Http, folder: &Path, wrong: &mut Vec<Complaint>) -> HttpConfig {
    let listen = raw.listen.as_ref().map_or(Ok(LISTEN_DEFAULT), |listen| {
        listen_address(listen.get_ref()).map_err(|reason| Complaint::at(listen.span(), reason))
    });
    let listen = listen.unwrap_or_else(|complaint| {
        wrong.push(complaint);
        LISTEN_DEFAULT
    });
    for name in raw.names.iter().filter(|name| !is_host_name(name.get_ref())) {
        let message = "expected a host's name or address without port, such as \"workshop-pc\"";
        wrong.push(Complaint::at(name.span(), message));
    }
    if let Some(first_too_many) = raw.names.get(NAMES_MAX) {
        let message = format!("expected at most {NAMES_MAX} names");
        wrong.push(Complaint::at(first_too_many.span(), message));
    }
    let tls = raw.tls.map(|tls| match tls.into_inner() {
        raw::Tls::SelfSigned => TlsSource::SelfSigned,
        raw::Tls::Files(raw::TlsFiles { cert, key }) => {
            TlsSource::Files { cert: folder.join(cert), key: folder.join(key) }
        }
    });
    let names = raw.names.into_iter().map(Spanned::into_inner).collect();
    HttpConfig { listen, tls, names }
}

/// Reads `127.0.0.1:8330`, `[::1]:8330` or `localhost:8330`.
///
/// # Errors
/// The sentence that says what was expected.
pub(crate) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let parsed = numeric.as_deref().unwrap_or(text).parse();
    parsed.map_err(|_| {
        "expected ADDRESS:PORT with a port up to 65535, such as 127.0.0.1:8330".to_owned()
    })
}

/// Refuses an address that other machines could reach.
///
/// # Errors
/// The sentence that explains it.
pub(crate) fn loopback_only(listen: SocketAddr) -> Result<(), String> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    Err(format!(
        "{listen} can be reached from other machines; the demo is for this machine only: listen \
         on 127.0.0.1 and reach it through a tunnel (ssh -L 8330:127.0.0.1:8330 …)"
    ))
}

fn alarms(raw: &raw::Alarms, wrong: &mut Vec<Complaint>) -> alarm::Thresholds {
    let chapter = alarm::Thresholds::default();
    let thresholds = alarm::Thresholds {
        power_max_kw: number(raw.power_max_kw.as_ref(), 0.0..=1e6, wrong)
            .unwrap_or(chapter.power_max_kw),
        unbalance_max: number(raw.unbalance_max.as_ref(), 0.0..=1.0, wrong)
            .unwrap_or(chapter.unbalance_max),
        power_factor_min: number(raw.power_factor_min.as_ref(), 0.0..=1.0, wrong)
            .unwrap_or(chapter.power_factor_min),
        voltage_min_v: number(raw.voltage_min_v.as_ref(), 0.0..=1e6, wrong)
            .unwrap_or(chapter.voltage_min_v),
        voltage_max_v: number(raw.voltage_max_v.as_ref(), 0.0..=1e6, wrong)
            .unwrap_or(chapter.voltage_max_v),
        thd_max_pct: number(raw.thd_max_pct.as_ref(), 0.0..=100.0, wrong)
            .unwrap_or(chapter.thd_max_pct),
        voltage_compare: match raw.voltage_compare {
            None | Some(raw::VoltageCompare::Line) => alarm::VoltageCompare::Line,
            Some(raw::VoltageCompare::Phase) => alarm::VoltageCompare::Phase,
            Some(raw::VoltageCompare::AsGiven) => alarm::VoltageCompare::AsGiven,
        },
    };
    if thresholds.voltage_min_v >= thresholds.voltage_max_v {
        let place = raw.voltage_min_v.as_ref().or(raw.voltage_max_v.as_ref());
        let span = place.map(Spanned::span);
        let message = format!(
            "expected voltage_min_v ({}) below voltage_max_v ({})",
            thresholds.voltage_min_v, thresholds.voltage_max_v
        );
        wrong.push(Complaint { span, message, elsewhere: None });
    }
    thresholds
}

fn meters(
    raw: Vec<Spanned<raw::Meter>>,
    (mut maps, place): (Maps<'_>, &feed::Place<'_>),
    wrong: &mut Vec<Complaint>,
) -> Vec<MeterConfig> {
    if let Some(first_too_many) = raw.get(METERS_MAX) {
        let message = format!("expected at most {METERS_MAX} meters");
        wrong.push(Complaint::at(first_too_many.span(), message));
        return Vec::new();
    }
    family(&raw, wrong);
    let has_main = raw.iter().any(|m| is_main(m.get_ref()));
    raw.into_iter()
        .enumerate()
        .filter_map(|(index, spanned)| {
            let span = spanned.span();
            let raw = spanned.into_inner();
            let main = is_main(&raw) || (!has_main && index == 0 && raw.role.is_none());
            let role = if main { Role::Main } else { Role::Machine };
            meter(raw, Surroundings { maps: &mut maps, place, role, span }, wrong)
        })
        .collect()
}

/// What a meter's own table does not say.
struct Surroundings<'a, 'b> {
    maps: &'a mut Maps<'b>,
    place: &'a feed::Place<'a>,
    role: Role,
    span: std::ops::Range<usize>,
}

fn is_main(meter: &raw::Meter) -> bool {
    meter.role.as_ref().is_some_and(|role| matches!(role.get_ref(), raw::Role::Main))
}

/// Ids are unique, one meter is the main one, parents exist and no meter is its own ancestor.
fn family(meters: &[Spanned<raw::Meter>], wrong: &mut Vec<Complaint>) {
    let mut ids = BTreeSet::new();
    let mut main: Option<&str> = None;
    for meter in meters.iter().map(Spanned::get_ref) {
        let id = meter.id.get_ref().as_str();
        if id == analysis::chapter25::REMAINDER {
            let message = format!(
                "\"{id}\" is what no meter explains: under this name it stands among the loads; \
                 choose another id"
            );
            wrong.push(Complaint::at(meter.id.span(), message));
        }
        if !ids.insert(id) {
            wrong.push(Complaint::at(meter.id.span(), format!("there is another meter \"{id}\"")));
        }
        if is_main(meter)
            && let Some(first) = main.replace(id)
            && let Some(role) = &meter.role
        {
            let message = format!("\"{first}\" is the main meter already; a site has one");
            wrong.push(Complaint::at(role.span(), message));
        }
    }
    feed::check_counters(meters, wrong);
    let parent_of = |id: &str| {
        let meter = meters.iter().map(Spanned::get_ref).find(|meter| meter.id.get_ref() == id);
        meter.and_then(|meter| meter.parent.as_ref()).map(|parent| parent.get_ref().as_str())
    };
    for meter in meters.iter().map(Spanned::get_ref) {
        let Some(parent) = &meter.parent else { continue };
        let own = meter.id.get_ref().as_str();
        if !ids.contains(parent.get_ref().as_str()) {
            wrong.push(Complaint::at(parent.span(), "there is no meter with this id"));
            continue;
        }
        let ancestors = std::iter::successors(Some(parent.get_ref().as_str()), |id| parent_of(id));
        if ancestors.take(meters.len() + 1).any(|ancestor| ancestor == own) {
            let message = format!("\"{own}\" would be its own ancestor");
            wrong.push(Complaint::at(parent.span(), message));
        }
    }
}

fn meter(
    raw: raw::Meter,
    around: Surroundings<'_, '_>,
    wrong: &mut Vec<Complaint>,
) -> Option<MeterConfig> {
    let Surroundings { maps, place: feeding, role, span } = around;
    let folder = maps.folder;
    let id = MeterId::new(raw.id.get_ref().clone());
    if let Err(error) = &id {
        wrong.push(Complaint::at(raw.id.span(), error.to_string()));
    }
    let mut model = raw.model.as_ref().and_then(|name| maps.model(name, wrong));
    maps::sunspec_meter(&mut model, raw.sunspec_meter.as_ref(), wrong);
    let port = raw.port.as_ref().and_then(|text| match text.get_ref().parse::<wire::Port>() {
        Ok(port) => Some(port.relative_to(folder)),
        Err(error) => {
            wrong.push(Complaint::at(text.span(), error.to_string()));
            None
        }
    });
    if let (Some(port), Some(model), Some(text)) = (&port, &model, &raw.port)
        && let Err(message) = maps::fits(model, port)
    {
        wrong.push(Complaint::at(text.span(), message));
    }
    if raw.port.is_some() && raw.model.is_none() {
        wrong.push(Complaint::at(span, "a meter with a port needs a model, e.g. \"lgz_e450\""));
    }
    keys(&raw, wrong);
    feed::check_keys(&raw, wrong);
    let has_port = raw.port.is_some();
    let around = dlms::Around {
        folder,
        model: model.as_ref().and_then(ModelConfig::known),
        port: port.as_ref(),
        span: raw.model.as_ref().map_or_else(|| raw.id.span(), Spanned::span),
        has_guek: raw.guek.is_some(),
        has_gak: raw.gak.is_some(),
    };
    let dlms = dlms::check(raw.dlms, &around, wrong);
    let switch_baud = raw.mbus.and_then(|mbus| switch_baud(&mbus, port.as_ref(), wrong));
    let ct_ratio = ratio(raw.ct_ratio.as_ref(), wrong);
    let vt_ratio = ratio(raw.vt_ratio.as_ref(), wrong);
    let optical = optical(raw.optical, wrong);
    let period = time(raw.period.as_ref(), "a period from 100ms to 1d", wrong);
    let timeout = time(raw.timeout.as_ref(), "a time from 100ms to 60s", wrong)
        .map(|timeout| timeout.min(TIMEOUT_MAX));
    let feed = raw.mqtt.and_then(|mqtt| feed::check(mqtt, feeding, wrong));
    let id = id.ok()?;
    Some(MeterConfig {
        label: raw.label.unwrap_or_else(|| id.as_str().to_owned()),
        parent: raw.parent.and_then(|parent| MeterId::new(parent.into_inner()).ok()),
        id,
        role,
        model,
        port,
        period,
        guek: raw.guek.map(|secret| place(secret.into_inner(), folder)),
        gak: raw.gak.map(|secret| place(secret.into_inner(), folder)),
        line_to_line: matches!(raw.voltage_kind, Some(raw::VoltageKind::LineToLine)),
        plate: plate::check((raw.machine, raw.accuracy_pct), (ct_ratio, has_port), wrong),
        ct_ratio,
        vt_ratio,
        optical,
        dlms,
        switch_baud,
        invert: raw.invert.unwrap_or(false),
        timeout,
        counter_of: raw.counter_of.and_then(|of| MeterId::new(of.into_inner()).ok()),
        feed,
    })
}

/// Keys stand where they are used.
fn keys(raw: &raw::Meter, wrong: &mut Vec<Complaint>) {
    if let (Some(guek), None) = (&raw.guek, &raw.port) {
        let message = "a key is used on a port only: give the meter its port, or remove guek";
        wrong.push(Complaint::at(guek.span(), message));
    }
    if let (Some(gak), None) = (&raw.gak, &raw.guek) {
        let message = "gak only checks what guek decrypts: give guek too";
        wrong.push(Complaint::at(gak.span(), message));
    }
}

fn time(
    text: Option<&Spanned<String>>,
    expected: &str,
    wrong: &mut Vec<Complaint>,
) -> Option<Duration> {
    let text = text?;
    let parsed = duration(text.get_ref());
    if parsed.is_none() {
        let message = format!("expected {expected}, such as \"5s\", \"500ms\" or \"15min\"");
        wrong.push(Complaint::at(text.span(), message));
    }
    parsed
}

fn optical(
    raw: Option<Spanned<raw::Optical>>,
    wrong: &mut Vec<Complaint>,
) -> meter::readout::OpticalOptions {
    let Some(raw) = raw else { return meter::readout::OpticalOptions::default() };
    let raw::Optical { address, read_slow, wake_up } = raw.get_ref();
    if !frame::iec62056_21::message::is_device_address(address) {
        let message = "address: expected at most 32 letters, digits and blanks";
        wrong.push(Complaint::at(raw.span(), message));
    }
    let (address, read_slow, wake_up) = (address.clone(), *read_slow, *wake_up);
    meter::readout::OpticalOptions { address, read_slow, wake_up }
}

/// The rate that a slave is told to speak at: one that has a code, on a line that can follow.
fn switch_baud(
    raw: &Spanned<raw::Mbus>,
    port: Option<&wire::Port>,
    wrong: &mut Vec<Complaint>,
) -> Option<u32> {
    let wanted = &raw.get_ref().switch_baud;
    let line = match port {
        Some(wire::Port::MbusSerial { line, .. }) => Some(line.line),
        _ => None,
    };
    let message = match line {
        None => {
            "mbus.switch_baud is for a slave on a level converter, mbus+serial://…; a gateway sets \
             its bus itself"
                .to_owned()
        }
        Some(line) if line.baud == *wanted.get_ref() => {
            format!("{} is the port's rate already: remove switch_baud", line.baud)
        }
        Some(_) if !meter::mbus::BAUDS.contains(wanted.get_ref()) => {
            let known = meter::mbus::BAUDS.map(|baud| baud.to_string()).join(", ");
            format!("expected one of {known}")
        }
        Some(_) => return Some(*wanted.get_ref()),
    };
    wrong.push(Complaint::at(wanted.span(), message));
    None
}

pub(super) fn place(secret: raw::Secret, folder: &Path) -> Secret {
    match secret {
        raw::Secret::File(path) => Secret::File(folder.join(path)),
        raw::Secret::Env(name) => Secret::Env(name),
    }
}

/// A transformer ratio, with the digits as written.
fn ratio(value: Option<&Spanned<f64>>, wrong: &mut Vec<Complaint>) -> Decimal {
    number(value, 1e-3..=1e5, wrong).and_then(Decimal::from_f64).unwrap_or(Decimal::new(1, 0))
}

pub(super) fn number(
    value: Option<&Spanned<f64>>,
    range: RangeInclusive<f64>,
    wrong: &mut Vec<Complaint>,
) -> Option<f64> {
    let value = value?;
    if !range.contains(value.get_ref()) {
        let message = format!("expected a number from {} to {}", range.start(), range.end());
        wrong.push(Complaint::at(value.span(), message));
    }
    Some(*value.get_ref())
}

/// Reads a period: `500ms`, `5s`, `15min`, `1h`, `1d`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    duration_of(text).filter(|it| (Duration::from_millis(100)..=PERIOD_MAX).contains(it))
}

/// Reads `500ms`, `5s`, `15min`, `1h`, `1d`, however long.
pub(super) fn duration_of(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let count: u64 = count.parse().ok()?;
    let unit_ms: u64 = match unit.trim() {
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(Duration::from_millis(count.checked_mul(unit_ms)?))
}
