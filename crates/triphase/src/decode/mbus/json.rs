//! One telegram as one line of JSON, written without detours: a line is made in microseconds.

use super::telegram::{Content, Fault, Telegram, Variable, instants};
use super::{Shown, is_whole, write_text};
use frame::mbus::{Fixed, Function, Record, Value, names};
use reading::Decimal;
use std::io::Write;

/// Appends the line; tells whether the telegram is delivered.
pub(super) fn write(telegram: &Telegram<'_>, out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(b"{\"protocol\":\"mbus\",");
    let fault = match &telegram.content {
        Content::ApplicationError(code) => {
            out.extend_from_slice(b"\"application_error\":");
            string(names::application_error(*code).chars(), out);
            out.extend_from_slice(b"}\n");
            return true;
        }
        Content::Alarm(status) => {
            out.extend_from_slice(b"\"alarm\":\"");
            hex(*status, out);
            out.extend_from_slice(b"\"}\n");
            return true;
        }
        Content::Variable(variable) => {
            head(telegram, variable, out);
            records(variable, out)
        }
        Content::Fixed(fixed) => {
            counters(fixed, out);
            None
        }
        Content::Nothing => {
            out.extend_from_slice(
                b"\"meter\":null,\"meter_time\":null,\"measured_at\":null,\
                  \"security\":{\"encrypted\":false,\"authenticated\":false,\
                  \"invocation_counter\":null},\"identification\":null,\"manufacturer\":null,\
                  \"version\":null,\"medium\":null,\"access_number\":null,\"status\":null,\
                  \"records\":[",
            );
            None
        }
    };
    out.extend_from_slice(b"],\"defects\":[");
    let fault = fault.as_ref().or(telegram.fault.as_ref());
    if let Some(Fault { code, detail, at }) = fault {
        out.extend_from_slice(b"{\"code\":\"");
        out.extend_from_slice(code.as_bytes());
        out.extend_from_slice(b"\",\"detail\":");
        string(detail.chars(), out);
        out.extend_from_slice(b",\"offset\":");
        unsigned(telegram.offset.saturating_add(*at as u64), out);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}\n");
    fault.is_none() && is_whole(&telegram.content)
}

fn head(telegram: &Telegram<'_>, variable: &Variable<'_>, out: &mut Vec<u8>) {
    let identity = variable.identity;
    out.extend_from_slice(b"\"meter\":");
    match identity {
        Some(identity) => {
            out.push(b'"');
            identity.number().to_be_bytes().into_iter().for_each(|byte| hex(byte, out));
            out.push(b'"');
        }
        None => null(out),
    }
    let clock = variable.clock().map(|clock| instants(clock, telegram.zone.as_ref()));
    out.extend_from_slice(b",\"meter_time\":");
    optional_text(clock.as_ref().map(|(local, _)| local.as_str()), out);
    out.extend_from_slice(b",\"measured_at\":");
    let at = clock.and_then(|(_, at)| at).map(|at| at.to_string());
    optional_text(at.as_deref(), out);
    out.extend_from_slice(b",\"security\":{\"encrypted\":");
    out.extend_from_slice(if variable.encrypted { b"true" } else { b"false" });
    out.extend_from_slice(b",\"authenticated\":false,\"invocation_counter\":null}");
    out.extend_from_slice(b",\"identification\":");
    match identity {
        Some(identity) => identification(identity.number(), out),
        None => null(out),
    }
    out.extend_from_slice(b",\"manufacturer\":");
    match identity {
        Some(identity) => string(names::manufacturer(identity.manufacturer).into_iter(), out),
        None => null(out),
    }
    out.extend_from_slice(b",\"version\":");
    optional(identity.map(|identity| identity.version), out);
    out.extend_from_slice(b",\"medium\":");
    match identity.map(|identity| identity.medium) {
        None => null(out),
        Some(code) => match names::medium(code) {
            Some(name) => string(name.chars(), out),
            None => string(format!("Unknown medium (0x{code:02x})").chars(), out),
        },
    }
    access(variable.access_number, variable.status, out);
}

fn access(access_number: Option<u8>, status: Option<u8>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"access_number\":");
    optional(access_number, out);
    out.extend_from_slice(b",\"status\":");
    match status {
        None => null(out),
        Some(status) => {
            out.push(b'"');
            hex(status, out);
            out.push(b'"');
        }
    }
    out.extend_from_slice(b",\"records\":[");
}

fn records(variable: &Variable<'_>, out: &mut Vec<u8>) -> Option<Fault> {
    let mut first = true;
    for record in variable.records() {
        match record {
            Ok(record) => {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                self::record(&record, out);
            }
            Err(error) => return Some(Fault::of_record(error)),
        }
    }
    None
}

fn record(record: &Record<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"function\":\"");
    out.extend_from_slice(record.function.name().as_bytes());
    out.extend_from_slice(b"\",\"storage_number\":");
    unsigned(record.storage_number, out);
    out.extend_from_slice(b",\"tariff\":");
    let extended = |number: u64| record.extended.then_some(number);
    optional_number(extended(u64::from(record.tariff)), out);
    out.extend_from_slice(b",\"device\":");
    optional_number(extended(u64::from(record.sub_unit)), out);
    out.extend_from_slice(b",\"quantity\":\"");
    let (meaning, value) = record.nominal();
    match record.vif.and_then(|vif| vif.plain_text) {
        Some(text) => escaped(frame::mbus::text(text), out),
        None => out.extend_from_slice(meaning.map_or("", |it| it.quantity).as_bytes()),
    }
    out.extend_from_slice(b"\",\"unit\":\"");
    out.extend_from_slice(meaning.map_or("", |it| it.unit).as_bytes());
    out.extend_from_slice(b"\",\"value\":");
    match Shown::of(value) {
        Shown::Number(number) => decimal(number, out),
        Shown::Null => null(out),
        Shown::Text(Value::Text(sent)) => string(frame::mbus::text(sent), out),
        Shown::Text(other) => {
            // Dates and hexadecimal digits need no escapes.
            out.push(b'"');
            write_text(&other, out);
            out.push(b'"');
        }
    }
    if matches!(record.function, Function::Manufacturer | Function::MoreRecordsFollow) {
        out.push(b'}');
        return;
    }
    qualifiers(record, out);
    out.push(b'}');
}

