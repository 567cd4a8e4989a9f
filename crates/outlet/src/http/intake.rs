//! Chapter 25's `MesureEnergie` rows out of a request body.
//!
//! In: the bytes of one measurement or an array of them. Out: telegrams, one per measurement, in
//! the catalogue's units (kWh become Wh by shifting the exponent, so no digit changes). Refuses,
//! naming the measurement and the field: unknown fields and meters, wrong types, repeated keys,
//! numbers beyond any meter, instants ahead of the clock. Bad JSON is told by line and column.

use super::problem::{FieldError, Problem};
use axum::http::StatusCode;
use reading::{
    Decimal, ListId, MeterId, Quality, Quantity, Reading, Telegram, Timestamp, Unit, Value,
};
use serde::Deserialize;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Most measurements in one request.
pub(super) const ROWS_MAX: usize = 10_000;
/// Most complaints in one answer; reading stops there.
pub(super) const ERRORS_MAX: usize = 100;
/// Most keys of one measurement.
const FIELDS_MAX: usize = 64;
/// Clocks of clients may be this far ahead of ours.
const AHEAD_MAX: Duration = Duration::from_secs(300);

const VOLTS: RangeInclusive<f64> = 0.0..=1000.0;
const AMPERES: RangeInclusive<f64> = -20e3..=20e3;
const WATTS: RangeInclusive<f64> = -100e6..=100e6;
/// Apparent power has no direction.
const VOLT_AMPERES: RangeInclusive<f64> = 0.0..=100e6;
/// Counters, in the unit of the field: kWh, kvarh.
const KILOWATT_HOURS: RangeInclusive<f64> = 0.0..=1e12;
const PERCENT: RangeInclusive<f64> = 0.0..=1000.0;
/// From here on an integer has more than the 18 digits of a [`Decimal`].
const INTEGER_MAX: f64 = 1e18;
/// 2000-01-01T00:00:00Z: no earlier measurement can be meant. **Unit** µs.
const EARLIEST: Timestamp = Timestamp::from_micros(946_684_800_000_000);
const HERTZ: RangeInclusive<f64> = 40.0..=70.0;
const POWER_FACTORS: RangeInclusive<f64> = -1.0..=1.0;

/// What the rows are judged by.
pub(super) struct Intake<'a> {
    /// The list under which posted measurements are stored.
    pub(super) list: ListId,
    /// The time of now.
    pub(super) now: Timestamp,
    /// The meter of rows that name none; `None` when there are several.
    pub(super) only_meter: Option<MeterId>,
    /// The meter with this id or serial.
    pub(super) find_meter: &'a dyn Fn(&str) -> Option<MeterId>,
}

/// Reads every measurement of the body, or says what is wrong with each.
pub(super) fn telegrams(body: &[u8], intake: &Intake<'_>) -> Result<Vec<Telegram>, Problem> {
    let rows = rows(body)?;
    let mut errors = Vec::new();
    let mut telegrams = Vec::with_capacity(rows.len());
    let mut untimed = 0;
    for (index, row) in rows.into_iter().enumerate() {
        let mut complaints = Complaints { index, errors: &mut errors };
        // Rows without a time follow each other; one instant would make them contradict.
        let arrival = intake.now.plus(Duration::from_micros(untimed));
        if let Some(telegram) = telegram(row, intake, arrival, &mut complaints) {
            untimed += u64::from(telegram.measured_at == arrival);
            telegrams.push(telegram);
        }
        if errors.len() >= ERRORS_MAX {
            break;
        }
    }
    if errors.is_empty() {
        return Ok(telegrams);
    }
    let detail = "No measurement was stored: correct the named fields and send all of them again.";
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).with_errors(errors))
}

pub(super) fn rows(body: &[u8]) -> Result<Vec<&RawValue>, Problem> {
    let bad = |error: serde_json::Error| {
        Problem::new(StatusCode::BAD_REQUEST, format!("The body is no JSON: {error}."))
    };
    let whole: &RawValue = serde_json::from_slice(body).map_err(bad)?;
    if !whole.get().starts_with('[') {
        return Ok(vec![whole]);
    }
    let Rows(rows) = serde_json::from_str(whole.get()).map_err(bad)?;
    if rows.len() > ROWS_MAX {
        let detail = format!("At most {ROWS_MAX} measurements fit in one request.");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    Ok(rows)
}

pub(super) struct Complaints<'a> {
    pub(super) index: usize,
    pub(super) errors: &'a mut Vec<FieldError>,
}

