//! Checks of the house and benchmarks: the project's only build scripting.
//!
//! `cargo xtask tidy` holds the sources against the rules of ARCHITECTURE.md (a test does the
//! same), `cargo xtask bench NAME [--quick]` measures against what people use today, `cargo xtask
//! package` makes what users install, `cargo xtask sim --seed N` lives through the workshop of a seed.

mod bench;
mod package;
mod sim;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tidy"] => report(tidy::faults(&root())),
        ["bench", name, options @ ..] => bench::run(&root(), name, options),
        ["sim", "--seed", seed] => sim::run(&root(), seed),
        ["sim", "--seeds", seeds] => sim::run(&root(), seeds),
        ["package"] => package::package(&root()),
        _ => {
            eprintln!(
                "usage: cargo xtask tidy | package | sim --seed N | sim --seeds A..B | bench \
                 decode|http|mbus|modbus|mqtt|soak|start|store|text [--quick]"
            );
            ExitCode::from(2)
        }
    }
}

fn report(faults: anyhow::Result<Vec<String>>) -> ExitCode {
    match faults {
        Ok(faults) if faults.is_empty() => {
            println!("tidy: nothing to say");
            ExitCode::SUCCESS
        }
        Ok(faults) => {
            for fault in faults {
                eprintln!("{fault}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("tidy could not look: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's root, from where cargo compiled this crate.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}
