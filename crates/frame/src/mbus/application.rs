//! What a slave answers: the application layer of a long frame.
//!
//! In: control information and data of a [`Frame::Long`](super::Frame::Long). Out: a variable data
//! structure with its header, a fixed one, or an application error. Protected content is opened
//! with [`protection`](super::protection).
//!
//! # Source
//! EN 13757-3:2018, 4.2 (CI), 5 (headers), annex G of the 2004 edition (fixed data structure);
//! EN 13757-7:2018, 7.5 (TPL headers).

use super::names;
use super::record::Records;
use super::value;
use reading::Decimal;

const LONG_HEADER: usize = 12;
const SHORT_HEADER: usize = 4;
const FIXED_LENGTH: usize = 16;

const CI_ERROR: u8 = 0x70;
const CI_ALARM: u8 = 0x71;
const CI_VARIABLE: u8 = 0x72;
const CI_FIXED: u8 = 0x73;
const CI_VARIABLE_SHORT: u8 = 0x7A;
const CI_VARIABLE_BARE: u8 = 0x78;

/// What a slave says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Application<'a> {
    /// Records, the usual answer (CI 72, 7A, 78).
    Variable(Variable<'a>),
    /// Two counters (CI 73).
    Fixed(Fixed),
    /// The slave refuses (CI 70); the code is that of [`names::application_error`].
    Error {
        /// The code; 0 when none was sent.
        code: u8,
    },
    /// An alarm (CI 71).
    Alarm {
        /// The status byte.
        status: u8,
    },
}

/// Who a slave is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The identification number as sent: four BCD bytes, the least significant first.
    pub identification: [u8; 4],
    /// The packed manufacturer; see [`names::manufacturer`].
    pub manufacturer: u16,
    /// The version, also called generation.
    pub version: u8,
    /// The medium; see [`names::medium`].
    pub medium: u8,
}

impl Identity {
    /// The identity of eight bytes as sent in a header or a selection.
    #[must_use]
    pub const fn of(bytes: [u8; 8]) -> Self {
        let [a, b, c, d, low, high, version, medium] = bytes;
        let manufacturer = u16::from_le_bytes([low, high]);
        Self { identification: [a, b, c, d], manufacturer, version, medium }
    }

    /// The eight bytes as sent.
    #[must_use]
    pub const fn bytes(&self) -> [u8; 8] {
        let [a, b, c, d] = self.identification;
        let [low, high] = self.manufacturer.to_le_bytes();
        [a, b, c, d, low, high, self.version, self.medium]
    }

    /// The identification number, most significant digit first: what the plate shows.
    #[must_use]
    pub const fn number(&self) -> u32 {
        u32::from_le_bytes(self.identification)
    }

    /// The secondary address as 16 digits: number, manufacturer, version, medium.
    #[must_use]
    pub fn secondary_address(&self) -> String {
        let [low, high] = self.manufacturer.to_le_bytes();
        format!("{:08X}{low:02X}{high:02X}{:02X}{:02X}", self.number(), self.version, self.medium)
    }
}

/// A variable data structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable<'a> {
    /// Who sends it; a short header leaves that to the link layer.
    pub identity: Option<Identity>,
    /// Counts the answers; `None` without a header.
    pub access_number: Option<u8>,
    /// The status byte.
    pub status: Option<u8>,
    /// The configuration field: how the content is protected. It was called signature.
    pub configuration: u16,
    /// What follows the header, encrypted or not.
    pub content: &'a [u8],
    /// Where the content starts, counted from the frame's start character.
    pub content_at: usize,
}

impl<'a> Variable<'a> {
    /// The records of content in clear.
    #[must_use]
    pub const fn records(&self) -> Records<'a> {
        Records::new(self.content, self.content_at)
    }
}

/// A fixed data structure: two counters of one meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixed {
    /// The identification number as sent.
    pub identification: [u8; 4],
    /// Counts the answers.
    pub access_number: u8,
    /// The status byte.
    pub status: u8,
    /// The unit codes with the medium in their upper bits.
    pub units: [u8; 2],
    /// The counters as sent.
    pub counters: [[u8; 4]; 2],
}

impl Fixed {
    /// The identification number, most significant digit first.
    #[must_use]
    pub const fn number(&self) -> u32 {
        u32::from_le_bytes(self.identification)
    }

