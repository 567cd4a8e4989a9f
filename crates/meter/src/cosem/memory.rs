//! What must be remembered across restarts, and under which names.

use super::options::{CosemOptions, Proof};
use reading::{Memory, MeterId, Obis, Timestamp};

/// The end of the counters that may have been used with a system title.
pub(super) fn counter_key(meter: &MeterId, title: [u8; 8]) -> String {
    format!("cosem_client_counter/{}/{meter}", crate::push::text::hex_of(&title))
}

/// The last counter that a meter's system title used towards us.
pub(super) fn server_counter_key(title: [u8; 8]) -> String {
    format!("cosem_server_counter/{}", crate::push::text::hex_of(&title))
}

/// The fingerprint of the credentials that the meter refused; 0 when it refused none.
pub(super) fn refusal_key(meter: &MeterId) -> String {
    format!("cosem_refused/{meter}")
}

/// The last captured row of a profile, in seconds since 1970.
pub(super) fn profile_key(meter: &MeterId, profile: Obis) -> String {
    format!("cosem_profile/{meter}/{profile}")
}

/// How far a profile was read before.
pub(super) fn profile_done_to(
    memory: &[Memory],
    meter: &MeterId,
    profile: Obis,
) -> Option<Timestamp> {
    recall(memory, &profile_key(meter, profile)).map(Timestamp::from_seconds)
}

/// What was remembered under a name.
pub(super) fn recall(memory: &[Memory], key: &str) -> Option<i64> {
    memory.iter().find(|memory| memory.key == key).map(|memory| memory.value)
}

/// Tells one set of credentials from another; never 0.
///
/// It is kept so short that it does not tell the password: one of 65 535 others has the same.
pub(super) fn fingerprint(options: &CosemOptions, keys: &[Option<[u8; 16]>; 2]) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    take(&[options.client]);
    take(&options.server.to_be_bytes());
    match &options.proof {
        Proof::None => take(b"none"),
        Proof::Low(password) => take(password),
        Proof::HighGmac => take(b"high_gmac"),
    }
    take(&options.system_title.unwrap_or_default());
    for key in keys {
        take(&key.unwrap_or_default());
    }
    let folded = hash ^ (hash >> 32);
    i64::from(u16::try_from((folded ^ (folded >> 16)) & 0xFFFF).unwrap_or(0)).max(1)
}
