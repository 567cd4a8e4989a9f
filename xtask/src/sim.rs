//! `cargo xtask sim --seed N`, `--seeds A..B`: the simulated workshop of a seed against the code that
//! runs in production. The simulation is a test of `triphase`, where every room meets.

use std::path::Path;
use std::process::{Command, ExitCode};

/// Runs one seed, or a range of them.
pub(crate) fn run(root: &Path, seeds: &str) -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let test =
        ["test", "--locked", "-p", "triphase", "--bin", "triphase", "simulation::seeds_hold"];
    let status = Command::new(cargo)
        .args(test)
        .args(["--", "--exact", "--nocapture"])
        .env("TRIPHASE_SIM_SEEDS", seeds)
        .current_dir(root)
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}
