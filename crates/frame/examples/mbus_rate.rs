//! How many M-Bus frames one CPU second decodes to values: `mbus_rate FRAMES REPEATS`.
//!
//! FRAMES holds whole frames in binary, one after the other. Prints one line of JSON: frames,
//! records, and the CPU seconds spent between the bytes of a frame and the values of its records.

use frame::mbus::{self, Application, Frame};
use std::hint::black_box;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let (Some(file), Some(repeats)) = (arguments.get(1), arguments.get(2)) else {
        eprintln!("usage: mbus_rate FRAMES REPEATS");
        return ExitCode::from(2);
    };
    let bytes = std::fs::read(file).expect("a readable file");
    let repeats: u32 = repeats.parse().expect("a count");
    let mut frames = Vec::new();
    let mut rest = bytes.as_slice();
    while let Ok(Some((_, length))) = mbus::decode(rest) {
        frames.push(&rest[..length]);
        rest = &rest[length..];
    }
    let (mut count, mut records) = (0_u64, 0_u64);
    let before = cpu_seconds();
    for _ in 0..repeats {
        for frame in &frames {
            records += values(black_box(frame));
            count += 1;
        }
    }
    let cpu = cpu_seconds() - before;
    println!("{{\"frames\":{count},\"records\":{records},\"cpu_seconds\":{cpu}}}");
    ExitCode::SUCCESS
}

/// Decodes a frame to the values of its records; returns how many there were.
fn values(frame: &[u8]) -> u64 {
    let Ok(Some((Frame::Long { control, ci, data, .. }, _))) = mbus::decode(frame) else {
        return 0;
    };
    match mbus::decode_application(control, ci, data) {
        Ok(Application::Variable(variable)) => {
            let mut count = 0;
            for record in variable.records().flatten() {
                black_box((record.meaning(), record.value()));
                count += 1;
            }
            count
        }
        Ok(Application::Fixed(fixed)) => {
            black_box(fixed.values());
            2
        }
        _ => 0,
    }
}

/// User and system time of this process so far, from the kernel's accounting.
fn cpu_seconds() -> f64 {
    let clock = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    #[allow(clippy::cast_precision_loss)]
    let seconds = clock.tv_sec as f64 + clock.tv_nsec as f64 / 1e9;
    seconds
}
