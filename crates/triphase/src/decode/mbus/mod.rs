//! `triphase decode` of wired M-Bus: what each answer of a slave says.
//!
//! In: the bytes of a line. Out: one line or one explanation per long frame. A frame whose records
//! break is refused; the good ones before the break are shown all the same, with its place.

mod explain;
mod json;
mod telegram;
mod text;

pub(crate) use explain::{explain, lay_out};

use super::Tally;
use crate::cli;
use anyhow::Result;
use frame::mbus::{self, Frame};
use frame::stream::{Event, PIECE_MAX, Stream, Transport};
use jiff::tz::TimeZone;
use std::io::Write;
use telegram::{Content, Fault, Telegram};

/// What the arguments ask for.
#[derive(Default)]
pub(crate) struct Options {
    /// The AES key of mode 5.
    pub(crate) key: Option<[u8; 16]>,
    /// Zone of the meters' clocks.
    pub(crate) zone: Option<TimeZone>,
}

/// Whether the bytes are answers of M-Bus slaves: a long frame whose application is theirs.
pub(super) fn recognises(bytes: &[u8]) -> bool {
    let mut found = false;
    walk(bytes, &mut |event| {
        let begin = match event {
            Event::Mbus { frame: Frame::Long { ci, .. }, .. } => Some(ci),
            Event::DamagedMbus { bytes, .. } | Event::CutShort { bytes, .. } => match *bytes {
                [0x68, _, _, 0x68, _, _, ci, ..] => Some(ci),
                _ => None,
            },
            _ => None,
        };
        found |= begin.is_some_and(|ci| matches!(ci, 0x50..=0x5F | 0x70..=0x7F | 0xB8..=0xBF));
        Ok(())
    })
    .is_ok_and(|()| found)
}

/// Prints every answer in `bytes`.
///
/// # Errors
/// The output cannot be written.
pub(super) fn decode(
    bytes: &[u8],
    (options, format): (&Options, cli::Format),
    out: &mut dyn Write,
) -> Result<Tally> {
    let mut tally = Tally { delivered: 0, refused: 0, bytes: bytes.len(), noise: 0 };
    let mut line = Vec::new();
    walk(bytes, &mut |event| {
        let telegram = match event {
            Event::Mbus { offset, frame, bytes } => match *frame {
                Frame::Long { control, address, ci, data } => {
                    let place = (*offset, bytes.len());
                    Telegram::of(place, (control, address, ci), data, options)
                }
                _ if format == cli::Format::Text => return Ok(text::short(*offset, frame, out)?),
                _ => return Ok(()),
            },
            Event::DamagedMbus { offset, bytes, error } => {
                Telegram::refused((*offset, bytes.len()), Fault::of_link(error))
            }
            Event::CutShort { offset, bytes } if bytes.first() == Some(&0x68) => {
                Telegram::refused((*offset, bytes.len()), Fault::cut_short(bytes))
            }
            Event::Noise { length, .. } => {
                tally.noise += length;
                return Ok(());
            }
            other => {
                tally.noise += extent(other);
                return Ok(());
            }
        };
        line.clear();
        let whole = match format {
            cli::Format::Json => json::write(&telegram, &mut line),
            cli::Format::Text => text::write(&telegram, &mut line)?,
        };
        *if whole { &mut tally.delivered } else { &mut tally.refused } += 1;
        out.write_all(&line)?;
        Ok(())
    })?;
    Ok(tally)
}

/// Hands each event of the line to `take`.
fn walk(bytes: &[u8], take: &mut dyn FnMut(&Event<'_>) -> Result<()>) -> Result<()> {
    let mut stream = Stream::new(Transport::Framed);
    for piece in bytes.chunks(PIECE_MAX) {
        stream.push(piece);
        while let Some(event) = stream.next() {
            take(&event)?;
        }
    }
    stream.end();
    while let Some(event) = stream.next() {
        take(&event)?;
    }
    Ok(())
}

fn extent(event: &Event<'_>) -> u64 {
    match event {
        Event::Hdlc { bytes, .. }
        | Event::Mbus { bytes, .. }
        | Event::Apdu { bytes, .. }
        | Event::DamagedHdlc { bytes, .. }
        | Event::DamagedMbus { bytes, .. }
        | Event::CutShort { bytes, .. }
        | Event::BrokenApdu { bytes, .. } => bytes.len() as u64,
        Event::Noise { length, .. } => *length,
    }
}

/// A record's value as the contract prints it.
enum Shown<'a> {
    Number(reading::Decimal),
    Text(mbus::Value<'a>),
    Null,
}

impl<'a> Shown<'a> {
    fn of(value: mbus::Value<'a>) -> Self {
        match value {
            mbus::Value::Number(number) => Self::Number(number),
            mbus::Value::NotANumber => Self::Null,
            other => Self::Text(other),
        }
    }
}

/// Writes a value that is no number: dates, texts, and hexadecimal in the order of the wire for
/// the manufacturer's bytes, most significant first for wide numbers.
fn write_text(value: &mbus::Value<'_>, out: &mut Vec<u8>) {
    let mut hex = |byte: u8, first: bool| {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        if !first {
            out.push(b' ');
        }
        for half in [byte >> 4, byte & 0x0F] {
            out.extend(DIGITS.get(usize::from(half)));
        }
    };
    match value {
        mbus::Value::Bytes(bytes) => {
            for (place, byte) in bytes.iter().enumerate() {
                hex(*byte, place == 0);
            }
        }
        mbus::Value::Wide(bytes) => {
            for (place, byte) in bytes.iter().rev().enumerate() {
                hex(*byte, place == 0);
            }
        }
        mbus::Value::Text(sent) => {
            let mut buffer = [0; 4];
            for character in mbus::text(sent) {
                out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
        }
        mbus::Value::Date(date) => out.extend_from_slice(date.to_string().as_bytes()),
        mbus::Value::DateTime(at) => out.extend_from_slice(at.to_string().as_bytes()),
        mbus::Value::Time(time) => out.extend_from_slice(time.to_string().as_bytes()),
        mbus::Value::Number(_) | mbus::Value::NotANumber | mbus::Value::None => {}
    }
}

/// What a telegram that came whole is worth.
const fn is_whole(content: &Content<'_>) -> bool {
    !matches!(content, Content::Nothing)
}
