//! The data records of a variable data structure, one after the other, without allocation.
//!
//! In: the bytes behind the header. Out: [`Record`]s in their order, then at most one [`Error`]
//! with its place: a record that breaks leaves no way to find the next, and hides none before it.
//!
//! # Source
//! EN 13757-3:2018, 6: data records (6.2 data information, 6.4 value information, 6.5 special
//! data fields).

use super::value::{self, Data};
use super::vif::{EXTENSION, Meaning, VIFE_MAX, Vif};
use crate::octets::Octets;

/// Most DIFE of one record (EN 13757-3, 6.3.4).
pub const DIFE_MAX: usize = 10;
/// Fill byte between records.
const IDLE_FILLER: u8 = 0x2F;
const MANUFACTURER_DATA: u8 = 0x0F;
const MORE_RECORDS: u8 = 0x1F;
const DATA_FIELD: u8 = 0x0F;
const VARIABLE_LENGTH: u8 = 0x0D;
const SPECIAL: u8 = 0x0F;
const VIF_PLAIN_TEXT: u8 = 0x7C;

/// Which of its values a quantity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// The value of now.
    Instantaneous,
    /// The largest one.
    Maximum,
    /// The smallest one.
    Minimum,
    /// What it was while the meter was in error.
    ErrorState,
    /// Data of the manufacturer's own, up to the end of the telegram.
    Manufacturer,
    /// The same, and more telegrams follow.
    MoreRecordsFollow,
}

impl Function {
    /// As libmbus calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instantaneous => "Instantaneous value",
            Self::Maximum => "Maximum value",
            Self::Minimum => "Minimum value",
            Self::ErrorState => "Value during error state",
            Self::Manufacturer => "Manufacturer specific",
            Self::MoreRecordsFollow => "More records follow",
        }
    }
}

/// One data record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Which of its values the quantity is.
    pub function: Function,
    /// 0 is the current value; others are earlier ones. **Range** 41 bits.
    pub storage_number: u64,
    /// The tariff, 0 for none or the total.
    pub tariff: u32,
    /// The sub-unit of the meter.
    pub sub_unit: u16,
    /// Whether a DIFE was sent, so that tariff and sub-unit were told at all.
    pub extended: bool,
    /// The value information; `None` for data of the manufacturer's own.
    pub vif: Option<Vif<'a>>,
    /// The data field, unscaled.
    pub data: Data<'a>,
    /// Where the record starts.
    pub offset: usize,
    /// How many bytes it takes.
    pub length: usize,
}

impl<'a> Record<'a> {
    /// Quantity, unit and scale; `None` for data of the manufacturer's own.
    #[must_use]
    pub fn meaning(&self) -> Option<Meaning> {
        self.vif.as_ref().map(Vif::meaning)
    }

    /// The value in the base unit.
    #[must_use]
    pub fn value(&self) -> value::Value<'a> {
        value::of(&self.data, self.meaning().as_ref())
    }

    /// Quantity, unit and value as libmbus normalises them; see [`Vif::nominal`].
    #[must_use]
    pub fn nominal(&self) -> (Option<Meaning>, value::Value<'a>) {
        let meaning = self.vif.as_ref().map(Vif::nominal);
        let value = value::of(&self.data, meaning.as_ref());
        (meaning, value)
    }

    /// Whether the data are BCD with a half byte that is no digit: a register in error.
    #[must_use]
    pub fn has_invalid_digits(&self) -> bool {
        value::has_invalid_digits(&self.data)
    }

    /// Whether it is a value of now, without anything that limits what it says.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.function == Function::Instantaneous && self.storage_number == 0
    }
}

/// What is wrong with the records, and where it showed. Offsets count as those of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Error {
    /// What is wrong.
    pub cause: Cause,
    /// Where the record starts.
    pub record: usize,
    /// Where it breaks.
    pub offset: usize,
}

/// What can be wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The bytes end inside the data information.
    #[error("the record ends inside its DIF")]
    DifTruncated,
    /// More than [`DIFE_MAX`] DIFE.
    #[error("more than {DIFE_MAX} DIFE")]
    DifeTooMany,
    /// A special DIF that no answer of a meter has.
    #[error("DIF {dif:02X} is reserved")]
    DifReserved {
        /// The DIF.
        dif: u8,
    },
    /// The bytes end inside the value information.
    #[error("the record ends inside its VIF")]
    VifTruncated,
    /// More than [`VIFE_MAX`] VIFE.
    #[error("more than {VIFE_MAX} VIFE")]
    VifeTooMany,
    /// A plain-text unit longer than what is left.
    #[error("a unit of {length} characters, {left} bytes are left")]
    PlainTextTruncated {
        /// Its announced length.
        length: u8,
        /// What is left.
        left: usize,
    },
    /// The bytes end inside the data.
    #[error("{wanted} bytes of data announced, {left} are left")]
    DataTruncated {
        /// How many are announced.
        wanted: usize,
        /// What is left.
        left: usize,
    },
    /// A length of variable data that is not assigned.
    #[error("LVAR {lvar:02X} is reserved")]
    LvarReserved {
        /// The length byte.
        lvar: u8,
    },
}

