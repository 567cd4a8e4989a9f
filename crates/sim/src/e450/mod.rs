//! The simulated Landis+Gyr E450: its identity, its two push lists, its telegrams.
//!
//! In: the workshop's state. Out: the bytes of a push as the customer interface sends them:
//! DataNotification (IEC 62056-5-3), ciphered or plain, in general block transfer, in HDLC frames
//! (IEC 62056-46). Nothing is received: the interface only talks.

mod framing;
mod lists;

use crate::local::meter_time;
use crate::workshop::State;
use frame::dlms::apdu::{SecurityControl, encode_notification};
use frame::dlms::glo_cipher::{Envelope, Keys};
use frame::dlms::{Data, date_time};
use jiff::tz::TimeZone;
use lists::Entry;
use reading::Timestamp;

pub use lists::List;

/// Length of a key.
pub const KEY_LENGTH: usize = 16;

/// How the meter protects what it pushes.
#[derive(Clone, PartialEq, Eq)]
pub enum Protection {
    /// Not at all.
    Plain,
    /// Encrypted, without a tag (security control 20).
    Encrypted {
        /// The global unicast encryption key.
        guek: [u8; KEY_LENGTH],
    },
    /// Encrypted, with a 12-byte tag (security control 30), as Swiss operators set it.
    Authenticated {
        /// The global unicast encryption key.
        guek: [u8; KEY_LENGTH],
        /// The global authentication key.
        gak: [u8; KEY_LENGTH],
    },
}

impl std::fmt::Debug for Protection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Encrypted { .. } => "Encrypted(…)",
            Self::Authenticated { .. } => "Authenticated(…)",
        })
    }
}

impl Protection {
    /// What the keys at hand allow; an authentication key alone protects nothing.
    #[must_use]
    pub fn of(guek: Option<[u8; KEY_LENGTH]>, gak: Option<[u8; KEY_LENGTH]>) -> Self {
        match (guek, gak) {
            (None, _) => Self::Plain,
            (Some(guek), None) => Self::Encrypted { guek },
            (Some(guek), Some(gak)) => Self::Authenticated { guek, gak },
        }
    }
}

/// A meter of this model.
#[derive(Debug, Clone)]
pub struct E450 {
    serial: String,
    number: String,
    system_title: [u8; 8],
    zone: TimeZone,
    cipher: Option<(Keys, SecurityControl)>,
}

impl E450 {
    /// The meter of a workshop; its numbers follow from the seed. Its clock shows the wall time
    /// of `zone`.
    #[must_use]
    pub fn new(seed: u64, zone: TimeZone, protection: &Protection) -> Self {
        let [.., a, b, c] = seed.to_be_bytes();
        let cipher = match *protection {
            Protection::Plain => None,
            Protection::Encrypted { guek } => Some((Keys::new(&guek, None), SecurityControl(0x20))),
            Protection::Authenticated { guek, gak } => {
                Some((Keys::new(&guek, Some(gak)), SecurityControl(0x30)))
            }
        };
        Self {
            serial: format!("LGZ1030655{:06}", seed % 1_000_000),
            number: format!("{}", 7_000_000 + seed % 1_000_000),
            system_title: [b'L', b'G', b'Z', 0x67, 0x73, a, b, c],
            zone,
            cipher,
        }
    }

    /// The logical device name that every push carries (0-0:42.0.0).
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The system title that an encrypted push carries in clear.
    #[must_use]
    pub const fn system_title(&self) -> [u8; 8] {
        self.system_title
    }

    /// The bytes of one push.
    ///
    /// `number` counts pushes: it is the invocation counter of an encrypted push, and its lower
    /// 24 bits are the invoke-id.
    #[must_use]
    pub fn push(&self, list: List, state: &State, number: u32) -> Vec<u8> {
        let entries = list.entries(self, state);
        let mut body = Vec::new();
        let (head, values) = lists::encode(&entries, &mut body);
        let (clock, _) = meter_time(state.at, &self.zone);
        // The header's clock knows neither deviation nor summer time; its status is always 0.
        let header = date_time::encode(&reading::MeterTime { status: Some(0), ..clock });
        let mut message = Vec::new();
        encode_notification(number & 0x00FF_FFFF, Some(header), &body, &mut message);
        let before = message.len() - body.len();
        let Some((keys, control)) = &self.cipher else {
            let cuts = framing::Cuts {
                head: before + head,
                element: lists::ELEMENT_LENGTH,
                values: before + values,
            };
            return framing::frames(&message, &cuts);
        };
        let envelope = Envelope {
            system_title: self.system_title,
            control: *control,
            invocation_counter: number,
        };
        let mut sealed = Vec::new();
        keys.seal(&envelope, &message, &mut sealed)
            .expect("a control that asks for a tag was chosen with an authentication key");
        framing::frames(&sealed, &framing::Cuts::ANYWHERE)
    }

    /// The clock object's value: its status says when summer time is in force.
    fn clock(&self, at: Timestamp) -> Vec<u8> {
        let (clock, summer) = meter_time(at, &self.zone);
        let status = Some(if summer { 0x80 } else { 0x00 });
        date_time::encode(&reading::MeterTime { status, ..clock }).to_vec()
    }

    /// The objects that open both lists.
    fn identity(&self, list: List, at: Timestamp) -> Vec<Entry> {
        let text = |text: &str| Data::OctetString(text.as_bytes().to_vec());
        let name = list.logical_name();
        vec![
            Entry::new(40, name, 2, Data::Null),
            Entry::new(40, name, 1, Data::OctetString(name.to_vec())),
            Entry::new(1, [0, 0, 42, 0, 0, 255], 2, text(&self.serial)),
            Entry::new(1, [0, 0, 96, 1, 1, 255], 2, text(&self.number)),
            Entry::new(8, [0, 0, 1, 0, 0, 255], 2, Data::OctetString(self.clock(at))),
        ]
    }
}
