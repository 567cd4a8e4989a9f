//! What messages give, by the presets and by mappings of one's own.

use super::super::{Field, TopicFilter, preset};
use super::*;
use crate::feed::source::WINDOW_DEFAULT;

const NOON: i64 = 1_777_888_800; // 2026-05-04T10:00:00Z

fn second(second: i64) -> Timestamp {
    Timestamp::from_seconds(NOON + second)
}

fn collector(source: Source) -> Collector {
    let zone = TimeZone::get("Europe/Paris").expect("known");
    Collector::new(MeterId::new("presse").expect("an id"), Arc::new(source), zone)
}

fn of_preset(name: &str, topic: &str) -> Collector {
    collector(preset(name).expect(name).source(topic).expect(topic))
}

fn rule(topic: &str, fields: &[(Quantity, &str)]) -> Rule {
    let fields = fields.iter().map(|(quantity, text)| Field::new(*quantity, text).expect(text));
    Rule::values(TopicFilter::new(topic).expect(topic), "mqtt", fields.collect())
}

fn message<'a>(at: i64, topic: &'a str, payload: &'a str) -> Message<'a> {
    let (at, payload) = (second(at), payload.as_bytes());
    Message { at, topic, payload, retained: false, late: false, token: 7 }
}

/// The one telegram that a message gave, with its numbers by name.
fn numbers(gathered: &Gathered) -> Vec<(&'static str, String)> {
    let [(telegram, _)] = gathered.telegrams.as_slice() else {
        panic!("one telegram, not {gathered:?}");
    };
    let number = |reading: &Reading| {
        let number = reading.value.number().expect("a number");
        (reading.quantity.expect("known").name(), number.to_string())
    };
    telegram.readings.iter().map(number).collect()
}

fn has(gathered: &Gathered, pairs: &[(&str, &str)]) {
    let numbers = numbers(gathered);
    for (name, value) in pairs {
        let found =
            numbers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(found, Some(*value), "{name} of {numbers:?}");
    }
}

const EM: &str = r#"{"id":0,"a_current":4.029,"a_voltage":236.1,"a_act_power":951.2,
    "a_aprt_power":951.9,"a_pf":1.00,"a_freq":50.0,"b_current":4.027,"b_voltage":236.2,
    "b_act_power":-951.1,"b_aprt_power":951.8,"b_pf":1.00,"b_freq":50.0,"c_current":3.03,
    "c_voltage":236.4,"c_act_power":715.4,"c_aprt_power":716.2,"c_pf":1.00,"c_freq":50.0,
    "n_current":null,"total_current":11.083,"total_act_power":2484.782,
    "total_aprt_power":2486.7,"user_calibrated_phase":[]}"#;

#[test]
fn a_shelly_pro_3em_tells_power_and_energy_apart() {
    let mut shelly = of_preset("shelly_pro_3em", "shellypro3em-0c");
    let power = shelly.receive(message(0, "shellypro3em-0c/status/em:0", EM));
    has(
        &power,
        &[
            ("active_power", "2484.782"),
            ("active_power_l2", "-951.1"),
            ("voltage_l3", "236.4"),
            ("power_factor_l1", "1.00"),
            ("frequency", "50.0"),
        ],
    );
    assert!(power.defects.is_empty(), "{:?}", power.defects);
    assert_eq!(power.telegrams[0].1, [7]);
    let energy = r#"{"id":0,"a_total_act_energy":0.00,"a_total_act_ret_energy":0.00,
        "b_total_act_energy":1.25,"total_act":123456.78,"total_act_ret":0.50}"#;
    let energy = shelly.receive(message(0, "shellypro3em-0c/status/emdata:0", energy));
    has(&energy, &[("active_energy_import", "123456.78"), ("active_energy_export", "0.50")]);
    assert_ne!(energy.telegrams[0].0.list, power.telegrams[0].0.list);
    // The same values by the other way are the same measurement, and it tells its time.
    let rpc = format!(
        r#"{{"src":"x","method":"NotifyStatus","params":{{"ts":{}.43,"em:0":{EM}}}}}"#,
        NOON + 9
    );
    let rpc = |at| shelly.receive(message(at, "shellypro3em-0c/events/rpc", &rpc));
    let mut rpc = rpc;
    assert_eq!(rpc(1).telegrams, [], "a mirror");
    let later = rpc(10);
    let measured = later.telegrams[0].0.measured_at;
    assert_eq!(measured, Timestamp::from_micros((NOON + 9) * 1_000_000 + 430_000));
    assert_eq!(later.telegrams[0].0.received_at, second(10));
    // Events that carry no measurement are no defect.
    let event = r#"{"method":"NotifyEvent","params":{"ts":1,"events":[]}}"#;
    let event = shelly.receive(message(11, "shellypro3em-0c/events/rpc", event));
    assert_eq!((event.telegrams.len(), event.defects.len()), (0, 0));
    let gone = shelly.receive(message(12, "shellypro3em-0c/online", "false"));
    assert_eq!(gone.presence, Some(false));
}

