//! `triphase token`: makes, lists and revokes access tokens, also while the service runs.
//!
//! In: a name, a scope, the data folder or the configuration that names it. Out: on stdout the
//! token (once) or the list, on stderr what it means. The service looks at the file twice a second.

use crate::cli::{TokenCommand, TokenPlace, TokenScope};
use crate::{FAILED, MISUSED, clock, config, print};
use outlet::http::access::{self, Entry, Scope, TokenError, TokenFile};
use std::path::{Path, PathBuf};

/// Does it, and returns the exit code.
pub(crate) fn token(command: &TokenCommand) -> u8 {
    let place = match command {
        TokenCommand::Add { place, .. } | TokenCommand::Revoke { place, .. } => place,
        TokenCommand::List(place) => place,
    };
    let folder = match folder(place) {
        Ok(folder) => folder,
        Err(code) => return code,
    };
    let file = TokenFile::of(&folder);
    let done = match command {
        TokenCommand::Add { name, scope, .. } => add(&file, &folder, (name, *scope)),
        TokenCommand::List(_) => list(&file),
        TokenCommand::Revoke { name, .. } => revoke(&file, &folder, name),
    };
    done.unwrap_or_else(|error| {
        eprintln!("triphase token: {error}");
        if matches!(error, TokenError::Name(_)) { MISUSED } else { FAILED }
    })
}

/// The data folder; the exit code when there is none.
fn folder(place: &TokenPlace) -> Result<PathBuf, u8> {
    if let Some(folder) = &place.data {
        if folder.is_dir() {
            return Ok(folder.clone());
        }
        eprintln!("triphase token: there is no folder {}", folder.display());
        return Err(FAILED);
    }
    let folder = match config::load(&place.config) {
        Ok(config) => config.store,
        Err(report) => {
            eprintln!("{report}");
            return Err(MISUSED);
        }
    };
    // The first token may come before the first start.
    std::fs::create_dir_all(&folder).map_err(|error| {
        eprintln!("triphase token: the data folder {}: {error}", folder.display());
        FAILED
    })?;
    Ok(folder)
}

fn add(
    file: &TokenFile,
    folder: &Path,
    (name, scope): (&str, TokenScope),
) -> Result<u8, TokenError> {
    let scope = match scope {
        TokenScope::Read => Scope::Read,
        TokenScope::Write => Scope::Write,
        TokenScope::Admin => Scope::Admin,
    };
    let is_first = file.read()?.is_empty();
    let secret = file.add(name, scope, clock::now())?;
    record(folder, "token_added", &[("token", name), ("scope", scope.name())]);
    eprintln!(
        "The token \"{name}\" ({}), shown this once; only its hash is kept. A running service \
         knows it within a second.",
        scope.name()
    );
    if is_first {
        eprintln!("It is the first: from now on every request needs a token, on this machine too.");
    }
    Ok(print(&format!("{}\n", secret.token())))
}

fn list(file: &TokenFile) -> Result<u8, TokenError> {
    let tokens = file.read()?;
    if tokens.is_empty() {
        eprintln!("There is no token: on 127.0.0.1 everybody on this machine may do everything.");
        return Ok(0);
    }
    let width = tokens.iter().map(|token| token.name.len()).max().unwrap_or(0).max(4);
    let mut text = format!("{:width$}  scope  created\n", "name");
    for token in tokens {
        let scope = token.scope.name();
        text.push_str(&format!("{:width$}  {scope:5}  {}\n", token.name, token.created));
    }
    Ok(print(&text))
}

fn revoke(file: &TokenFile, folder: &Path, name: &str) -> Result<u8, TokenError> {
    let left = file.revoke(name)?;
    record(folder, "token_revoked", &[("token", name)]);
    eprintln!("The token \"{name}\" is revoked; its sessions and streams end within a second.");
    if left == 0 {
        eprintln!(
            "None is left: on 127.0.0.1 everybody on this machine may do everything again; \
             beyond it nobody is let in."
        );
    }
    Ok(0)
}

/// The token is made or gone whatever the audit log says.
fn record(folder: &Path, what: &'static str, facts: &[(&'static str, &str)]) {
    let more = facts.iter().map(|(key, value)| (*key, (*value).into())).collect();
    let entry = Entry { what, who: Some("command line"), from: None, more };
    if let Err(error) = access::record(folder, clock::now(), &entry) {
        eprintln!("triphase token: the audit log was not written: {error}");
    }
}
