//! Who may do what: tokens, the page's sessions, and what is told of them.
//!
//! In: a request's headers and addresses, the token file. Out: the `Caller`, or a `Refusal`.
//! Listening on loopback, access is open until the first token exists; beyond loopback it never
//! is. Every route that the router knows needs a scope, except `PUBLIC`; the page's files and
//! addresses are no routes. Decision: `docs/decisions/0006-access.md`; what it protects against
//! and what not: `docs/security.md`.

mod audit;
mod hosts;
pub(super) mod outcome;
mod posted;
mod refusal;
mod session;
pub(super) mod sign_in;
mod throttle;
mod tls;
mod token;
mod token_file;

pub use audit::{Entry, FILE as AUDIT_FILE, record};
pub use hosts::is_host_name;
pub use tls::{Error as TlsError, Source as TlsSource};
pub use token::{PREFIX, Scope, Secret, Token};
pub use token_file::{Error as TokenError, FILE as TOKEN_FILE, TokenFile};

pub(super) use hosts::name_of;
pub(crate) use refusal::Refusal;
pub(super) use tls::Tls;

use crate::{Clock, Count, Outlet};
use audit::Audit;
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::{HeaderMap, Method, header};
use hosts::Hosts;
use posted::Posted;
use session::Sessions;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use throttle::{Throttle, Verdict};
use token::Digest;
use token_file::Stamp;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often the token file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often an open stream asks whether its caller is still let in, and uses its session.
const STREAM_ASKS_EVERY: Duration = Duration::from_secs(60);
/// Routes that answer everybody.
const PUBLIC: [&str; 2] = ["/healthz", sign_in::PATH];
/// Writes that the scope `write` allows; every other one needs `admin`.
const WRITES: [&str; 2] = ["/api/mesures", "/api/v1/samples"];
/// Routes that take bytes, store nothing and answer: reading is enough.
const QUESTIONS: [&str; 1] = ["/api/v1/decode"];

/// What the configuration says about who may ask.
pub struct AccessOptions {
    /// The data folder, where the tokens and the audit log are.
    pub folder: PathBuf,
    /// The configured address.
    pub listen: SocketAddr,
    /// Further names and addresses under which clients reach this server.
    pub names: Vec<String>,
    /// The certificate; without one the server speaks plain HTTP.
    pub tls: Option<TlsSource>,
    /// The wall clock.
    pub clock: Clock,
}

/// Why the service cannot start with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The address can be reached from other machines, and nobody could be told apart.
    #[error(
        "{listen} can be reached from other machines, and there is no access token yet: make one \
         with `triphase token add NAME --scope admin --data {}`, then start again (or listen on \
         127.0.0.1)",
        folder.display()
    )]
    NoToken {
        /// The configured address.
        listen: SocketAddr,
        /// The data folder.
        folder: PathBuf,
    },
    /// The token file cannot be trusted.
    #[error(transparent)]
    Tokens(#[from] TokenError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// The two ends of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The client.
    pub remote: IpAddr,
    /// This machine, as the client reached it.
    pub local: IpAddr,
}

/// Who made a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(super) who: Who,
    pub(super) from: IpAddr,
}

#[derive(Debug, Clone)]
pub(super) enum Who {
    /// Anybody on this machine, while there is no token.
    Anybody,
    /// The bearer of a token.
    Token(Arc<Token>),
    /// The page, signed in with a token.
    Session(Arc<Token>, Digest),
}

impl Who {
    fn scope(&self) -> Scope {
        match self {
            Self::Anybody => Scope::Admin,
            Self::Token(token) | Self::Session(token, _) => token.scope,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Anybody => None,
            Self::Token(token) | Self::Session(token, _) => Some(&token.name),
        }
    }
}

/// What is known of the token file.
enum Known {
    Tokens(Vec<Arc<Token>>),
    Unreadable,
}

/// Tokens, sessions, and what is told of them.
pub struct Access {
    listen: SocketAddr,
    hosts: Hosts,
    tls: Option<Arc<Tls>>,
    file: TokenFile,
    seen: Mutex<Stamp>,
    known: RwLock<Known>,
    /// Counts what may have ended somebody's access.
    changes: watch::Sender<u64>,
    sessions: Mutex<Sessions>,
    throttle: Mutex<Throttle>,
    posted: Mutex<Posted>,
    audit: Audit,
    refused: [Count; Refusal::CODES.len()],
}

