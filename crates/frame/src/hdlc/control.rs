//! The control field of the frames that normal response mode uses.
//!
//! # Source
//! IEC 62056-46:2002+A1:2006, 6.4.3.3 (Green Book 8.4.3.3), table "command and response frames".

/// What a frame does. Sequence numbers are 0 to 7; `poll` is the poll bit of a command and the
/// final bit of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// I: numbered information.
    Information {
        /// N(S), this frame's number.
        send: u8,
        /// N(R), the number awaited from the other station: everything before it has arrived.
        receive: u8,
        /// Poll or final.
        poll: bool,
    },
    /// RR: ready for the frame with this number.
    ReceiveReady {
        /// N(R).
        receive: u8,
        /// Poll or final.
        poll: bool,
    },
    /// RNR: what came before this number has arrived, but nothing more may come now.
    ReceiveNotReady {
        /// N(R).
        receive: u8,
        /// Poll or final.
        poll: bool,
    },
    /// SNRM: begin a connection.
    SetNormalResponseMode,
    /// DISC: end it.
    Disconnect,
    /// UA: SNRM or DISC was carried out.
    Acknowledge,
    /// DM: there is no connection.
    DisconnectedMode,
    /// FRMR: a frame was understood and cannot be obeyed.
    FrameReject,
    /// UI: unnumbered information, as of a push.
    UnnumberedInformation,
}

const POLL: u8 = 0x10;
const SNRM: u8 = 0x83;
const DISC: u8 = 0x43;
const UA: u8 = 0x63;
const DM: u8 = 0x0F;
const FRMR: u8 = 0x87;
const UI: u8 = 0x03;
const RR: u8 = 0x01;
const RNR: u8 = 0x05;

impl Control {
    /// What the control field says; `None` for what normal response mode does not use.
    #[must_use]
    pub const fn decode(byte: u8) -> Option<Self> {
        let poll = byte & POLL != 0;
        let receive = byte >> 5;
        if byte & 1 == 0 {
            return Some(Self::Information { send: (byte >> 1) & 7, receive, poll });
        }
        Some(match byte & 0x0F {
            RR => Self::ReceiveReady { receive, poll },
            RNR => Self::ReceiveNotReady { receive, poll },
            _ => match byte & !POLL {
                SNRM => Self::SetNormalResponseMode,
                DISC => Self::Disconnect,
                UA => Self::Acknowledge,
                DM => Self::DisconnectedMode,
                FRMR => Self::FrameReject,
                UI => Self::UnnumberedInformation,
                _ => return None,
            },
        })
    }

    /// The control field. Unnumbered frames always carry the poll or final bit.
    #[must_use]
    pub const fn encode(self) -> u8 {
        match self {
            Self::Information { send, receive, poll } => {
                (receive & 7) << 5 | bit(poll) | (send & 7) << 1
            }
            Self::ReceiveReady { receive, poll } => (receive & 7) << 5 | bit(poll) | RR,
            Self::ReceiveNotReady { receive, poll } => (receive & 7) << 5 | bit(poll) | RNR,
            Self::SetNormalResponseMode => SNRM | POLL,
            Self::Disconnect => DISC | POLL,
            Self::Acknowledge => UA | POLL,
            Self::DisconnectedMode => DM | POLL,
            Self::FrameReject => FRMR | POLL,
            Self::UnnumberedInformation => UI | POLL,
        }
    }
}

const fn bit(poll: bool) -> u8 {
    if poll { POLL } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_field_that_is_known_comes_back() {
        let known = (0..=u8::MAX).filter_map(|byte| Some((byte, Control::decode(byte)?)));
        for (byte, control) in known {
            let unnumbered = byte & 3 == 3;
            let expected = if unnumbered { byte | POLL } else { byte };
            assert_eq!(control.encode(), expected, "{byte:02X} {control:?}");
        }
        assert_eq!(Control::SetNormalResponseMode.encode(), 0x93);
        assert_eq!(Control::Acknowledge.encode(), 0x73);
        assert_eq!(Control::Disconnect.encode(), 0x53);
        assert_eq!(Control::decode(0x1F), Some(Control::DisconnectedMode));
        assert_eq!(Control::decode(0x97), Some(Control::FrameReject));
        // REJ and SABM belong to other procedures.
        assert_eq!((Control::decode(0x09), Control::decode(0x3F)), (None, None));
    }
}