impl Complaints<'_> {
    pub(super) fn add(&mut self, field: &str, message: impl Into<String>) {
        if self.errors.len() < ERRORS_MAX {
            let (index, message) = (self.index, message.into());
            self.errors.push(FieldError { index, field: shortened(field), message });
        }
    }
}

fn telegram(
    row: &RawValue,
    intake: &Intake<'_>,
    arrival: Timestamp,
    complaints: &mut Complaints<'_>,
) -> Option<Telegram> {
    if !row.get().starts_with('{') {
        complaints.add("", format!("expected an object, got {}", kind(row)));
        return None;
    }
    let Fields(fields) = match serde_json::from_str(row.get()) {
        Ok(fields) => fields,
        Err(error) => {
            complaints.add("", error.to_string());
            return None;
        }
    };
    let before = complaints.errors.len();
    let mut known = BTreeSet::new();
    let mut draft = Draft::default();
    for (field, raw) in &fields {
        if !known.insert(field.as_ref()) {
            complaints.add(field, "the field occurs twice");
        } else if let Err(message) = draft.take(field, raw, intake) {
            complaints.add(field, message);
        }
    }
    if !draft.measured && complaints.errors.len() == before {
        complaints.add("", "the object has no field of a measurement");
    }
    if draft.meter.is_none() && !known.contains("compteur_id") && intake.only_meter.is_none() {
        complaints.add("compteur_id", "several meters are configured: name one");
    }
    if complaints.errors.len() != before {
        return None;
    }
    let quality = draft.quality;
    Some(Telegram {
        meter: draft.meter.or_else(|| intake.only_meter.clone())?,
        list: intake.list.clone(),
        meter_time: None,
        measured_at: draft.measured_at.unwrap_or(arrival),
        received_at: intake.now,
        quality,
        readings: draft
            .values
            .into_iter()
            .map(|(quantity, value)| Reading {
                quantity: Some(quantity),
                obis: None,
                value: Value::Number(value),
                unit: quantity.unit(),
                quality,
            })
            .collect(),
    })
}

/// A measurement as far as it was read.
#[derive(Default)]
struct Draft {
    meter: Option<MeterId>,
    measured_at: Option<Timestamp>,
    quality: Quality,
    values: Vec<(Quantity, Decimal)>,
    /// A field of the measurement itself occurred, if only to say that there is no value.
    measured: bool,
}

impl Draft {
    fn take(&mut self, field: &str, raw: &RawValue, intake: &Intake<'_>) -> Result<(), String> {
        match field {
            "timestamp" => {
                self.measured_at = text(raw)?.map(|text| instant(&text, intake.now)).transpose()?;
            }
            "compteur_id" => {
                let Some(name) = text(raw)? else {
                    return if intake.only_meter.is_some() {
                        Ok(())
                    } else {
                        Err("several meters are configured: name one".into())
                    };
                };
                let found = (intake.find_meter)(&name);
                self.meter = Some(found.ok_or_else(|| {
                    format!("no meter has the id or serial \"{}\"", shortened(&name))
                })?);
            }
            "qualite" => {
                self.measured = true;
                if let Some(word) = text(raw)? {
                    let quality = Quality::from_chapter25(&word);
                    self.quality = quality.ok_or("expected \"good\", \"warning\" or \"error\"")?;
                }
            }
            _ => {
                let quantity = Quantity::from_chapter25(field)
                    .ok_or("unknown field; the fields are those of chapter 25's MesureEnergie")?;
                self.measured = true;
                if let Some(value) = number(raw)? {
                    self.values.push((quantity, checked(quantity, value)?));
                }
            }
        }
        Ok(())
    }
}

