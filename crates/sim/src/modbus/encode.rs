//! From values to registers: the way back of `meter`'s decoding.

use meter::modbus::{Cell, Coding, Form, Order, Register, Role};
use reading::Unit;

/// The words of a value in a register of the map, the most significant register where the order
/// says. `None` for what the register cannot hold.
pub(crate) fn words(register: &Register, value: f64) -> Option<Vec<u16>> {
    let scale = register
        .factors
        .iter()
        .fold(register.scale.to_f64(), |scale, factor| scale * factor_of(register, factor.role));
    let value = match register.form {
        Form::Plain => value,
        Form::Negated => -value,
        // What a meter of this kind sends for a leading power factor begins beyond 1.
        Form::FourQuadrant => value,
    };
    let signless = register.factors.iter().any(|factor| factor.role == Role::Sign);
    let raw = if signless { (value / scale).abs() } else { value / scale };
    bits(register.cell, raw).map(|bits| split(bits, register.cell))
}

/// The words of a register that scales `register`; `value` is what it scales.
pub(crate) fn factor_words(register: &Register, index: usize, value: f64) -> Option<Vec<u16>> {
    let factor = register.factors.get(index)?;
    let raw = match factor.role {
        Role::PowerOfTen => f64::from(shift(register.unit)),
        Role::Ratio(scale) => 1.0 / scale.to_f64(),
        Role::Sign => f64::from(u8::from(value < 0.0)),
    };
    bits(factor.cell, raw).map(|bits| split(bits, factor.cell))
}

fn factor_of(register: &Register, role: Role) -> f64 {
    match role {
        Role::PowerOfTen => 10_f64.powi(i32::from(shift(register.unit))),
        Role::Ratio(_) | Role::Sign => 1.0,
    }
}

/// The scale factor that this device chose for a unit, so that 16 bits hold a workshop's values.
const fn shift(unit: Option<Unit>) -> i8 {
    match unit {
        Some(Unit::Volt) => -1,
        Some(Unit::Ampere | Unit::Hertz | Unit::One) => -2,
        Some(Unit::Watt | Unit::Var | Unit::VoltAmpere) => 1,
        _ => 0,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked first"
)]
fn bits(cell: Cell, raw: f64) -> Option<u64> {
    let width = u32::from(cell.kind.words) * 16;
    let rounded = raw.round();
    let limit = 2_f64.powi(i32::try_from(width).ok()?);
    let natural = (0.0..limit).contains(&rounded).then_some(rounded);
    match cell.kind.coding {
        Coding::Float if width == 32 => Some(u64::from((raw as f32).to_bits())),
        Coding::Float => Some(raw.to_bits()),
        Coding::Unsigned => natural.map(|n| n as u64),
        Coding::Signed => {
            let fits = (-limit / 2.0..limit / 2.0).contains(&rounded);
            let mask = u64::MAX >> 64_u32.saturating_sub(width);
            fits.then_some((rounded as i64).cast_unsigned() & mask)
        }
        Coding::SignMagnitude => {
            let magnitude = rounded.abs();
            let sign = u64::from(rounded < 0.0) << width.checked_sub(1)?;
            (magnitude < limit / 2.0).then_some(magnitude as u64 | sign)
        }
        Coding::Bcd => digits(natural? as u64, 4, 10, width / 4),
        Coding::Thousands => digits(natural? as u64, 16, 10_000, width / 16),
        Coding::Text => None,
    }
}

fn digits(mut value: u64, bits_each: u32, base: u64, count: u32) -> Option<u64> {
    let mut bits = 0;
    for place in 0..count {
        bits |= (value % base) << (place * bits_each);
        value /= base;
    }
    (value == 0).then_some(bits)
}

fn split(bits: u64, cell: Cell) -> Vec<u16> {
    let Order { low_word_first, low_byte_first } = cell.order;
    let mut words: Vec<u16> = (0..cell.kind.words)
        .rev()
        .map(|place| {
            let word = (bits >> (u32::from(place) * 16)) & 0xFFFF;
            let word = u16::try_from(word).unwrap_or_default();
            if low_byte_first { word.swap_bytes() } else { word }
        })
        .collect();
    if low_word_first {
        words.reverse();
    }
    words
}

/// The words of a number that identifies the model.
pub(crate) fn mark_words(cell: Cell, number: u64) -> Vec<u16> {
    split(number, cell)
}
