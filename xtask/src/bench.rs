//! Benchmarks against what people use today, and long runs: scripts of `interop`.

use std::path::Path;
use std::process::{Command, ExitCode};

/// The benchmarks, by the word that asks for them.
const SCRIPTS: [(&str, &str); 9] = [
    ("decode", "interop/bench_decode.py"),
    ("http", "interop/bench_http.py"),
    ("mbus", "interop/bench_mbus.py"),
    ("modbus", "interop/bench_modbus.py"),
    ("mqtt", "interop/bench_mqtt.py"),
    ("soak", "interop/soak.py"),
    ("start", "interop/bench_start.py"),
    ("store", "interop/bench_store.py"),
    ("text", "interop/bench_text.py"),
];

/// Runs the benchmark `name` with the options that its script knows, such as `--quick`.
pub(crate) fn run(root: &Path, name: &str, options: &[&str]) -> ExitCode {
    let Some((_, script)) = SCRIPTS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = SCRIPTS.iter().map(|(known, _)| *known).collect();
        eprintln!("no benchmark \"{name}\"; there are {}", known.join(", "));
        return ExitCode::from(2);
    };
    let script = root.join(script);
    match Command::new("python3").arg(&script).args(options).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("python3 {}: {error}", script.display());
            ExitCode::FAILURE
        }
    }
}
