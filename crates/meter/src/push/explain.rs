//! The way from bytes to values, one line per step, for a human who follows a telegram.

/// The layer a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Layer {
    Noise,
    Hdlc,
    Mbus,
    Block,
    Cipher,
    Apdu,
    Value,
    Defect,
}

impl Layer {
    /// The layer's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Hdlc => "HDLC",
            Self::Mbus => "M-Bus",
            Self::Block => "block",
            Self::Cipher => "cipher",
            Self::Apdu => "APDU",
            Self::Value => "value",
            Self::Defect => "defect",
        }
    }
}

/// One line of the explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Offset in the stream.
    pub offset: u64,
    /// How many bytes the step is about.
    pub length: usize,
    /// The layer.
    pub layer: Layer,
    /// What happened.
    pub text: String,
}

/// Most steps kept for one telegram; what lies between two telegrams counts for the second.
const STEPS_MAX: usize = 4096;

/// Collects steps when asked to; costs nothing otherwise.
#[derive(Debug)]
pub(super) struct Explanation {
    steps: Option<Vec<Step>>,
}

impl Explanation {
    pub(super) fn new(wanted: bool) -> Self {
        Self { steps: wanted.then(Vec::new) }
    }

    /// Adds a step; its text is only made when steps are wanted.
    pub(super) fn add(&mut self, layer: Layer, place: (u64, usize), text: impl FnOnce() -> String) {
        if let Some(steps) = &mut self.steps
            && steps.len() < STEPS_MAX
        {
            let (offset, length) = place;
            steps.push(Step { offset, length, layer, text: text() });
        }
    }

    pub(super) const fn wanted(&self) -> bool {
        self.steps.is_some()
    }

    pub(super) fn take(&mut self) -> Vec<Step> {
        self.steps.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