/// The records, as an iterator.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    octets: Octets<'a>,
    base: usize,
    more_follow: bool,
    ended: bool,
}

impl<'a> Records<'a> {
    /// The records in `bytes`, whose first byte stands at `base`.
    #[must_use]
    pub const fn new(bytes: &'a [u8], base: usize) -> Self {
        Self { octets: Octets::new(bytes), base, more_follow: false, ended: false }
    }

    /// Whether the slave said that more telegrams follow. True only once that record was seen.
    #[must_use]
    pub const fn more_follow(&self) -> bool {
        self.more_follow
    }

    fn at(&self) -> usize {
        self.base.saturating_add(self.octets.position())
    }

    fn read(&mut self, dif: u8, offset: usize) -> Result<Record<'a>, (Cause, usize)> {
        if dif & DATA_FIELD == SPECIAL {
            return self.special(dif, offset);
        }
        let mut record = Record {
            function: match dif >> 4 & 0x03 {
                0 => Function::Instantaneous,
                1 => Function::Maximum,
                2 => Function::Minimum,
                _ => Function::ErrorState,
            },
            storage_number: u64::from(dif >> 6 & 1),
            tariff: 0,
            sub_unit: 0,
            extended: false,
            vif: None,
            data: Data::None,
            offset,
            length: 0,
        };
        if dif & EXTENSION != 0 {
            self.extend(&mut record)?;
        }
        record.vif = Some(self.vif()?);
        record.data = self.data(dif & DATA_FIELD)?;
        Ok(record)
    }

    fn special(&mut self, dif: u8, offset: usize) -> Result<Record<'a>, (Cause, usize)> {
        let function = match dif {
            MANUFACTURER_DATA => Function::Manufacturer,
            MORE_RECORDS => Function::MoreRecordsFollow,
            _ => return Err((Cause::DifReserved { dif }, offset)),
        };
        self.more_follow = dif == MORE_RECORDS;
        let bytes = self.octets.take(self.octets.remaining()).unwrap_or_default();
        Ok(Record {
            function,
            storage_number: 0,
            tariff: 0,
            sub_unit: 0,
            extended: false,
            vif: None,
            data: Data::Bytes(bytes),
            offset,
            length: 0,
        })
    }

    fn extend(&mut self, record: &mut Record<'a>) -> Result<(), (Cause, usize)> {
        record.extended = true;
        for place in 0..=DIFE_MAX {
            let at = self.at();
            let Some(dife) = self.octets.u8() else {
                return Err((Cause::DifTruncated, at));
            };
            if place == DIFE_MAX {
                return Err((Cause::DifeTooMany, at));
            }
            let place = u32::try_from(place).unwrap_or(0);
            let storage = u64::from(dife & 0x0F) << place.saturating_mul(4).saturating_add(1);
            record.storage_number |= storage;
            record.tariff |= u32::from(dife >> 4 & 0x03) << place.saturating_mul(2);
            record.sub_unit |= u16::from(dife >> 6 & 0x01) << place;
            if dife & EXTENSION == 0 {
                break;
            }
        }
        Ok(())
    }

    fn vif(&mut self) -> Result<Vif<'a>, (Cause, usize)> {
        let truncated = |at| (Cause::VifTruncated, at);
        let code = self.octets.u8().ok_or_else(|| truncated(self.at()))?;
        let mut vif = Vif { code, extensions: &[], plain_text: None };
        if code & !EXTENSION == VIF_PLAIN_TEXT {
            if code & EXTENSION != 0
                && let Some(vif) = self.text_behind_extensions(code)
            {
                return Ok(vif);
            }
            vif.plain_text = Some(self.plain_text()?);
        }
        if code & EXTENSION == 0 {
            return Ok(vif);
        }
        vif.extensions = self.extensions()?;
        Ok(vif)
    }

    fn plain_text(&mut self) -> Result<&'a [u8], (Cause, usize)> {
        let at = self.at();
        let length = self.octets.u8().ok_or((Cause::VifTruncated, at))?;
        let left = self.octets.remaining();
        let text = self.octets.take(usize::from(length));
        text.ok_or((Cause::PlainTextTruncated { length, left }, at))
    }

    /// A plain-text VIF whose text follows the last VIFE; some makers send it before the first.
    ///
    /// Only what cannot be the more frequent order is read so: its text would be longer than the
    /// record, or none.
    fn text_behind_extensions(&mut self, code: u8) -> Option<Vif<'a>> {
        let begin = self.octets;
        let before = self.plain_text().is_ok_and(is_text);
        self.octets = begin;
        if before {
            return None;
        }
        let extensions = self.extensions().ok();
        let text = extensions.and_then(|_| self.plain_text().ok().filter(|text| is_text(text)));
        let Some((extensions, plain_text)) = extensions.zip(text) else {
            self.octets = begin;
            return None;
        };
        Some(Vif { code, extensions, plain_text: Some(plain_text) })
    }

    fn extensions(&mut self) -> Result<&'a [u8], (Cause, usize)> {
        let rest = self.octets.rest();
        let Some(last) = rest.iter().take(VIFE_MAX).position(|vife| vife & EXTENSION == 0) else {
            let (cause, count) = if rest.len() >= VIFE_MAX {
                (Cause::VifeTooMany, VIFE_MAX)
            } else {
                (Cause::VifTruncated, rest.len())
            };
            return Err((cause, self.at().saturating_add(count)));
        };
        Ok(self.octets.take(last.saturating_add(1)).unwrap_or_default())
    }

    fn data(&mut self, field: u8) -> Result<Data<'a>, (Cause, usize)> {
        if field == VARIABLE_LENGTH {
            return self.variable();
        }
        let at = self.at();
        let wanted = value::LENGTHS.get(usize::from(field)).copied().unwrap_or(0);
        let left = self.octets.remaining();
        let bytes = self.octets.take(wanted).ok_or((Cause::DataTruncated { wanted, left }, at))?;
        Ok(match field {
            0x00 | 0x08 => Data::None,
            0x05 => Data::Real(bytes.first_chunk().copied().unwrap_or_default()),
            0x09..=0x0C | 0x0E => Data::Bcd(bytes),
            _ => Data::Integer(bytes),
        })
    }

    fn variable(&mut self) -> Result<Data<'a>, (Cause, usize)> {
        let at = self.at();
        let Some(lvar) = self.octets.u8() else {
            return Err((Cause::DataTruncated { wanted: 1, left: 0 }, at));
        };
        let (wanted, kind) = value::variable(lvar).ok_or((Cause::LvarReserved { lvar }, at))?;
        let left = self.octets.remaining();
        let bytes = self.octets.take(wanted).ok_or((Cause::DataTruncated { wanted, left }, at))?;
        Ok(kind(bytes))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        loop {
            let start = self.at();
            let dif = self.octets.u8()?;
            if dif == IDLE_FILLER {
                continue;
            }
            let read = self.read(dif, start);
            return Some(match read {
                Ok(mut record) => {
                    record.length = self.at().saturating_sub(start);
                    Ok(record)
                }
                Err((cause, offset)) => {
                    self.ended = true;
                    Err(Error { cause, record: start, offset })
                }
            });
        }
    }
}