impl Access {
    /// Reads the tokens and the certificate.
    ///
    /// # Errors
    /// Either cannot be used, or other machines could reach a server without tokens.
    pub fn open(options: AccessOptions) -> Result<Self, AccessError> {
        let AccessOptions { folder, listen, names, tls, clock } = options;
        let file = TokenFile::of(&folder);
        let seen = file.stamp().unwrap_or_default();
        let tokens: Vec<_> = file.read()?.into_iter().map(Arc::new).collect();
        if tokens.is_empty() && !listen.ip().is_loopback() {
            return Err(AccessError::NoToken { listen, folder });
        }
        let hosts = Hosts::new(listen.ip(), names);
        let tls = tls.map(|source| {
            let names = hosts.for_certificate();
            Tls::open(source, tls::Surroundings { folder: &folder, names, clock: clock.clone() })
        });
        let tls = tls.transpose()?.map(Arc::new);
        if tls.is_none() && !listen.ip().is_loopback() {
            tracing::warn!(
                "{listen} is reached without TLS: tokens and readings can be read on the way. \
                 Set `tls` under [http], or let a reverse proxy do it"
            );
        }
        Ok(Self {
            listen,
            hosts,
            tls,
            file,
            seen: Mutex::new(seen),
            known: RwLock::new(Known::Tokens(tokens)),
            changes: watch::channel(0).0,
            sessions: Mutex::default(),
            throttle: Mutex::default(),
            posted: Mutex::default(),
            audit: Audit::start(&folder, clock),
            refused: std::array::from_fn(|_| Count::default()),
        })
    }

    pub(super) fn tls(&self) -> Option<&Arc<Tls>> {
        self.tls.as_ref()
    }

