//! What the two push lists hold, in the registers' own resolution.
//!
//! In: the workshop's state. Out: pairs of push object and value, and their A-XDR body: a
//! structure whose first element is the array of push objects, whose others are the values.
//! Scalers are not sent; voltage is in 1 V, current in 0.01 A, power factor in 0.001, power and
//! energy in 1 W, var, Wh, varh.

use super::E450;
use crate::workshop::State;
use frame::dlms::Data;

/// An encoded push object: `{long-unsigned class, logical name, attribute, data index}`.
pub(super) const ELEMENT_LENGTH: usize = 18;

/// A push setup of the meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// 0-8:25.9.0, every five seconds: powers, currents, voltages, power factor.
    Fast,
    /// 0-9:25.9.0, every minute: the energy registers.
    Energy,
}

/// One push object with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    class: u16,
    name: [u8; 6],
    attribute: i8,
    value: Data,
}

impl Entry {
    pub(super) const fn new(class: u16, name: [u8; 6], attribute: i8, value: Data) -> Self {
        Self { class, name, attribute, value }
    }

    /// Value attribute of a register.
    const fn register(channel: u8, code: [u8; 3], value: Data) -> Self {
        let [c, d, e] = code;
        Self::new(3, [1, channel, c, d, e, 255], 2, value)
    }

    fn object(&self) -> Data {
        Data::Structure(vec![
            Data::LongUnsigned(self.class),
            Data::OctetString(self.name.to_vec()),
            Data::Integer(self.attribute),
            Data::LongUnsigned(0),
        ])
    }
}

impl List {
    pub(super) const fn logical_name(self) -> [u8; 6] {
        match self {
            Self::Fast => [0, 8, 25, 9, 0, 255],
            Self::Energy => [0, 9, 25, 9, 0, 255],
        }
    }

    pub(super) fn entries(self, meter: &E450, state: &State) -> Vec<Entry> {
        let mut entries = meter.identity(self, state.at);
        match self {
            Self::Fast => entries.extend(fast(state)),
            Self::Energy => entries.extend(energy(state)),
        }
        entries
    }
}

fn fast(state: &State) -> impl Iterator<Item = Entry> {
    let total = state.total();
    let powers = [
        (1, total.active_w),
        (2, -total.active_w),
        (3, total.reactive_var),
        (4, -total.reactive_var),
    ];
    let powers = powers.map(|(c, power)| Entry::register(0, [c, 7, 0], wide(power.max(0.0))));
    let phases = || [0_u8, 20, 40].into_iter().zip(&state.phases);
    let currents = phases().map(|(offset, phase)| {
        Entry::register(0, [31 + offset, 7, 0], narrow(phase.current_a * 100.0))
    });
    let voltages = phases()
        .map(|(offset, phase)| Entry::register(0, [32 + offset, 7, 0], narrow(phase.voltage_v)));
    let factor = narrow(state.power_factor().unwrap_or(1.0) * 1000.0);
    let rest: Vec<Entry> = currents.chain(voltages).collect();
    powers.into_iter().chain(rest).chain([Entry::register(0, [13, 7, 0], factor)])
}

fn energy(state: &State) -> impl Iterator<Item = Entry> {
    let counters = state.counters;
    let [day, night] = counters.import_by_rate_wh();
    let [q1, q2, q3, q4] = counters.quadrants_varh();
    [
        ([1, 8, 0], counters.import_wh()),
        ([1, 8, 1], day),
        ([1, 8, 2], night),
        ([2, 8, 0], counters.export_wh()),
        ([3, 8, 0], counters.reactive_import_varh()),
        ([4, 8, 0], counters.reactive_export_varh()),
        ([5, 8, 0], q1),
        ([6, 8, 0], q2),
        ([7, 8, 0], q3),
        ([8, 8, 0], q4),
    ]
    .into_iter()
    // A register of 32 bits rolls over.
    .map(|(code, value)| {
        let low = u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0);
        Entry::register(1, code, Data::DoubleLongUnsigned(low))
    })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn wide(value: f64) -> Data {
    // `as` holds the value within the register.
    Data::DoubleLongUnsigned(value.round() as u32)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn narrow(value: f64) -> Data {
    Data::LongUnsigned(value.round() as u16)
}

/// Appends the notification body; answers where the first push object and where the first value
/// start in `out`.
pub(super) fn encode(entries: &[Entry], out: &mut Vec<u8>) -> (usize, usize) {
    let objects = Data::Array(entries.iter().map(Entry::object).collect());
    let mut array = Vec::new();
    objects.encode(&mut array);
    // Object 1 is the list itself: its value is the array.
    let values = entries.iter().skip(1).map(|entry| entry.value.clone());
    Data::Structure(std::iter::once(objects).chain(values).collect()).encode(out);
    // Structure and array: a tag and a one-byte count each, below 128 elements.
    (4, 2 + array.len())
}
