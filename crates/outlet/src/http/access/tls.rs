//! TLS for the page and the API: the certificate, its renewal, the handshake.
//!
//! In: certificate and key as PEM files, or the wish for a self-signed certificate, which is made
//! once and kept in the data folder. Out: encrypted streams of TLS 1.2 or 1.3 (rustls with ring).
//! Files that change are read anew, and kept out when they do not fit together. Refuses: at the
//! start, files that are missing, empty or of two different keys; later, clients that speak plain
//! HTTP (with a 400 that says so) or take too long. A certificate past its end is served with an
//! error in the log: the service must record, whatever clients think of its certificate.

use super::{locked, token_file};
use crate::{Clock, Count};
use reading::Timestamp;
use ring::digest::{SHA256, digest};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, InconsistentKeys, ServerConfig, crypto, version};
use tokio_rustls::server::TlsStream;
use x509_cert::der::Decode;

/// Longest time from a connection to the end of its handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// The first byte of every TLS connection (RFC 8446, 5.1).
const HANDSHAKE: u8 = 0x16;
/// How long before its end a certificate is warned of.
const WARNED_BEFORE: Duration = Duration::from_secs(14 * 86_400);
/// How often it is warned of.
const WARNED_EVERY: Duration = Duration::from_secs(86_400);
/// The years for which a self-signed certificate is made. Nobody but its fingerprint vouches for
/// it, so a shorter life would only move the fingerprint.
const SELF_SIGNED_YEARS: i16 = 10;
/// The self-signed certificate and its key in the data folder.
const OWN_CERTIFICATE: &str = "tls-cert.pem";
const OWN_KEY: &str = "tls-key.pem";
/// What a plain request to this port gets. The connection's end is the body's end.
const PLAIN_ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\
    Connection: close\r\n\r\nThis port speaks TLS: ask with https:// and not http://\n";

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Two PEM files: the certificate with its chain, and its key.
    Files {
        /// The certificate, its chain after it.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// Made on the first start, kept in the data folder.
    SelfSigned,
}

