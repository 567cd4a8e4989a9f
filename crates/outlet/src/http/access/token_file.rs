//! The file of the tokens, in the data folder.
//!
//! In: names, scopes, digests. Out: the same, whole or not at all: the file is replaced by an
//! atomic rename after an fsync, under a lock of its own, because the service holds the folder's
//! lock for as long as it runs. The service notices the replacement by the file's [`Stamp`].
//! Refuses: a file that is damaged, of a newer version, or that other users may change. A file
//! that cannot be read is never taken for "no tokens".

use super::token::{self, Digest, NAME_BYTES_MAX, Scope, Secret, Token};
use reading::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file's name in the data folder.
pub const FILE: &str = "tokens.json";
const LOCK: &str = "tokens.lock";
const NEW: &str = "tokens.json.new";
/// Most tokens; each request's is compared with all of them.
pub(super) const TOKENS_MAX: usize = 64;
/// Largest file that is read.
const BYTES_MAX: u64 = 256 * 1024;
const VERSION: u32 = 1;
/// Only the owner reads and writes.
const MODE: u32 = 0o600;
/// The bits that would let others change the file.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Why the tokens cannot be read or changed. No text holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("{}: {doing} failed: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        cause: io::Error,
    },
    /// The content is not what this program writes.
    #[error(
        "{} is damaged ({reason}): nobody is let in with it. Restore it from a backup, or move it \
         away and make new tokens with `triphase token add`", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where and what.
        reason: String,
    },
    /// A later version of the program wrote it.
    #[error(
        "{} has version {version}, this program knows version {VERSION}: use the newer triphase",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that it names.
        version: u32,
    },
    /// Other users may change it, and so let themselves in.
    #[error(
        "{} may be changed by other users (mode {mode:03o}): chmod 600 it, look through \
         `triphase token list`, and start again", path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The name cannot be one.
    #[error("expected a name of 1 to {NAME_BYTES_MAX} of A-Z a-z 0-9 _ - . , not \"{0}\"")]
    Name(String),
    /// The name is taken.
    #[error("there is a token \"{0}\" already: revoke it first, or choose another name")]
    Exists(String),
    /// No token has the name.
    #[error("there is no token \"{name}\"; {}", known_names(known))]
    Unknown {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// There are as many as there may be.
    #[error("there are {TOKENS_MAX} tokens, the most there may be: revoke one first")]
    Full,
}

fn known_names(known: &[String]) -> String {
    if known.is_empty() {
        return "there are none at all".to_owned();
    }
    format!("the tokens are {}", known.join(", "))
}

/// The place of the tokens.
#[derive(Debug, Clone)]
pub struct TokenFile {
    folder: PathBuf,
}

/// What changes when the file is replaced or touched; `None` while there is no file.
pub(super) type Stamp = Option<(u64, u64, i64, i64, u64)>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    tokens: Vec<WrittenToken>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenToken {
    name: String,
    scope: String,
    /// Of the token's 32 bytes, in hexadecimal.
    sha256: String,
    created: String,
}

impl TokenFile {
    /// The tokens of a data folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// All tokens, in the order in which they were made; none when there is no file.
    ///
    /// # Errors
    /// The file is there and cannot be trusted.
    pub fn read(&self) -> Result<Vec<Token>, Error> {
        let path = self.path();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(Error::Io { path, doing: "reading", cause }),
        };
        let failed = |cause| Error::Io { path: path.clone(), doing: "reading", cause };
        let metadata = file.metadata().map_err(failed)?;
        let mode = metadata.mode() & 0o777;
        if mode & WRITABLE_BY_OTHERS != 0 {
            return Err(Error::Exposed { path, mode });
        }
        if metadata.len() > BYTES_MAX {
            let reason = format!("{} bytes, at most {BYTES_MAX} belong there", metadata.len());
            return Err(Error::Damaged { path, reason });
        }
        let mut bytes = Vec::new();
        (&file).take(BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
        parse(&bytes, &path)
    }

