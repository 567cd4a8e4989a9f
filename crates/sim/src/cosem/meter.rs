//! The meter behind the protocol: its identity, its registers at an instant, its load profile.

use super::profile::{CAPTURE_SECONDS, Captured, LoadProfile};
use crate::workshop::{State, Workshop};
use frame::dlms::glo_cipher::Keys;
use frame::hdlc::{INFORMATION_DEFAULT, Limits};
use jiff::tz::TimeZone;
use reading::Timestamp;
use std::time::Duration;

/// Invocation counters of the meter count seconds from 2024 on, so that they grow over restarts.
const COUNTED_FROM: i64 = 1_704_067_200;
/// How far back the load profile reaches.
const HISTORY: Duration = Duration::from_secs(8 * 86_400);

/// What a client must prove to see more than the meter's identity.
#[derive(Clone, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// That it knows this password (LLS).
    Password(Vec<u8>),
    /// That it has these keys (HLS, mechanism 5); APDUs are ciphered.
    Keys {
        /// The global unicast encryption key.
        guek: [u8; 16],
        /// The global authentication key.
        gak: [u8; 16],
    },
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Password(_) => "Password(…)",
            Self::Keys { .. } => "Keys(…)",
        })
    }
}

/// How a simulated meter is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosemSettings {
    /// What a client must prove.
    pub access: Access,
    /// Longest APDU that the meter sends and takes. **Unit** bytes. **Range** 64 to 65 535.
    pub pdu_length_max: u16,
    /// Sizes and windows on HDLC.
    pub limits: Limits,
    /// Whether several attributes may be asked for at once.
    pub lists: bool,
    /// Whether parts of a profile may be asked for.
    pub selection: bool,
}

impl Default for CosemSettings {
    fn default() -> Self {
        let limits = Limits {
            transmit_length: INFORMATION_DEFAULT * 2,
            receive_length: INFORMATION_DEFAULT * 2,
            ..Limits::default()
        };
        Self { access: Access::Open, pdu_length_max: 1_200, limits, lists: true, selection: true }
    }
}

/// What the meter shows at one instant.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) state: State,
    /// Mean power of the running and of the last quarter of an hour. **Unit** W.
    pub(super) demand: [u64; 2],
    /// The highest mean recorded and when its quarter ended.
    pub(super) peak: (u64, Timestamp),
}

/// A simulated meter. Several clients may be connected to it at once.
#[derive(Debug, Clone)]
pub struct CosemMeter {
    pub(super) settings: CosemSettings,
    pub(super) serial: String,
    pub(super) number: String,
    pub(super) system_title: [u8; 8],
    pub(super) zone: TimeZone,
    pub(super) keys: Option<Keys>,
    pub(super) profile: LoadProfile,
    workshop: Workshop,
    /// The last counter used under the meter's title.
    counter: u32,
    /// The last counter of each client's title.
    clients: Vec<([u8; 8], u32)>,
    refused: u64,
    replays: u64,
}

/// Most clients of which counters are kept.
const CLIENTS_MAX: usize = 32;

impl CosemMeter {
    /// The meter of the workshop of `seed`. It has been recording for days at `now`.
    #[must_use]
    pub fn new(seed: u64, now: Timestamp, zone: TimeZone, settings: CosemSettings) -> Self {
        let [.., a, b, c] = seed.to_be_bytes();
        let begin = now.minus(HISTORY);
        let seconds = now.as_micros().div_euclid(1_000_000) - COUNTED_FROM;
        let mut meter = Self {
            keys: keys_of(&settings.access),
            settings,
            serial: format!("LGZ1030655{:06}", seed % 1_000_000),
            number: format!("{}", 7_000_000 + seed % 1_000_000),
            system_title: [b'L', b'G', b'Z', 0x67, 0x74, a, b, c],
            profile: LoadProfile::default(),
            workshop: Workshop::new(seed, begin, zone.clone()),
            zone,
            counter: u32::try_from(seconds.max(0)).unwrap_or(u32::MAX / 2),
            clients: Vec::new(),
            refused: 0,
            replays: 0,
        };
        meter.record(now);
        meter
    }

    /// The same meter, set otherwise.
    #[must_use]
    pub fn with(self, settings: CosemSettings) -> Self {
        Self { keys: keys_of(&settings.access), settings, ..self }
    }

    /// The logical device name (0-0:42.0.0).
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// How often a client was refused an association.
    #[must_use]
    pub const fn refusals(&self) -> u64 {
        self.refused
    }

    /// How often a client used a counter that was used before.
    #[must_use]
    pub const fn replays(&self) -> u64 {
        self.replays
    }

    pub(super) const fn refuse(&mut self) {
        self.refused += 1;
    }

    /// Records the quarters of an hour that ended by `now`.
    fn record(&mut self, now: Timestamp) {
        let next = match self.profile.last() {
            Some(last) => last.plus(Duration::from_secs(CAPTURE_SECONDS)),
            None => quarter_at_or_after(now.minus(HISTORY)),
        };
        let mut at = next;
        while at <= now {
            let counters = self.workshop.advance(at).counters;
            self.profile.push(Captured { at, counters });
            at = at.plus(Duration::from_secs(CAPTURE_SECONDS));
        }
    }

    /// What the meter shows at `now`. Its registers never go back, whatever the clock does.
    pub(super) fn snapshot(&mut self, now: Timestamp) -> Snapshot {
        self.record(now);
        let state = self.workshop.advance(now);
        let running = self.profile.running_mean(&state.counters, now);
        Snapshot { demand: [running, self.profile.last_mean()], peak: self.profile.peak(), state }
    }

    /// A counter that was never used under the meter's title.
    pub(super) fn next_counter(&mut self) -> u32 {
        self.counter = self.counter.saturating_add(1);
        self.counter
    }

    /// Notes a client's counter; the one awaited at least, when it was used before.
    pub(super) fn accept_counter(&mut self, title: [u8; 8], counter: u32) -> Result<(), u32> {
        match self.clients.iter_mut().find(|(known, _)| *known == title) {
            Some((_, last)) if counter <= *last => {
                self.replays += 1;
                Err(last.saturating_add(1))
            }
            Some((_, last)) => {
                *last = counter;
                Ok(())
            }
            None => {
                self.clients.truncate(CLIENTS_MAX - 1);
                self.clients.insert(0, (title, counter));
                Ok(())
            }
        }
    }
}

fn keys_of(access: &Access) -> Option<Keys> {
    match access {
        Access::Keys { guek, gak } => Some(Keys::new(guek, Some(*gak))),
        Access::Open | Access::Password(_) => None,
    }
}

fn quarter_at_or_after(at: Timestamp) -> Timestamp {
    let seconds = at.as_micros().div_euclid(1_000_000);
    let step = i64::try_from(CAPTURE_SECONDS).expect("a quarter of an hour is short");
    Timestamp::from_seconds((seconds + step - 1).div_euclid(step) * step)
}
