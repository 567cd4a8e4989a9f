//! What the check refuses, and how it says so.

use super::*;

const GOOD: &str = r#"
[site]
name = "Atelier"
timezone = "Europe/Paris"

[[meter]]
id = "general"
model = "lgz_e450"
port = "tcp://127.0.0.1:4059"
"#;

fn refused(text: &str) -> String {
    parse(text, Path::new("t.toml")).expect_err("must be refused").to_string()
}

#[test]
fn a_short_configuration_gets_the_defaults_of_chapter_25() {
    let config = parse(GOOD, Path::new("/etc/triphase/t.toml")).expect("valid");
    assert_eq!(config.store, Path::new("/etc/triphase/data"));
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8330");
    assert_eq!(config.meters[0].role, Role::Main);
    assert!((config.alarms.power_factor_min - 0.85).abs() < f64::EPSILON);
}

#[test]
fn a_typo_is_shown_with_line_column_and_caret() {
    let text = GOOD.replace("model =", "modle =");
    let message = refused(&text);
    let expected = "t.toml:8:1: unknown field `modle`, expected one of `id`, `role`, `parent`, \
                    `label`, `model`, `port`, `period`, `guek`, `gak`, `voltage_kind`, \
                    `ct_ratio`, `vt_ratio`, `accuracy_pct`, `machine`, `invert`, `timeout`, \
                     `optical`, `dlms`, `mbus`, `sunspec_meter`, `counter_of`, `mqtt`; did you mean `model`?\n  |\n8 | modle = \"lgz_e450\"\n  | ^^^^^";
    assert_eq!(message, expected);
}

#[test]
fn a_rate_for_a_slave_is_one_that_has_a_code_on_a_line_that_can_follow() {
    let meter = |port: &str, baud: u32| {
        format!(
            "[site]\nname = \"a\"\ntimezone = \"UTC\"\n[[meter]]\nid = \"a\"\nmodel = \"mbus\"\n\
             port = \"{port}\"\nmbus = {{ switch_baud = {baud} }}\n"
        )
    };
    let line = "mbus+serial:///dev/ttyUSB0?baud=2400&address=1";
    let config = parse(&meter(line, 9600), Path::new("t.toml")).expect("valid");
    assert_eq!(config.meters[0].switch_baud, Some(9600));
    for (port, baud, said) in [
        (line, 9601, "expected one of 300, 600, 1200"),
        (line, 2400, "2400 is the port's rate already"),
        ("mbus+tcp://10.0.0.20:10001?address=1", 9600, "a gateway sets its bus itself"),
    ] {
        let message = refused(&meter(port, baud));
        assert!(message.contains("t.toml:8:24: ") && message.contains(said), "{message}");
    }
}

#[test]
fn a_sunspec_devices_meters_are_numbered_from_one() {
    let meter = |model: &str, number: i64| {
        format!(
            "[site]\nname = \"a\"\ntimezone = \"UTC\"\n[[meter]]\nid = \"a\"\nmodel = \"{model}\"\n\
             port = \"modbus+tcp://h?unit=1\"\nsunspec_meter = {number}\n"
        )
    };
    let config = parse(&meter("sunspec", 2), Path::new("t.toml")).expect("valid");
    let source = match &config.meters[0].model {
        Some(crate::config::ModelConfig::Registers(source)) => source,
        other => panic!("{other:?}"),
    };
    assert!(matches!(source, meter::modbus::Source::SunSpec { meter: 2 }), "{source:?}");
    for (model, number, said) in [
        ("sunspec", 0, "one of the device's meters, 1 to 64"),
        ("sunspec", 300, "one of the device's meters, 1 to 64"),
        ("eastron_sdm630", 2, "a device with model = \"sunspec\""),
    ] {
        let message = refused(&meter(model, number));
        assert!(message.contains("t.toml:8:17: ") && message.contains(said), "{message}");
    }
}

