//! A P1 port: DSMR 5, one telegram a second.
//!
//! In: a start in virtual time. Out: telegrams with their CRC, in order, without end.
//!
//! # Source
//! DSMR P1 companion standard 5.0.2, 6.12 (the objects and their formats).

use super::registers::{Shown, energies, phase_powers, phases, powers};
use crate::local::meter_time;
use crate::workshop::{State, Workshop};
use frame::dsmr::crc16;
use jiff::tz::TimeZone;
use reading::{MeterTime, Timestamp};
use std::fmt::Write;

/// The telegrams of one simulated P1 port, an iterator without end.
#[derive(Debug, Clone)]
pub struct P1Feed {
    workshop: Workshop,
    zone: TimeZone,
    serial: String,
    second: i64,
}

/// A telegram and the instant it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telegram {
    /// When, in virtual time.
    pub due: Timestamp,
    /// What goes over the line.
    pub bytes: Vec<u8>,
}

impl P1Feed {
    /// The port of the workshop of `seed`; its first telegram is the first one due at `start` or
    /// later.
    #[must_use]
    pub fn new(seed: u64, start: Timestamp, zone: &TimeZone) -> Self {
        let mut feed = Self {
            workshop: Workshop::new(seed, start, zone.clone()),
            zone: zone.clone(),
            serial: format!("E0055{:012}", seed % 1_000_000_000_000),
            second: 0,
        };
        feed.seek(start);
        feed
    }

    /// The equipment identifier (0-0:96.1.1) in characters.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// When the next telegram is due.
    #[must_use]
    pub const fn due(&self) -> Timestamp {
        Timestamp::from_seconds(self.second)
    }

    /// Leaves out every telegram that is due before `to`; nobody was listening. Never goes back.
    pub fn skip_to(&mut self, to: Timestamp) {
        if to > self.due() {
            self.seek(to);
        }
    }

    fn seek(&mut self, to: Timestamp) {
        let second = to.as_micros().div_euclid(1_000_000);
        self.second = second + i64::from(to.as_micros().rem_euclid(1_000_000) > 0);
    }

    fn telegram(&self, state: &State) -> Vec<u8> {
        let mut text = String::from("/TRI5\\2SIMULATED-P1\r\n\r\n1-3:0.2.8(50)\r\n");
        let (time, summer) = meter_time(state.at, &self.zone);
        let mut line = |content: std::fmt::Arguments<'_>| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{content}\r\n");
        };
        line(format_args!("0-0:1.0.0({})", stamp(&time, summer)));
        line(format_args!("0-0:96.1.1({})", hexadecimal(&self.serial)));
        for Shown { address, value, unit } in energies(state) {
            line(format_args!("1-0:{address}({value:010.3}*{unit})"));
        }
        line(format_args!("0-0:96.14.0(0001)"));
        for Shown { address, value, unit } in powers(state).into_iter().chain(phase_powers(state)) {
            line(format_args!("1-0:{address}({value:06.3}*{unit})"));
        }
        for Shown { address, value, unit } in phases(state) {
            match unit {
                "V" => line(format_args!("1-0:{address}({value:05.1}*{unit})")),
                _ => line(format_args!("1-0:{address}({value:06.2}*{unit})")),
            }
        }
        line(format_args!("0-0:96.13.0()"));
        text.push('!');
        let crc = crc16(text.as_bytes());
        let _ = write!(text, "{crc:04X}\r\n");
        text.into_bytes()
    }
}

impl Iterator for P1Feed {
    type Item = Telegram;

    /// The next telegram; there always is one.
    fn next(&mut self) -> Option<Telegram> {
        let due = Timestamp::from_seconds(self.second);
        let state = self.workshop.advance(due);
        let bytes = self.telegram(&state);
        self.second += 1;
        Some(Telegram { due, bytes })
    }
}

/// `YYMMDDhhmmssX`.
fn stamp(time: &MeterTime, summer: bool) -> String {
    let MeterTime { year, month, day, hour, minute, second, .. } = time;
    let year = year % 100;
    let season = if summer { 'S' } else { 'W' };
    format!("{year:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}{season}")
}

fn hexadecimal(text: &str) -> String {
    text.bytes().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02X}");
        digits
    })
}