    /// Makes a token and returns its secret, which is kept nowhere.
    ///
    /// # Errors
    /// The name cannot be used, the file cannot be trusted or not be written.
    pub fn add(&self, name: &str, scope: Scope, at: Timestamp) -> Result<Secret, Error> {
        if !token::is_name(name) {
            return Err(Error::Name(name.chars().take(NAME_BYTES_MAX).collect()));
        }
        let _lock = self.lock()?;
        let mut tokens = self.read()?;
        if tokens.iter().any(|token| token.name == name) {
            return Err(Error::Exists(name.to_owned()));
        }
        if tokens.len() >= TOKENS_MAX {
            return Err(Error::Full);
        }
        let secret = Secret::random();
        let name = name.to_owned();
        tokens.push(Token { name, scope, digest: secret.digest(), created: at });
        self.write(&tokens)?;
        Ok(secret)
    }

    /// Takes a token away and returns how many are left.
    ///
    /// # Errors
    /// No token has the name, the file cannot be trusted or not be written.
    pub fn revoke(&self, name: &str) -> Result<usize, Error> {
        let _lock = self.lock()?;
        let mut tokens = self.read()?;
        let before = tokens.len();
        tokens.retain(|token| token.name != name);
        if tokens.len() == before {
            let known = tokens.into_iter().map(|token| token.name).collect();
            return Err(Error::Unknown {
                name: name.chars().take(NAME_BYTES_MAX).collect(),
                known,
            });
        }
        self.write(&tokens)?;
        Ok(tokens.len())
    }

