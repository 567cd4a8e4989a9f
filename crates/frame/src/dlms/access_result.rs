//! Why a server does not do what was asked: results of an access, exceptions, service errors.
//!
//! # Source
//! IEC 62056-5-3 (Green Book 9.5): `Data-Access-Result`, `Action-Result`, `ExceptionResponse`,
//! `ConfirmedServiceError`.

use crate::octets::Octets;

/// ExceptionResponse.
pub const EXCEPTION_RESPONSE: u8 = 0xD8;
/// ConfirmedServiceError.
pub const CONFIRMED_SERVICE_ERROR: u8 = 0x0E;

/// Why one attribute is not given, or one method not carried out: the number as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessResult(pub u8);

impl AccessResult {
    /// It was done.
    pub const SUCCESS: Self = Self(0);
    /// A fault of the device's hardware.
    pub const HARDWARE_FAULT: Self = Self(1);
    /// Not now.
    pub const TEMPORARY_FAILURE: Self = Self(2);
    /// This client may not.
    pub const READ_WRITE_DENIED: Self = Self(3);
    /// There is no such object.
    pub const OBJECT_UNDEFINED: Self = Self(4);
    /// The part asked for is not given.
    pub const SCOPE_OF_ACCESS_VIOLATED: Self = Self(13);
    /// A block of a long answer is not there.
    pub const DATA_BLOCK_UNAVAILABLE: Self = Self(14);
    /// A long answer was given up.
    pub const LONG_GET_ABORTED: Self = Self(15);
    /// No long answer is being given.
    pub const NO_LONG_GET_IN_PROGRESS: Self = Self(16);
    /// The number of a block is not the one awaited.
    pub const DATA_BLOCK_NUMBER_INVALID: Self = Self(19);
    /// No reason is told.
    pub const OTHER_REASON: Self = Self(250);
}

const RESULTS: [(u8, &str); 16] = [
    (0, "success"),
    (1, "hardware fault"),
    (2, "temporary failure"),
    (3, "read-write denied"),
    (4, "object undefined"),
    (9, "object class inconsistent"),
    (11, "object unavailable"),
    (12, "type unmatched"),
    (13, "scope of access violated"),
    (14, "data block unavailable"),
    (15, "long get aborted"),
    (16, "no long get in progress"),
    (17, "long set aborted"),
    (18, "no long set in progress"),
    (19, "data block number invalid"),
    (250, "other reason"),
];

impl std::fmt::Display for AccessResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match RESULTS.iter().find(|(number, _)| *number == self.0) {
            Some((_, text)) => f.write_str(text),
            None => write!(f, "result {}", self.0),
        }
    }
}

/// A whole request that was not understood, not allowed or not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// ExceptionResponse.
    Exception {
        /// 1 service not allowed, 2 service unknown.
        state: u8,
        /// 1 operation not possible, 2 not supported, 3 other, 4 PDU too long, 5 deciphering
        /// error, 6 invocation counter error.
        service: u8,
        /// The counter that the server awaits, with service error 6.
        invocation_counter: Option<u32>,
    },
    /// ConfirmedServiceError.
    Service {
        /// The service that failed: 1 initiate, 5 read and so on.
        service: u8,
        /// The kind of error.
        kind: u8,
        /// The error.
        value: u8,
    },
}

impl Refused {
    /// Decodes either; `None` when the bytes are another APDU, or end early.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut octets = Octets::new(bytes);
        match octets.u8()? {
            EXCEPTION_RESPONSE => {
                let (state, service) = (octets.u8()?, octets.u8()?);
                let invocation_counter = if service == 6 { octets.u32() } else { None };
                Some(Self::Exception { state, service, invocation_counter })
            }
            CONFIRMED_SERVICE_ERROR => {
                let (service, kind, value) = (octets.u8()?, octets.u8()?, octets.u8()?);
                Some(Self::Service { service, kind, value })
            }
            _ => None,
        }
    }

    /// The bytes.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        match self {
            Self::Exception { state, service, invocation_counter } => {
                let mut out = vec![EXCEPTION_RESPONSE, state, service];
                if let Some(counter) = invocation_counter {
                    out.extend(counter.to_be_bytes());
                }
                out
            }
            Self::Service { service, kind, value } => {
                vec![CONFIRMED_SERVICE_ERROR, service, kind, value]
            }
        }
    }
}

const EXCEPTIONS: [&str; 6] = [
    "operation not possible",
    "service not supported",
    "other reason",
    "PDU too long",
    "deciphering error",
    "invocation counter error",
];

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exception { state, service, invocation_counter } => {
                let index = usize::from(*service).checked_sub(1);
                match index.and_then(|index| EXCEPTIONS.get(index)) {
                    Some(text) => write!(f, "exception: {text}")?,
                    None => write!(f, "exception {state}/{service}")?,
                }
                match invocation_counter {
                    Some(counter) => write!(f, ", it awaits {counter}"),
                    None => Ok(()),
                }
            }
            Self::Service { service: 1, kind: 6, value } => {
                write!(f, "initiate refused: error {value}")
            }
            Self::Service { service, kind, value } => {
                write!(f, "service {service} refused: error {kind}/{value}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_come_back_and_say_what_they_mean() {
        let counter = Refused::Exception { state: 1, service: 6, invocation_counter: Some(77) };
        let initiate = Refused::Service { service: 1, kind: 6, value: 1 };
        for refused in [counter, initiate] {
            assert_eq!(Refused::decode(&refused.encode()), Some(refused));
        }
        assert_eq!(counter.to_string(), "exception: invocation counter error, it awaits 77");
        assert_eq!(AccessResult(13).to_string(), "scope of access violated");
        assert_eq!(AccessResult(77).to_string(), "result 77");
        assert_eq!(Refused::decode(&[EXCEPTION_RESPONSE, 1]), None);
        assert_eq!(Refused::decode(&[0xC4, 1, 0xC1]), None);
    }
}