    /// Whether browsers may be told to come by TLS only: not with a certificate that they doubt.
    pub(super) fn is_strictly_tls(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_from_files())
    }

    /// How often each reason refused, how many audit lines wait to be confessed as lost, and how
    /// many handshakes failed.
    pub(super) fn counts(&self) -> (impl Iterator<Item = (&'static str, u64)>, u64, u64) {
        let refused = Refusal::CODES.into_iter().zip(&self.refused);
        let refused = refused.map(|(code, count)| (code, count.total()));
        let failures = self.tls.as_ref().map_or(0, |tls| tls.failures.total());
        (refused, self.audit.lost(), failures)
    }

    /// Whether the name a client asked for is one of this server's.
    pub(super) fn is_named(&self, name: &str, peer: Option<Peer>) -> bool {
        self.hosts.has(name, peer.map(|peer| peer.local))
    }

    /// Lets a request in, or says why not. `None`: the request is for what everybody gets.
    pub(super) fn admit(&self, request: &Request) -> Result<Option<Caller>, Refusal> {
        let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let Some(path) = path.filter(|path| !PUBLIC.contains(path)) else { return Ok(None) };
        let from = peer(request).map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.remote);
        let now = Instant::now();
        let admitted = self.who(request.headers(), now).and_then(|who| {
            let who = who.ok_or(Refusal::Missing)?;
            let needs = needed(request.method(), path);
            if who.scope() < needs {
                return Err(Refusal::Scope { has: who.scope(), needs });
            }
            if matches!(who, Who::Session(..)) && needs > Scope::Read {
                is_our_page(request.headers())?;
            }
            Ok(who)
        });
        match admitted {
            Ok(who) => Ok(Some(Caller { who, from })),
            Err(refusal) => Err(self.refused(refusal, from, now)),
        }
    }

    /// Who the headers say it is; `None` when they do not say.
    fn who(&self, headers: &HeaderMap, now: Instant) -> Result<Option<Who>, Refusal> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Known::Tokens(tokens) = &*known else { return Err(Refusal::Unreadable) };
        if self.is_open_with(tokens) {
            return Ok(Some(Who::Anybody));
        }
        if let Some(sent) = bearer(headers) {
            let secret = Secret::of_token(sent).ok_or(Refusal::Unknown)?;
            let found = token::find(tokens, secret.digest()).ok_or(Refusal::Unknown)?;
            return Ok(Some(Who::Token(Arc::clone(found))));
        }
        let Some(id) = self.session_id(headers) else { return Ok(None) };
        let token = locked(&self.sessions).token(id, now);
        let token = token.and_then(|token| token::find(tokens, token));
        Ok(token.map(|token| Who::Session(Arc::clone(token), id)))
    }

    fn is_open_with(&self, tokens: &[Arc<Token>]) -> bool {
        tokens.is_empty() && self.listen.ip().is_loopback()
    }

    /// Counts a refusal; a wrong token is told to the audit log, and may have to wait.
    fn refused(&self, refusal: Refusal, from: IpAddr, now: Instant) -> Refusal {
        let mut told = refusal;
        if refusal == Refusal::Unknown {
            match locked(&self.throttle).failed(from, now) {
                Verdict::Wait(wait) => told = Refusal::Wait(wait),
                Verdict::Failed => self.audit.record(&Entry {
                    what: "token_refused",
                    from: Some(from),
                    ..Entry::default()
                }),
            }
        }
        if let Some(count) = self.refused.get(told.index()) {
            count.one();
        }
        told
    }

    /// Whether a caller who was let in still would be.
    fn is_still_in(&self, who: &Who, now: Instant) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Known::Tokens(tokens) = &*known else { return false };
        match who {
            Who::Anybody => self.is_open_with(tokens),
            Who::Token(token) => token::find(tokens, token.digest).is_some(),
            Who::Session(token, id) => {
                token::find(tokens, token.digest).is_some()
                    && locked(&self.sessions).token(*id, now).is_some()
            }
        }
    }

    /// Resolves when the caller is let in no more: a token was revoked, a session ended.
    pub(super) async fn ended(&self, who: &Who) {
        let mut changes = self.changes.subscribe();
        while self.is_still_in(who, Instant::now()) {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(STREAM_ASKS_EVERY) => {}
            }
        }
    }

    /// Reads the token file anew if it was replaced.
    fn look(&self) {
        // What the system refuses to say is looked at again next time.
        let Ok(stamp) = self.file.stamp() else { return };
        let mut seen = locked(&self.seen);
        if *seen == stamp {
            return;
        }
        let had_file = seen.is_some();
        *seen = stamp;
        drop(seen);
        let known = match self.file.read() {
            Ok(_) if stamp.is_none() && had_file => {
                tracing::error!(
                    "{} is gone: nobody is let in until it is back, or the service \
                    is started anew",
                    self.file.path().display()
                );
                Known::Unreadable
            }
            Ok(tokens) => {
                tracing::info!("the tokens were read anew: {}", tokens.len());
                Known::Tokens(tokens.into_iter().map(Arc::new).collect())
            }
            Err(error) => {
                tracing::error!("{error}");
                Known::Unreadable
            }
        };
        if let Known::Tokens(tokens) = &known {
            locked(&self.sessions).keep_those_of(|token| token::find(tokens, token).is_some());
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        self.changed();
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Tells the audit log that the service listens.
    fn tell_of_start(&self, address: SocketAddr) {
        let tokens = match &*self.known.read().unwrap_or_else(PoisonError::into_inner) {
            Known::Tokens(tokens) => tokens.len(),
            Known::Unreadable => 0,
        };
        let more = vec![
            ("listen", address.to_string().into()),
            ("tls", self.tls.is_some().into()),
            ("tokens", tokens.into()),
        ];
        self.audit.record(&Entry { what: "started", more, ..Entry::default() });
    }

    /// Looks at the files, and tells of the writes whose time has come.
    fn look_around(&self, now: Instant) {
        self.look();
        if let Some(tls) = &self.tls {
            tls.look(now);
        }
        self.tell_of_posts(now);
    }

    /// Notes an accepted write, to be told of in sums.
    pub(super) fn note_post(&self, caller: &Caller, path: &str, rows: Option<usize>) {
        let mut posted = locked(&self.posted);
        posted.note((caller.who.name(), caller.from, path), rows, Instant::now());
    }

    fn tell_of_posts(&self, now: Instant) {
        for sum in locked(&self.posted).due(now) {
            self.audit.record(&sum.entry());
        }
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        for sum in locked(&self.posted).all() {
            self.audit.record(&sum.entry());
        }
        self.audit.record(&Entry { what: "stopped", ..Entry::default() });
    }
}

pub(super) fn peer(request: &Request) -> Option<Peer> {
    request.extensions().get::<ConnectInfo<Peer>>().map(|ConnectInfo(peer)| *peer)
}

/// Looks after the tokens and the certificate until it is dropped. A disk that hangs holds up
/// this, and no request.
pub(super) async fn watch(outlet: Arc<Outlet>, address: SocketAddr) {
    outlet.access.tell_of_start(address);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let (outlet, now) = (Arc::clone(&outlet), Instant::now());
        let looked = tokio::task::spawn_blocking(move || outlet.access.look_around(now)).await;
        if let Err(error) = looked {
            tracing::error!(%error, "the tokens could not be looked at");
        }
    }
}

/// The scope that a request needs. What is not listed needs the highest.
fn needed(method: &Method, path: &str) -> Scope {
    match *method {
        Method::GET | Method::HEAD => Scope::Read,
        Method::POST if QUESTIONS.contains(&path) => Scope::Read,
        Method::POST if WRITES.contains(&path) => Scope::Write,
        _ => Scope::Admin,
    }
}

/// The text after `Bearer`; of several headers or another scheme, one that is no token.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let first = sent.next()?;
    if sent.next().is_some() {
        return Some("");
    }
    let (scheme, token) = first.to_str().ok()?.split_once(' ').unwrap_or_default();
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" })
}

/// A browser names the origin of every write, and `guard` compares it: a write with a cookie and
/// without an origin comes from no browser of ours.
fn is_our_page(headers: &HeaderMap) -> Result<(), Refusal> {
    let same = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    if same || headers.contains_key(header::ORIGIN) { Ok(()) } else { Err(Refusal::Origin) }
}

/// What is behind these locks is replaced or counted in single steps, so a panic elsewhere leaves
/// it whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