#[test]
fn a_burst_of_a_shelly_3em_is_one_telegram_with_its_sums() {
    let mut shelly = of_preset("shelly_3em", "shellies/shellyem3-24");
    let mut gathered = Gathered::default();
    let mut sent = 0;
    for phase in 0..3 {
        for (name, value) in [
            ("power", "100.25"),
            ("pf", "0.98"),
            ("current", "0.45"),
            ("voltage", "230.1"),
            ("total", "1000.1"),
            ("total_returned", "0.0"),
        ] {
            assert!(gathered.telegrams.is_empty(), "not before the last one");
            let topic = format!("shellies/shellyem3-24/emeter/{phase}/{name}");
            let message = Message { token: sent, ..message(0, &topic, value) };
            gathered = shelly.receive(message);
            sent += 1;
        }
    }
    has(
        &gathered,
        &[("active_power", "300.75"), ("active_energy_import", "3000.3"), ("voltage_l2", "230.1")],
    );
    assert_eq!(gathered.telegrams[0].1, (0..18).collect::<Vec<u64>>());
    assert_eq!(shelly.due(), None);
    // A burst that stays incomplete is finished by the window, without sums of parts.
    shelly.receive(message(30, "shellies/shellyem3-24/emeter/0/power", "1"));
    shelly.receive(message(30, "shellies/shellyem3-24/emeter/1/power", "2"));
    assert_eq!(shelly.due(), Some(second(31)));
    assert_eq!(shelly.tick(second(30)), Gathered::default());
    let half = shelly.tick(second(31));
    assert_eq!(numbers(&half).len(), 2);
    // The next round begins the next telegram, also within the window.
    shelly.receive(message(60, "shellies/shellyem3-24/emeter/0/power", "1"));
    let next = shelly.receive(message(60, "shellies/shellyem3-24/emeter/0/power", "2"));
    assert_eq!(numbers(&next), [("active_power_l1", "1".to_owned())]);
    assert_eq!(numbers(&shelly.flush()), [("active_power_l1", "2".to_owned())]);
    // pf is nan while nothing flows on early firmware.
    let nan = shelly.receive(message(90, "shellies/shellyem3-24/emeter/0/pf", "nan"));
    assert_eq!(nan.defects[0].code, "not_a_number");
    assert_eq!(nan.released, [7]);
}

#[test]
fn tasmota_has_one_phase_or_arrays_of_them() {
    let mut plug = of_preset("tasmota", "presse");
    let one = plug.receive(message(
        2,
        "tele/presse/SENSOR",
        r#"{"Time":"2026-05-04T12:00:01",
        "ENERGY":{"TotalStartTime":"2020-10-21T22:15:00","Total":3.705,"Yesterday":0.028,
        "Today":0.026,"Period":1,"Power":5,"ApparentPower":6,"ReactivePower":0,"Factor":0.83,
        "Voltage":233,"Current":0.021}}"#,
    ));
    assert!(one.defects.is_empty(), "{:?}", one.defects);
    has(&one, &[("active_power", "5"), ("active_energy_import", "3705"), ("voltage", "233")]);
    assert_eq!(one.telegrams[0].0.measured_at, second(1), "the site's clock");
    let three = plug.receive(message(
        12,
        "tele/presse/SENSOR",
        r#"{"Time":"2026-05-04T12:00:11",
        "ENERGY":{"Total":12.5,"Power":[100.5,200,-0.5],"Factor":[0.9,0.8,1],
        "Frequency":[50,50,50],"Voltage":[230,231,232],"Current":[1.5,2.5,0.25]}}"#,
    ));
    assert!(three.defects.is_empty(), "{:?}", three.defects);
    has(
        &three,
        &[
            ("active_power", "300.0"),
            ("active_power_l3", "-0.5"),
            ("power_factor_l2", "0.8"),
            ("voltage_l1", "230"),
            ("current_l3", "0.25"),
        ],
    );
    assert!(!numbers(&three).iter().any(|(name, _)| *name == "power_factor" || *name == "voltage"));
    // A device whose time zone was never set must not move its readings by an hour.
    let astray = plug.receive(message(
        22,
        "tele/presse/SENSOR",
        r#"{"Time":"2026-05-04T11:00:21","ENERGY":{"Power":5}}"#,
    ));
    assert_eq!(astray.defects[0].code, "time_unusable");
    assert_eq!(astray.telegrams[0].0.measured_at, second(22));
    assert_eq!(plug.receive(message(30, "tele/presse/LWT", "Offline")).presence, Some(false));
}

