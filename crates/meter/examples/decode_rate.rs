//! How many telegrams one CPU second decodes: `decode_rate CAPTURE REPEATS [GUEK] [GAK]`.
//!
//! Prints one line of JSON: telegrams, values, their sum (so that nothing is optimised away, and
//! for comparison), and the CPU seconds spent between wire bytes and typed values.

use meter::push::{PushOptions, PushReader};
use std::process::ExitCode;

/// Bytes given at once, as a serial port would.
const CHUNK: usize = 256;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let (Some(file), Some(repeats)) = (arguments.get(1), arguments.get(2)) else {
        eprintln!("usage: decode_rate CAPTURE REPEATS [GUEK] [GAK]");
        return ExitCode::from(2);
    };
    let bytes = std::fs::read(file).expect("a readable capture");
    let bytes = frame::capture_text::bytes_of_capture(&bytes);
    let repeats: u32 = repeats.parse().expect("a count");
    let key = |index: usize| arguments.get(index).map(|text| key_of(text));
    let (mut telegrams, mut values, mut sum) = (0_u64, 0_u64, 0.0);
    let before = cpu_seconds();
    for _ in 0..repeats {
        // A new reader each time: the same counters again would be a replay.
        let mut reader = PushReader::new(PushOptions {
            guek: key(3),
            gak: key(4),
            profile: meter::profile("lgz_e450"),
            ..PushOptions::default()
        });
        let mut take = |outcomes: Vec<meter::push::Outcome>| {
            for outcome in outcomes.iter().filter(|outcome| outcome.delivered) {
                telegrams += 1;
                for number in outcome.values.iter().filter_map(|v| v.reading.value.number()) {
                    values += 1;
                    sum += number.to_f64();
                }
            }
        };
        for chunk in bytes.chunks(CHUNK) {
            take(reader.feed(None, chunk));
        }
        take(reader.finish());
    }
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

fn key_of(text: &str) -> [u8; 16] {
    let mut key = [0; 16];
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).expect("hexadecimal");
        *byte = u8::from_str_radix(digits, 16).expect("hexadecimal");
    }
    key
}
