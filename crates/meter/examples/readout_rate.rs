//! How many read-outs one CPU second decodes: `readout_rate CAPTURE REPEATS`.
//!
//! Prints one line of JSON: read-outs, values, their sum (so that nothing is optimised away, and for
//! comparison), and the CPU seconds spent between wire bytes and typed values, checks included.

use meter::push::Outcome;
use meter::readout::{ReadOut, ReadoutOptions, ReadoutReader};
use std::process::ExitCode;

/// Bytes given at once, as a serial port would.
const CHUNK: usize = 256;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let (Some(file), Some(repeats)) = (arguments.get(1), arguments.get(2)) else {
        eprintln!("usage: readout_rate CAPTURE REPEATS");
        return ExitCode::from(2);
    };
    let bytes = std::fs::read(file).expect("a readable capture");
    let repeats: u32 = repeats.parse().expect("a count");
    let zone = jiff::tz::TimeZone::get("Europe/Amsterdam").expect("bundled");
    let (mut telegrams, mut values, mut sum) = (0_u64, 0_u64, 0.0);
    let mut count = |outcome: &Outcome| {
        if !outcome.delivered {
            return;
        }
        telegrams += 1;
        for number in outcome.values.iter().filter_map(|value| value.reading.value.number()) {
            values += 1;
            sum += number.to_f64();
        }
    };
    let options = ReadoutOptions { zone: Some(zone), ..ReadoutOptions::default() };
    let before = cpu_seconds();
    let mut reader = ReadoutReader::new(options);
    for _ in 0..repeats {
        for chunk in bytes.chunks(CHUNK) {
            reader.feed(None, chunk, &mut |read_out: ReadOut<'_>| count(&read_out.outcome));
        }
    }
    reader.finish(&mut |read_out: ReadOut<'_>| count(&read_out.outcome));
    let cpu = cpu_seconds() - before;
    println!(
        "{{\"telegrams\":{telegrams},\"values\":{values},\"sum\":{sum},\"cpu_seconds\":{cpu}}}"
    );
    ExitCode::SUCCESS
}

/// User and system time of this process so far, from the kernel's accounting.
fn cpu_seconds() -> f64 {
    let clock = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    #[allow(clippy::cast_precision_loss)]
    let seconds = clock.tv_sec as f64 + clock.tv_nsec as f64 / 1e9;
    seconds
}