#[test]
fn every_fault_is_reported_at_once() {
    let text = GOOD
        .replace("Europe/Paris", "Europe/Pari")
        .replace("lgz_e450", "e450")
        .replace("tcp://127.0.0.1:4059", "serial:///dev/ttyUSB0?parity=strange");
    let message = refused(&text);
    assert!(message.contains("t.toml:4:12: expected an IANA time zone"), "{message}");
    assert!(message.contains("t.toml:8:9: this version knows no such model"), "{message}");
    assert!(message.contains("t.toml:9:8: "), "{message}");
}

#[test]
fn refuses_what_cannot_be() {
    let cases = [
        ("[http]\nnames = [\"http://workshop-pc\"]", "expected a host's name or address"),
        (
            "[http]\ntls = \"yes\"",
            "expected { cert = \"FILE\", key = \"FILE\" } or \"self-signed\"",
        ),
        ("[http]\ntls = { cert = \"a.pem\" }", "missing field `key`"),
        ("[http]\ntls = { cert = \"a\", keys = \"b\" }", "did you mean `key`?"),
        ("[http]\nlisten = \"localhost:83300\"", "expected ADDRESS:PORT"),
        ("[store]\nretention = { raw = \"90\" }", "expected an age from 3d to 100y"),
        ("[store]\nretention = { raw = \"3y\" }", "expected raw to be no longer than minute"),
        ("[store]\nretention = { hour = \"3y\" }", "unknown field `hour`"),
        ("[[meter]]\nid = \"a\"\nguek = { env = \"X\" }", "give the meter its port"),
        ("[influx]\nurl = \"http://127.0.0.1\"", "[influx] is not supported by this version"),
        ("[alarms]\nvoltage_min_v = 430", "below voltage_max_v"),
        ("[alarms]\nunbalance_max = 15", "expected a number from 0 to 1"),
        ("[[meter]]\nid = \"general\"", "there is another meter \"general\""),
        ("[[meter]]\nid = \"divers\"", "\"divers\" is what no meter explains"),
        ("[[meter]]\nid = \"ligne 1\"", "expected 1 to 64 characters"),
        ("[[meter]]\nid = \"a\"\nparent = \"b\"", "there is no meter with this id"),
        ("[[meter]]\nid = \"a\"\nparent = \"a\"", "its own ancestor"),
        ("[[meter]]\nid = \"a\"\nport = \"tcp://h:1\"", "needs a model"),
        ("[[meter]]\nid = \"a\"\ngak = { env = \"X\" }", "give guek too"),
        ("[[meter]]\nid = \"a\"\nguek = \"00112233\"", "guek"),
        ("[[meter]]\nid = \"a\"\nperiod = \"5 parsecs\"", "expected a period"),
    ];
    for (addition, expected) in cases {
        let message = refused(&format!("{GOOD}\n{addition}\n"));
        assert!(message.contains(expected), "{addition}: {message}");
    }
}

#[test]
fn a_key_written_where_its_place_belongs_is_never_repeated() {
    const KEY: &str = "00112233445566778899AABBCCDDEEFF";
    for line in ["guek = \"{}\"", "guke = \"{}\"", "guek = { hex = \"{}\" }", "gak {}"] {
        let line = line.replace("{}", KEY);
        let message = refused(&GOOD.replace("model =", &format!("{line}\nmodel =")));
        assert!(!message.contains(KEY) && !message.contains(&KEY[..16]), "{message}");
        assert!(message.contains("t.toml:8:"), "{message}");
    }
}