/// Whether bytes can be a text of ISO 8859-1.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, 0x20..=0x7E | 0xA0..=0xFF))
}

#[cfg(test)]
mod tests {
    use super::super::value::Value;
    use super::*;
    use reading::Decimal;

    fn only(bytes: &[u8]) -> Record<'_> {
        let mut records = Records::new(bytes, 0);
        let record = records.next().expect("a record").expect("an intact one");
        assert!(records.next().is_none(), "one record alone");
        record
    }

    fn error(bytes: &[u8]) -> (Cause, usize) {
        let error = Records::new(bytes, 100).find_map(Result::err).expect("an error");
        (error.cause, error.offset)
    }

    #[test]
    fn storage_tariff_and_sub_unit_grow_with_each_dife() {
        // Storage 1 + 2·3 + 32·1, tariff 2 + 4·1, sub-unit 1 + 2·1.
        let record = only(&[0xC4, 0xE3, 0x51, 0x03, 1, 0, 0, 0]);
        assert_eq!((record.storage_number, record.tariff, record.sub_unit), (39, 6, 3));
        assert!(record.extended);
        let all = [0xC4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 3, 1, 0, 0, 0];
        let record = only(&all);
        assert_eq!(record.storage_number, (1 << 41) - 1);
        assert_eq!((record.tariff, record.sub_unit), ((1 << 20) - 1, 1023));
    }

    #[test]
    fn a_broken_record_is_told_with_its_place_and_hides_none_before_it() {
        let bytes = [0x01, 0x13, 5, 0x04, 0x13, 1, 2];
        let found: Vec<_> = Records::new(&bytes, 0).collect();
        assert_eq!(found.len(), 2);
        assert!(found[0].is_ok());
        let cause = Cause::DataTruncated { wanted: 4, left: 2 };
        assert_eq!(found[1], Err(Error { cause, record: 3, offset: 5 }));
    }

    #[test]
    fn every_way_to_break_has_its_cause_and_offset() {
        assert_eq!(error(&[0x84]), (Cause::DifTruncated, 101));
        let difes = [0x84, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 3];
        assert_eq!(error(&difes), (Cause::DifeTooMany, 111));
        assert_eq!(error(&[0x3F, 0]), (Cause::DifReserved { dif: 0x3F }, 100));
        assert_eq!(error(&[0x04]), (Cause::VifTruncated, 101));
        assert_eq!(error(&[0x04, 0x93]), (Cause::VifTruncated, 102));
        let vifes = [4, 0x84, 0x84, 0x84, 0x84, 0x84, 0x84, 0x84, 0x84, 0x84, 0x84, 0x84, 4, 1];
        assert_eq!(error(&vifes), (Cause::VifeTooMany, 112));
        let cause = Cause::PlainTextTruncated { length: 9, left: 1 };
        assert_eq!(error(&[0x04, 0x7C, 9, 65]), (cause, 102));
        assert_eq!(error(&[0x0D, 0x13, 0xFB]), (Cause::LvarReserved { lvar: 0xFB }, 102));
        assert_eq!(error(&[0x0D, 0x13]).0, Cause::DataTruncated { wanted: 1, left: 0 });
    }

    #[test]
    fn a_plain_text_stands_before_the_vife_or_behind_them() {
        let before = only(&[0x03, 0xFC, 3, b'C', b'B', b'A', 0x74, 1, 0, 0]);
        let behind = only(&[0x03, 0xFC, 0x74, 3, b'C', b'B', b'A', 1, 0, 0]);
        for record in [before, behind] {
            let vif = record.vif.expect("value information");
            assert_eq!((vif.plain_text, vif.extensions), (Some(&b"CBA"[..]), &[0x74][..]));
            assert_eq!(record.value(), Value::Number(Decimal::new(1, -2)));
        }
        let neither = error(&[0x03, 0xFC, 0x20, 0x21, b'A', 1, 0, 0]);
        assert_eq!(neither, (Cause::PlainTextTruncated { length: 0x20, left: 5 }, 102));
    }

    #[test]
    fn half_bytes_that_are_no_digits_are_told_for_every_kind_of_bcd() {
        assert!(!only(&[0x0A, 0x13, 0x34, 0x12]).has_invalid_digits());
        assert!(!only(&[0x0A, 0x13, 0x34, 0xF2]).has_invalid_digits(), "F is a sign");
        assert!(only(&[0x0A, 0x13, 0xFA, 0x12]).has_invalid_digits());
        assert!(!only(&[0x0D, 0x13, 0xC2, 0x34, 0x12]).has_invalid_digits());
        assert!(only(&[0x0D, 0x13, 0xC2, 0x34, 0xF2]).has_invalid_digits(), "LVAR has the sign");
        assert!(only(&[0x0D, 0x13, 0xD2, 0xAA, 0xAA]).has_invalid_digits());
        assert!(!only(&[0x02, 0x13, 0xFA, 0x12]).has_invalid_digits(), "a binary number");
    }

    #[test]
    fn ten_vife_are_as_many_as_may_be() {
        let mut bytes = vec![0x01, 0x84];
        bytes.extend([0xBB; 9]);
        bytes.extend([0x3B, 7]);
        assert_eq!(only(&bytes).value(), Value::Number(Decimal::new(7, 1)));
    }

    #[test]
    fn fillers_are_skipped_and_manufacturer_data_end_the_records() {
        let bytes = [0x2F, 0x2F, 0x01, 0x13, 5, 0x2F, 0x1F, 0x04, 0x13];
        let mut records = Records::new(&bytes, 0);
        assert!(records.next().is_some_and(|record| record.is_ok()));
        assert!(!records.more_follow());
        let last = records.next().expect("a record").expect("intact");
        assert_eq!(last.function, Function::MoreRecordsFollow);
        assert_eq!(last.data, Data::Bytes(&[0x04, 0x13]));
        assert!(records.more_follow() && records.next().is_none());
    }
}
