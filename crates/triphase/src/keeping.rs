//! `verify` and `backup`: the store, from outside.

use crate::cli::{Backup, StoreAt};
use crate::config;
use anyhow::Result;
use std::io::Write;
use std::path::PathBuf;
use store::ReadOnly;

/// Where the store is: the named folder, or the one of the configuration.
///
/// # Errors
/// What is wrong with the configuration.
pub(crate) fn folder(at: &StoreAt) -> Result<PathBuf, config::Report> {
    match &at.data {
        Some(folder) => Ok(folder.clone()),
        None => config::load(&at.config).map(|config| config.store),
    }
}

/// Checks the whole store, says what is wrong with it; returns whether it is whole.
///
/// # Errors
/// A store that cannot be read at all.
pub(crate) fn verify(folder: &std::path::Path, out: &mut impl Write) -> Result<bool> {
    let found = ReadOnly::open(folder)?.verify()?;
    for damage in &found.damages {
        writeln!(out, "{damage}")?;
    }
    let counted = format!("{} samples, {} of their blocks", found.samples, found.blocks);
    match found.damages.len() {
        0 => writeln!(out, "whole: {counted}")?,
        store::DAMAGES_MAX.. => writeln!(out, "damaged, in more places than shown: {counted}")?,
        places => writeln!(out, "damaged in {places} places: {counted}")?,
    }
    Ok(found.damages.is_empty())
}

/// Copies the store into a file.
///
/// # Errors
/// A file that exists already or cannot be written; a store that cannot be read.
pub(crate) fn backup(folder: &std::path::Path, arguments: &Backup) -> Result<()> {
    Ok(ReadOnly::open(folder)?.backup(&arguments.to)?)
}
