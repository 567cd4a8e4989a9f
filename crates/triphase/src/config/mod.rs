//! The configuration: one TOML file, checked once.
//!
//! In: the text of `triphase.toml`. Out: typed parts that nothing validates again. Refuses, with
//! file, line, column and caret: unknown keys, impossible values, references to nothing.
//! Checking reads the map files that the configuration names and does no other I/O; secrets are
//! read only when the service starts.

mod checked;
mod dlms;
pub(crate) mod example;
mod feed;
mod maps;
mod mqtt;
mod plate;
mod raw;
mod report;
mod retention;
mod secret;

pub(crate) use checked::{
    Config, HttpConfig, MeterConfig, Role, SiteConfig, listen_address, loopback_only,
};
pub(crate) use dlms::DlmsConfig;
pub(crate) use maps::ModelConfig;
pub(crate) use mqtt::{BrokerAddress, MqttConfig, broker_address};
pub(crate) use report::{Complaint, Report};
pub(crate) use secret::{Error as SecretError, Secret, parse_key};

use std::path::Path;

/// Checks the text of a configuration file.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub(crate) fn parse(text: &str, file: &Path) -> Result<Config, Report> {
    let report = |complaints| Report::new(file, text, complaints);
    let raw: raw::File =
        toml::from_str(text).map_err(|error| report(vec![Complaint::from_toml(&error)]))?;
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    checked::check(raw, &folder).map_err(report)
}

/// Reads and checks a configuration file.
///
/// # Errors
/// The file cannot be read (the text says why), or what [`parse`] finds.
pub(crate) fn load(file: &Path) -> Result<Config, Report> {
    let text = std::fs::read_to_string(file).map_err(|error| Report::unreadable(file, &error))?;
    parse(&text, file)
}

#[cfg(test)]
mod tests;
