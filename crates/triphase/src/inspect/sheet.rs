//! What is found out about a message, on the way to be shown.

use outlet::{
    Explained, ExplainedDefect, ExplainedStep, Message, OwnKey, Protection, TELEGRAM_BYTES_MAX,
};

/// Most steps of one message.
const STEPS_MAX: usize = 4096;
/// What stands in place of bytes that must not be shown: an asterisk.
const MASK: u8 = b'*';

/// Steps and defects of a message; offsets count its bytes.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) steps: Vec<ExplainedStep>,
    pub(crate) defects: Vec<ExplainedDefect>,
    /// What its protocol alone tells.
    pub(crate) own: Vec<OwnKey>,
    pub(crate) meter: Option<String>,
    pub(crate) security: Protection,
    /// Offset and length of bytes that must not be shown.
    hidden: Vec<(usize, usize)>,
}

impl Sheet {
    /// Adds a step about the bytes from `offset` on, so many of them.
    pub(crate) fn step(
        &mut self,
        layer: &'static str,
        (offset, length): (usize, usize),
        text: impl Into<String>,
    ) {
        if self.steps.len() < STEPS_MAX {
            let (offset, text) = (offset as u64, text.into());
            self.steps.push(ExplainedStep { layer, offset, length, text });
        }
    }

    /// A field of a frame's or an APDU's head.
    pub(crate) fn field(&mut self, place: (usize, usize), text: impl Into<String>) {
        self.step("field", place, text);
    }

    /// Something wrong at a byte.
    pub(crate) fn defect(&mut self, code: &'static str, at: usize, detail: impl Into<String>) {
        let detail = detail.into();
        self.step("defect", (at, 0), format!("{code}: {detail}"));
        self.defects.push(ExplainedDefect { code, detail, offset: at as u64 });
    }

    /// Bytes that must not be shown; the step says of what.
    pub(crate) fn hide(&mut self, place: (usize, usize), what: &str) {
        let text = format!("{what}, {} bytes, hidden: shown as {MASK:02X}", place.1);
        self.field(place, text);
        self.hidden.push(place);
    }

    /// Whether something must not be shown.
    pub(crate) fn hides(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// The message with everything that was found out.
    pub(crate) fn told(mut self, message: &Message) -> Explained {
        for (code, detail) in &message.faults {
            self.defects.push(ExplainedDefect { code, detail: detail.clone(), offset: 0 });
        }
        let told = self.of_capture(message.dialect.protocol(), (0, &message.bytes));
        if message.length > TELEGRAM_BYTES_MAX {
            return Explained { bytes: Vec::new(), length: message.length, ..told };
        }
        told
    }

    /// The same for a part of a capture, which begins at `offset`.
    pub(crate) fn of_capture(
        self,
        protocol: &'static str,
        (offset, content): (usize, &[u8]),
    ) -> Explained {
        let mut bytes = Vec::new();
        if content.len() <= TELEGRAM_BYTES_MAX {
            bytes.extend_from_slice(content);
        }
        for (at, length) in self.hidden {
            let masked = bytes.iter_mut().skip(at.saturating_sub(offset)).take(length);
            masked.for_each(|byte| *byte = MASK);
        }
        Explained {
            protocol,
            meter: self.meter,
            meter_time: None,
            measured_at: None,
            list: None,
            security: self.security,
            values: Vec::new(),
            delivered: self.defects.is_empty(),
            defects: self.defects,
            offset: offset as u64,
            length: content.len(),
            bytes,
            steps: self.steps,
            own: self.own,
        }
    }
}
