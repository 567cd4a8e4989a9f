//! Where messages go.
//!
//! In: the configured prefix, meter ids, names of the catalogue. Out: topic names (MQTT 3.1.1,
//! 4.7) and the identifiers of Home Assistant. A meter's id holds none of `+ # /` and NUL by its
//! type, a prefix by the check here.

use reading::MeterId;
use std::fmt;

/// Longest accepted prefix, in bytes.
const PREFIX_MAX: usize = 200;

/// The topics of one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    prefix: String,
}

/// The text cannot begin a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrefixError;

impl fmt::Display for PrefixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected a topic of 1 to {PREFIX_MAX} bytes such as \"triphase/atelier\": no level \
             empty, no + # or control character, no $ in front"
        )
    }
}

impl std::error::Error for PrefixError {}

impl Topics {
    /// The topics under a prefix.
    ///
    /// # Errors
    /// A prefix that no topic may begin with.
    pub fn new(prefix: &str) -> Result<Self, PrefixError> {
        let forbidden = |c: char| matches!(c, '+' | '#') || c.is_control();
        let levels = !prefix.split('/').any(str::is_empty);
        let bytes = (1..=PREFIX_MAX).contains(&prefix.len());
        if !levels || !bytes || prefix.starts_with('$') || prefix.contains(forbidden) {
            return Err(PrefixError);
        }
        Ok(Self { prefix: prefix.to_owned() })
    }

    /// The topics of a site that names no prefix: `triphase/` and the [`slug`] of its name.
    #[must_use]
    pub fn of_site(name: &str) -> Self {
        let slug = slug(name);
        let slug = if slug.is_empty() { "site".to_owned() } else { slug };
        Self { prefix: format!("triphase/{slug}") }
    }

    /// The prefix.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn status(&self) -> String {
        format!("{}/status", self.prefix)
    }

    /// A topic of one meter: `sample`, a quantity, an analysis.
    pub(super) fn of(&self, meter: &MeterId, name: &str) -> String {
        format!("{}/{meter}/{name}", self.prefix)
    }

    /// The topic of one alarm.
    pub(super) fn alarm(&self, key: &str) -> String {
        format!("{}/alarms/{key}", self.prefix)
    }

    /// The identifier of a meter in Home Assistant: letters, digits, `_` and `-` only.
    pub(super) fn device(&self, meter: &MeterId) -> String {
        let text = format!("{}_{meter}", self.prefix);
        let mut device = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '/' => device.push('_'),
                '_' | '-' => device.push(character),
                _ if character.is_ascii_alphanumeric() => device.push(character),
                // What the identifier cannot hold keeps meters apart as its number.
                _ => device.push_str(&format!("-{:x}-", u32::from(character))),
            }
        }
        device
    }

    /// The name under which the broker knows us: the same after every start, so that a new
    /// connection ends the old one, and its last will comes before the new `online`.
    ///
    /// **Shape** 21 letters and digits; every broker accepts up to 23 (MQTT 3.1.1, 3.1.3.1).
    pub(super) fn client_id(&self) -> String {
        format!("triphase{:013x}", self.seed() >> 12)
    }

    /// The name under which a broker knows us as a listener; `user` keeps two accounts apart.
    ///
    /// **Shape** 23 letters and digits.
    pub(super) fn listener_id(&self, user: &str) -> String {
        format!("triphasein{:013x}", (self.seed() ^ fnv(user)) >> 12)
    }

    /// A number that differs between sites.
    pub(super) fn seed(&self) -> u64 {
        fnv(&self.prefix)
    }
}

/// FNV-1a: stable across versions, which the standard hasher does not promise.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The name in lower-case letters, digits and `-`; accents are dropped from Latin letters.
#[must_use]
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        let plain = match character {
            'à'..='å' => "a",
            'æ' => "ae",
            'ç' => "c",
            'è'..='ë' => "e",
            'ì'..='ï' => "i",
            'ñ' => "n",
            'ò'..='ö' | 'ø' => "o",
            'ù'..='ü' => "u",
            'ý' | 'ÿ' => "y",
            'œ' => "oe",
            'ß' => "ss",
            _ if character.is_ascii_alphanumeric() => {
                slug.push(character);
                continue;
            }
            _ => {
                if !slug.is_empty() && !slug.ends_with('-') {
                    slug.push('-');
                }
                continue;
            }
        };
        slug.push_str(plain);
    }
    slug.truncate(PREFIX_MAX / 2);
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sites_name_becomes_one_topic_level() {
        let cases = [
            ("Atelier", "triphase/atelier"),
            ("Usine n° 3 / Évry", "triphase/usine-n-3-evry"),
            ("Werk Süd – Straße", "triphase/werk-sud-strasse"),
            ("# + $", "triphase/site"),
            ("工場", "triphase/site"),
        ];
        for (name, prefix) in cases {
            assert_eq!(Topics::of_site(name).prefix(), prefix);
            assert!(Topics::new(prefix).is_ok());
        }
    }

    #[test]
    fn a_prefix_that_no_topic_may_begin_with_is_refused() {
        let long = "a".repeat(PREFIX_MAX + 1);
        for wrong in ["", "/a", "a/", "a//b", "a/+", "a#", "$SYS/a", "a\0b", "a\nb", &long] {
            assert_eq!(Topics::new(wrong), Err(PrefixError), "{wrong:?}");
        }
        assert!(Topics::new("usine/évry 1/t").is_ok());
    }

    #[test]
    fn no_meter_id_can_leave_its_level() {
        for unsafe_id in ["a+b", "a#", "a/b", "a\0b", "", "+"] {
            assert!(MeterId::new(unsafe_id).is_err(), "{unsafe_id:?}");
        }
        let meter = MeterId::new("ligne.1").expect("an id");
        let topics = Topics::new("triphase/evry 2").expect("a prefix");
        assert_eq!(topics.of(&meter, "sample"), "triphase/evry 2/ligne.1/sample");
        assert_eq!(topics.device(&meter), "triphase_evry-20-2_ligne-2e-1");
    }

    #[test]
    fn each_site_has_its_own_short_client_id() {
        let id = |prefix| Topics::new(prefix).expect("a prefix").client_id();
        assert_eq!(id("triphase/a").len(), 21);
        assert_eq!(id("triphase/a"), id("triphase/a"));
        assert_ne!(id("triphase/a"), id("triphase/b"));
        assert!(id("triphase/a").bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let listener = |user| Topics::new("triphase/a").expect("a prefix").listener_id(user);
        assert_eq!(listener("").len(), 23);
        assert_ne!(listener(""), listener("ana"));
    }
}
