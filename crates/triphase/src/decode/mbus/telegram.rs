//! A long frame with what it says, or why it says nothing.

use super::Options;
use frame::mbus::protection::{self, Mode};
use frame::mbus::{
    self, Application, ApplicationError, DateTime, Fixed, Function, Identity, RecordError, Value,
};
use jiff::tz::TimeZone;
use reading::Timestamp;
use std::borrow::Cow;

/// One telegram.
pub(super) struct Telegram<'a> {
    /// Where its frame starts.
    pub(super) offset: u64,
    /// How long the frame is.
    pub(super) length: usize,
    /// The primary address that answered.
    pub(super) address: Option<u8>,
    pub(super) content: Content<'a>,
    /// Why it is refused, for faults that show before its records are read.
    pub(super) fault: Option<Fault>,
    /// Zone of its clock.
    pub(super) zone: Option<TimeZone>,
}

/// What it says.
pub(super) enum Content<'a> {
    Variable(Variable<'a>),
    Fixed(Fixed),
    ApplicationError(u8),
    Alarm(u8),
    Nothing,
}

/// A variable data structure with its content in clear.
pub(super) struct Variable<'a> {
    pub(super) identity: Option<Identity>,
    pub(super) access_number: Option<u8>,
    pub(super) status: Option<u8>,
    pub(super) encrypted: bool,
    pub(super) records: Cow<'a, [u8]>,
    /// Where the records start in the frame.
    pub(super) records_at: usize,
}

/// What is wrong, and where.
pub(super) struct Fault {
    /// The word that programs hold on to.
    pub(super) code: &'static str,
    pub(super) detail: String,
    /// Counted from the start of the frame.
    pub(super) at: usize,
}

impl Fault {
    /// A frame that is not intact.
    pub(super) fn of_link(error: &mbus::Error) -> Self {
        let (code, at) = match error {
            mbus::Error::Checksum { offset, .. } => ("mbus_checksum", *offset),
            mbus::Error::Stop { offset, .. } => ("mbus_frame", *offset),
            mbus::Error::Length { .. } | mbus::Error::Start => ("mbus_frame", 1),
        };
        Self { code, detail: error.to_string(), at }
    }

    /// A frame that the bytes end in.
    pub(super) fn cut_short(bytes: &[u8]) -> Self {
        let announced = bytes.get(1).map_or(0, |length| usize::from(*length) + 6);
        let detail = format!("{announced} bytes are announced, {} came", bytes.len());
        Self { code: "truncated", detail, at: bytes.len() }
    }

    /// A frame that is no answer.
    fn of_application(error: ApplicationError) -> Self {
        let code = match error {
            ApplicationError::Direction { .. } => "mbus_direction",
            ApplicationError::ControlInformation { .. } => "mbus_ci_unknown",
            ApplicationError::HeaderTruncated { .. } => "truncated",
            ApplicationError::FixedLength { .. } => "mbus_fixed_length",
        };
        Self { code, detail: error.to_string(), at: error.offset() }
    }

    fn of_protection(error: protection::Error, at: usize) -> Self {
        let code = match error {
            protection::Error::KeyMissing => "key_missing",
            protection::Error::WrongKey { .. } => "wrong_key",
            protection::Error::Truncated { .. } => "truncated",
            protection::Error::Unsupported { .. } => "security_unsupported",
            protection::Error::IdentityMissing => "identity_missing",
        };
        let hint = if code == "key_missing" { ": give --key" } else { "" };
        Self { code, detail: format!("{error}{hint}"), at }
    }

    /// A record that breaks.
    pub(super) fn of_record(error: RecordError) -> Self {
        let detail = format!("{error}, in the record that starts at byte {}", error.record);
        Self { code: "record_invalid", detail, at: error.offset }
    }
}

impl<'a> Telegram<'a> {
    pub(super) fn refused((offset, length): (u64, usize), fault: Fault) -> Self {
        let content = Content::Nothing;
        Self { offset, length, address: None, content, fault: Some(fault), zone: None }
    }

    /// What an intact long frame says.
    pub(super) fn of(
        place: (u64, usize),
        (control, address, ci): (u8, u8, u8),
        data: &'a [u8],
        options: &Options,
    ) -> Self {
        if ci <= 0x1F {
            let detail = "the frame carries DLMS: decode it with --protocol dlms".to_owned();
            return Self::refused(place, Fault { code: "mbus_ci_unknown", detail, at: 6 });
        }
        let (content, fault) = match mbus::decode_application(control, ci, data) {
            Err(error) => (Content::Nothing, Some(Fault::of_application(error))),
            Ok(Application::Error { code }) => (Content::ApplicationError(code), None),
            Ok(Application::Alarm { status }) => (Content::Alarm(status), None),
            Ok(Application::Fixed(fixed)) => (Content::Fixed(fixed), None),
            Ok(Application::Variable(variable)) => opened(&variable, options),
        };
        let zone = options.zone.clone();
        let (offset, length) = place;
        Self { offset, length, address: Some(address), content, fault, zone }
    }
}

fn opened<'a>(variable: &mbus::Variable<'a>, options: &Options) -> (Content<'a>, Option<Fault>) {
    let mode = protection::mode(variable.configuration);
    let mut content = Variable {
        identity: variable.identity,
        access_number: variable.access_number,
        status: variable.status,
        encrypted: mode != Mode::Clear,
        records: Cow::Borrowed(variable.content),
        records_at: variable.content_at,
    };
    let fault = match protection::open(variable, None, options.key.as_ref()) {
        Ok(None) => None,
        Ok(Some(clear)) => {
            content.records = Cow::Owned(clear);
            None
        }
        Err(error) => {
            content.records = Cow::Borrowed(&[]);
            Some(Fault::of_protection(error, variable.content_at))
        }
    };
    (Content::Variable(content), fault)
}

impl Variable<'_> {
    pub(super) fn records(&self) -> mbus::Records<'_> {
        mbus::Records::new(&self.records, self.records_at)
    }

    /// The meter's clock: its first date with time that is neither history nor an extreme.
    pub(super) fn clock(&self) -> Option<DateTime> {
        self.records().map_while(Result::ok).find_map(|record| {
            let now = record.function == Function::Instantaneous
                && record.storage_number == 0
                && record.vif.is_some_and(|vif| vif.code == 0x6D);
            match now.then(|| record.value()) {
                Some(Value::DateTime(at)) if at.is_possible() => Some(at),
                _ => None,
            }
        })
    }
}

/// The clock as the contract prints it, and in UTC where the zone is known.
pub(super) fn instants(clock: DateTime, zone: Option<&TimeZone>) -> (String, Option<Timestamp>) {
    let local = format!("{}T{}", clock.date, clock.time);
    let at = zone.and_then(|zone| {
        let civil: jiff::civil::DateTime = local.parse().ok()?;
        let at = zone.to_ambiguous_timestamp(civil);
        // The hour that autumn repeats: the meter says which one it means.
        let at = if clock.daylight_saving { at.earlier() } else { at.later() };
        Some(Timestamp::from_micros(at.ok()?.as_microsecond()))
    });
    (local, at)
}