/// The value in the catalogue's unit, when a meter could have measured it.
fn checked(quantity: Quantity, value: Decimal) -> Result<Decimal, String> {
    let range = match quantity.unit() {
        Some(Unit::Volt) => Some((VOLTS, "V")),
        Some(Unit::Ampere) => Some((AMPERES, "A")),
        Some(unit @ (Unit::Watt | Unit::Var)) => Some((WATTS, unit.symbol())),
        Some(Unit::VoltAmpere) => Some((VOLT_AMPERES, "VA")),
        Some(Unit::WattHour) => Some((KILOWATT_HOURS, "kWh")),
        Some(Unit::VarHour) => Some((KILOWATT_HOURS, "kvarh")),
        Some(Unit::Percent) => Some((PERCENT, "%")),
        Some(Unit::Hertz) => Some((HERTZ, "Hz")),
        Some(Unit::One) => Some((POWER_FACTORS, "")),
        _ => None,
    };
    let number = value.to_f64();
    if let Some((range, unit)) = range.filter(|(range, _)| !range.contains(&number)) {
        let (least, most) = (range.start(), range.end());
        let expected = format!("expected {least} to {most} {unit}");
        return Err(format!("{}, got {value}", expected.trim_end()));
    }
    let exponent = quantity.description().chapter25.map_or(0, |field| field.exponent);
    value.shifted(-exponent).ok_or_else(|| "the number is too large".into())
}

pub(super) fn instant(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let at = Timestamp::parse_rfc3339(text).map_err(|error| error.to_string())?;
    if at < EARLIEST {
        return Err(format!("before {EARLIEST}, got {at}"));
    }
    if at > now.plus(AHEAD_MAX) {
        let minutes = AHEAD_MAX.as_secs() / 60;
        return Err(format!("more than {minutes} min ahead of the server's clock, {now}"));
    }
    Ok(at)
}

/// A number with its own digits; decimal places that no register has are rounded to those of the
/// nearest `f64`.
pub(super) fn number(raw: &RawValue) -> Result<Option<Decimal>, String> {
    match raw.get().as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'-' | b'0'..=b'9') => match raw.get().parse::<Decimal>() {
            Ok(exact) => Ok(Some(exact)),
            Err(_) => nearest(raw.get()).map(Some),
        },
        _ => Err(format!("expected a number, got {}", kind(raw))),
    }
}

fn nearest(digits: &str) -> Result<Decimal, String> {
    let nearest = digits.parse::<f64>().ok().filter(|number| number.is_finite());
    let Some(nearest) = nearest.filter(|number| number.abs() < INTEGER_MAX) else {
        return Err("more digits than a register has: at most 18 before the point".into());
    };
    // A number of this size without a decimal is one whose exponent is out of range.
    let decimal = Decimal::from_f64(nearest);
    decimal.ok_or_else(|| "too small: no register has so many decimal places; send 0".into())
}

pub(super) fn text(raw: &RawValue) -> Result<Option<String>, String> {
    match raw.get().as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => serde_json::from_str(raw.get()).map(Some).map_err(|error| error.to_string()),
        _ => Err(format!("expected a text, got {}", kind(raw))),
    }
}

pub(super) fn kind(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a truth value",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// A client's own text, short enough to repeat.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// The elements of an array; one more than allowed is enough to refuse it.
struct Rows<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Rows<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of measurements")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = array.next_element()? {
                    if rows.len() <= ROWS_MAX {
                        rows.push(row);
                    }
                }
                Ok(rows)
            }
        }
        deserializer.deserialize_seq(Elements).map(Rows)
    }
}

