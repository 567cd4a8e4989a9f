//! What the program itself costs, under the names that every Prometheus client uses.
//!
//! In: `/proc/self`, as Linux tells it. Out: memory, processor time, open files; nothing where there
//! is no `/proc`.

use super::{Kind, Text};
use std::fs;

/// Ticks in which Linux counts processor time for programs, on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

pub(super) fn tell(text: &mut Text) {
    if let Some(bytes) = resident() {
        let name = "process_resident_memory_bytes";
        text.family(name, Kind::Gauge, "Resident memory.");
        text.sample(name, &[], bytes);
    }
    if let Some(seconds) = processor() {
        let name = "process_cpu_seconds_total";
        text.family(name, Kind::Counter, "Processor time, user and system.");
        text.sample(name, &[], seconds);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        text.family("process_open_fds", Kind::Gauge, "Open files, sockets among them.");
        text.sample("process_open_fds", &[], files.count());
    }
}

fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

fn processor() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything; utime and stime are fields 14 and 15.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}
