//! `triphase` reads three-phase meters, keeps every reading, and turns them into what people act
//! on.

mod acquire;
mod assemble;
mod assets;
mod calc;
mod cli;
mod clock;
mod config;
mod decode;
mod demo;
mod doctor;
mod export;
mod import;
mod inspect;
mod journal;
mod keeping;
mod near;
mod read;
mod run;
mod scan;
mod simulate;
#[cfg(test)]
mod simulation;
mod supervise;
mod token;

use clap::Parser;
use cli::{Cli, Command, ConfigCommand, ConfigFile};
use outlet::http::access::AccessError;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// The job failed.
const FAILED: u8 = 1;
/// Wrong usage or configuration.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let code = match cli.command {
        Command::Demo(arguments) => {
            keep_to_ourselves();
            asynchronously(demo::demo(arguments))
        }
        Command::Run(file) => {
            keep_to_ourselves();
            with_config(&file, |config| asynchronously(run::run(config)))
        }
        Command::Check(file) => with_config(&file, |config| check(&config)),
        Command::Config(ConfigCommand::Example) => print(&config::example::example()),
        Command::Token(command) => token::token(&command),
        Command::Decode(arguments) => decode_command(&arguments),
        Command::Read(arguments) => match read::chosen(&arguments) {
            Ok(chosen) => asynchronously(read::read(&arguments, chosen)),
            Err(text) => {
                eprintln!("{text}");
                MISUSED
            }
        },
        Command::Simulate(arguments) => asynchronously(simulate::simulate(arguments)),
        Command::Scan(bus) => scan_command(bus),
        Command::Calc(arguments) => calc_command(&arguments),
        Command::Import(arguments) => data_command("import", import::import(&arguments)),
        Command::Export(arguments) => data_command("export", export::export(&arguments)),
        Command::Doctor(arguments) => doctor_command(&arguments),
        Command::Verify(at) => verify_command(&at),
        Command::Backup(arguments) => backup_command(&arguments),
    };
    ExitCode::from(code)
}

/// What the service writes, readings among it, is for its own user: others ask for a token.
fn keep_to_ourselves() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

fn with_config(file: &ConfigFile, then: impl FnOnce(config::Config) -> u8) -> u8 {
    match config::load(&file.config) {
        Ok(config) => then(config),
        Err(report) => {
            eprintln!("{report}");
            MISUSED
        }
    }
}

fn check(config: &config::Config) -> u8 {
    let meters = config.meters.len();
    print(&format!("valid: {meters} {}\n", if meters == 1 { "meter" } else { "meters" }))
}

fn decode_command(arguments: &cli::Decode) -> u8 {
    let failed = |error: &anyhow::Error, code| {
        eprintln!("triphase decode: {error:#}");
        code
    };
    let options = match decode::options(arguments) {
        Ok(options) => options,
        Err(error) => return failed(&error, MISUSED),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let decoded = decode::decode(arguments, options, &mut out);
    match decoded.and_then(|delivered| Ok((delivered, out.flush()?))) {
        Ok((true, ())) => 0,
        Ok((false, ())) => FAILED,
        // Whoever reads our output may stop reading, as `head` does.
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => failed(&error, FAILED),
    }
}

fn calc_command(arguments: &cli::Calc) -> u8 {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let done = calc::calc(arguments, &mut out).and_then(|()| Ok(out.flush()?));
    match done {
        Ok(()) => 0,
        Err(calc::Error::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            eprintln!("triphase calc: {error}");
            if matches!(error, calc::Error::Misused(_)) { MISUSED } else { FAILED }
        }
    }
}

fn data_command(name: &str, done: Result<(), import::Error>) -> u8 {
    match done {
        Ok(()) => 0,
        Err(import::Error::Failed(error)) if is_broken_pipe(&error) => 0,
        Err(import::Error::Failed(error)) => {
            eprintln!("triphase {name}: {error:#}");
            FAILED
        }
        Err(import::Error::Misused(text)) => {
            eprintln!("triphase {name}: {text}");
            MISUSED
        }
    }
}

fn doctor_command(arguments: &cli::Doctor) -> u8 {
    match doctor::doctor(arguments, &mut std::io::stdout().lock()) {
        Ok(true) => 0,
        Ok(false) => FAILED,
        Err(error) => data_command("doctor", Err(error)),
    }
}

fn verify_command(at: &cli::StoreAt) -> u8 {
    with_store(at, |folder| keeping::verify(folder, &mut std::io::stdout().lock()))
}

fn backup_command(arguments: &cli::Backup) -> u8 {
    with_store(&arguments.store, |folder| keeping::backup(folder, arguments).map(|()| true))
}

fn with_store(at: &cli::StoreAt, job: impl FnOnce(&std::path::Path) -> anyhow::Result<bool>) -> u8 {
    match keeping::folder(at).map(|folder| job(&folder)) {
        Ok(Ok(true)) => 0,
        Ok(Ok(false)) => FAILED,
        Ok(Err(error)) if is_broken_pipe(&error) => 0,
        Ok(Err(error)) => {
            eprintln!("triphase: {error:#}");
            FAILED
        }
        Err(report) => {
            eprintln!("{report}");
            MISUSED
        }
    }
}

fn print(text: &str) -> u8 {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => 0,
        Err(_) => FAILED,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    let json = error.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
    io.or(json) == Some(std::io::ErrorKind::BrokenPipe)
}

fn asynchronously(job: impl Future<Output = anyhow::Result<()>>) -> u8 {
    log_to_stderr();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(job),
        Err(error) => Err(anyhow::anyhow!("no runtime: {error}")),
    };
    match result {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("triphase: {error:#}");
            // A key or certificate that cannot be used is a fault of the configuration.
            let misused = error.downcast_ref::<config::SecretError>().is_some()
                || error.downcast_ref::<AccessError>().is_some()
                || error.downcast_ref::<scan::Misused>().is_some();
            if misused { MISUSED } else { FAILED }
        }
    }
}

fn scan_command(bus: scan::Bus) -> u8 {
    let mut found = false;
    let code = asynchronously(async {
        found = scan::scan(bus).await?;
        Ok(())
    });
    if code == 0 && !found { FAILED } else { code }
}

/// Logs go to stderr; `TRIPHASE_LOG` chooses what is said (default `info`).
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("TRIPHASE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
