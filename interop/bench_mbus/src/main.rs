//! How many frames one CPU second iterates with the crate m-bus-parser: `bench_mbus FRAMES REPEATS`.
//! FRAMES holds whole frames in binary, one after the other.

use m_bus_parser::mbus_data::MbusData;
use m_bus_parser::WiredFrame;
use std::hint::black_box;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&arguments[1]).expect("a readable file");
    let repeats: u32 = arguments[2].parse().expect("a count");
    let mut frames = Vec::new();
    let mut rest = bytes.as_slice();
    while rest.len() > 6 {
        let (frame, behind) = rest.split_at(usize::from(rest[1]) + 6);
        frames.push(frame);
        rest = behind;
    }
    let (mut count, mut records) = (0_u64, 0_u64);
    let before = cpu_seconds();
    for _ in 0..repeats {
        for frame in &frames {
            let Ok(parsed) = MbusData::<WiredFrame>::try_from(black_box(*frame)) else { continue };
            count += 1;
            for record in parsed.data_records.into_iter().flatten() {
                records += u64::from(record.is_ok());
                let _ = black_box(record);
            }
        }
    }
    let cpu = cpu_seconds() - before;
    println!("{{\"frames\":{count},\"records\":{records},\"cpu_seconds\":{cpu}}}");
}

fn cpu_seconds() -> f64 {
    let clock = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    clock.tv_sec as f64 + clock.tv_nsec as f64 / 1e9
}
