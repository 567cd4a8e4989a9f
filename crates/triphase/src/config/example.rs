//! The annotated example configuration, generated from the configuration's own types.
//!
//! The keys and their order come from the types; a test fails when a key has no description
//! here, and when the example does not pass the check.

use super::raw;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

/// One described key.
#[derive(Clone, Copy)]
struct Key {
    name: &'static str,
    example: &'static str,
    text: &'static str,
    /// Shown as a comment, because most sites do not need it.
    optional: bool,
}

const fn key(name: &'static str, example: &'static str, text: &'static str) -> Key {
    Key { name, example, text, optional: false }
}

const fn optional(name: &'static str, example: &'static str, text: &'static str) -> Key {
    Key { name, example, text, optional: true }
}

const SITE: &[Key] = &[
    key("name", "\"Atelier\"", "Shown on the page and in reports."),
    key(
        "timezone",
        "\"Europe/Paris\"",
        "IANA name. Meters whose clock names no zone are read in it.",
    ),
    key("nominal_voltage_v", "230", "Phase to neutral, in volts. Default 230."),
    key("subscribed_power_kw", "50", "Contracted power in kW; the page draws it as the limit."),
    key("demand_interval_min", "10", "Length of a billing interval in minutes. Default 10."),
];

const METER: &[Key] = &[
    key("id", "\"general\"", "Names the meter in every interface: A-Z a-z 0-9 _ - ."),
    key("role", "\"main\"", "\"main\" for the supply's meter, \"machine\" for a sub-meter."),
    optional("parent", "\"general\"", "The meter upstream of this one."),
    key("label", "\"Compteur général\"", "What people call it."),
    key("model", "\"lgz_e450\"", "Where frames, scalers and quirks come from."),
    key(
        "port",
        "\"serial:///dev/ttyUSB0?baud=2400&data=8&parity=even&stop=1\"",
        "serial://PATH?baud&data&parity&stop, tcp://HOST:PORT, pty://[LINK] or file://PATH?speed=X;\n\
         modbus+tcp://HOST:PORT?unit=N, modbus+rtu://PATH?baud&data&parity&stop&unit=N or, for a\n\
         gateway that passes serial frames on, modbus+rtutcp://HOST:PORT?unit=N;\n\
         mbus+serial://PATH?baud&parity&address=N or mbus+tcp://HOST:PORT?address=N, and\n\
         secondary=ID in place of address.\n\
         Prefer /dev/serial/by-id/… : it survives re-plugging. Without a port the meter is fed\n\
         over HTTP (POST /api/mesures).",
    ),
    optional(
        "period",
        "\"5s\"",
        "How often the meter is asked (default 10s), or pushes (measured when absent).",
    ),
    optional(
        "guek",
        "{ file = \"guek.hex\" }",
        "Global unicast encryption key of an encrypted interface, from the grid operator:\n\
         32 hexadecimal digits in a file of their own, or { env = \"NAME\" }.",
    ),
    optional(
        "gak",
        "{ env = \"TRIPHASE_GAK\" }",
        "Authentication key. Without it telegrams are decrypted but not authenticated.",
    ),
    optional(
        "voltage_kind",
        "\"phase\"",
        "What the meter calls its voltages: \"phase\" or \"line_to_line\".",
    ),
    optional(
        "ct_ratio",
        "1",
        "Current transformer ratio, where the meter reports secondary values.",
    ),
    optional("vt_ratio", "1", "Voltage transformer ratio, likewise."),
    optional("accuracy_pct", "1", "Accuracy of the meter with its transformers, in %. Default 1."),
    optional(
        "machine",
        "{ rated_kw = 15.5, idle_kw = 1.9, off_kw = 0.2, dwell = \"20s\" }",
        "The machine behind a sub-meter: what it draws at work, idling and off, and how long a\n\
         state must last. Learned from its meter when absent. { constant_kw = 3.4 } stands for a\n\
         machine that nothing measures.",
    ),
    optional(
        "invert",
        "false",
        "true where the current transformers are the wrong way round: import is export.",
    ),
    optional(
        "timeout",
        "\"1s\"",
        "How long an answer may take, where the meter is asked. Default 1s.",
    ),
    optional(
        "optical",
        "{ address = \"12345678\", read_slow = true }",
        "A meter that is asked through an optical head (model \"iec62056_21\"): its device address\n\
         where several share the line; read_slow stays at 300 baud for heads and gateways that\n\
         cannot change the rate; wake_up = true wakes a battery meter.",
    ),
    optional(
        "dlms",
        "{ transport = \"mode_e\" }",
        "How a model that is asked over DLMS/COSEM (lgz_e450_dlms, generic_dlms) is reached, as the\n\
         table [meter.dlms] below. Such a meter is asked every `period`, 10s unless given.",
    ),
    optional(
        "mbus",
        "{ switch_baud = 9600 }",
        "A slave on a wired M-Bus that is told to speak faster than the port's rate, before it is\n\
         read. The only thing that is ever written to a slave; see docs/meters/mbus.md.",
    ),
    optional(
        "sunspec_meter",
        "2",
        "Which meter of a device with several, where the model is \"sunspec\"; \"triphase scan\n\
         modbus\" lists them. Default 1, the first.",
    ),
    optional(
        "counter_of",
        "\"ligne_production_1\"",
        "The meter that measures the energy of what this one counts: a PLC's pieces, cycles, tonnes.",
    ),
    optional(
        "mqtt",
        "{ topic = \"shellies/shellyem3-244CAB41B37E\", preset = \"shelly_3em\" }",
        "Instead of a port: the meter publishes over MQTT. Keys as under [meter.mqtt] below; see\n\
         docs/meters/mqtt.md.",
    ),
];

