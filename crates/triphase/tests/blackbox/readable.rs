//! Meters that speak in characters: captures explained, simulated ones read over pseudo-terminals.

use crate::process::{Service, folder, triphase};
use crate::simulated::Simulated;
use serde_json::{Value, json};

const P1: &str = "/TRI5\\2TEST\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(200512135409S)\r\n\
    1-0:1.8.1(000004.426*kWh)\r\n0-0:96.14.0(0002)\r\n0-0:96.13.0()\r\n\
    0-1:24.2.1(200512130005S)(00000.107*m3)\r\n!F030\r\n";

fn decoded(content: &[u8], more: &[&str]) -> (Option<i32>, Vec<Value>) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("capture");
    std::fs::write(&file, content).expect("writable");
    let file = file.to_str().expect("UTF-8");
    let output = triphase(&[&["decode", "--format", "json"], more, &[file]].concat());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("an object"));
    (output.status.code(), lines.collect())
}

#[test]
fn a_p1_telegram_is_told_as_it_was_sent() {
    for more in [
        &["--timezone", "Europe/Brussels"][..],
        &["--timezone", "Europe/Brussels", "--protocol", "dsmr"],
    ] {
        let (code, lines) = decoded(P1.as_bytes(), more);
        assert_eq!((code, lines.len()), (Some(0), 1), "{lines:?}");
        let line = &lines[0];
        assert_eq!(line["protocol"], "dsmr");
        assert_eq!(line["identification"], "/TRI5\\2TEST");
        assert_eq!(line["checksum"], "ok");
        assert_eq!(line["meter_time"], "2020-05-12T13:54:09");
        assert_eq!(line["measured_at"], "2020-05-12T11:54:09Z");
        assert_eq!(line["defects"], json!([]));
        assert_eq!(
            line["values"],
            json!([
                {"obis": "1-3:0.2.8", "value": "50", "unit": null},
                {"obis": "0-0:1.0.0", "value": "200512135409S", "unit": null},
                {"obis": "1-0:1.8.1", "value": 4.426, "unit": "kWh"},
                {"obis": "0-0:96.14.0", "value": "0002", "unit": null},
                {"obis": "0-0:96.13.0", "value": null, "unit": null},
                {"obis": "0-1:24.2.1", "value": 0.107, "unit": "m3", "time": "200512130005S"},
            ])
        );
    }
}

#[test]
fn a_wrong_check_is_told_and_refused() {
    let altered = P1.replace("4.426", "4.427");
    let (code, lines) = decoded(altered.as_bytes(), &[]);
    assert_eq!(code, Some(1));
    assert_eq!(
        (&lines[0]["checksum"], &lines[0]["defects"][0]["code"]),
        (&json!("bad"), &json!("crc_mismatch"))
    );
    let block = b"/TRI5X\r\n\x021.8.0(000285.4*kWh)\r\n!\r\n\x03\x00";
    let (code, lines) = decoded(block, &["--protocol", "iec62056-21"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        (&lines[0]["checksum"], &lines[0]["defects"][0]["code"]),
        (&json!("bad"), &json!("bcc_mismatch"))
    );
    let open = &block[..block.len() - 2];
    let (code, lines) = decoded(open, &[]);
    assert_eq!((code, &lines[0]["checksum"]), (Some(0), &json!("absent")));
    assert_eq!(lines[0]["values"], json!([{"obis": "1.8.0", "value": 285.4, "unit": "kWh"}]));
}

#[test]
fn an_optical_port_is_asked_and_a_p1_port_is_heard() {
    let (optical, p1) = (
        Simulated::start(&["--port", "pty", "--model", "iec62056_21"]),
        Simulated::start(&["--port", "pty", "--model", "dsmr_p1"]),
    );
    let folder = folder(&format!(
        "[[meter]]\nid = \"general\"\nmodel = \"iec62056_21\"\nport = \"serial://{}\"\nperiod = \"1s\"\n\
         optical = {{ address = \"60000007\" }}\n\
         [[meter]]\nid = \"p1\"\nmodel = \"dsmr_p1\"\nport = \"serial://{}?baud=115200&parity=none\"\n",
        optical.place, p1.place
    ));
    let service = Service::run(folder.path());
    for meter in ["general", "p1"] {
        let latest = service.wait_for(&format!("/api/v1/meters/{meter}/latest"), |latest| {
            latest["values"]["voltage_l1"]["value"].is_number()
                && latest["values"]["active_energy_import"]["value"].is_number()
        });
        let values = &latest["values"];
        assert_eq!(values["active_energy_import"]["unit"], "Wh", "{meter}");
        assert_eq!(values["active_power_import"]["unit"], "W", "{meter}");
        let voltage = values["voltage_l1"]["value"].as_f64().expect("a number");
        assert!((200.0..260.0).contains(&voltage), "{meter}: {voltage}");
    }
    let frames = "/api/v1/meters/p1/frames?limit=1";
    let frames = service.wait_for(frames, |answer| answer["frames"][0].is_object());
    assert_eq!(frames["frames"][0]["protocol"], "dsmr", "{frames}");
    assert!(service.terminate().success());
}