    /// What the file looks like from outside, to notice that it was replaced.
    pub(super) fn stamp(&self) -> io::Result<Stamp> {
        match fs::metadata(self.path()) {
            Ok(m) => Ok(Some((m.dev(), m.ino(), m.mtime(), m.mtime_nsec(), m.len()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps other commands out until it is dropped.
    fn lock(&self) -> Result<File, Error> {
        let path = self.folder.join(LOCK);
        let failed = |doing| {
            let path = path.clone();
            move |cause| Error::Io { path, doing, cause }
        };
        let file = create(&path, &self.folder).map_err(failed("opening"))?;
        file.lock().map_err(failed("locking"))?;
        Ok(file)
    }

    fn write(&self, tokens: &[Token]) -> Result<(), Error> {
        let written = Written {
            version: VERSION,
            tokens: tokens
                .iter()
                .map(|token| WrittenToken {
                    name: token.name.clone(),
                    scope: token.scope.name().to_owned(),
                    sha256: token.digest.hex(),
                    created: token.created.to_string(),
                })
                .collect(),
        };
        let mut text = serde_json::to_vec_pretty(&written).expect("texts and numbers");
        text.push(b'\n');
        let new = self.folder.join(NEW);
        let failed = |doing| {
            let path = new.clone();
            move |cause| Error::Io { path, doing, cause }
        };
        let mut file = create(&new, &self.folder).map_err(failed("opening"))?;
        file.set_len(0).map_err(failed("writing"))?;
        file.write_all(&text).map_err(failed("writing"))?;
        file.sync_all().map_err(failed("writing"))?;
        fs::rename(&new, self.path()).map_err(failed("renaming"))?;
        let folder = File::open(&self.folder).map_err(failed("opening the folder of"))?;
        folder.sync_all().map_err(failed("writing the folder of"))
    }
}

/// Opens a file of the data folder that only the folder's owner may read: `sudo` must not leave
/// files behind that the service cannot open.
pub(super) fn create(path: &Path, folder: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(MODE);
    let file = options.open(path)?;
    let (own, owner) = (file.metadata()?, fs::metadata(folder)?);
    if own.uid() != owner.uid() {
        std::os::unix::fs::fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(file)
}

fn parse(bytes: &[u8], path: &Path) -> Result<Vec<Token>, Error> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    let version: Version = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
    if version.version > VERSION {
        return Err(Error::Newer { path: path.to_owned(), version: version.version });
    }
    let written: Written = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
    if written.tokens.len() > TOKENS_MAX {
        return Err(damaged(format!("more than {TOKENS_MAX} tokens")));
    }
    let mut names = BTreeSet::new();
    let mut tokens = Vec::new();
    for (index, written) in written.tokens.into_iter().enumerate() {
        let wrong = |what: &str| damaged(format!("token {index}: {what}"));
        if !token::is_name(&written.name) || !names.insert(written.name.clone()) {
            return Err(wrong("its name"));
        }
        tokens.push(Token {
            name: written.name,
            scope: Scope::named(&written.scope).ok_or_else(|| wrong("its scope"))?,
            digest: Digest::of_hex(&written.sha256).ok_or_else(|| wrong("its hash"))?,
            created: Timestamp::parse_rfc3339(&written.created).map_err(|_| wrong("its time"))?,
        });
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn at() -> Timestamp {
        Timestamp::from_seconds(1_777_887_561)
    }

    #[test]
    fn keeps_names_scopes_and_digests_and_no_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = TokenFile::of(folder.path());
        assert!(file.read().expect("no file is no token").is_empty());
        let secret = file.add("scada", Scope::Read, at()).expect("added");
        file.add("plc", Scope::Write, at()).expect("added");
        let tokens = file.read().expect("readable");
        let known: Vec<_> = tokens.iter().map(|t| (t.name.as_str(), t.scope)).collect();
        assert_eq!(known, [("scada", Scope::Read), ("plc", Scope::Write)]);
        assert_eq!((tokens[0].digest, tokens[0].created), (secret.digest(), at()));
        let text = fs::read_to_string(file.path()).expect("text");
        assert!(!text.contains(&secret.hex()) && !text.contains("tri_"), "{text}");
        for name in [FILE, LOCK] {
            let mode = fs::metadata(folder.path().join(name)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert!(!folder.path().join(NEW).exists());
        assert_eq!(file.revoke("scada").expect("known"), 1);
        assert_eq!(file.read().expect("readable")[0].name, "plc");
    }

    #[test]
    fn says_which_names_are_taken_unknown_or_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = TokenFile::of(folder.path());
        let said = |result: Result<usize, Error>| result.expect_err("refused").to_string();
        assert_eq!(said(file.revoke("x")), "there is no token \"x\"; there are none at all");
        file.add("scada", Scope::Read, at()).expect("added");
        let again = file.add("scada", Scope::Admin, at()).err().expect("taken").to_string();
        assert!(again.contains("there is a token \"scada\" already"), "{again}");
        let bad = file.add("two words", Scope::Read, at()).err().expect("no name").to_string();
        assert!(bad.contains("expected a name of 1 to 64"), "{bad}");
        assert_eq!(said(file.revoke("x")), "there is no token \"x\"; the tokens are scada");
        for index in 1..TOKENS_MAX {
            file.add(&format!("t{index}"), Scope::Read, at()).expect("added");
        }
        assert!(matches!(file.add("more", Scope::Read, at()), Err(Error::Full)));
    }

    #[test]
    fn a_file_that_cannot_be_trusted_is_refused_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = TokenFile::of(folder.path());
        file.add("scada", Scope::Read, at()).expect("added");
        let good = fs::read_to_string(file.path()).expect("text");
        let cases = [
            (String::new(), "damaged"),
            (good[..good.len() / 2].to_owned(), "damaged"),
            ("{}".to_owned(), "missing field `version`"),
            (good.replace("\"read\"", "\"root\""), "token 0: its scope"),
            (good.replace("\"sha256\": \"", "\"sha256\": \"0"), "token 0: its hash"),
            (good.replace("\"scada\"", "\"\""), "token 0: its name"),
            (good.replace("\"name\"", "\"nom\""), "unknown field `nom`"),
            (good.replace("\"version\": 1", "\"version\": 2"), "has version 2"),
            ("{\"version\": 2, \"users\": []}".to_owned(), "has version 2"),
        ];
        for (text, expected) in cases {
            fs::write(file.path(), &text).expect("writable");
            let said = file.read().expect_err("not trusted").to_string();
            assert!(said.contains(expected), "{said}");
            assert!(file.add("more", Scope::Read, at()).is_err());
            assert_eq!(fs::read_to_string(file.path()).expect("kept"), text);
        }
        fs::write(file.path(), &good).expect("writable");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o666)).expect("ours");
        let said = file.read().expect_err("others may change it").to_string();
        assert!(said.contains("mode 666") && said.contains("chmod 600"), "{said}");
    }
}