/// Why the certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("[http] tls: {} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file holds no PEM section of the kind it should.
    #[error("[http] tls: {} holds no {expected} in PEM form (-----BEGIN …)", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// The kind.
        expected: &'static str,
    },
    /// The key is another one's.
    #[error(
        "[http] tls: the key {} does not belong to the certificate {}", key.display(),
        cert.display()
    )]
    Mismatch {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// They cannot be used for TLS.
    #[error("[http] tls: {} cannot be used: {cause}", cert.display())]
    Unusable {
        /// The certificate.
        cert: PathBuf,
        /// What rustls said.
        cause: rustls::Error,
    },
    /// No certificate of our own could be made.
    #[error("[http] tls: no self-signed certificate could be made: {0}")]
    Make(#[from] rcgen::Error),
    /// It could not be kept.
    #[error("[http] tls: {} cannot be written: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// What a certificate is made from and told with.
pub(super) struct Surroundings<'a> {
    pub(super) folder: &'a Path,
    pub(super) names: Vec<String>,
    pub(super) clock: Clock,
}

/// What changes when a file is replaced or touched.
type Stamp = [Option<(u64, u64, i64, i64, u64)>; 2];

/// The certificate in use.
pub(in super::super) struct Tls {
    cert: PathBuf,
    key: PathBuf,
    is_from_files: bool,
    clock: Clock,
    current: RwLock<Loaded>,
    seen: Mutex<(Stamp, Option<Instant>)>,
    /// Handshakes that failed.
    pub(in super::super) failures: Count,
}

#[derive(Clone)]
struct Loaded {
    config: Arc<ServerConfig>,
    fingerprint: String,
    /// The first and the last second of its validity, when the certificate tells.
    validity: Option<(u64, u64)>,
}

impl Tls {
    pub(super) fn open(source: Source, around: Surroundings<'_>) -> Result<Self, Error> {
        let now = (around.clock)();
        let is_from_files = matches!(source, Source::Files { .. });
        let (cert, key) = match source {
            Source::Files { cert, key } => (cert, key),
            Source::SelfSigned => own(&around, now)?,
        };
        let seen = stamp(&cert, &key);
        let loaded = load(&cert, &key)?;
        if !is_from_files {
            tracing::info!(
                "the self-signed certificate {} has the SHA-256 fingerprint {}; \
                compare it when a client asks",
                cert.display(),
                loaded.fingerprint
            );
        }
        let tls = Self {
            cert,
            key,
            is_from_files,
            clock: around.clock,
            current: RwLock::new(loaded),
            seen: Mutex::new((seen, None)),
            failures: Count::default(),
        };
        Ok(tls)
    }

    /// Whether somebody else vouches for the certificate.
    pub(super) fn is_from_files(&self) -> bool {
        self.is_from_files
    }

    /// Reads the files anew if they changed, and warns of a certificate's end.
    pub(super) fn look(&self, now: Instant) {
        let stamp = stamp(&self.cert, &self.key);
        let mut seen = locked(&self.seen);
        let is_warned = seen.1.is_some_and(|at| now.saturating_duration_since(at) < WARNED_EVERY);
        let has_changed = seen.0 != stamp;
        if has_changed {
            seen.0 = stamp;
            match load(&self.cert, &self.key) {
                Ok(loaded) => {
                    tracing::info!(
                        "the certificate {} was read anew, SHA-256 fingerprint {}",
                        self.cert.display(),
                        loaded.fingerprint
                    );
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = loaded;
                }
                // Between two writes of a renewal they do not fit; the old ones go on.
                Err(error) => tracing::error!("{error}; the earlier certificate is used further"),
            }
        }
        if has_changed || !is_warned {
            seen.1 = Some(now);
            self.warn();
        }
    }

    fn warn(&self) {
        let validity = self.current.read().unwrap_or_else(PoisonError::into_inner).validity;
        let cert = self.cert.display();
        match Standing::of(validity, (self.clock)()) {
            Standing::Good => {}
            Standing::EndsSoon(ends) => {
                tracing::warn!("the certificate {cert} ends at {ends}: renew it")
            }
            Standing::Ended(ends) => {
                tracing::error!(
                    "the certificate {cert} ended at {ends}: clients refuse it, renew it"
                );
            }
            Standing::NotYet(begins) => tracing::error!(
                "the certificate {cert} begins at {begins}: clients refuse it until then, or this \
                 machine's clock is wrong"
            ),
        }
    }

    /// The encrypted stream over a connection.
    pub(in super::super) async fn shake_hands(
        self: Arc<Self>,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let config = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&current.config)
        };
        let shaken = tokio::time::timeout(HANDSHAKE_MAX, shake_hands(stream, config)).await;
        let shaken = shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if let Err(error) = &shaken {
            self.failures.one();
            tracing::debug!(%error, "a TLS handshake failed");
        }
        shaken
    }
}

/// How a certificate stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Good,
    EndsSoon(Timestamp),
    Ended(Timestamp),
    NotYet(Timestamp),
}

impl Standing {
    fn of(validity: Option<(u64, u64)>, now: Timestamp) -> Self {
        let Some((begins, ends)) = validity else { return Self::Good };
        let (begins, ends) = (instant(begins), instant(ends));
        if now > ends {
            Self::Ended(ends)
        } else if now < begins {
            Self::NotYet(begins)
        } else if now.plus(WARNED_BEFORE) > ends {
            Self::EndsSoon(ends)
        } else {
            Self::Good
        }
    }
}

async fn shake_hands(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let mut first = [0];
    let read = stream.peek(&mut first).await?;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if first != [HANDSHAKE] {
        // What was sent is taken first: closing over unread bytes would take the answer back.
        let mut sent = [0; 4096];
        let _ = stream.read(&mut sent).await?;
        stream.write_all(PLAIN_ANSWER).await?;
        stream.shutdown().await?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no TLS"));
    }
    TlsAcceptor::from(config).accept(stream).await
}