#[test]
fn a_broker_is_named_with_everything_that_it_needs() {
    let cases = [
        ("broker = \"127.0.0.1:1883\"", "t.toml:12:10: expected mqtt://HOST:PORT"),
        ("broker = \"mqtt://h:0\"", "expected mqtt://HOST:PORT"),
        ("broker = \"mqtt://h:99999\"", "expected mqtt://HOST:PORT"),
        ("broker = \"mqtt://[::1\"", "expected mqtt://HOST:PORT"),
        ("broker = \"mqtt://ana:x1y2@h\"", "keys of their own"),
        ("broker = \"mqtt://h\"\nprefix = \"a/#\"", "t.toml:13:10: expected a topic"),
        ("broker = \"mqtt://h\"\npassword = { env = \"P\" }", "give username too"),
        ("broker = \"mqtt://h\"\nusername = 7", "expected a name, or its place"),
        ("broker = \"mqtt://h\"\nca = \"ca.pem\"", "ca is used by mqtts:// only"),
        ("broker = \"mqtts://h\"\nclient_cert = \"c.pem\"", "needs its client_key"),
        ("broker = \"mqtts://h\"\nclient_cert = \"c.pem\"\nclient_key = \"k.pem\"", "needs ca"),
        ("broker = \"mqtt://h\"\nclient_id = \"x\"", "unknown field `client_id`"),
        ("prefix = \"a\"", "missing field `broker`"),
        ("broker = \"mqtt://h\"\n[[meter]]\nid = \"alarms\"", "the topic of the alarms"),
    ];
    for (section, expected) in cases {
        let message = refused(&format!("{GOOD}\n[mqtt]\n{section}\n"));
        assert!(message.contains(expected), "{section}: {message}");
    }
    for broker in ["mqtt://h", "mqtt://10.0.0.7:1884", "mqtts://[::1]:8884/", "mqtts://b.example"] {
        let text = format!("{GOOD}\n[mqtt]\nbroker = \"{broker}\"\n");
        assert!(parse(&text, Path::new("t.toml")).expect("valid").mqtt.is_some(), "{broker}");
    }
}

#[test]
fn a_password_written_where_its_place_belongs_is_never_repeated() {
    let cases = [
        "broker = \"mqtt://h\"\nusername = \"a\"\npassword = \"hunter2\"",
        "broker = \"mqtt://h\"\npasword = \"hunter2\"",
        "broker = \"mqtt://h\"\npassword = { text = \"hunter2\" }",
        "broker = \"mqtt://ana:hunter2@h\"",
        "broker = \"mqtt://ana:hunter2@h:1883/topic\"",
    ];
    for section in cases {
        let message = refused(&format!("{GOOD}\n[mqtt]\n{section}\n"));
        assert!(!message.contains("hunter2"), "{message}");
        assert!(message.contains("t.toml:1"), "{message}");
    }
}

#[test]
fn keys_are_32_hexadecimal_digits_and_never_shown() {
    let parse = secret::parse_key;
    assert_eq!(
        parse("00 11 22 33 44 55 66 77 88 99 aa BB cc DD ee FF\n", "k").expect("valid")[10],
        0xAA
    );
    let short = parse("0011", "the key file k").expect_err("too short").to_string();
    assert_eq!(short, "the key file k holds 4 hexadecimal digits, a key has 32");
    let wrong = parse("zz112233445566778899aabbccddeeff", "the key file k").expect_err("no hex");
    assert_eq!(wrong.to_string(), "the key file k holds something else than hexadecimal digits");
    assert_eq!(format!("{:?}", Secret::Env("GUEK".to_owned())), "Secret(…)");
}

#[test]
fn a_machines_plate_is_checked_against_itself() {
    let with = |plate: &str| format!("{GOOD}machine = {plate}\n");
    let parsed = |plate: &str| parse(&with(plate), Path::new("t.toml"));
    let good = parsed("{ rated_kw = 15.5, idle_kw = 1.9, off_kw = 0.2, dwell = \"1min\" }");
    let good = good.expect("valid").meters[0].plate.machine;
    assert_eq!((good.rated_kw, good.dwell.as_secs()), (Some(15.5), 60));
    for (plate, words) in [
        ("{ rated_kw = 1, idle_kw = 2 }", "expected off_kw < idle_kw < rated_kw"),
        ("{ constant_kw = 3 }", "constant_kw stands for a machine that nothing measures"),
        ("{ dwell = \"2h\" }", "expected a time from 100ms to 1h"),
        ("{ power = 3 }", "unknown field `power`"),
        ("{ rated_kw = -1 }", "expected a number from"),
    ] {
        let message = refused(&with(plate));
        assert!(message.contains(words), "{plate}: {message}");
    }
}