/// What combines with the quantity, beyond corrections of its scale; left out when there is none.
fn qualifiers(record: &Record<'_>, out: &mut Vec<u8>) {
    let Some(vif) = record.vif.filter(|vif| !vif.extensions.is_empty()) else {
        return;
    };
    let mut begun = false;
    for combined in vif.combinable().filter(|combined| !combined.is_neutral()) {
        out.extend_from_slice(if begun { b"," } else { b",\"qualifiers\":[" });
        begun = true;
        string(combined.name().chars(), out);
    }
    if begun {
        out.push(b']');
    }
}

/// A fixed data structure, with units as the normalised XML writes them: unscaled.
fn counters(fixed: &Fixed, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"meter\":\"");
    fixed.number().to_be_bytes().into_iter().for_each(|byte| hex(byte, out));
    out.extend_from_slice(
        b"\",\"meter_time\":null,\"measured_at\":null,\
          \"security\":{\"encrypted\":false,\"authenticated\":false,\"invocation_counter\":null},\
          \"identification\":",
    );
    identification(fixed.number(), out);
    out.extend_from_slice(b",\"manufacturer\":null,\"version\":null,\"medium\":\"");
    out.extend_from_slice(names::fixed_medium(fixed.units).as_bytes());
    out.push(b'"');
    access(Some(fixed.access_number), Some(fixed.status), out);
    let function = if fixed.is_stored() { "Stored value" } else { "Actual value" };
    let counters = fixed.counters.into_iter().zip(fixed.has_invalid_digits());
    let numbers = fixed.numbers().into_iter().zip(fixed.units).zip(counters);
    for (place, ((number, unit), (counter, invalid))) in numbers.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"function\":\"");
        out.extend_from_slice(function.as_bytes());
        out.extend_from_slice(
            b"\",\"storage_number\":0,\"tariff\":null,\"device\":null,\"quantity\":null,\"unit\":\"",
        );
        out.extend_from_slice(names::fixed_unit(unit).0.as_bytes());
        out.extend_from_slice(b"\",\"value\":");
        if invalid {
            // What is no number is told as sent, as libmbus does.
            let _ = write!(out, "\"{:X}\"", u32::from_le_bytes(counter));
        } else {
            decimal(Decimal::new(number, 0), out);
        }
        out.push(b'}');
    }
}

/// The identification number as libmbus prints it: hexadecimal without leading zeros.
fn identification(number: u32, out: &mut Vec<u8>) {
    let _ = write!(out, "\"{number:X}\"");
}

fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

fn optional(number: Option<u8>, out: &mut Vec<u8>) {
    optional_number(number.map(u64::from), out);
}

fn optional_number(number: Option<u64>, out: &mut Vec<u8>) {
    match number {
        Some(number) => unsigned(number, out),
        None => null(out),
    }
}

fn optional_text(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => string(text.chars(), out),
        None => null(out),
    }
}

fn string(characters: impl Iterator<Item = char>, out: &mut Vec<u8>) {
    out.push(b'"');
    escaped(characters, out);
    out.push(b'"');
}

fn escaped(characters: impl Iterator<Item = char>, out: &mut Vec<u8>) {
    let mut buffer = [0; 4];
    for character in characters {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.extend_from_slice(other.encode_utf8(&mut buffer).as_bytes()),
        }
    }
}

fn hex(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for half in [byte >> 4, byte & 0x0F] {
        out.extend(DIGITS.get(usize::from(half)));
    }
}

/// Most digits of a number of 64 bits.
const DIGITS_MAX: usize = 20;

fn unsigned(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; DIGITS_MAX];
    out.extend_from_slice(digits_of(number, &mut digits));
}

fn digits_of(mut number: u64, digits: &mut [u8; DIGITS_MAX]) -> &[u8] {
    let mut used = 0;
    for place in digits.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    digits.get(DIGITS_MAX - used..).unwrap_or_default()
}

/// The same as the decimal's own text, without allocation.
fn decimal(number: Decimal, out: &mut Vec<u8>) {
    if number.mantissa() < 0 {
        out.push(b'-');
    }
    let mut digits = [0; DIGITS_MAX];
    let digits = digits_of(number.mantissa().unsigned_abs(), &mut digits);
    let places = usize::from(number.exponent().unsigned_abs());
    if number.exponent() >= 0 {
        out.extend_from_slice(digits);
        if number.mantissa() != 0 {
            out.resize(out.len() + places, b'0');
        }
        return;
    }
    match digits.split_at_checked(digits.len().saturating_sub(places)) {
        Some((whole, fraction)) if !whole.is_empty() => {
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
        _ => {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + places - digits.len(), b'0');
            out.extend_from_slice(digits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_decimal_prints_itself() {
        for mantissa in [0, 5, -5, 99, -100, 1_234_567, i64::MAX, i64::MIN] {
            for exponent in [-30, -9, -3, -2, -1, 0, 1, 4, 20] {
                let number = Decimal::new(mantissa, exponent);
                let mut out = Vec::new();
                decimal(number, &mut out);
                assert_eq!(String::from_utf8_lossy(&out), number.to_string());
            }
        }
    }
}
