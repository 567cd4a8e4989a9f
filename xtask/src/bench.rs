//! Benchmarks against what people use today.

use std::path::Path;
use std::process::{Command, ExitCode};

/// D1 and D2: wire bytes to typed values, against smartmeter-datacollector from PyPI.
pub(crate) fn decode(root: &Path) -> ExitCode {
    let script = root.join("interop/bench_decode.py");
    match Command::new("python3").arg(&script).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("python3 {}: {error}", script.display());
            ExitCode::FAILURE
        }
    }
}
