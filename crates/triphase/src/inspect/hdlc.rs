//! HDLC frames of a connection with a meter: control, sizes, and the APDU inside.

use super::Sheet;
use super::cosem::{self, Part};
use frame::dlms::{LLC_COMMAND, LLC_RESPONSE};
use frame::hdlc::{self, Closing, Control, Error, FLAG, Frame, Limits};
use outlet::Direction;

/// Format, control and check sequence.
const FORMAT_LENGTH: usize = 2;
const CHECK_LENGTH: usize = 2;

/// Where a message comes from, and what must not be shown of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) direction: Direction,
    /// How many bytes at its beginning are the echo of ours.
    pub(super) echoed: usize,
    /// Whether it may hold the damaged echo of a password.
    pub(super) guarded: bool,
}

impl Way {
    /// Whether what stands at a byte was sent by us.
    fn is_ours(self, at: usize) -> bool {
        self.direction == Direction::Sent || at < self.echoed
    }
}

/// Lays out every frame of a message.
pub(super) fn lay_out(bytes: &[u8], way: Way, sheet: &mut Sheet) {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let start = rest.iter().position(|byte| *byte == FLAG).unwrap_or(rest.len());
        if start > 0 && way.guarded {
            sheet.hide((at, start), "bytes between frames");
        } else if start > 0 {
            sheet.step("noise", (at, start), format!("{start} bytes between frames"));
        }
        at = at.saturating_add(start);
        let Some(rest) = bytes.get(at..).filter(|rest| rest.len() > 1) else { return };
        at = at.saturating_add(match hdlc::decode(rest) {
            Ok(Some((frame, length))) => {
                let length = length.saturating_add(usize::from(frame.closing == Closing::Flag));
                frame_steps(&frame, (at, length), way, sheet);
                // A closing flag may open the next frame.
                let next = rest.get(length).is_some_and(|byte| byte & 0xF0 == 0xA0);
                length.saturating_sub(usize::from(next && frame.closing == Closing::Flag))
            }
            Ok(None) => {
                sheet.step("hdlc", (at, rest.len()), "a frame that is not whole");
                if way.guarded {
                    sheet.hide((at, rest.len()), "what may be the echo of a password");
                }
                sheet.defect("truncated", bytes.len(), "the bytes end inside a frame");
                return;
            }
            Err(error) => {
                let length = damaged(error, (at, rest), sheet);
                if way.guarded {
                    sheet.hide((at, length), "what may be the echo of a password");
                }
                length
            }
        });
    }
}

/// Says what is wrong; answers how many bytes are done with.
fn damaged(error: Error, (at, rest): (usize, &[u8]), sheet: &mut Sheet) -> usize {
    let (code, offset, length) = match error {
        // Two flags in a row, or a flag in the middle of noise.
        Error::Format => return 1,
        Error::HeaderCheck { offset, .. } => ("hcs_mismatch", offset, 1),
        Error::FrameCheck { offset, length, .. } => ("fcs_mismatch", offset, length),
        Error::Length { .. } | Error::Address => ("frame_length", 1, 1),
    };
    sheet.step("hdlc", (at, length.min(rest.len())), "a damaged frame");
    sheet.defect(code, at.saturating_add(offset), error.to_string());
    length.max(1)
}

