//! How one meter is reached and asked.

use reading::Obis;
use std::time::Duration;

/// Client address that every meter answers without a proof (IEC 62056-5-3, public client).
pub const CLIENT_PUBLIC: u8 = 16;
/// How far back a load profile is read at the first contact, unless configured otherwise.
pub const BACKFILL_DEFAULT: Duration = Duration::from_secs(7 * 86_400);
/// Most profiles of one meter.
pub const PROFILES_MAX: usize = 8;
/// Most objects that one reading asks for.
pub const OBJECTS_MAX: usize = 256;

/// What carries the APDUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carriage {
    /// HDLC from the first byte on.
    Hdlc,
    /// The TCP wrapper.
    Wrapper,
    /// HDLC after a sign-on of IEC 62056-21 mode E, on the optical port. With a device address
    /// where several meters share the port.
    ModeE {
        /// The address in the sign-on.
        device: Option<String>,
    },
}

/// How the client proves who it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// Not at all.
    None,
    /// LLS with this password.
    Low(Vec<u8>),
    /// HLS, mechanism 5, with the keys.
    HighGmac,
}

impl std::fmt::Debug for Proof {
    /// Passwords are never shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Low(_) => "Low(…)",
            Self::HighGmac => "HighGmac",
        })
    }
}

/// How one meter is reached and asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosemOptions {
    /// What carries the APDUs.
    pub carriage: Carriage,
    /// The client's address. **Range** 1 to 127.
    pub client: u8,
    /// The logical device. **Range** 1 to 16 383, 127 in one byte.
    pub server: u16,
    /// The physical device, where several share a line.
    pub physical: Option<u16>,
    /// Bytes of the server's HDLC address: 1, 2 or 4; `None` takes the fewest that suffice.
    pub address_bytes: Option<u8>,
    /// How the client proves who it is.
    pub proof: Proof,
    /// The client's system title; `None` makes one from the meter's id.
    pub system_title: Option<[u8; 8]>,
    /// Exactly these objects; `None` reads those that the catalogue knows.
    pub objects: Option<Vec<Obis>>,
    /// Exactly these load profiles; `None` reads 1-0:99.1.0 and 1-0:99.2.0 where they are.
    pub profiles: Option<Vec<Obis>>,
    /// How far back a profile is read at the first contact.
    pub backfill: Duration,
}

impl Default for CosemOptions {
    fn default() -> Self {
        Self {
            carriage: Carriage::Hdlc,
            client: CLIENT_PUBLIC,
            server: 1,
            physical: None,
            address_bytes: None,
            proof: Proof::None,
            system_title: None,
            objects: None,
            profiles: None,
            backfill: BACKFILL_DEFAULT,
        }
    }
}

impl CosemOptions {
    /// The server's HDLC address; `None` when its parts do not fit the bytes.
    #[must_use]
    pub fn server_address(&self) -> Option<frame::hdlc::Address> {
        let widths = match self.address_bytes {
            Some(width) => vec![width],
            None => vec![1, 2, 4],
        };
        let address = |width| frame::hdlc::Address::server(self.server, self.physical, width);
        widths.into_iter().find_map(address)
    }
}
