//! One slave: who it is, what it was asked last, what it answers.

use super::content::{Content, Energy, Meter};
use super::record::bcd;
use crate::workshop::State;
use frame::mbus::{self, Frame, Identity, names};
use jiff::tz::TimeZone;

const NETWORK: u8 = 253;
const TEST: u8 = 254;
const CI_RESET: u8 = 0x50;
const CI_SELECT: u8 = 0x52;
const FRAME_COUNT: u8 = 0x20;
const RSP_UD: u8 = 0x08;
const ACKNOWLEDGE: u8 = 0xE5;
/// The maker of meters that do not exist.
const MAKER: &str = "TPH";

/// A slave of the bus.
#[derive(Debug, Clone)]
pub struct Slave {
    primary: u8,
    identity: Identity,
    meter: Meter,
    selected: bool,
    /// The frame count of the last request.
    frame_count: Option<bool>,
    /// The telegram that is sent next.
    next: usize,
    access_number: u8,
    /// What was sent last, to be sent again when its receipt was not noticed.
    last: Vec<u8>,
}

impl Slave {
    /// The electricity meter of one machine, counted from 0; of the supply, `None`.
    #[must_use]
    pub fn electricity(primary: u8, number: u32, machine: Option<usize>) -> Self {
        let meter = Meter::Electricity { machine, energy: Energy::default() };
        Self::new(primary, (number, 0x02), meter)
    }

    /// A heat meter.
    #[must_use]
    pub fn heat(primary: u8, number: u32) -> Self {
        Self::new(primary, (number, 0x04), Meter::Heat { energy: Energy::default() })
    }

    /// A water meter with the fixed data structure.
    #[must_use]
    pub fn water(primary: u8, number: u32) -> Self {
        Self::new(primary, (number, 0x07), Meter::Water)
    }

    fn new(primary: u8, (number, medium): (u32, u8), meter: Meter) -> Self {
        let manufacturer = names::manufacturer_code(MAKER).unwrap_or(0);
        let identity = Identity { identification: bcd(number), manufacturer, version: 1, medium };
        Self {
            primary,
            identity,
            meter,
            selected: false,
            frame_count: None,
            next: 0,
            access_number: 0,
            last: Vec::new(),
        }
    }

    /// Its primary address.
    #[must_use]
    pub const fn primary(&self) -> u8 {
        self.primary
    }

    /// Who it is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) fn count(&mut self, state: &State) {
        self.meter.count(state);
    }

    /// What it answers to a frame of the master; nothing where it is not meant.
    pub(super) fn hear(&mut self, frame: &Frame<'_>, now: (&State, &TimeZone)) -> Option<Vec<u8>> {
        match *frame {
            Frame::Short { control, address } => self.short(control, address, now),
            Frame::Long { control, address, ci, data } if control & 0x4F == 0x43 => {
                self.long(address, ci, data)
            }
            _ => None,
        }
    }

    fn is_meant(&self, address: u8) -> bool {
        address == self.primary || address == TEST || (address == NETWORK && self.selected)
    }

    fn short(&mut self, control: u8, address: u8, now: (&State, &TimeZone)) -> Option<Vec<u8>> {
        if !self.is_meant(address) {
            return None;
        }
        match control & 0x4F {
            0x40 => {
                self.frame_count = None;
                self.next = 0;
                if address == NETWORK {
                    self.selected = false;
                }
                Some(vec![ACKNOWLEDGE])
            }
            0x4B => {
                let frame_count = control & FRAME_COUNT != 0;
                if self.frame_count == Some(frame_count) && !self.last.is_empty() {
                    return Some(self.last.clone());
                }
                self.frame_count = Some(frame_count);
                self.last = self.telegram(now);
                Some(self.last.clone())
            }
            // No alarms to tell.
            0x4A => Some(vec![ACKNOWLEDGE]),
            _ => None,
        }
    }

    fn long(&mut self, address: u8, ci: u8, data: &[u8]) -> Option<Vec<u8>> {
        if ci == CI_SELECT && address == NETWORK {
            let pattern = meter::mbus::Selection::of_bytes(data.first_chunk()?);
            self.selected = pattern.matches(&self.identity);
            if self.selected {
                self.frame_count = None;
                self.next = 0;
            }
            return self.selected.then(|| vec![ACKNOWLEDGE]);
        }
        let known = ci == CI_RESET || (0xB8..=0xBF).contains(&ci);
        if !self.is_meant(address) || !known {
            return None;
        }
        self.next = 0;
        Some(vec![ACKNOWLEDGE])
    }

    fn telegram(&mut self, now: (&State, &TimeZone)) -> Vec<u8> {
        let number = self.next;
        self.next = (number + 1) % self.meter.telegrams();
        self.access_number = self.access_number.wrapping_add(1);
        let mut counted = vec![RSP_UD, self.primary];
        match self.meter.telegram(number, now, &self.identity) {
            Content::Variable(records) => {
                counted.push(0x72);
                counted.extend(self.identity.bytes());
                counted.extend([self.access_number, 0, 0, 0]);
                counted.extend(records);
            }
            Content::Fixed { units, counters } => {
                counted.push(0x73);
                counted.extend(self.identity.identification);
                counted.extend([self.access_number, 0]);
                counted.extend(units);
                counted.extend(counters.concat());
            }
        }
        let mut out = Vec::new();
        mbus::encode_long(&counted, &mut out).expect("a telegram of this house fits a frame");
        out
    }
}
