//! The page's sessions: who signed in, until when.
//!
//! In: the digest of a session's number, the time of now. Out: the token that stands behind it.
//! Sessions live in memory only and end with the program, when nothing used them for
//! [`IDLE_MAX`], after [`AGE_MAX`], and with their token.

use super::token::Digest;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// A session that nothing used for this long has ended. An open event stream uses it.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(12 * 3600);
/// A session has ended after this long, used or not.
pub(super) const AGE_MAX: Duration = Duration::from_secs(30 * 86_400);
/// Most sessions of one token; the next one ends the one that was used least recently. With
/// `TOKENS_MAX` tokens this bounds the whole.
pub(super) const SESSIONS_PER_TOKEN_MAX: usize = 32;

#[derive(Debug)]
struct Session {
    token: Digest,
    began: Instant,
    used: Instant,
}

impl Session {
    fn has_ended(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) >= IDLE_MAX
            || now.saturating_duration_since(self.began) >= AGE_MAX
    }
}

/// All sessions, by the digest of their number.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_id: HashMap<Digest, Session>,
}

impl Sessions {
    /// Begins a session of `token`.
    pub(super) fn begin(&mut self, id: Digest, token: Digest, now: Instant) {
        self.by_id.retain(|_, session| !session.has_ended(now));
        let of_token = self.by_id.iter().filter(|(_, session)| session.token == token);
        if of_token.clone().count() >= SESSIONS_PER_TOKEN_MAX {
            let oldest = of_token.min_by_key(|(_, session)| session.used).map(|(id, _)| *id);
            oldest.and_then(|id| self.by_id.remove(&id));
        }
        self.by_id.insert(id, Session { token, began: now, used: now });
    }

    /// The token behind a session that has not ended; asking uses the session.
    pub(super) fn token(&mut self, id: Digest, now: Instant) -> Option<Digest> {
        let session = self.by_id.get_mut(&id)?;
        if session.has_ended(now) {
            self.by_id.remove(&id);
            return None;
        }
        session.used = now;
        Some(session.token)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Ends a session; whether there was one.
    pub(super) fn end(&mut self, id: Digest) -> bool {
        self.by_id.remove(&id).is_some()
    }

    /// Ends the sessions of tokens that are gone.
    pub(super) fn keep_those_of(&mut self, is_known: impl Fn(Digest) -> bool) {
        self.by_id.retain(|_, session| is_known(session.token));
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::Secret;
    use super::*;

    fn digest() -> Digest {
        Secret::random().digest()
    }

    #[test]
    fn a_session_ends_when_idle_when_old_and_with_its_token() {
        let start = Instant::now();
        let mut sessions = Sessions::default();
        let (idle, busy, gone, token) = (digest(), digest(), digest(), digest());
        sessions.begin(idle, token, start);
        sessions.begin(busy, token, start);
        sessions.begin(gone, digest(), start);
        sessions.keep_those_of(|known| known == token);
        assert_eq!(sessions.token(gone, start), None);
        let mut now = start;
        while now.duration_since(start) < AGE_MAX {
            assert_eq!(sessions.token(busy, now), Some(token));
            now += IDLE_MAX - Duration::from_secs(1);
        }
        assert_eq!(sessions.token(idle, start + IDLE_MAX), None);
        assert_eq!(sessions.token(busy, start + AGE_MAX), None, "used, and too old");
        assert_eq!(sessions.token(digest(), start), None);
    }

    #[test]
    fn one_token_cannot_push_out_the_sessions_of_another() {
        let start = Instant::now();
        let mut sessions = Sessions::default();
        let (other, first) = (digest(), digest());
        let (its_token, token) = (digest(), digest());
        sessions.begin(other, its_token, start);
        sessions.begin(first, token, start);
        for second in 1..=SESSIONS_PER_TOKEN_MAX as u64 {
            sessions.begin(digest(), token, start + Duration::from_secs(second));
        }
        assert_eq!(sessions.by_id.len(), SESSIONS_PER_TOKEN_MAX + 1);
        assert_eq!(sessions.token(first, start), None, "the oldest made room");
        assert_eq!(sessions.token(other, start), Some(its_token));
        assert!(sessions.end(other) && !sessions.end(other));
    }
}