const FEED: &[Key] = &[
    key(
        "topic",
        "\"usine/presse/energie\"",
        "The topic, + and # allowed; with a preset the device's own part of it.",
    ),
    optional("preset", "\"tasmota\"", "shelly_3em, shelly_pro_3em, tasmota or zigbee2mqtt."),
    key(
        "fields",
        "{ active_power = \"$.em.act_power * 1000 W\", production_pieces = \"$.pieces?\" }",
        "Any other device: QUANTITY = \"PATH [? if it may be absent] [* FACTOR] [UNIT]\"; $ alone is a\n\
         topic that holds a plain number, sum(PATH) adds the elements of an array up.",
    ),
    optional("time", "\"$.ts\"", "Where the payload tells its time; otherwise the arrival counts."),
    optional(
        "message",
        "[{ topic = \"usine/presse/pieces\", fields = { production_pieces = \"$\" } }]",
        "Several topics, each with its fields (and time, list, online): what comes within the window\n\
         is one telegram.",
    ),
    optional("window", "\"500ms\"", "How long the topics of one telegram are waited for."),
    optional("broker", "\"mqtt://10.0.0.5:1883\"", "Another broker than that of [mqtt]."),
    optional("username", "\"triphase\"", "For that broker, as in [mqtt]."),
    optional("password", "{ env = \"MQTT_PASSWORD\" }", "For that broker, as in [mqtt]."),
    optional("ca", "\"broker-ca.pem\"", "For that broker, as in [mqtt]."),
];

