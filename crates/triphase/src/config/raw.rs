//! The configuration as written: what TOML may say, before anything is checked.

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) site: Spanned<Site>,
    #[serde(default)]
    pub(super) meter: Vec<Spanned<Meter>>,
    #[serde(default)]
    pub(super) http: Http,
    pub(super) mqtt: Option<Spanned<Mqtt>>,
    pub(super) modbus: Option<Modbus>,
    #[serde(default)]
    pub(super) store: Store,
    #[serde(default)]
    pub(super) alarms: Alarms,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Site {
    pub(super) name: Spanned<String>,
    pub(super) timezone: Spanned<String>,
    pub(super) nominal_voltage_v: Option<Spanned<f64>>,
    pub(super) subscribed_power_kw: Option<Spanned<f64>>,
    pub(super) demand_interval_min: Option<Spanned<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Meter {
    pub(super) id: Spanned<String>,
    pub(super) role: Option<Spanned<Role>>,
    pub(super) parent: Option<Spanned<String>>,
    pub(super) label: Option<String>,
    pub(super) model: Option<Spanned<String>>,
    pub(super) port: Option<Spanned<String>>,
    pub(super) period: Option<Spanned<String>>,
    pub(super) guek: Option<Spanned<Secret>>,
    pub(super) gak: Option<Spanned<Secret>>,
    pub(super) voltage_kind: Option<VoltageKind>,
    pub(super) ct_ratio: Option<Spanned<f64>>,
    pub(super) vt_ratio: Option<Spanned<f64>>,
    pub(super) accuracy_pct: Option<Spanned<f64>>,
    pub(super) machine: Option<Spanned<Machine>>,
    pub(super) invert: Option<bool>,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) optical: Option<Spanned<Optical>>,
    pub(super) dlms: Option<Spanned<Dlms>>,
    pub(super) mbus: Option<Spanned<Mbus>>,
    pub(super) sunspec_meter: Option<Spanned<i64>>,
    pub(super) counter_of: Option<Spanned<String>>,
    pub(super) mqtt: Option<Spanned<Feed>>,
}

/// What stands on a machine's plate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Machine {
    pub(super) rated_kw: Option<Spanned<f64>>,
    pub(super) idle_kw: Option<Spanned<f64>>,
    pub(super) off_kw: Option<Spanned<f64>>,
    pub(super) dwell: Option<Spanned<String>>,
    pub(super) constant_kw: Option<Spanned<f64>>,
}

/// What a meter behind an optical head needs: `{ address, read_slow, wake_up }`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Optical {
    pub(super) address: String,
    pub(super) read_slow: bool,
    pub(super) wake_up: bool,
}

/// What an M-Bus slave is told: `{ switch_baud }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mbus {
    pub(super) switch_baud: Spanned<u32>,
}

/// How a meter is reached and asked over DLMS/COSEM.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Dlms {
    pub(super) transport: Option<Spanned<DlmsTransport>>,
    pub(super) device: Option<Spanned<String>>,
    pub(super) client: Option<Spanned<u8>>,
    pub(super) server: Option<Spanned<u16>>,
    pub(super) physical: Option<Spanned<u16>>,
    pub(super) address_bytes: Option<Spanned<u8>>,
    pub(super) security: Option<Spanned<DlmsSecurity>>,
    pub(super) password: Option<Spanned<Secret>>,
    pub(super) system_title: Option<Spanned<String>>,
    pub(super) objects: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) profiles: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) backfill: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DlmsTransport {
    Hdlc,
    Wrapper,
    ModeE,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DlmsSecurity {
    None,
    Low,
    HighGmac,
}

/// Where a meter's MQTT messages come from and what they mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Feed {
    pub(super) topic: Option<Spanned<String>>,
    pub(super) preset: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) fields: Fields,
    pub(super) time: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) message: Vec<Spanned<FeedMessage>>,
    pub(super) window: Option<Spanned<String>>,
    pub(super) broker: Option<Spanned<String>>,
    pub(super) username: Option<Spanned<Username>>,
    pub(super) password: Option<Spanned<Secret>>,
    pub(super) ca: Option<Spanned<PathBuf>>,
}

/// Quantities and the formulas that find them.
pub(super) type Fields = BTreeMap<Spanned<String>, Spanned<String>>;

/// The messages of one topic.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedMessage {
    pub(super) topic: Spanned<String>,
    #[serde(default)]
    pub(super) fields: Fields,
    pub(super) time: Option<Spanned<String>>,
    pub(super) list: Option<Spanned<String>>,
    pub(super) online: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Main,
    Machine,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum VoltageKind {
    Phase,
    LineToLine,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum VoltageCompare {
    Line,
    Phase,
    AsGiven,
}

/// A secret's place: `{ file = "…" }` or `{ env = "…" }`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Secret {
    File(PathBuf),
    Env(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Http {
    pub(super) listen: Option<Spanned<String>>,
    pub(super) tls: Option<Spanned<Tls>>,
    #[serde(default)]
    pub(super) names: Vec<Spanned<String>>,
}

/// A certificate: `{ cert = "…", key = "…" }` or `"self-signed"`.
#[derive(Debug)]
pub(super) enum Tls {
    Files(TlsFiles),
    SelfSigned,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsFiles {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

impl<'de> Deserialize<'de> for Tls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Tls;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{ cert = \"FILE\", key = \"FILE\" } or \"self-signed\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Tls, E> {
                match text {
                    "self-signed" => Ok(Tls::SelfSigned),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<A: de::MapAccess<'de>>(self, table: A) -> Result<Tls, A::Error> {
                let files = TlsFiles::deserialize(de::value::MapAccessDeserializer::new(table))?;
                Ok(Tls::Files(files))
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mqtt {
    pub(super) broker: Spanned<String>,
    pub(super) prefix: Option<Spanned<String>>,
    pub(super) username: Option<Spanned<Username>>,
    pub(super) password: Option<Spanned<Secret>>,
    pub(super) ca: Option<Spanned<PathBuf>>,
    pub(super) client_cert: Option<Spanned<PathBuf>>,
    pub(super) client_key: Option<Spanned<PathBuf>>,
}

/// What meters on Modbus need.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Modbus {
    pub(super) maps: Vec<PathBuf>,
}

/// A user name, or the place of one.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a name, or its place: { file = \"…\" } or { env = \"…\" }")]
pub(super) enum Username {
    Plain(String),
    Kept(Secret),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Store {
    pub(super) path: Option<Spanned<PathBuf>>,
    pub(super) retention: Option<Spanned<Retention>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Retention {
    pub(super) raw: Option<Spanned<String>>,
    pub(super) minute: Option<Spanned<String>>,
    pub(super) quarter_hour: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Alarms {
    pub(super) power_max_kw: Option<Spanned<f64>>,
    pub(super) unbalance_max: Option<Spanned<f64>>,
    pub(super) power_factor_min: Option<Spanned<f64>>,
    pub(super) voltage_min_v: Option<Spanned<f64>>,
    pub(super) voltage_max_v: Option<Spanned<f64>>,
    pub(super) thd_max_pct: Option<Spanned<f64>>,
    pub(super) voltage_compare: Option<VoltageCompare>,
}
