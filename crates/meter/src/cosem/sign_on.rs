//! The sign-on of the optical port, mode E: from 300 baud text to HDLC.
//!
//! In: bytes of the line. Out: steps until the meter speaks HDLC. Refuses meters that do not offer
//! mode E; sends no password.
//!
//! # Source
//! IEC 62056-21:2002, 6.3.1, 6.3.2, 6.3.14 and annex E: request, identification, acknowledgement
//! with V = 2 and Y = 2.

use super::fault::{kept, silent};
use crate::{Fault, FaultClass, Step};
use std::time::Duration;
use wire::{LineSettings, Parity};

/// How long the meter may take to identify itself.
const IDENTIFICATION_WAIT: Duration = Duration::from_secs(4);
/// The line is the meter's until it is silent for so long: it repeats the acknowledgement, at the
/// old speed or at the new.
const QUIET: Duration = Duration::from_millis(700);
/// Most bytes of an identification with what precedes it: an echo, wake-up noise.
const HELD_MAX: usize = 256;
/// Most pieces of noise between the acknowledgement and the silence.
const NOISE_MAX: u32 = 64;

/// 300 baud, 7 data bits, even parity.
const OPENING: LineSettings = LineSettings { baud: 300, data: 7, parity: Parity::Even, stop: 1 };

#[derive(Debug)]
enum Stage {
    Identification,
    Silence,
    Done,
}

/// One sign-on.
#[derive(Debug)]
pub(super) struct SignOn {
    request: Vec<u8>,
    held: Vec<u8>,
    stage: Stage,
    noise: u32,
}

/// What a sign-on wants next.
#[derive(Debug)]
pub(super) enum Next {
    Steps(Vec<Step>),
    /// The meter speaks HDLC from now on.
    Ready,
    Failed(Fault),
}

impl SignOn {
    pub(super) fn new(device: Option<&str>) -> Self {
        let request = format!("/?{}!\r\n", device.unwrap_or_default()).into_bytes();
        Self { request, held: Vec::new(), stage: Stage::Identification, noise: 0 }
    }

    pub(super) fn begin(&self) -> Vec<Step> {
        vec![Step::Line(OPENING), Step::Send(self.request.clone())]
    }

    pub(super) const fn wait(&self) -> Duration {
        match self.stage {
            Stage::Identification => IDENTIFICATION_WAIT,
            Stage::Silence | Stage::Done => QUIET,
        }
    }

    pub(super) fn elapsed(&mut self) -> Next {
        match self.stage {
            Stage::Identification => Next::Failed(silent("the sign-on of the optical port (/?!)")),
            Stage::Silence | Stage::Done => {
                self.stage = Stage::Done;
                Next::Ready
            }
        }
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) -> Next {
        if !matches!(self.stage, Stage::Identification) {
            self.noise += 1;
            if self.noise > NOISE_MAX {
                let detail = "the line did not fall silent after the sign-on";
                return Next::Failed(kept(FaultClass::Corrupt, "line_noise", detail));
            }
            return Next::Steps(Vec::new());
        }
        // A wire set to 8 data bits shows the parity bit on top.
        self.held.extend(bytes.iter().map(|byte| byte & 0x7F));
        if self.held.starts_with(&self.request) {
            self.held.drain(..self.request.len()); // The head's echo.
        }
        if self.held.len() > HELD_MAX {
            let detail = "what came instead of an identification is too long";
            return Next::Failed(kept(FaultClass::Corrupt, "identification_invalid", detail));
        }
        let Some(identification) = line_of(&self.held) else {
            return Next::Steps(Vec::new());
        };
        match offer(identification) {
            Ok((letter, baud)) => {
                self.stage = Stage::Silence;
                let line = LineSettings { baud, data: 8, parity: Parity::None, stop: 1 };
                let acknowledgement = vec![0x06, b'2', letter, b'2', b'\r', b'\n'];
                Next::Steps(vec![Step::Send(acknowledgement), Step::Line(line)])
            }
            Err(fault) => Next::Failed(fault),
        }
    }
}

/// The identification `/XXXZ…` up to its end, once that has come.
fn line_of(held: &[u8]) -> Option<&[u8]> {
    let start = held.iter().position(|byte| *byte == b'/')?;
    let rest = held.get(start..)?;
    // The echo of our own request is no identification.
    let end = rest.iter().position(|byte| *byte == b'\r' || *byte == b'\n')?;
    let line = rest.get(..end)?;
    if line.starts_with(b"/?") {
        return line_of(rest.get(end..)?);
    }
    Some(line)
}

/// The baud letter and its speed, when the meter offers mode E.
fn offer(identification: &[u8]) -> Result<(u8, u32), Fault> {
    let text = String::from_utf8_lossy(identification);
    let invalid = || {
        let detail = format!("\"{text}\" is no identification of a meter");
        kept(FaultClass::Corrupt, "identification_invalid", detail)
    };
    let (Some(letter), rest) = (identification.get(4), identification.get(5..)) else {
        return Err(invalid());
    };
    let step = letter.checked_sub(b'0').filter(|step| *step <= 6).ok_or_else(invalid)?;
    // `\W` pairs stand between the letter and the identification proper; `\2` is mode E.
    let mut pairs = rest.unwrap_or_default().chunks_exact(2).take_while(|pair| pair[0] == b'\\');
    if !pairs.any(|pair| pair[1] == b'2') {
        let detail = format!(
            "\"{text}\" does not offer mode E (\\2): read it in mode C, or as dlms without mode_e"
        );
        return Err(kept(FaultClass::Device, "mode_e_not_offered", detail));
    }
    Ok((*letter, 300 << step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(next: Next) -> Vec<Step> {
        match next {
            Next::Steps(steps) => steps,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn changes_to_the_offered_speed_and_waits_for_silence() {
        let mut sign_on = SignOn::new(None);
        assert!(matches!(&sign_on.begin()[1], Step::Send(bytes) if bytes == b"/?!\r\n"));
        // An echo, then the identification in two pieces, with parity bits.
        assert!(steps(sign_on.receive(b"/?!\r\n")).is_empty());
        assert!(steps(sign_on.receive(b"/LGZ5\\2ZMD")).is_empty());
        let with_parity: Vec<u8> = b"310\r\n".iter().map(|byte| byte | 0x80).collect();
        let steps = steps(sign_on.receive(&with_parity));
        assert!(matches!(&steps[0], Step::Send(bytes) if bytes == b"\x06252\r\n"));
        let Step::Line(line) = &steps[1] else { panic!("{steps:?}") };
        assert_eq!((line.baud, line.data, line.parity), (9600, 8, Parity::None));
        // The repeated acknowledgement is noise.
        assert!(matches!(sign_on.receive(b"\x06252\r\n"), Next::Steps(none) if none.is_empty()));
        assert!(matches!(sign_on.elapsed(), Next::Ready));
    }

    #[test]
    fn says_what_is_wrong_with_the_meter_or_the_line() {
        for (bytes, code) in [
            (&b"/LGZ4ZMF100AC.M23\r\n"[..], "mode_e_not_offered"),
            (b"/LGZ\r\n", "identification_invalid"),
            (b"/LGZx\\2\r\n", "identification_invalid"),
            (&[b'/'; 300], "identification_invalid"),
        ] {
            match SignOn::new(None).receive(bytes) {
                Next::Failed(fault) => assert_eq!(fault.code, code),
                other => panic!("{other:?}"),
            }
        }
        assert!(
            matches!(SignOn::new(None).elapsed(), Next::Failed(fault) if fault.code == "no_answer")
        );
    }
}
