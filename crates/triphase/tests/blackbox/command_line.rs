//! Exit codes and words of the command line.

use crate::process::{shared, triphase};
use serde_json::Value;

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_command_has_help_with_an_example() {
    let commands = ["demo", "run", "check", "decode", "simulate", "calc", "import", "export"];
    let commands = commands.iter().map(|command| vec![*command]);
    let tokens = ["add", "list", "revoke"].iter().map(|command| vec!["token", *command]);
    let scans = [vec!["scan"], vec!["scan", "serial"]];
    for command in commands.chain(tokens).chain(scans) {
        let output = triphase(&[&command[..], &["--help"]].concat());
        assert!(output.status.success());
        assert!(stdout(&output).contains("Example"), "{command:?}");
    }
    assert_eq!(triphase(&["nonsense"]).status.code(), Some(2));
}

#[test]
fn the_example_configuration_passes_the_check() {
    let example = triphase(&["config", "example"]);
    assert!(example.status.success());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("triphase.toml");
    std::fs::write(&file, &example.stdout).expect("writable");
    let check = triphase(&["check", "--config", file.to_str().expect("UTF-8")]);
    assert!(check.status.success(), "{}", stderr(&check));
}

#[test]
fn a_wrong_configuration_ends_with_2_line_column_and_caret() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("triphase.toml");
    std::fs::write(&file, "[site]\nname = \"A\"\ntimezone = \"Mars/Olympus\"\n").expect("writable");
    let check = triphase(&["check", "--config", file.to_str().expect("UTF-8")]);
    assert_eq!(check.status.code(), Some(2));
    let said = stderr(&check);
    assert!(said.contains("triphase.toml:3:12: expected an IANA time zone"), "{said}");
    assert!(said.contains("^^^^^^^^^^^^^^"), "{said}");
    let missing = triphase(&["run", "--config", "/nonexistent/triphase.toml"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("config example"), "{}", stderr(&missing));
}

#[test]
fn decode_prints_the_contracts_json() {
    let Some(captures) = shared("TRIPHASE_CAPTURES", "captures") else { return };
    let capture = captures.join("dlms-push/lgz_e450_plain_2021_pushlist16.hex");
    let capture = capture.to_str().expect("UTF-8");
    let output = triphase(&[
        "decode",
        "--format",
        "json",
        "--profile",
        "lgz_e450",
        "--timezone",
        "Europe/Zurich",
        capture,
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let lines: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object per line"))
        .collect();
    let delivered: Vec<&Value> = lines
        .iter()
        .filter(|line| !line["values"].as_array().expect("values").is_empty())
        .collect();
    assert_eq!((lines.len(), delivered.len()), (2, 1), "{lines:?}");
    let telegram = delivered[0];
    assert_eq!(telegram["protocol"], "dlms");
    assert_eq!(telegram["meter"], "LGZ1030655933512");
    assert_eq!(telegram["meter_time"], "2021-07-06T14:58:18");
    assert_eq!(telegram["measured_at"], "2021-07-06T12:58:18Z");
    assert_eq!(telegram["security"]["encrypted"], false);
    let factor = telegram["values"]
        .as_array()
        .expect("values")
        .iter()
        .find(|value| value["obis"] == "1-0:13.7.0*255")
        .expect("a power factor");
    assert_eq!(factor["quantity"], "power_factor");
    assert_eq!((&factor["raw"], &factor["exponent"]), (&941.into(), &(-3).into()));
    assert_eq!(factor["value"].to_string(), "0.941");
    let text = triphase(&["decode", capture]);
    assert!(stdout(&text).contains("HDLC"), "{}", stdout(&text));
}

#[test]
fn decode_of_rubbish_ends_with_1_and_says_what_was_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("noise.bin");
    std::fs::write(&file, [0x00, 0xFF, 0x12, 0x80].repeat(500)).expect("writable");
    for format in ["text", "json"] {
        let path = file.to_str().expect("UTF-8");
        let output = triphase(&["decode", "--format", format, path]);
        assert_eq!(output.status.code(), Some(1), "{format}");
        let said = format!("{}{}", stdout(&output), stderr(&output));
        assert!(said.contains("2000 bytes"), "{said}");
    }
    std::fs::write(&file, "7E A0 84\nCE FG 03 // typing error\n").expect("writable");
    let typo = triphase(&["decode", file.to_str().expect("UTF-8")]);
    assert_eq!(typo.status.code(), Some(1));
    assert!(stderr(&typo).contains("line 2, column 5 holds 'G'"), "{}", stderr(&typo));
    let key = triphase(&["decode", "--guek", "0011", file.to_str().expect("UTF-8")]);
    assert_eq!(key.status.code(), Some(2));
    assert!(stderr(&key).contains("32"), "{}", stderr(&key));
}
