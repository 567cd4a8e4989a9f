//! Which meter sent a telegram.

use super::text::{hex_of, text_of};
use reading::Obis;

/// The identification found so far while the values are read.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    found: Option<(u8, String)>,
}

impl Identity {
    /// Notes a text object: 0-0:42.0.0 before 0-0:96.1.x, lower x first.
    pub(crate) fn note(&mut self, obis: Obis, text: &str) {
        let rank = match (obis.medium(), obis.channel(), obis.cde()) {
            (0, 0, [42, 0, 0]) => 0,
            (0, 0, [96, 1, part @ 0..=9]) => part + 1,
            _ => return,
        };
        let better = self.found.as_ref().is_none_or(|(known, _)| rank < *known);
        if better && !text.is_empty() {
            self.found = Some((rank, text.to_owned()));
        }
    }

    /// The identification, or else the system title: as text when it is, else in hexadecimal.
    pub(crate) fn resolve(self, system_title: Option<[u8; 8]>) -> Option<String> {
        self.found.map(|(_, text)| text).or_else(|| system_title.map(title_text))
    }
}

/// A system title as text.
pub(crate) fn title_text(title: [u8; 8]) -> String {
    let printable = title.iter().all(|byte| (0x20..0x7F).contains(byte));
    if printable { text_of(&title) } else { hex_of(&title) }
}