#[test]
fn a_meter_that_is_asked_says_how_it_is_reached() {
    let asked = |keys: &str| {
        let model = "model = \"generic_dlms\"\nport = \"tcp://h:4059\"";
        format!("{GOOD}\n[[meter]]\nid = \"a\"\n{model}\n{keys}\n")
    };
    let cases = [
        ("dlms = { transport = \"udp\" }", "expected one of `hdlc`, `wrapper`, `mode_e`"),
        ("dlms = { client = 0 }", "expected a client address from 1 to 127"),
        ("dlms = { server = 20000 }", "expected an address up to 16383"),
        ("dlms = { server = 200, address_bytes = 1 }", "expected 1, 2 or 4 bytes"),
        ("dlms = { address_bytes = 3 }", "expected 1, 2 or 4 bytes"),
        ("dlms = { security = \"low\", client = 2 }", "\"low\" needs password"),
        ("dlms = { password = { env = \"P\" } }", "used with security = \"low\""),
        ("dlms = { security = \"low\", password = { env = \"P\" } }", "needs its address"),
        ("dlms = { security = \"high_gmac\", client = 1 }", "needs the meter's guek and gak"),
        ("guek = { env = \"K\" }", "needs gak beside guek"),
        ("dlms = { system_title = \"4C475A\" }", "16 hexadecimal digits"),
        ("dlms = { objects = [\"1.8\"] }", "expected an OBIS code"),
        ("dlms = { backfill = \"5min\" }", "expected a time from 1h to 366d"),
        ("dlms = { device = \"1\" }", "needs transport = \"mode_e\""),
        ("dlms = { clinet = 2 }", "did you mean `client`?"),
        ("dlms = { security = \"low\", password = \"hunter2\" }", "expected `file` or `env`"),
        ("dlms = { password = \"hunter2\", client = 1 }", "expected `file` or `env`"),
        ("dlms = { passwort = { text = \"hunter2\" } }", "did you mean `password`?"),
    ];
    for (keys, expected) in cases {
        let message = refused(&asked(keys));
        assert!(message.contains(expected), "{keys}: {message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    let serial = asked("dlms = { transport = \"wrapper\" }").replace("tcp://h:4059", "serial:///x");
    assert!(refused(&serial).contains("the wrapper is for tcp:// ports"));
    let pushed = format!("{GOOD}dlms = {{ client = 1 }}\n");
    assert!(refused(&pushed).contains("only a model that is asked over DLMS/COSEM"));
    let good = asked("dlms = { client = 2, security = \"low\", password = { env = \"P\" } }");
    assert!(parse(&good, Path::new("t.toml")).expect("valid").meters[1].dlms.is_some());
}

#[test]
fn a_meter_that_publishes_is_checked_down_to_the_formula() {
    let table = |keys: &str| format!("[[meter]]\nid = \"presse\"\n[meter.mqtt]\n{keys}\n");
    let cases = [
        (
            "topic = \"t\"\nfields = { active_powr = \"$ W\" }",
            "t.toml:15:12: there is no such quantity; did you mean active_power (W)",
        ),
        (
            "topic = \"t\"\nfields = { active_power = \"$.p kVA\" }",
            "t.toml:15:32: kVA measures something else: expected W",
        ),
        (
            "topic = \"t\"\nfields = { active_power = \"$.p\" }",
            "needs the unit that the payload's number is in",
        ),
        (
            "topic = \"t\"\nfields = { active_power = \"p W\" }",
            "t.toml:15:28: a path begins with $",
        ),
        ("topic = \"t\"\nfields = {}", "expected 1 to 128 fields"),
        (
            "topic = \"a/#/b\"\nfields = { active_power = \"$ W\" }",
            "t.toml:14:12: # stands for all levels",
        ),
        (
            "topic = \"t\"\npreset = \"shelly\"",
            "it knows shelly_3em, shelly_pro_3em, tasmota, zigbee2mqtt",
        ),
        ("preset = \"tasmota\"", "which device? Name its topic, such as topic = \"presse\""),
        ("topic = \"a/+\"\npreset = \"tasmota\"", "t.toml:14:12: a preset reads one device"),
        (
            "topic = \"t\"\npreset = \"tasmota\"\nfields = { active_power = \"$ W\" }",
            "the preset says this already",
        ),
        ("fields = { active_power = \"$ W\" }", "expected a topic with a preset or with fields"),
        (
            "topic = \"t\"\nfields = { active_power = \"$ W\" }\ntime = \"$.ts s\"",
            "expected the path of a time",
        ),
        (
            "topic = \"t\"\nfields = { active_power = \"$ W\" }\nwindow = \"1h\"",
            "expected a time from 100ms to 10s",
        ),
        (
            "topic = \"t\"\nfields = { active_power = \"$ W\" }\nusername = \"a\"",
            "this belongs to a broker",
        ),
        (
            "topic = \"t\"\nmessage = [{ topic = \"a\", fields = { active_power = \"$ W\" } }]",
            "each message names its own topic",
        ),
        (
            "message = [{ topic = \"a\", feilds = { active_power = \"$ W\" } }]",
            "did you mean `fields`?",
        ),
        (
            "topic = \"t\"\nbroker = \"10.0.0.5\"\nfields = { active_power = \"$ W\" }",
            "expected mqtt://HOST:PORT",
        ),
    ];
    for (keys, expected) in cases {
        let message = refused(&format!("{GOOD}\n{}[mqtt]\nbroker = \"mqtt://h\"\n", table(keys)));
        assert!(message.contains(expected), "{keys}: {message}");
    }
}

#[test]
fn a_meter_that_publishes_needs_a_broker() {
    let table = |keys: &str| format!("[[meter]]\nid = \"presse\"\n[meter.mqtt]\n{keys}\n");
    let good =
        table("topic = \"t\"\nfields = { active_power = \"$ W\", production_pieces = \"$.n?\" }");
    let message = refused(&format!("{GOOD}\n{good}"));
    assert!(message.contains("t.toml:13:1: which broker?"), "{message}");
    for whole in [
        format!("{GOOD}\n{good}broker = \"mqtt://h\"\n"),
        format!("{GOOD}\n{good}\n[mqtt]\nbroker = \"mqtt://h\"\n"),
    ] {
        let config = parse(&whole, Path::new("t.toml")).expect("valid");
        assert!(config.meters[1].feed.is_some(), "{whole}");
    }
}

#[test]
fn keys_that_do_not_go_together_are_refused() {
    let mqtt = "mqtt = { topic = \"t\", preset = \"tasmota\" }";
    let cases = [
        (format!("port = \"tcp://h:1\"\nmodel = \"lgz_e450\"\n{mqtt}"), "leave out port or mqtt"),
        (format!("model = \"lgz_e450\"\n{mqtt}"), "has no model: name a preset"),
        (format!("ct_ratio = 40\n{mqtt}"), "multiply in the formulas"),
        ("counter_of = \"nobody\"".to_owned(), "there is no meter with this id"),
        ("counter_of = \"x\"".to_owned(), "belong to it already"),
        (
            "counter_of = \"general\"\n[[meter]]\nid = \"y\"\ncounter_of = \"x\"".to_owned(),
            "\"x\" counts for another meter itself",
        ),
    ];
    for (keys, expected) in cases {
        let text =
            format!("{GOOD}\n[[meter]]\nid = \"x\"\n{keys}\n[mqtt]\nbroker = \"mqtt://h\"\n");
        let message = refused(&text);
        assert!(message.contains(expected), "{keys}: {message}");
    }
}
