//! Loads a store, measures it, prints one JSON object.
//!
//! In: a seeded synthetic meter of 30 registers at one reading a second (AR(1) noise, a daily
//! cycle, a machine that switches), or a CSV file with the same columns. Out: bytes per row,
//! appends and queries per second, memory. Synthetic values are for measuring only.
//!
//! `cargo run --release -p store --example load -- [--days N] [--meters N] [--seed N]
//! [--csv FILE] [--data DIR] [--emit csv|line] [--singles N]`
//!
//! `--days 0 --data DIR` measures a store that was loaded before: its memory is the store's alone.
#![allow(clippy::disallowed_methods, reason = "a measurement needs a clock")]

use reading::{Decimal, ListId, MeterId, Quality, Quantity, Reading, Telegram, Timestamp, Value};
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use store::{Batch, Options, SeriesQuery, Store};

/// 2026-01-05T00:00:00Z.
const BEGIN: i64 = 1_767_571_200;
const BATCH: usize = 3600;
const RUNS: usize = 21;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Name, exponent, mean, noise of a step, daily swing; all in units of the last digit.
type Register = (&'static str, i8, f64, f64, f64);

const REGISTERS: [Register; 30] = [
    ("voltage_l1", -1, 2310.0, 1.0, 25.0),
    ("voltage_l2", -1, 2325.0, 1.0, 25.0),
    ("voltage_l3", -1, 2300.0, 1.0, 25.0),
    ("voltage_l12", -1, 4010.0, 1.0, 40.0),
    ("voltage_l23", -1, 4020.0, 1.0, 40.0),
    ("voltage_l31", -1, 4000.0, 1.0, 40.0),
    ("current_l1", -2, 4200.0, 90.0, 1500.0),
    ("current_l2", -2, 3900.0, 90.0, 1500.0),
    ("current_l3", -2, 4400.0, 90.0, 1500.0),
    ("active_power", 0, 28_000.0, 210.0, 9000.0),
    ("active_power_l1", 0, 9300.0, 190.0, 3000.0),
    ("active_power_l2", 0, 8800.0, 190.0, 3000.0),
    ("active_power_l3", 0, 9900.0, 190.0, 3000.0),
    ("reactive_power", 0, 9000.0, 45.0, 2000.0),
    ("reactive_power_l1", 0, 3000.0, 45.0, 700.0),
    ("reactive_power_l2", 0, 2900.0, 45.0, 700.0),
    ("reactive_power_l3", 0, 3100.0, 45.0, 700.0),
    ("apparent_power", 0, 29_500.0, 210.0, 9000.0),
    ("power_factor", -3, 950.0, 0.6, 20.0),
    ("power_factor_l1", -3, 950.0, 0.6, 20.0),
    ("power_factor_l2", -3, 948.0, 0.6, 20.0),
    ("power_factor_l3", -3, 953.0, 0.6, 20.0),
    ("thd_voltage_l1", -1, 32.0, 0.7, 6.0),
    ("thd_voltage_l2", -1, 31.0, 0.7, 6.0),
    ("thd_voltage_l3", -1, 33.0, 0.7, 6.0),
    ("frequency", -2, 5000.0, 0.6, 0.0),
    ("active_energy_import", 0, 0.0, 0.0, 0.0),
    ("active_energy_export", 0, 0.0, 0.0, 0.0),
    ("reactive_energy_import", 0, 0.0, 0.0, 0.0),
    ("reactive_energy_export", 0, 0.0, 0.0, 0.0),
];

/// A synthetic meter.
struct Meter {
    random: fastrand::Rng,
    /// The deviation of each register from its daily cycle.
    noise: [f64; 30],
    energies: [f64; 2],
    machine: bool,
}

impl Meter {
    fn new(seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self { random, noise: [0.0; 30], energies: [4.0e6, 1.2e6], machine: false }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    fn next(&mut self, second: i64) -> [i64; 30] {
        let day = (second % 86_400) as f64 / 86_400.0;
        let cycle = -(day * std::f64::consts::TAU).cos();
        if self.random.u32(0..600) == 0 {
            self.machine = !self.machine;
        }
        let mut values = [0; 30];
        for (index, (_, _, mean, step, swing)) in REGISTERS.iter().enumerate() {
            // The sum of three uniform numbers has variance 1 and looks like a Gaussian.
            let gauss: f64 = (0..3).map(|_| self.random.f64() * 2.0 - 1.0).sum();
            self.noise[index] = 0.9 * self.noise[index] + gauss * step;
            let machine = if self.machine && (6..18).contains(&index) { 0.2 * mean } else { 0.0 };
            values[index] = (mean + swing * cycle + machine + self.noise[index]).round() as i64;
        }
        for (energy, power) in self.energies.iter_mut().zip([9, 13]) {
            *energy += values[power] as f64 / 3600.0;
        }
        values[26] = self.energies[0] as i64;
        values[27] = 12_345;
        values[28] = self.energies[1] as i64;
        values[29] = 678;
        values
    }
}

struct Arguments {
    days: i64,
    meters: u64,
    seed: u64,
    csv: Option<PathBuf>,
    data: Option<PathBuf>,
    emit: Option<String>,
    singles: usize,
}

fn arguments() -> Fallible<Arguments> {
    let mut arguments = Arguments {
        days: 30,
        meters: 1,
        seed: 1,
        csv: None,
        data: None,
        emit: None,
        singles: 2000,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--days" => arguments.days = value.parse()?,
            "--meters" => arguments.meters = value.parse()?,
            "--seed" => arguments.seed = value.parse()?,
            "--csv" => arguments.csv = Some(value.into()),
            "--data" => arguments.data = Some(value.into()),
            "--emit" => arguments.emit = Some(value),
            "--singles" => arguments.singles = value.parse()?,
            _ => return Err(format!("{word} is not known").into()),
        }
    }
    Ok(arguments)
}

fn main() -> Fallible<()> {
    let arguments = arguments()?;
    if let Some(form) = &arguments.emit {
        return emit(&arguments, form);
    }
    let temporary = tempfile::tempdir()?;
    let folder = arguments.data.clone().unwrap_or_else(|| temporary.path().join("data"));
    fs::create_dir_all(&folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut report = Vec::new();
    if arguments.days > 0 {
        runtime.block_on(bulk(&arguments, &folder, &mut report))?;
    }
    runtime.block_on(measure(&folder, arguments.singles, &mut report))?;
    let fields: Vec<String> =
        report.into_iter().map(|(name, value)| format!("  \"{name}\": {value}")).collect();
    println!("{{\n{}\n}}", fields.join(",\n"));
    Ok(())
}

/// Prints the synthetic rows, for the other side of a comparison.
fn emit(arguments: &Arguments, form: &str) -> Fallible<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut meters: Vec<Meter> =
        (0..arguments.meters).map(|meter| Meter::new(arguments.seed + meter)).collect();
    if form == "csv" {
        let names: Vec<&str> = REGISTERS.iter().map(|(name, ..)| *name).collect();
        writeln!(out, "meter,time,{}", names.join(","))?;
    }
    for second in BEGIN..BEGIN + arguments.days * 86_400 {
        for (number, meter) in meters.iter_mut().enumerate() {
            let values = meter.next(second);
            let cells = REGISTERS.iter().zip(values);
            let cells = cells.map(|((name, e, ..), m)| (*name, Decimal::new(m, *e).to_string()));
            if form == "csv" {
                let cells: Vec<String> = cells.map(|(_, value)| value).collect();
                writeln!(out, "meter{number},{second},{}", cells.join(","))?;
            } else {
                let cells: Vec<String> = cells.map(|(n, value)| format!("{n}={value}")).collect();
                writeln!(out, "energy,meter=meter{number} {} {second}000000000", cells.join(","))?;
            }
        }
    }
    Ok(out.flush()?)
}

fn telegram(meter: &MeterId, second: i64, readings: Vec<Reading>) -> Telegram {
    Telegram {
        meter: meter.clone(),
        list: ListId::new("push"),
        meter_time: None,
        measured_at: Timestamp::from_seconds(second),
        received_at: Timestamp::from_seconds(second),
        quality: Quality::Good,
        readings,
    }
}

fn reading(quantity: Quantity, decimal: Decimal) -> Reading {
    Reading {
        quantity: Some(quantity),
        obis: quantity.usual_obis(),
        value: Value::Number(decimal),
        unit: quantity.unit(),
        quality: Quality::Good,
    }
}

/// The telegrams, one batch at a time.
fn batches(arguments: &Arguments) -> Fallible<Box<dyn Iterator<Item = Vec<Telegram>> + Send>> {
    if let Some(file) = &arguments.csv {
        return csv(file);
    }
    let quantities = REGISTERS.map(|(name, ..)| Quantity::from_name(name).expect("a quantity"));
    let ids = (0..arguments.meters).map(|number| MeterId::new(format!("meter{number}")));
    let ids: Vec<MeterId> = ids.collect::<Result<_, _>>()?;
    let mut meters: Vec<Meter> =
        (0..arguments.meters).map(|meter| Meter::new(arguments.seed + meter)).collect();
    let end = BEGIN + arguments.days * 86_400;
    let seconds = i64::try_from(BATCH / ids.len().min(BATCH))?;
    let mut second = BEGIN;
    Ok(Box::new(std::iter::from_fn(move || {
        let until = (second + seconds).min(end);
        let mut batch = Vec::with_capacity(BATCH);
        for second in second..until {
            for (meter, id) in meters.iter_mut().zip(&ids) {
                let values = meter.next(second).into_iter().zip(REGISTERS).zip(quantities);
                let readings = values.map(|((m, (_, e, ..)), q)| reading(q, Decimal::new(m, e)));
                batch.push(telegram(id, second, readings.collect()));
            }
        }
        second = until;
        (!batch.is_empty()).then_some(batch)
    })))
}

fn csv(file: &Path) -> Fallible<Box<dyn Iterator<Item = Vec<Telegram>> + Send>> {
    let mut lines = BufReader::new(File::open(file)?).lines();
    let header = lines.next().ok_or("the file is empty")??;
    let quantity = |name| Quantity::from_name(name).ok_or(format!("{name} is no quantity"));
    let quantities: Vec<Quantity> =
        header.split(',').skip(2).map(quantity).collect::<Result<_, _>>()?;
    let mut telegrams = lines.map(move |line| -> Fallible<Telegram> {
        let line = line?;
        let mut cells = line.split(',');
        let meter = MeterId::new(cells.next().ok_or("no meter")?)?;
        let second: i64 = cells.next().ok_or("no time")?.parse()?;
        let readings: Fallible<Vec<Reading>> =
            quantities.iter().zip(cells).map(|(q, cell)| Ok(reading(*q, cell.parse()?))).collect();
        Ok(telegram(&meter, second, readings?))
    });
    Ok(Box::new(std::iter::from_fn(move || {
        let batch: Fallible<Vec<Telegram>> = telegrams.by_ref().take(BATCH).collect();
        let batch = batch.expect("a line of the file that was emitted");
        (!batch.is_empty()).then_some(batch)
    })))
}

/// Loads everything; reports speed and size.
async fn bulk(
    arguments: &Arguments,
    folder: &Path,
    report: &mut Vec<(&'static str, String)>,
) -> Fallible<()> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(4);
    let batches = batches(arguments)?;
    // The generator works beside the store, so that its time is not the store's.
    let generator = std::thread::spawn(move || {
        for batch in batches {
            if sender.send(batch).is_err() {
                return;
            }
        }
    });
    let store = Store::open(folder, Options::default())?;
    let (begun, cpu) = (Instant::now(), cpu_seconds()?);
    let mut rows = 0;
    let mut waiting = None;
    for batch in receiver {
        rows += batch.len();
        let pending = store.enqueue(Batch::live(batch, Vec::new())).await?;
        if let Some(before) = waiting.replace(pending) {
            before.await?;
        }
    }
    if let Some(last) = waiting {
        last.await?;
    }
    let loaded = begun.elapsed().as_secs_f64();
    store.at_rest().await?;
    let rest = begun.elapsed().as_secs_f64();
    generator.join().map_err(|_| "the generator failed")?;
    let cpu = cpu_seconds()? - cpu;
    store.close();
    let bytes = fs::metadata(folder.join("triphase.sqlite"))?.len();
    report.push(("rows", rows.to_string()));
    report.push(("load_s", format!("{loaded:.2}")));
    report.push(("load_and_compact_s", format!("{rest:.2}")));
    report.push(("rows_per_s", per(rows, rest)));
    report.push(("cpu_s_generator_included", format!("{cpu:.2}")));
    report.push(("file_bytes", bytes.to_string()));
    #[allow(clippy::cast_precision_loss)]
    report.push(("bytes_per_row", format!("{:.2}", bytes as f64 / rows as f64)));
    Ok(())
}

#[allow(clippy::cast_precision_loss)]
fn per(count: usize, seconds: f64) -> String {
    format!("{:.0}", count as f64 / seconds)
}

/// Opens the loaded store; reports queries, single appends, memory.
async fn measure(
    folder: &Path,
    singles: usize,
    report: &mut Vec<(&'static str, String)>,
) -> Fallible<()> {
    let begun = Instant::now();
    let store = Store::open(folder, Options::default())?;
    report.push(("open_ms", ms(begun.elapsed())));
    let meter = MeterId::new("meter0")?;
    let end = store.latest(&meter).ok_or("meter0 is not in the data")?;
    let end = end.newest().ok_or("it has no list")?.sample.telegram.measured_at;
    let end = end.plus(Duration::from_secs(1));
    let days = |days: u64| end.minus(Duration::from_secs(days * 86_400));
    let four =
        [Quantity::ActivePower, Quantity::VoltageL1, Quantity::CurrentL1, Quantity::PowerFactor];
    let series = |from: Timestamp, points: usize| {
        let query = SeriesQuery { meter: meter.clone(), quantity: four[0], from, to: end, points };
        store.series(&query).map(|series| series.points.len())
    };
    report.push(("last_value_ms", median(|| Ok(store.latest(&meter).map_or(0, |_| 1)))?));
    let hour = end.minus(Duration::from_secs(3600));
    report.push((
        "last_hour_4_columns_ms",
        median(|| Ok(store.numbers(&meter, (hour, end), &four)?.len()))?,
    ));
    report.push(("day_by_minute_ms", median(|| Ok(series(days(1), 1440)?))?));
    report.push(("month_hourly_mean_ms", median(|| Ok(series(days(30), 720)?))?));
    report.push(("month_raw_300s_bins_ms", median(|| Ok(series(days(30), 10_000)?))?));
    let middle = store.last_id() / 2;
    report.push(("page_of_100_by_id_ms", median(|| Ok(store.samples_after(middle, 100)?.len()))?));
    let (peak, resident) = memory()?;
    report.push(("resident_kb", resident));
    report.push(("resident_peak_kb_generator_included", peak));
    let (append, probe) = single_appends(&store, folder, (end, singles)).await?;
    report.push(("single_append_ms", ms(append)));
    report.push(("fdatasync_probe_ms", ms(probe)));
    let ratio = probe.as_secs_f64() / append.as_secs_f64().max(1e-9);
    report.push(("append_rate_by_probe_rate", format!("{ratio:.2}")));
    store.close();
    Ok(())
}

/// The medians of a durable append and of a bare fdatasync of 300 bytes, in turn.
async fn single_appends(
    store: &Store,
    folder: &Path,
    (end, count): (Timestamp, usize),
) -> Fallible<(Duration, Duration)> {
    let meter = MeterId::new("meter0")?;
    let mut source = Meter::new(99);
    let mut probe_file = File::create(folder.join("probe"))?;
    let (mut appends, mut probes) = (Vec::new(), Vec::new());
    let begin = end.as_micros() / 1_000_000;
    for second in (begin..).take(count) {
        let values = source.next(second).into_iter().zip(REGISTERS);
        let readings = values.map(|(m, (name, e, ..))| {
            reading(Quantity::from_name(name).expect("a quantity"), Decimal::new(m, e))
        });
        let batch = Batch::live(vec![telegram(&meter, second, readings.collect())], Vec::new());
        let begun = Instant::now();
        store.append(batch).await?;
        appends.push(begun.elapsed());
        let begun = Instant::now();
        probe_file.write_all(&[0x5a; 300])?;
        probe_file.sync_data()?;
        probes.push(begun.elapsed());
    }
    fs::remove_file(folder.join("probe"))?;
    appends.sort_unstable();
    probes.sort_unstable();
    let middle = |times: &[Duration]| times.get(times.len() / 2).copied().unwrap_or_default();
    Ok((middle(&appends), middle(&probes)))
}

fn median(mut query: impl FnMut() -> Fallible<usize>) -> Fallible<String> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let begun = Instant::now();
        if query()? == 0 {
            return Err("a query found nothing".into());
        }
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(ms(times[RUNS / 2]))
}

fn ms(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64() * 1e3)
}

/// Greatest and present resident memory, in kB.
fn memory() -> Fallible<(String, String)> {
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().trim_end_matches(" kB").to_owned())
    };
    let found = field("VmHWM:").zip(field("VmRSS:"));
    found.ok_or_else(|| "the system tells no memory".into())
}

/// User and system time of this process.
#[allow(clippy::cast_precision_loss)]
fn cpu_seconds() -> Fallible<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().ok_or("no fields")?.split(' ').collect();
    let ticks = |index: usize| -> Fallible<u64> { Ok(fields.get(index).ok_or("short")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) as f64 / 100.0)
}
