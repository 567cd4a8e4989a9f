//! What the doctor says: findings with their evidence, and why something could not be judged.

use super::Check;
use super::words::{self, Language};
use reading::Quantity;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A current transformer counts backwards.
    CtReversed,
    /// One current transformer counts backwards, or two of them: which cannot be told.
    SomeCtReversed,
    /// Two phases have each other's current: which cannot be told.
    SomePhasesSwapped,
    /// Two phases have each other's current.
    PhasesSwapped,
    /// All three phases have the current of the next one.
    PhasesRotated,
    /// Angles that no single mistake explains.
    PhasesConfused,
    /// The voltages turn L1, L3, L2.
    SequenceReversed,
    /// No voltage, but current: the meter's own voltage tap is open.
    VoltageTapOpen,
    /// No voltage and no current: the phase is not there.
    PhaseLost,
    /// A voltage between nothing and nominal: its tap floats.
    VoltageFloating,
    /// Balanced between the phases, not against the neutral: the neutral is not connected.
    NeutralOpen,
    /// Current on two phases, none on the third.
    CurrentMissing,
    /// Voltages between phases under the name of phase voltages.
    LineCalledPhase,
    /// Phase voltages under the name of voltages between phases.
    PhaseCalledLine,
    /// Voltages off by a power of ten.
    VoltageScale,
    /// Voltages off by another factor: the ratio of the voltage transformers.
    VoltageRatio,
    /// Currents off by a power of ten.
    CurrentScale,
    /// Power off by a power of ten.
    PowerScale,
    /// Power or current is off: which one cannot be told.
    PowerOrCurrentScale,
    /// The energy register is off by a power of ten.
    EnergyScale,
    /// The energy register is off by another factor.
    EnergyRatio,
    /// Frequency off by a power of ten.
    FrequencyScale,
    /// A sub-meter's steps are too large or too small.
    CtRatio,
    /// All sub-meters agree that the meter upstream steps wrongly.
    ParentRatio,
    /// A sub-meter counts backwards as a whole.
    SubmeterReversed,
    /// The meter upstream knows nothing of a sub-meter's steps.
    NotBehindParent,
    /// The sub-meters measure more than the meter upstream.
    SubExceedsParent,
    /// The meter's clock is off.
    ClockOff,
    /// The meter's clock is off by whole hours.
    ClockZone,
}

impl Code {
    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        words::of(self).code
    }

    /// Every code.
    pub fn all() -> impl Iterator<Item = Self> {
        words::CODES.iter().map(|row| row.of)
    }
}

/// What a number of the evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Label {
    /// Voltage of a phase.
    Voltage,
    /// Current of a phase.
    Current,
    /// Active power of a phase.
    ActivePower,
    /// Reactive power of a phase.
    ReactivePower,
    /// Angle between a phase's voltage and current.
    Angle,
    /// A number over the one that it should equal.
    Factor,
    /// Frequency.
    Frequency,
    /// Step of the meter upstream for each kW of the sub-meter's.
    ParentStep,
    /// Energy of the meter upstream.
    ParentEnergy,
    /// Energy of the sub-meters together.
    ChildrenEnergy,
    /// Arrival minus the meter's clock.
    ClockOffset,
    /// Power by the energy register.
    CounterPower,
    /// Power by the power register.
    RegisterPower,
    /// √(P² + Q²), or the register.
    ApparentPower,
    /// Σ U·I.
    VoltAmperes,
    /// Share of the samples that say so.
    Agreement,
    /// The ratio of the current transformers that would be right.
    RightRatio,
}

/// One number that a finding rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// What it is.
    pub label: Label,
    /// The phase, 1 to 3; 0 for none.
    pub phase: u8,
    /// The number.
    pub value: f64,
    /// What it should be, where that is one number.
    pub expected: Option<f64>,
}

impl Evidence {
    pub(super) const fn new(label: Label, phase: u8, value: f64) -> Self {
        Self { label, phase, value, expected: None }
    }

    pub(super) const fn expecting(mut self, expected: f64) -> Self {
        self.expected = Some(expected);
        self
    }

    /// The unit of the number; empty for a ratio.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        words::label(self.label).1
    }

    /// The stable name of what it is.
    #[must_use]
    pub fn code(&self) -> &'static str {
        words::label(self.label).0
    }

    /// The number as an electrician writes it: `P L2 = −3.42 kW`.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        words::number(self, language)
    }
}

/// Something that is wrong with a meter.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The check that found it.
    pub check: Check,
    /// What is wrong.
    pub code: Code,
    /// The phases that it concerns, 1 to 3; empty when it concerns the meter.
    pub phases: Vec<u8>,
    /// How sure it is. **Range** 0 to 1.
    pub confidence: f64,
    /// The numbers that it rests on; the first is the most telling.
    pub evidence: Vec<Evidence>,
}

/// A sentence with what is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What is wrong.
    pub sentence: String,
    /// What to do.
    pub remedy: String,
}

impl Finding {
    /// The finding in words, for the meter of this name.
    #[must_use]
    pub fn text(&self, meter: &str, language: Language) -> Text {
        words::text(self, meter, language)
    }
}

/// Why a check could not be made.
#[derive(Debug, Clone, PartialEq)]
pub enum Obstacle {
    /// Nothing was said lately.
    NoSamples,
    /// The meter does not send these.
    Missing(Vec<Quantity>),
    /// Too few samples: so many, and so many are needed.
    TooFew(usize, usize),
    /// Too little current flows.
    NoLoad,
    /// The phases, or the machines, change together: which is which cannot be told.
    NoVariation,
    /// The site feeds in: a negative power is no fault.
    Exporting,
    /// The register is too coarse, or did not move.
    CounterTooCoarse,
    /// The power jumps about too much, or changes its sign.
    PowerUnsteady,
    /// The telegrams carry no clock.
    NoClock,
    /// The clocks of the two meters do not agree.
    ClockOff,
    /// The meter upstream, or one beside it, says no power at the same time.
    NoCommonTime,
    /// Something ordinary explains it as well: capacitors, distortion, a load between two phases.
    OrdinaryCause,
    /// Another fault of the meter, or of the one upstream, spoils the comparison.
    FaultFirst,
}

impl Obstacle {
    /// The stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        words::obstacle(self).code
    }

    /// One sentence.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        words::obstacle_text(self, language)
    }
}