const DLMS: &[Key] = &[
    key(
        "transport",
        "\"hdlc\"",
        "\"hdlc\" (serial:// at the meter's own speed, or tcp:// through a gateway), \"wrapper\"\n\
         (tcp:// to a meter's network module, port 4059), or \"mode_e\": the sign-on of an optical\n\
         port at 300 baud, then HDLC. Default \"hdlc\".",
    ),
    key(
        "device",
        "\"12345678\"",
        "Device address in the sign-on, where several meters share the port.",
    ),
    key(
        "client",
        "32",
        "Who asks: the operator tells it with the password or the keys. Default 16, the public\n\
         client, to whom many meters show little.",
    ),
    key("server", "1", "The meter's logical device. Default 1."),
    key("physical", "17", "The meter's physical device, where several share a line."),
    key(
        "address_bytes",
        "4",
        "Length of the meter's HDLC address: 1, 2 or 4. Default: the shortest.",
    ),
    key(
        "security",
        "\"low\"",
        "\"none\"; \"low\": a password (LLS); \"high_gmac\": HLS with the meter's guek and gak, with\n\
         which everything is ciphered, too. What the meter refuses is not tried again until it is\n\
         changed here: meters lock after wrong passwords. Default \"none\".",
    ),
    key(
        "password",
        "{ file = \"dlms-password.txt\" }",
        "The password: a file that holds nothing else, or { env = \"NAME\" }.",
    ),
    key(
        "system_title",
        "\"5450480000000001\"",
        "Our name in ciphered requests, 16 hexadecimal digits. Default: made from the meter's id.",
    ),
    key(
        "objects",
        "[\"1-0:1.8.0\", \"1-0:16.7.0\"]",
        "Exactly these objects. Default: all that the meter has and this program has a name for.",
    ),
    key(
        "profiles",
        "[\"1-0:99.1.0\"]",
        "Exactly these load profiles; [] for none. Default: 1-0:99.1.0 and 1-0:99.2.0. Their rows\n\
         fill what an outage of this program left out.",
    ),
    key("backfill", "\"7d\"", "How far back profiles are read at the first contact. Default 7d."),
];

const MODBUS: &[Key] = &[key(
    "maps",
    "[\"maps\"]",
    "Folders and files of register maps for meters that this version does not know; see\n\
     docs/meters/adding-a-modbus-meter.md. `model` is the file's name without .toml.",
)];

const HTTP: &[Key] = &[
    key(
        "listen",
        "\"127.0.0.1:8330\"",
        "Page and API. On 127.0.0.1 everybody on this machine may use them until there is a token\n\
         (`triphase token add`). Beyond it, as with \"0.0.0.0:8330\", tokens are required.",
    ),
    optional(
        "tls",
        "\"self-signed\"",
        "Encryption: { cert = \"FILE\", key = \"FILE\" } in PEM form, or \"self-signed\", which makes a\n\
         certificate on the first start and logs its fingerprint.",
    ),
    optional(
        "names",
        "[\"workshop-pc\"]",
        "Names and addresses under which browsers reach this machine, where they are not its own\n\
         (a DNS alias, a reverse proxy, an address translation).",
    ),
];

const MQTT: &[Key] = &[
    key(
        "broker",
        "\"mqtt://127.0.0.1:1883\"",
        "mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS; ports 1883 and 8883 when left out.",
    ),
    optional(
        "prefix",
        "\"triphase/atelier\"",
        "Begins every topic. Default: triphase/ and the site's name in lower-case letters.",
    ),
    optional("username", "\"triphase\"", "The name, or its place as for password."),
    optional(
        "password",
        "{ file = \"mqtt-password.txt\" }",
        "A file that holds nothing else, or { env = \"NAME\" }.",
    ),
    optional(
        "ca",
        "\"broker-ca.pem\"",
        "Certificate of the authority that vouches for the broker; the system's when left out.",
    ),
    optional(
        "client_cert",
        "\"triphase.pem\"",
        "Our certificate and its private key, where the broker wants them; they need ca.",
    ),
    optional("client_key", "\"triphase-key.pem\"", "The private key of client_cert."),
];

const STORE: &[Key] = &[
    key("path", "\"data\"", "Folder of the readings, relative to this file."),
    key(
        "retention",
        "{ raw = \"90d\", minute = \"2y\", quarter_hour = \"forever\" }",
        "How long readings are kept, counted from reception: with all their digits, then least,\n\
         greatest and mean of every minute, then of every quarter of an hour.",
    ),
];

