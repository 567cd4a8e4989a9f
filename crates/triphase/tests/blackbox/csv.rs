//! `triphase import` and `triphase export` between spreadsheets and the store.

use crate::process::{Service, folder, triphase};
use std::fmt::Write;
use std::path::Path;
use std::process::Output;

const METERS: &str = "[[meter]]\nid = \"general\"\nrole = \"main\"\n";

fn said(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{out}{err}")
}

fn with_config(command: &str, folder: &Path, arguments: &[&str]) -> Output {
    let config = folder.join("triphase.toml");
    let config = config.to_str().expect("UTF-8");
    let fixed = [command, "--config", config, "--meter", "general"];
    triphase(&[&fixed[..], arguments].concat())
}

fn import(folder: &Path, text: &[u8], arguments: &[&str]) -> Output {
    let file = folder.join("in.csv");
    std::fs::write(&file, text).expect("writable");
    with_config("import", folder, &[&[file.to_str().expect("UTF-8")], arguments].concat())
}

fn export(folder: &Path, arguments: &[&str]) -> String {
    let output = with_config("export", folder, arguments);
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A year of quarter hours with the warts of the steel data set.
fn steel_year() -> String {
    let mut text = String::from(
        "date,Usage_kWh,Lagging_Current_Reactive.Power_kVarh,\
         Leading_Current_Reactive_Power_kVarh,CO2(tCO2),Lagging_Current_Power_Factor,\
         Leading_Current_Power_Factor,NSM,WeekStatus,Day_of_week,Load_Type\r\n",
    );
    let days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (month, length) in (1..).zip(days) {
        for day in 1..=length {
            for quarter in 1..=96 {
                let (hour, minute) = (quarter / 4 % 24, quarter % 4 * 15);
                let kwh = 3 + quarter % 7;
                writeln!(
                    text,
                    "{day:02}/{month:02}/2018 {hour:02}:{minute:02},{kwh}.17,2.95,0.5,0,73.21,100,\
                     {},Weekday,Monday,Light_Load\r",
                    quarter % 96 * 900
                )
                .expect("a String takes everything");
            }
        }
    }
    text
}

#[test]
fn the_steel_data_set_imports_whole_and_twice() {
    let folder = folder(METERS);
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/import/uci_steel.toml");
    let map = ["--map", map.to_str().expect("UTF-8")];
    let steel = steel_year();
    let first = import(folder.path(), steel.as_bytes(), &map);
    assert!(first.status.success(), "{}", said(&first));
    let summary = said(&first);
    assert!(summary.contains("35040 rows read"), "{summary}");
    assert!(
        summary.contains("70081 telegrams stored, 0 stored already, 0 rows refused"),
        "{summary}"
    );
    assert!(summary.contains("2017-12-31T15:00:00Z to 2018-12-31T15:00:00Z"), "{summary}");
    let again = said(&import(folder.path(), steel.as_bytes(), &map));
    assert!(again.contains("0 telegrams stored, 70081 stored already"), "{again}");
    let last = export(folder.path(), &["--from", "2018-12-31T14:45:00Z"]);
    let rows: Vec<&str> = last.lines().collect();
    let [header, power, counter] = rows[..] else { panic!("{last}") };
    assert!(header.contains("active_energy_import [Wh]"), "{header}");
    // 96 = 5 (mod 7): 8.17 kWh in a quarter of an hour, and 2.95 − 0.5 kvarh.
    assert!(power.starts_with("2018-12-31T14:45:00Z,import.mean_power,good,"), "{power}");
    assert!(power.contains("32680") && power.contains("9800"), "{power}");
    assert!(counter.starts_with("2018-12-31T15:00:00Z,import.running_counter,good"), "{counter}");
    // A day: 96·3.17 + Σ(quarter mod 7) = 304.32 + 13·21 + 15 = 592.32 kWh.
    assert!(counter.contains("216196800"), "{counter}");
}

#[test]
fn dialects_units_and_bad_rows() {
    let folder = folder(METERS);
    let text = "\u{feff}\"Horodatage\";P;cosφ;U1\r\n\
                04.05.2026 10:00;12,5;98,5;230,10\r\n\
                04.05.2026 10:01;douze;98,5;230\r\n\
                04.05.2026 10:02;-;;\r\n\
                29.03.2026 02:30;1;98;230\r\n\
                04.05.2026 10:03;1 234,5;98;-3\r\n\
                04.05.2026 10:04;0,5;98;231\r\n";
    let columns = [
        "--time",
        "Horodatage",
        "--column",
        "P=active_power[kW]",
        "--column",
        "cosφ=power_factor[%]",
        "--column",
        "U1=voltage_l1[V]",
    ];
    let strict = import(folder.path(), text.as_bytes(), &[&columns[..], &["--strict"]].concat());
    assert_eq!(strict.status.code(), Some(1));
    assert!(said(&strict).contains("nothing was imported"), "{}", said(&strict));
    let output = import(folder.path(), text.as_bytes(), &columns);
    assert!(output.status.success(), "{}", said(&output));
    let summary = said(&output);
    for part in [
        "6 rows read",
        "2 telegrams stored",
        "3 rows refused",
        "1 row without values",
        "line 3: column \"P\": \"douze\" is no number",
        "line 5: \"29.03.2026 02:30\" does not exist in Europe/Paris",
        "line 6: column \"U1\": voltage_l1 is never negative",
    ] {
        assert!(summary.contains(part), "no {part} in {summary}");
    }
    let exported = export(folder.path(), &["--time", "local"]);
    assert!(
        exported.contains("2026-05-04T10:00:00+02:00,import,good,,230.10,12500,0.985"),
        "{exported}"
    );
    let near = import(
        folder.path(),
        text.as_bytes(),
        &["--time", "Horodatage", "--column", "P=activ_power[kW]"],
    );
    assert_eq!(near.status.code(), Some(2));
    assert!(said(&near).contains("did you mean active_power?"), "{}", said(&near));
    let unit = import(
        folder.path(),
        text.as_bytes(),
        &["--time", "Horodatage", "--column", "P=active_power[kvar]"],
    );
    assert!(said(&unit).contains("it takes W, kW, MW"), "{}", said(&unit));
}

#[test]
fn a_repeated_hour_is_told_apart_by_the_order_of_rows() {
    let folder = folder(METERS);
    let text = "t,P\n2026-10-25 01:30,1\n2026-10-25 02:00,2\n2026-10-25 02:30,3\n\
                2026-10-25 02:00,4\n2026-10-25 02:30,5\n2026-10-25 03:00,6\n";
    // Five months ahead of a clock is the future; the year before had the hour on another day.
    let text = text.replace("2026-10-25", "2025-10-26");
    let output =
        import(folder.path(), text.as_bytes(), &["--time", "t", "--column", "P=active_power[W]"]);
    assert!(said(&output).contains("6 telegrams stored"), "{}", said(&output));
    let exported = export(folder.path(), &["--quantity", "active_power"]);
    let times: Vec<&str> = exported
        .lines()
        .skip(1)
        .map(|line| &line["2025-10-".len().."2025-10-25T23:30".len()])
        .collect();
    assert_eq!(times, ["25T23:30", "26T00:00", "26T00:30", "26T01:00", "26T01:30", "26T02:00"]);
}

#[test]
fn an_export_imports_as_the_same_readings() {
    let (one, two) = (folder(METERS), folder(METERS));
    let text = "time_utc,list,quality,doubts,voltage_l1 [V],active_power [W],power_factor [1],device_id_1\n\
                2026-05-04T09:00:00Z,push,good,voltage_l1 suspect,230.10,-1200,0.98,'=1+1\n\
                2026-05-04T09:00:00Z,other,suspect,,231,,,\n\
                2026-05-04T09:00:01.500000Z,push,bad,,230.0,5,1.000,plain\n";
    let output = import(one.path(), text.as_bytes(), &[]);
    assert!(said(&output).contains("3 telegrams stored"), "{}", said(&output));
    for style in [&[][..], &["--time", "local", "--decimal", "comma"], &["--delimiter", "tab"]] {
        let exported = export(one.path(), style);
        let output = import(two.path(), exported.as_bytes(), &[]);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(export(two.path(), &[]), export(one.path(), &[]));
    }
    let again = said(&import(one.path(), export(one.path(), &[]).as_bytes(), &[]));
    assert!(again.contains("0 telegrams stored, 3 stored already"), "{again}");
    assert!(export(one.path(), &[]).contains(",'=1+1"));
}

#[test]
fn beside_a_running_service_export_reads_and_import_posts() {
    let folder = folder(METERS);
    let service = Service::run(folder.path());
    let text = "t,P\n2026-05-04T09:00:00Z,1.5\n2026-05-04T09:01:00Z,2.5\n";
    let columns = ["--time", "t", "--column", "P=active_power[kW]"];
    let refused = import(folder.path(), text.as_bytes(), &columns);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("--url http://127.0.0.1:"), "{}", said(&refused));
    let url = service.url().to_owned();
    let posted = import(folder.path(), text.as_bytes(), &[&columns[..], &["--url", &url]].concat());
    assert!(posted.status.success(), "{}", said(&posted));
    let exported = export(folder.path(), &["--resolution", "1h"]);
    assert!(exported.contains("active_power mean [W]"), "{exported}");
    assert!(
        exported.contains("2026-05-04T09:00:00Z,") && exported.contains(",2000,1500,2500"),
        "{exported}"
    );
    service.kill();
}