/// The members of an object in their order, repeated ones too.
pub(super) struct Fields<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a measurement")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = object.next_entry::<String, &RawValue>()? {
                    if members.len() == FIELDS_MAX {
                        return Err(A::Error::custom(format_args!(
                            "the object has more than {FIELDS_MAX} fields"
                        )));
                    }
                    members.push((Cow::Owned(name), value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Members).map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-05-04T09:39:21Z";

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339(NOW).expect("a time")
    }

    fn meter(name: &str) -> Option<MeterId> {
        ["general", "machine"].contains(&name).then(|| MeterId::new(name).expect("an id"))
    }

    fn read(body: &str) -> Result<Vec<Telegram>, Problem> {
        let intake = Intake {
            list: ListId::new("http"),
            now: now(),
            only_meter: meter("general"),
            find_meter: &meter,
        };
        telegrams(body.as_bytes(), &intake)
    }

    #[test]
    fn keeps_digits_and_shifts_energy_to_watt_hours() {
        let body = r#"{"tension_l1": 230.10, "energie_active_import": 12345.678,
            "puissance_active_totale": -20000, "courant_l1": null, "qualite": "warning"}"#;
        let rows = read(body).expect("valid");
        let row = &rows[0];
        assert_eq!(row.number(Quantity::VoltageL1), Some(Decimal::new(23010, -2)));
        assert_eq!(row.number(Quantity::ActiveEnergyImport), Some(Decimal::new(12_345_678, 0)));
        assert_eq!(row.number(Quantity::ActivePower), Some(Decimal::new(-20000, 0)));
        assert_eq!(row.number(Quantity::CurrentL1), None);
        assert_eq!(row.quality, Quality::Suspect);
        assert_eq!((row.measured_at, row.received_at), (now(), now()));
        assert_eq!(row.meter.as_str(), "general");
    }

    #[test]
    fn digits_beyond_a_register_fall_back_to_the_nearest_float() {
        let rows = read(r#"{"tension_l1": 230.10000000000000000000001}"#).expect("valid");
        assert_eq!(rows[0].number(Quantity::VoltageL1), Some(Decimal::new(2301, -1)));
    }

    #[test]
    fn rows_without_a_time_follow_each_other() {
        let rows = read(r#"[{"tension_l1": 230}, {"tension_l1": 231}]"#).expect("valid");
        assert!(rows[0].measured_at < rows[1].measured_at);
    }

    #[test]
    fn a_row_of_nulls_is_a_measurement_and_an_empty_object_is_none() {
        assert_eq!(read(r#"{"facteur_puissance": null}"#).expect("valid")[0].readings.len(), 0);
        assert_eq!(read("[]").expect("valid").len(), 0);
        assert_eq!(read("{}").expect_err("nothing measured").status(), 422);
    }

    /// Each second row is refused for one field, with this message.
    fn assert_refused(cases: &[(&str, &str, &str)]) {
        for (row, field, message) in cases {
            let body = format!(r#"[{{"tension_l1": 230}}, {row}]"#);
            let problem = read(&body).expect_err(row);
            assert_eq!(problem.status(), 422, "{row}");
            let (field, message) = ((*field).to_owned(), (*message).to_owned());
            assert_eq!(problem.errors(), [FieldError { index: 1, field, message }], "{row}");
        }
    }

    #[test]
    fn refuses_numbers_that_no_register_could_show() {
        let cases = [
            (
                r#"{"thd_tension": 1e999}"#,
                "thd_tension",
                "more digits than a register has: at most 18 before the point",
            ),
            (
                r#"{"energie_active_import": 12345678901234567890}"#,
                "energie_active_import",
                "more digits than a register has: at most 18 before the point",
            ),
            (
                r#"{"thd_tension": 1e-300}"#,
                "thd_tension",
                "too small: no register has so many decimal places; send 0",
            ),
            (r#"{"thd_tension": -1}"#, "thd_tension", "expected 0 to 1000 %, got -1"),
            (
                r#"{"energie_active_import": -0.1}"#,
                "energie_active_import",
                "expected 0 to 1000000000000 kWh, got -0.1",
            ),
            (
                r#"{"energie_active_export": 1e13}"#,
                "energie_active_export",
                "expected 0 to 1000000000000 kWh, got 10000000000000",
            ),
            (
                r#"{"puissance_apparente_totale": -1}"#,
                "puissance_apparente_totale",
                "expected 0 to 100000000 VA, got -1",
            ),
            (
                r#"{"tension_l1": 1, "timestamp": "1999-12-31T23:59:59Z"}"#,
                "timestamp",
                "before 2000-01-01T00:00:00Z, got 1999-12-31T23:59:59Z",
            ),
        ];
        assert_refused(&cases);
    }

    #[test]
    fn names_the_measurement_and_the_field_it_refuses() {
        let cases = [
            (r#"{"tension_l1": "230"}"#, "tension_l1", "expected a number, got a text"),
            (r#"{"tension_l1": true}"#, "tension_l1", "expected a number, got a truth value"),
            (r#"{"tension_l1": 1000.1}"#, "tension_l1", "expected 0 to 1000 V, got 1000.1"),
            (r#"{"tension_l1": -0.1}"#, "tension_l1", "expected 0 to 1000 V, got -0.1"),
            (r#"{"courant_l1": -20001}"#, "courant_l1", "expected -20000 to 20000 A, got -20001"),
            (
                r#"{"puissance_active_totale": 1e9}"#,
                "puissance_active_totale",
                "expected -100000000 to 100000000 W, got 1000000000",
            ),
            (r#"{"frequence": 39.9}"#, "frequence", "expected 40 to 70 Hz, got 39.9"),
            (r#"{"facteur_puissance": 1.01}"#, "facteur_puissance", "expected -1 to 1, got 1.01"),
            (
                r#"{"tension_l4": 1}"#,
                "tension_l4",
                "unknown field; the fields are those of chapter 25's MesureEnergie",
            ),
            (r#"{"tension_l1": 1, "tension_l1": 1}"#, "tension_l1", "the field occurs twice"),
            (
                r#"{"tension_l1": 1, "compteur_id": "x"}"#,
                "compteur_id",
                "no meter has the id or serial \"x\"",
            ),
            (
                r#"{"tension_l1": 1, "compteur_id": 7}"#,
                "compteur_id",
                "expected a text, got a number",
            ),
            (
                r#"{"tension_l1": 1, "qualite": "bad"}"#,
                "qualite",
                "expected \"good\", \"warning\" or \"error\"",
            ),
            (
                r#"{"tension_l1": 1, "timestamp": "2026-05-04T09:39:21"}"#,
                "timestamp",
                "expected a time with offset such as 2026-05-04T11:39:21+02:00",
            ),
            (
                r#"{"tension_l1": 1, "timestamp": "2026-05-04T09:44:22Z"}"#,
                "timestamp",
                "more than 5 min ahead of the server's clock, 2026-05-04T09:39:21Z",
            ),
            ("3", "", "expected an object, got a number"),
            ("{}", "", "the object has no field of a measurement"),
        ];
        assert_refused(&cases);
    }

    #[test]
    fn what_is_no_json_is_a_bad_request() {
        for body in [
            "",
            "{",
            r#"{"tension_l1": NaN}"#,
            r#"{"tension_l1": 01}"#,
            "[1,]",
            "{} {}",
            "\u{feff}{}",
        ] {
            assert_eq!(read(body).expect_err(body).status(), 400, "{body}");
        }
        let intake =
            Intake { list: ListId::new("http"), now: now(), only_meter: None, find_meter: &meter };
        let problem = telegrams(b"{\"tension_l1\": \"\xff\"}", &intake).expect_err("no UTF-8");
        assert_eq!(problem.status(), 400);
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(read(&deep).expect_err("nested").status(), 422);
    }

    #[test]
    fn several_meters_must_be_named() {
        let intake =
            Intake { list: ListId::new("http"), now: now(), only_meter: None, find_meter: &meter };
        let rows = telegrams(br#"{"tension_l1": 1, "compteur_id": "machine"}"#, &intake);
        assert_eq!(rows.expect("named")[0].meter.as_str(), "machine");
        for body in [r#"{"tension_l1": 1}"#, r#"{"tension_l1": 1, "compteur_id": null}"#] {
            let problem = telegrams(body.as_bytes(), &intake).expect_err("not named");
            assert_eq!(problem.errors()[0].field, "compteur_id");
        }
    }

    #[test]
    fn counts_rows_and_complaints() {
        let many = format!("[{}1]", "1,".repeat(ROWS_MAX));
        assert_eq!(read(&many).expect_err("too many").status(), 413);
        let wrong = format!("[{}1]", "1,".repeat(ROWS_MAX - 1));
        assert_eq!(read(&wrong).expect_err("all wrong").errors().len(), ERRORS_MAX);
    }
}