    /// Whether the counters were stored at a fixed date, and are not those of now.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        self.status & 0x02 != 0
    }

    /// The two numbers, unscaled: BCD or binary as the status byte says.
    #[must_use]
    pub fn numbers(&self) -> [i64; 2] {
        let bcd = self.status & 0x01 == 0;
        self.counters.map(
            |counter| {
                if bcd { value::bcd(&counter) } else { value::integer(&counter) }
            },
        )
    }

    /// For each counter whether it is BCD with a half byte that is no digit.
    #[must_use]
    pub fn has_invalid_digits(&self) -> [bool; 2] {
        let bcd = self.status & 0x01 == 0;
        self.counters.map(|counter| bcd && !value::bcd_is_valid(&counter))
    }

    /// The two numbers in their base units; `None` where the unit is no measure.
    #[must_use]
    pub fn values(&self) -> [Option<(Decimal, &'static str)>; 2] {
        let [first, second] = self.numbers();
        let [first_unit, second_unit] = self.units;
        // "The same, but historic": the second counter has the unit of the first one.
        let second_unit = if second_unit & 0x3F == 0x3E { first_unit } else { second_unit };
        [(first, first_unit), (second, second_unit)].map(|(number, code)| {
            let (_, unit, powers) = names::fixed_unit(code);
            (!unit.is_empty()).then(|| (Decimal::new(number, powers), unit))
        })
    }
}

/// Why a long frame says nothing. Offsets count from the frame's start character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The frame goes from the master to a slave.
    #[error("a frame of a master (C = {control:02X}), and no answer of a meter")]
    Direction {
        /// The control field.
        control: u8,
    },
    /// A control information field that is no answer known here.
    #[error("CI {ci:02X} is no answer that this version reads")]
    ControlInformation {
        /// The field.
        ci: u8,
    },
    /// The header is cut short.
    #[error("a header of {got} bytes, {expected} are needed")]
    HeaderTruncated {
        /// What it takes.
        expected: usize,
        /// What there is.
        got: usize,
    },
    /// A fixed data structure of another length.
    #[error("a fixed data structure of {got} bytes, {FIXED_LENGTH} are expected")]
    FixedLength {
        /// What there is.
        got: usize,
    },
}

impl Error {
    /// Where it shows in the frame.
    #[must_use]
    pub const fn offset(&self) -> usize {
        match self {
            Self::Direction { .. } => 4,
            Self::ControlInformation { .. } => 6,
            Self::HeaderTruncated { got, .. } | Self::FixedLength { got } => {
                7_usize.saturating_add(*got)
            }
        }
    }
}

/// Bit 6 of the control field: the master speaks.
const FROM_MASTER: u8 = 0x40;

/// Reads the application layer of a long frame.
///
/// # Errors
/// The frame is no answer, or its header is cut short.
pub fn decode(control: u8, ci: u8, data: &[u8]) -> Result<Application<'_>, Error> {
    if control & FROM_MASTER != 0 {
        return Err(Error::Direction { control });
    }
    match ci {
        CI_ERROR => Ok(Application::Error { code: data.first().copied().unwrap_or(0) }),
        CI_ALARM => Ok(Application::Alarm { status: data.first().copied().unwrap_or(0) }),
        CI_VARIABLE => long_header(data).map(Application::Variable),
        CI_VARIABLE_SHORT => short_header(data).map(Application::Variable),
        CI_VARIABLE_BARE => Ok(Application::Variable(Variable {
            identity: None,
            access_number: None,
            status: None,
            configuration: 0,
            content: data,
            content_at: 7,
        })),
        CI_FIXED => fixed(data).map(Application::Fixed),
        _ => Err(Error::ControlInformation { ci }),
    }
}

fn long_header(data: &[u8]) -> Result<Variable<'_>, Error> {
    let Some((header, content)) = data.split_first_chunk::<LONG_HEADER>() else {
        return Err(Error::HeaderTruncated { expected: LONG_HEADER, got: data.len() });
    };
    let [a, b, c, d, e, f, g, h, access_number, status, low, high] = *header;
    Ok(Variable {
        identity: Some(Identity::of([a, b, c, d, e, f, g, h])),
        access_number: Some(access_number),
        status: Some(status),
        configuration: u16::from_le_bytes([low, high]),
        content,
        content_at: 7 + LONG_HEADER,
    })
}