const ALARMS: &[Key] = &[
    key("power_max_kw", "50", "Overload above this active power."),
    key(
        "unbalance_max",
        "0.15",
        "Unbalance score above which phases want rebalancing, as a fraction.",
    ),
    key("power_factor_min", "0.85", "Low power factor below this."),
    key("voltage_min_v", "380", "Undervoltage below this, compared as voltage_compare says."),
    key("voltage_max_v", "420", "Overvoltage above this."),
    key("thd_max_pct", "8.0", "Voltage distortion above this, in %."),
    key(
        "voltage_compare",
        "\"line\"",
        "\"line\" converts phase voltages to line voltages first, \"phase\" compares phase\n\
         voltages, \"as_given\" compares whatever the meter sends.",
    ),
];

/// The example: valid TOML with a comment above every key.
pub(crate) fn example() -> String {
    let mut text = String::from(
        "# triphase.toml: what triphase measures and where it keeps and shows it.\n\
         # Check it with `triphase check --config triphase.toml`; unknown keys are errors.\n",
    );
    section(&mut text, "[site]", &fields::<raw::Site>(), SITE);
    section(&mut text, "[[meter]]", &fields::<raw::Meter>(), METER);
    // A site without these leaves them out, so the example does.
    left_out(&mut text, "[meter.dlms]", &fields::<raw::Dlms>(), DLMS);
    left_out(&mut text, "[meter.mqtt]", &fields::<raw::Feed>(), FEED);
    section(&mut text, "[http]", &fields::<raw::Http>(), HTTP);
    left_out(&mut text, "[mqtt]", &fields::<raw::Mqtt>(), MQTT);
    left_out(&mut text, "[modbus]", &fields::<raw::Modbus>(), MODBUS);
    section(&mut text, "[store]", &fields::<raw::Store>(), STORE);
    section(&mut text, "[alarms]", &fields::<raw::Alarms>(), ALARMS);
    text
}

fn section(text: &mut String, title: &str, fields: &[&str], keys: &[Key]) {
    text.push_str(&format!("\n{title}\n"));
    for field in fields {
        let key = keys.iter().find(|key| key.name == *field).expect("every key is described");
        for line in key.text.lines() {
            text.push_str(&format!("# {line}\n"));
        }
        let mark = if key.optional { "# " } else { "" };
        text.push_str(&format!("{mark}{} = {}\n", key.name, key.example));
    }
}

/// A section that most sites leave out, as comments.
fn left_out(text: &mut String, title: &str, fields: &[&str], keys: &[Key]) {
    let mut shown = String::new();
    section(&mut shown, title, fields, keys);
    text.push('\n');
    for line in shown.trim_start().lines() {
        text.push_str(&if line.starts_with('#') {
            format!("{line}\n")
        } else {
            format!("# {line}\n")
        });
    }
}

/// The names of the fields of a configuration struct, in their order.
fn fields<'de, T: Deserialize<'de>>() -> Vec<&'static str> {
    let mut names: &'static [&'static str] = &[];
    // Deserialisation stops at once: only the question "which fields?" is asked.
    let _ = T::deserialize(FieldNames(&mut names));
    names.to_vec()
}