#[test]
fn zigbee_devices_come_in_three_shapes() {
    let mut gateway = of_preset("zigbee2mqtt", "zigbee2mqtt/presse");
    let topic = "zigbee2mqtt/presse";
    let one = gateway.receive(message(
        1,
        topic,
        r#"{"power":12,"voltage":230,"current":0.06,"energy":1.25,"linkquality":120}"#,
    ));
    has(&one, &[("active_power", "12"), ("voltage", "230"), ("active_energy_import", "1250")]);
    let total = gateway.receive(message(
        2,
        topic,
        r#"{"power":600,"power_phase_a":100,
        "power_phase_b":200,"power_phase_c":300,"voltage_phase_a":230.5,"energy":7}"#,
    ));
    has(&total, &[("active_power", "600"), ("active_power_l1", "100"), ("voltage_l1", "230.5")]);
    let plain = gateway.receive(message(
        3,
        topic,
        r#"{"power":100,"power_phase_b":200,"power_phase_c":300,"voltage":231}"#,
    ));
    has(&plain, &[("active_power", "600"), ("active_power_l1", "100"), ("voltage_l1", "231")]);
    let there =
        gateway.receive(message(4, "zigbee2mqtt/presse/availability", r#"{"state":"online"}"#));
    assert_eq!(there.presence, Some(true));
}

#[test]
fn one_bad_value_costs_itself_and_says_where_it_was() {
    let fields = [
        (Quantity::ActivePower, "$.em.act_power * 1000 W"),
        (Quantity::VoltageL1, "$.em.u V"),
        (Quantity::ProductionPieces, "$.pieces"),
    ];
    let mut own = collector(Source::new(vec![rule("usine/+/energie", &fields)], None));
    let topic = "usine/presse/energie";
    let payload = r#"{"em":{"act_power":1.2340,"u":9999},"pices":3}"#;
    let taken = own.receive(message(0, topic, payload));
    assert_eq!(numbers(&taken), [("active_power", "1234.0".to_owned())]);
    let told: Vec<(&str, &str)> =
        taken.defects.iter().map(|defect| (defect.code, defect.detail.as_str())).collect();
    assert_eq!(
        told,
        [
            (
                "value_absurd",
                "usine/presse/energie: $.em.u (voltage_l1): expected 0 to 1000 V, got 9999"
            ),
            ("path_missing", "usine/presse/energie: $ has no member \"pieces\"; it has em, pices"),
        ]
    );
    for (payload, code) in
        [("{\"em\":", "bad_json"), ("", ""), ("\u{feff}{}", "bad_json"), ("[]", "path_missing")]
    {
        let taken = own.receive(message(1, topic, payload));
        assert_eq!(taken.released, [7], "{payload}");
        let first = taken.defects.first().map_or("", |defect| defect.code);
        assert_eq!((taken.telegrams.len(), first), (0, code), "{payload}");
    }
    let deep = "[".repeat(PAYLOAD_MAX);
    assert_eq!(own.receive(message(1, topic, &deep)).defects[0].code, "bad_json");
    let long = " ".repeat(PAYLOAD_MAX + 1);
    assert_eq!(own.receive(message(1, topic, &long)).defects[0].code, "payload_too_long");
    let wrong = Message { payload: b"{\"em\":\"\xff\"}", ..message(1, topic, "") };
    assert_eq!(own.receive(wrong).defects[0].code, "bad_json");
}

#[test]
fn what_was_kept_is_no_measurement_unless_it_tells_its_time() {
    let plain = rule("p", &[(Quantity::ActivePower, "$ W")]);
    let dated = rule("d", &[(Quantity::ActivePower, "$.p W")]).dated("$.ts?").expect("a path");
    let mut own = collector(Source::new(vec![plain, dated], None));
    let retained = |at, topic, payload| Message { retained: true, ..message(at, topic, payload) };
    let old = own.receive(retained(0, "p", "100"));
    assert_eq!((old.telegrams.len(), old.defects[0].code), (0, "retained"));
    let payload = format!(r#"{{"p":100,"ts":{}}}"#, NOON - 3600);
    let known = own.receive(retained(0, "d", &payload));
    assert_eq!(known.telegrams[0].0.measured_at, second(-3600));
    assert_eq!(known.telegrams[0].0.quality, Quality::Good);
    // What waited at the broker is stored, and doubtful where its time is not known.
    let late = |topic, payload| Message { late: true, ..message(5, topic, payload) };
    let undated = own.receive(late("p", "100"));
    assert_eq!(undated.telegrams[0].0.quality, Quality::Suspect);
    assert_eq!(own.receive(late("d", &payload)).telegrams[0].0.quality, Quality::Good);
    assert_eq!(own.receive(message(6, "p", "101")).telegrams[0].0.quality, Quality::Good);
}

#[test]
fn messages_of_several_topics_meet_in_a_window() {
    let rules = vec![
        rule("usine/puissance", &[(Quantity::ActivePower, "$ kW")]),
        rule("usine/pieces", &[(Quantity::ProductionPieces, "$.n")]),
    ];
    let mut own = collector(Source::new(rules, Some(WINDOW_DEFAULT)));
    assert!(own.receive(message(0, "usine/puissance", "12.5")).telegrams.is_empty());
    let both = own.receive(message(0, "usine/pieces", r#"{"n":41}"#));
    assert_eq!(
        numbers(&both),
        [("active_power", "12500".to_owned()), ("production_pieces", "41".to_owned())]
    );
    // With a clock that is set back nothing waits for ever.
    own.receive(message(10, "usine/puissance", "12.5"));
    assert_eq!(own.tick(second(-3600)).telegrams.len(), 1);
}