fn short_header(data: &[u8]) -> Result<Variable<'_>, Error> {
    let Some((header, content)) = data.split_first_chunk::<SHORT_HEADER>() else {
        return Err(Error::HeaderTruncated { expected: SHORT_HEADER, got: data.len() });
    };
    let [access_number, status, low, high] = *header;
    Ok(Variable {
        identity: None,
        access_number: Some(access_number),
        status: Some(status),
        configuration: u16::from_le_bytes([low, high]),
        content,
        content_at: 7 + SHORT_HEADER,
    })
}

fn fixed(data: &[u8]) -> Result<Fixed, Error> {
    let whole: Option<[u8; FIXED_LENGTH]> = data.try_into().ok();
    let Some([a, b, c, d, access_number, status, u, v, e, f, g, h, i, j, k, l]) = whole else {
        return Err(Error::FixedLength { got: data.len() });
    };
    Ok(Fixed {
        identification: [a, b, c, d],
        access_number,
        status,
        units: [u, v],
        counters: [[e, f, g, h], [i, j, k, l]],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 12] =
        [0x77, 0x80, 0x47, 0x01, 0x42, 0x04, 0x20, 0x02, 0x99, 0x10, 0x00, 0x00];

    #[test]
    fn a_long_header_names_the_meter() {
        let mut data = HEADER.to_vec();
        data.extend([0x01, 0x13, 5]);
        let Ok(Application::Variable(variable)) = decode(0x08, 0x72, &data) else {
            panic!("a variable data structure");
        };
        let identity = variable.identity.expect("a long header");
        assert_eq!(format!("{:08X}", identity.number()), "01478077");
        assert_eq!(identity.secondary_address(), "0147807742042002");
        assert_eq!(Identity::of(identity.bytes()), identity);
        assert_eq!((variable.access_number, variable.status), (Some(0x99), Some(0x10)));
        let record = variable.records().next().expect("a record").expect("an intact one");
        assert_eq!(record.offset, 19);
    }

    #[test]
    fn short_and_absent_headers_leave_the_identity_open() {
        let short = decode(0x08, 0x7A, &[7, 0, 0x10, 0x05, 0x2F]);
        let Ok(Application::Variable(short)) = short else { panic!("a variable structure") };
        assert_eq!((short.identity, short.configuration), (None, 0x0510));
        let bare = decode(0x08, 0x78, &[0x01, 0x13, 5]);
        let Ok(Application::Variable(bare)) = bare else { panic!("a variable structure") };
        assert_eq!(bare.records().next().map(|record| record.is_ok()), Some(true));
    }

    #[test]
    fn the_example_of_the_standard_for_fixed_data() {
        let data =
            [0x78, 0x56, 0x34, 0x12, 0x0A, 0x00, 0xE9, 0x7E, 0x01, 0, 0, 0, 0x35, 0x01, 0, 0];
        let Ok(Application::Fixed(fixed)) = decode(0x08, 0x73, &data) else {
            panic!("a fixed data structure");
        };
        assert_eq!(fixed.numbers(), [1, 135]);
        let litres = |number| Some((Decimal::new(number, -3), "m^3"));
        assert_eq!(fixed.values(), [litres(1), litres(135)]);
        assert!(!fixed.is_stored());
        assert_eq!(fixed.has_invalid_digits(), [false; 2]);
        let error = Fixed { counters: [[0xFF; 4], [0x35, 1, 0, 0]], ..fixed };
        assert_eq!(error.has_invalid_digits(), [true, false]);
        let binary = Fixed { status: 1, ..error };
        assert_eq!(binary.has_invalid_digits(), [false; 2]);
    }

    #[test]
    fn what_is_no_answer_is_refused_with_its_place() {
        let control = |control, ci| decode(control, ci, &[]).expect_err("no answer");
        assert_eq!(control(0x53, 0x51).offset(), 4);
        assert_eq!(control(0x08, 0x51), Error::ControlInformation { ci: 0x51 });
        let cut = decode(0x08, 0x72, &HEADER[..5]).expect_err("cut short");
        assert_eq!((cut, cut.offset()), (Error::HeaderTruncated { expected: 12, got: 5 }, 12));
        assert_eq!(decode(0x08, 0x73, &[0; 15]), Err(Error::FixedLength { got: 15 }));
        assert_eq!(decode(0x08, 0x70, &[8]), Ok(Application::Error { code: 8 }));
        assert_eq!(decode(0x08, 0x70, &[]), Ok(Application::Error { code: 0 }));
    }
}