struct FieldNames<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("only structs have fields"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        Err(de::Error::custom("the names are all that was asked for"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_key_of_the_types_is_described_and_no_other() {
        let pairs: [(Vec<&str>, &[Key]); 9] = [
            (fields::<raw::Site>(), SITE),
            (fields::<raw::Meter>(), METER),
            (fields::<raw::Dlms>(), DLMS),
            (fields::<raw::Feed>(), FEED),
            (fields::<raw::Http>(), HTTP),
            (fields::<raw::Mqtt>(), MQTT),
            (fields::<raw::Modbus>(), MODBUS),
            (fields::<raw::Store>(), STORE),
            (fields::<raw::Alarms>(), ALARMS),
        ];
        for (fields, keys) in pairs {
            let described: Vec<&str> = keys.iter().map(|key| key.name).collect();
            assert_eq!(fields, described);
        }
    }

    /// The documentation shows what the binary prints; `UPDATE_EXPECT=1` writes it anew.
    #[test]
    fn documentation_shows_the_example() {
        let page = format!(
            "# Configuration\n\nOne TOML file. `triphase config example` prints this one; \
             `triphase check --config FILE` finds mistakes\nwith line and column. Unknown keys are \
             errors, relative paths are relative to the file.\n\n```toml\n{}```\n",
            example()
        );
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&file, &page).expect("docs are writable");
        }
        assert_eq!(std::fs::read_to_string(&file).expect("docs/configuration.md"), page);
    }

    #[test]
    fn example_passes_the_check_with_every_key_active() {
        let shown = example();
        super::super::parse(&shown, Path::new("triphase.toml")).expect("the example is valid");
        // A meter has a port or a broker, and one table names a preset or fields.
        let alternatives =
            ["parent", "counter_of", "dlms", "mbus", "sunspec_meter", "mqtt", "preset", "message"];
        let (before, _) = shown.split_once("# [meter.dlms]").expect("the section");
        let (_, feed) = shown.split_once("# [meter.mqtt]").expect("the section");
        let (feed, behind) = feed.split_once("[http]").expect("the next section");
        let uncommented = |text: &str, keys: &[&[Key]]| -> String {
            let keys: Vec<&Key> = keys.iter().copied().flatten().collect();
            let active = |line: &str| {
                let name = line.split(" = ").next().unwrap_or_default();
                keys.iter().any(|key| key.name == name)
                    && line.contains(" = ")
                    && !alternatives.contains(&name)
            };
            let line = |line: &str| match line.strip_prefix("# ") {
                Some(key) if matches!(key, "[mqtt]" | "[modbus]") || active(key) => {
                    format!("{key}\n")
                }
                _ => format!("{line}\n"),
            };
            text.lines().map(line).collect()
        };
        let own = uncommented(behind, &[HTTP, MQTT, MODBUS]).replace("mqtt://", "mqtts://");
        let wired = format!("{}[http]{own}", uncommented(before, &[METER]));
        super::super::parse(&wired, Path::new("triphase.toml")).expect("all keys are valid");
        let feed = uncommented(feed, &[FEED]).replace("mqtt://", "mqtts://");
        let fed = format!(
            "{}\n[[meter]]\nid = \"presse\"\n[meter.mqtt]{feed}\n[http]{own}",
            shown.split("[[meter]]").next().unwrap_or_default()
        );
        super::super::parse(&fed, Path::new("triphase.toml")).expect("all keys are valid");
    }

    #[test]
    fn the_table_of_a_meter_that_is_asked_passes_the_check() {
        let shown = example();
        let (_, table) = shown.split_once("# [meter.dlms]\n").expect("the table");
        let (table, _) = table.split_once("\n\n").expect("another section");
        let keys = table.lines().filter_map(|line| {
            let line = line.strip_prefix("# ")?;
            DLMS.iter().any(|key| line.starts_with(&format!("{} =", key.name))).then_some(line)
        });
        let keys: Vec<&str> = keys.collect();
        assert_eq!(keys.len(), DLMS.len());
        let text = format!(
            "[site]\nname = \"a\"\ntimezone = \"UTC\"\n[[meter]]\nid = \"a\"\n\
             model = \"generic_dlms\"\nport = \"serial:///dev/ttyUSB0\"\n[meter.dlms]\n{}\n",
            keys.join("\n").replace("\"hdlc\"", "\"mode_e\"")
        );
        super::super::parse(&text, Path::new("triphase.toml")).expect("all keys are valid");
    }
}