fn frame_steps(frame: &Frame<'_>, (at, length): (usize, usize), way: Way, sheet: &mut Sheet) {
    let name = control_name(frame.control);
    let Frame { source, destination, .. } = frame;
    let count = frame.information.len();
    let segmented = if frame.segmented { ", more segments follow" } else { "" };
    let text = format!(
        "HDLC frame from {source} to {destination}: {name}, {count} bytes of information, check \
         sequences hold{segmented}"
    );
    sheet.step("hdlc", (at, length), text);
    let mut offset = at.saturating_add(1);
    let mut field = |length: usize, text: String, sheet: &mut Sheet| {
        sheet.field((offset, length), text);
        offset = offset.saturating_add(length);
    };
    let counted = length.saturating_sub(1 + usize::from(frame.closing == Closing::Flag));
    field(FORMAT_LENGTH, format!("format type 3, {counted} bytes{segmented}"), sheet);
    field(usize::from(destination.width()), format!("destination {destination}"), sheet);
    field(usize::from(source.width()), format!("source {source}"), sheet);
    field(1, format!("control {:02X}: {name}", frame.control), sheet);
    if count > 0 {
        field(CHECK_LENGTH, "header check sequence, holds".to_owned(), sheet);
    }
    let information_at = at.saturating_add(frame.information_at);
    let hidden = information(frame, information_at, way, sheet);
    let end = at.saturating_add(1).saturating_add(counted).saturating_sub(CHECK_LENGTH);
    if hidden {
        // It is made of the password, too.
        sheet.hide((end, CHECK_LENGTH), "frame check sequence, holds");
    } else {
        sheet.field((end, CHECK_LENGTH), "frame check sequence, holds");
    }
}

/// What is inside; tells whether any of it must not be shown.
fn information(frame: &Frame<'_>, at: usize, way: Way, sheet: &mut Sheet) -> bool {
    let information = frame.information;
    if information.is_empty() {
        return false;
    }
    match Control::decode(frame.control) {
        Some(Control::SetNormalResponseMode | Control::Acknowledge) => {
            limits(information, at, sheet);
            false
        }
        Some(Control::Information { .. }) => {
            let apdu = [LLC_COMMAND, LLC_RESPONSE]
                .iter()
                .find_map(|header| information.strip_prefix(header.as_slice()));
            let Some(apdu) = apdu else { return continuation(information, at, way, sheet) };
            sheet.field((at, LLC_COMMAND.len()), "LLC header");
            let part = if frame.segmented { Part::First } else { Part::Whole };
            cosem::apdu_steps(apdu, (at.saturating_add(LLC_COMMAND.len()), part), sheet)
        }
        _ => {
            sheet.field((at, information.len()), format!("{} bytes", information.len()));
            false
        }
    }
}

/// A segment that is not the first. What it continues is not known here: of ours, it may be the end
/// of a password.
fn continuation(information: &[u8], at: usize, way: Way, sheet: &mut Sheet) -> bool {
    let place = (at, information.len());
    let ours = way.is_ours(at);
    if ours {
        sheet.hide(place, "the next segment of our message");
    } else {
        let text = format!("the next segment of the meter's message, {} bytes", place.1);
        sheet.step("block", place, text);
    }
    ours
}

fn limits(information: &[u8], at: usize, sheet: &mut Sheet) {
    let text = match Limits::decode(information) {
        Ok(limits) => format!(
            "sends up to {} bytes in {} frames, takes up to {} in {}",
            limits.transmit_length,
            limits.transmit_window,
            limits.receive_length,
            limits.receive_window
        ),
        Err(error) => error.to_string(),
    };
    sheet.field((at, information.len()), text);
}

fn control_name(control: u8) -> String {
    let last = |poll: bool| if poll { ", poll or final" } else { "" };
    match Control::decode(control) {
        Some(Control::Information { send, receive, poll }) => {
            format!("I, N(S) {send}, N(R) {receive}{}", last(poll))
        }
        Some(Control::ReceiveReady { receive, poll }) => {
            format!("RR, ready for {receive}{}", last(poll))
        }
        Some(Control::ReceiveNotReady { receive, poll }) => {
            format!("RNR, not ready for {receive}{}", last(poll))
        }
        Some(Control::SetNormalResponseMode) => "SNRM, begin a connection".to_owned(),
        Some(Control::Disconnect) => "DISC, end the connection".to_owned(),
        Some(Control::Acknowledge) => "UA, done".to_owned(),
        Some(Control::DisconnectedMode) => "DM, there is no connection".to_owned(),
        Some(Control::FrameReject) => "FRMR, cannot obey".to_owned(),
        Some(Control::UnnumberedInformation) => "UI, unnumbered information".to_owned(),
        None => "unknown control".to_owned(),
    }
}
