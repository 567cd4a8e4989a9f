//! Loads line protocol into a store: `load_lines FOLDER METER BATCH [PROBE]`, lines on stdin.
//!
//! Each line is one telegram, its time in whole seconds; `BATCH` telegrams are appended at a time
//! and acknowledged before the next. With `PROBE`, a file on the same disk, every append is
//! followed by a bare write and fsync of the same line, for comparison. Fields of chapter 25 keep
//! their quantity, others get a register outside the catalogue. Prints one line of JSON.

use reading::{
    Decimal, ListId, MeterId, Obis, Quality, Quantity, Reading, Telegram, Timestamp, Value,
};
use std::io::{BufRead, Write};
use std::path::Path;
use store::{Batch, Options, Store};

/// Fields with a quantity that are not chapter 25's.
const QUANTITIES: [(&str, Quantity); 6] = [
    ("puissance_active_l1", Quantity::ActivePowerL1),
    ("puissance_active_l2", Quantity::ActivePowerL2),
    ("puissance_active_l3", Quantity::ActivePowerL3),
    ("puissance_reactive_l1", Quantity::ReactivePowerL1),
    ("puissance_reactive_l2", Quantity::ReactivePowerL2),
    ("puissance_reactive_l3", Quantity::ReactivePowerL3),
];

#[derive(Default)]
struct Spent {
    rows: u64,
    appending: f64,
    probing: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, meter, batch, probe @ ..] = arguments.as_slice() else {
        eprintln!("usage: load_lines FOLDER METER BATCH [PROBE] < LINES");
        std::process::exit(2);
    };
    let meter = MeterId::new(meter.as_str()).expect("a meter's id");
    let batch: usize = batch.parse().expect("a count of telegrams");
    let store = Store::open(Path::new(folder), Options::default()).expect("a store");
    let mut probe = probe.first().map(|path| std::fs::File::create(path).expect("a file"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (mut spent, mut telegrams, mut last) = (Spent::default(), Vec::new(), String::new());
    let mut append = |telegrams: Vec<Telegram>, line: &str| {
        spent.rows += telegrams.len() as u64;
        let before = monotonic();
        runtime.block_on(store.append(Batch::live(telegrams, Vec::new()))).expect("appended");
        spent.appending += monotonic() - before;
        if let Some(file) = &mut probe {
            let before = monotonic();
            file.write_all(line.as_bytes()).expect("written");
            file.sync_data().expect("synchronised");
            spent.probing += monotonic() - before;
        }
    };
    let began = monotonic();
    for line in std::io::stdin().lock().lines() {
        last = line.expect("UTF-8 text");
        telegrams.push(telegram(&meter, &last));
        if telegrams.len() == batch {
            append(std::mem::take(&mut telegrams), &last);
        }
    }
    if !telegrams.is_empty() {
        append(telegrams, &last);
    }
    let resident = std::fs::read_to_string("/proc/self/status").expect("the kernel's account");
    let kilobytes = |name: &str| {
        let line = resident.lines().find(|line| line.starts_with(name)).expect("a line");
        line.split_whitespace().nth(1).expect("a number").to_owned()
    };
    let (now, peak) = (kilobytes("VmRSS:"), kilobytes("VmHWM:"));
    store.close();
    let (seconds, cpu) = (monotonic() - began, clock(rustix::time::ClockId::ProcessCPUTime));
    let Spent { rows, appending, probing } = spent;
    println!(
        "{{\"rows\":{rows},\"seconds\":{seconds},\"cpu_seconds\":{cpu},\"appending\":{appending},\
         \"probing\":{probing},\"resident_kb\":{now},\"resident_peak_kb\":{peak}}}"
    );
}

/// `measurement,tags field=value,… seconds`.
fn telegram(meter: &MeterId, line: &str) -> Telegram {
    let mut parts = line.split(' ');
    let (fields, seconds) = (parts.nth(1), parts.next());
    let seconds = seconds.expect("a time").parse().expect("whole seconds");
    let at = Timestamp::from_seconds(seconds);
    let readings = fields.expect("fields").split(',').zip(0_u8..).map(|(field, place)| {
        let (name, value) = field.split_once('=').expect("a field has a value");
        reading(name, value.parse().expect("a number"), place)
    });
    Telegram {
        meter: meter.clone(),
        list: ListId::new("lines"),
        meter_time: None,
        measured_at: at,
        received_at: at,
        quality: Quality::Good,
        readings: readings.collect(),
    }
}

fn reading(name: &str, number: Decimal, place: u8) -> Reading {
    let mut known = QUANTITIES.iter().filter(|(field, _)| *field == name);
    let quantity = known.next().map(|(_, quantity)| *quantity);
    let quantity = quantity.or_else(|| Quantity::from_chapter25(name));
    let described = quantity.and_then(|quantity| quantity.description().chapter25);
    let exponent = number.exponent() - described.map_or(0, |chapter25| chapter25.exponent);
    Reading {
        quantity,
        obis: quantity.is_none().then(|| Obis::new(1, 0, [128, 7, place], 255)),
        value: Value::Number(Decimal::new(number.mantissa(), exponent)),
        unit: quantity.and_then(Quantity::unit),
        quality: Quality::Good,
    }
}

fn monotonic() -> f64 {
    clock(rustix::time::ClockId::Monotonic)
}

fn clock(id: rustix::time::ClockId) -> f64 {
    let time = rustix::time::clock_gettime(id);
    #[allow(clippy::cast_precision_loss)]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    seconds
}