fn load(cert: &Path, key: &Path) -> Result<Loaded, Error> {
    let read = |path: &Path| {
        fs::read(path).map_err(|cause| Error::Unreadable { path: path.to_owned(), cause })
    };
    let empty = |path: &Path, expected| Error::Empty { path: path.to_owned(), expected };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(cert)?).collect();
    let chain = chain.map_err(|_| empty(cert, "certificate"))?;
    let leaf = chain.first().ok_or_else(|| empty(cert, "certificate"))?.clone();
    let private = PrivateKeyDer::from_pem_slice(&read(key)?);
    let private = private.map_err(|_| empty(key, "private key"))?;
    let provider = Arc::new(crypto::ring::default_provider());
    let unusable = |cause| match cause {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            Error::Mismatch { cert: cert.to_owned(), key: key.to_owned() }
        }
        cause => Error::Unusable { cert: cert.to_owned(), cause },
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Loaded {
        config: Arc::new(config),
        fingerprint: fingerprint(&leaf),
        validity: validity(&leaf),
    })
}

fn fingerprint(leaf: &CertificateDer<'_>) -> String {
    let bytes = digest(&SHA256, leaf);
    let pairs: Vec<String> = bytes.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

fn validity(leaf: &CertificateDer<'_>) -> Option<(u64, u64)> {
    let validity = x509_cert::Certificate::from_der(leaf).ok()?.tbs_certificate.validity;
    let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
    Some((seconds(validity.not_before), seconds(validity.not_after)))
}

fn instant(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn stamp(cert: &Path, key: &Path) -> Stamp {
    [cert, key].map(|path| {
        let m = fs::metadata(path).ok()?;
        Some((m.dev(), m.ino(), m.mtime(), m.mtime_nsec(), m.len()))
    })
}

/// Our own certificate and key, made when they are not there or past their end.
fn own(around: &Surroundings<'_>, now: Timestamp) -> Result<(PathBuf, PathBuf), Error> {
    let cert = around.folder.join(OWN_CERTIFICATE);
    let key = around.folder.join(OWN_KEY);
    if cert.exists() && key.exists() {
        let ends = load(&cert, &key)?.validity.map(|(_, ends)| instant(ends));
        if ends.is_none_or(|ends| now < ends) {
            return Ok((cert, key));
        }
    }
    let today = jiff::Timestamp::from_microsecond(now.as_micros()).unwrap_or_default();
    let today = jiff::tz::TimeZone::UTC.to_datetime(today).date();
    let day = |date: jiff::civil::Date| {
        let part = |part: i8| u8::try_from(part).unwrap_or(1);
        rcgen::date_time_ymd(date.year().into(), part(date.month()), part(date.day()))
    };
    let mut params = rcgen::CertificateParams::new(around.names.clone())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "triphase");
    params.not_before = day(today.yesterday().unwrap_or(today));
    // A leap day's year ten later may have none: the first is always there.
    let ends = today.first_of_month();
    params.not_after = day(jiff::civil::date(ends.year() + SELF_SIGNED_YEARS, ends.month(), 1));
    params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let pair = rcgen::KeyPair::generate()?;
    let made = params.self_signed(&pair)?;
    keep(&key, around.folder, pair.serialize_pem().as_bytes())?;
    keep(&cert, around.folder, made.pem().as_bytes())?;
    Ok((cert, key))
}

/// Writes a private file whole or not at all.
fn keep(path: &Path, folder: &Path, text: &[u8]) -> Result<(), Error> {
    let failed = |cause| Error::Write { path: path.to_owned(), cause };
    let new = path.with_extension("new");
    let mut file = token_file::create(&new, folder).map_err(failed)?;
    file.set_len(0).map_err(failed)?;
    io::Write::write_all(&mut file, text).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&new, path).map_err(failed)
}

#[cfg(test)]
mod tests;
