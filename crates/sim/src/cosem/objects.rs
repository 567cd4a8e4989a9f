//! The meter's objects and what their attributes hold.
//!
//! # Source
//! IEC 62056-6-2 (Blue Book 4.3, 4.4, 4.5): classes 1, 3, 4, 5, 7, 8, 15.

use super::meter::{CosemMeter, Snapshot};
use super::profile::{CAPTURE_SECONDS, Captured, ENTRIES_MAX};
use crate::local::meter_time;
use frame::dlms::{AccessResult, Attribute, Data, Selection, date_time};
use reading::{Obis, Timestamp, Unit};

const DATA: u16 = 1;
const REGISTER: u16 = 3;
const EXTENDED_REGISTER: u16 = 4;
const DEMAND_REGISTER: u16 = 5;
const PROFILE: u16 = 7;
const CLOCK: u16 = 8;
const ASSOCIATION: u16 = 15;
/// Mode "read only" of an attribute.
const READ_ONLY: u8 = 1;

/// An object: class, version, value groups A to E, how many attributes it has, and whether a
/// client that proved nothing sees it.
struct Object {
    class: u16,
    version: u8,
    code: [u8; 5],
    attributes: i8,
    public: bool,
}

const fn object(class: u16, version: u8, code: [u8; 5], attributes: i8) -> Object {
    Object { class, version, code, attributes, public: false }
}

const fn public(class: u16, version: u8, code: [u8; 5], attributes: i8) -> Object {
    Object { class, version, code, attributes, public: true }
}

static OBJECTS: &[Object] = &[
    public(ASSOCIATION, 1, [0, 0, 40, 0, 0], 9),
    public(CLOCK, 0, [0, 0, 1, 0, 0], 9),
    public(DATA, 0, [0, 0, 42, 0, 0], 2),
    object(DATA, 0, [0, 0, 96, 1, 0], 2),
    object(DATA, 0, [0, 0, 96, 1, 1], 2),
    object(DATA, 0, [0, 0, 96, 10, 1], 2),
    object(REGISTER, 0, [1, 0, 1, 8, 0], 3),
    object(REGISTER, 0, [1, 0, 1, 8, 1], 3),
    object(REGISTER, 0, [1, 0, 1, 8, 2], 3),
    object(REGISTER, 0, [1, 0, 2, 8, 0], 3),
    object(REGISTER, 0, [1, 0, 3, 8, 0], 3),
    object(REGISTER, 0, [1, 0, 4, 8, 0], 3),
    object(REGISTER, 0, [1, 0, 5, 8, 0], 3),
    object(REGISTER, 0, [1, 0, 6, 8, 0], 3),
    object(REGISTER, 0, [1, 0, 7, 8, 0], 3),
    object(REGISTER, 0, [1, 0, 8, 8, 0], 3),
    object(REGISTER, 0, [1, 0, 1, 7, 0], 3),
    object(REGISTER, 0, [1, 0, 2, 7, 0], 3),
    object(REGISTER, 0, [1, 0, 3, 7, 0], 3),
    object(REGISTER, 0, [1, 0, 4, 7, 0], 3),
    object(REGISTER, 0, [1, 0, 31, 7, 0], 3),
    object(REGISTER, 0, [1, 0, 51, 7, 0], 3),
    object(REGISTER, 0, [1, 0, 71, 7, 0], 3),
    object(REGISTER, 0, [1, 0, 32, 7, 0], 3),
    object(REGISTER, 0, [1, 0, 52, 7, 0], 3),
    object(REGISTER, 0, [1, 0, 72, 7, 0], 3),
    object(REGISTER, 0, [1, 0, 13, 7, 0], 3),
    object(DEMAND_REGISTER, 0, [1, 0, 1, 4, 0], 9),
    object(EXTENDED_REGISTER, 0, [1, 0, 1, 6, 0], 5),
    object(PROFILE, 1, [1, 0, 99, 1, 0], 8),
];

/// What the profile captures: clock, status, energies.
const CAPTURED: [(u16, [u8; 5]); 6] = [
    (CLOCK, [0, 0, 1, 0, 0]),
    (DATA, [0, 0, 96, 10, 1]),
    (REGISTER, [1, 0, 1, 8, 0]),
    (REGISTER, [1, 0, 2, 8, 0]),
    (REGISTER, [1, 0, 3, 8, 0]),
    (REGISTER, [1, 0, 4, 8, 0]),
];

/// What a client may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// What identifies the meter.
    Identity,
    Everything,
}

/// An attribute as this client sees it.
pub(super) fn attribute(
    meter: &CosemMeter,
    (snapshot, sight): (&Snapshot, Sight),
    asked: Attribute,
    selection: Option<&Selection>,
) -> Result<Data, AccessResult> {
    let [a, b, c, d, e, f] = asked.name.bytes();
    let code = [a, b, c, d, e];
    let known = OBJECTS.iter().find(|it| it.code == code && f == u8::MAX);
    let known = known.filter(|it| it.class == asked.class).ok_or(AccessResult::OBJECT_UNDEFINED)?;
    if !known.public && sight == Sight::Identity {
        return Err(AccessResult::READ_WRITE_DENIED);
    }
    if !(1..=known.attributes).contains(&asked.index) {
        return Err(AccessResult::OBJECT_UNDEFINED);
    }
    if selection.is_some() && (asked.class, asked.index) != (PROFILE, 2) {
        return Err(AccessResult::SCOPE_OF_ACCESS_VIOLATED);
    }
    if asked.index == 1 {
        return Ok(Data::OctetString(asked.name.bytes().to_vec()));
    }
    match (asked.class, asked.index) {
        (ASSOCIATION, index) => association(index, sight),
        (CLOCK, index) => clock(meter, snapshot.state.at, index),
        (DATA, _) => Ok(data(meter, code)),
        (REGISTER, 2) => register(snapshot, code).map(|(value, ..)| value),
        (REGISTER, _) => {
            register(snapshot, code).map(|(_, scaler, unit)| scaler_unit(scaler, unit))
        }
        (EXTENDED_REGISTER, index) => extended(meter, snapshot, index),
        (DEMAND_REGISTER, index) => demand(meter, snapshot, index),
        (_, index) => profile(meter, index, selection),
    }
}

fn scaler_unit(scaler: i8, unit: Unit) -> Data {
    Data::Structure(vec![Data::Integer(scaler), Data::Enum(unit.to_cosem())])
}

fn association(index: i8, sight: Sight) -> Result<Data, AccessResult> {
    let oid = |last: [u8; 2]| {
        let mut bytes = vec![0x60, 0x85, 0x74, 0x05, 0x08];
        bytes.extend(last);
        Data::OctetString(bytes)
    };
    Ok(match index {
        2 => Data::Array(
            OBJECTS
                .iter()
                .filter(|it| it.public || sight == Sight::Everything)
                .map(listed)
                .collect(),
        ),
        3 => Data::Structure(vec![Data::Integer(16), Data::LongUnsigned(1)]),
        4 => oid([1, 1]),
        6 => oid([2, 0]),
        8 => Data::Enum(2),
        _ => return Err(AccessResult::READ_WRITE_DENIED),
    })
}

fn listed(object: &Object) -> Data {
    let [a, b, c, d, e] = object.code;
    let access = |index: i8| {
        Data::Structure(vec![Data::Integer(index), Data::Enum(READ_ONLY), selectors(object, index)])
    };
    Data::Structure(vec![
        Data::LongUnsigned(object.class),
        Data::Unsigned(object.version),
        Data::OctetString(vec![a, b, c, d, e, u8::MAX]),
        Data::Structure(vec![
            Data::Array((1..=object.attributes).map(access).collect()),
            Data::Array(Vec::new()),
        ]),
    ])
}

fn selectors(object: &Object, index: i8) -> Data {
    if (object.class, index) == (PROFILE, 2) {
        return Data::Array(vec![Data::Integer(1), Data::Integer(2)]);
    }
    Data::Null
}

fn clock(meter: &CosemMeter, at: Timestamp, index: i8) -> Result<Data, AccessResult> {
    let (_, summer) = meter_time(at, &meter.zone);
    let status = if summer { 0x80 } else { 0 };
    Ok(match index {
        2 => Data::OctetString(shown(meter, at).to_vec()),
        3 => Data::Long(-60),
        4 => Data::Unsigned(status),
        7 => Data::Integer(60),
        8 => Data::Boolean(true),
        9 => Data::Enum(1),
        _ => return Err(AccessResult::READ_WRITE_DENIED),
    })
}

/// The clock's twelve bytes: its deviation stands in them, unlike in what the meter pushes.
fn shown(meter: &CosemMeter, at: Timestamp) -> [u8; 12] {
    let (mut time, summer) = meter_time(at, &meter.zone);
    let wall = time.as_if_utc().map_or(0, Timestamp::as_micros);
    let minutes = (at.as_micros() - wall).div_euclid(60_000_000);
    time.deviation = i16::try_from(minutes).ok();
    time.hundredths = Some(0);
    time.status = Some(if summer { 0x80 } else { 0 });
    date_time::encode(&time)
}

fn data(meter: &CosemMeter, code: [u8; 5]) -> Data {
    match code {
        [0, 0, 42, 0, 0] => Data::OctetString(meter.serial.clone().into_bytes()),
        [0, 0, 96, 10, 1] => Data::Unsigned(0),
        _ => Data::OctetString(meter.number.clone().into_bytes()),
    }
}

/// Value, scaler and unit.
fn register(snapshot: &Snapshot, code: [u8; 5]) -> Result<(Data, i8, Unit), AccessResult> {
    let state = &snapshot.state;
    let [.., c, d, e] = code;
    if d == 8 {
        return energy(snapshot, c, e);
    }
    let total = state.total();
    let phase = |c: u8, first: u8| state.phases.get(usize::from(c.saturating_sub(first) / 20));
    let missing = AccessResult::OBJECT_UNDEFINED;
    Ok(match c {
        1 => (wide(total.active_w.max(0.0)), 0, Unit::Watt),
        2 => (wide((-total.active_w).max(0.0)), 0, Unit::Watt),
        3 => (wide(total.reactive_var.max(0.0)), 0, Unit::Var),
        4 => (wide((-total.reactive_var).max(0.0)), 0, Unit::Var),
        13 => (narrow(state.power_factor().unwrap_or(1.0) * 1000.0), -3, Unit::One),
        31 | 51 | 71 => (narrow(phase(c, 31).ok_or(missing)?.current_a * 100.0), -2, Unit::Ampere),
        32 | 52 | 72 => (narrow(phase(c, 32).ok_or(missing)?.voltage_v * 10.0), -1, Unit::Volt),
        _ => return Err(missing),
    })
}

fn energy(snapshot: &Snapshot, c: u8, e: u8) -> Result<(Data, i8, Unit), AccessResult> {
    let counters = &snapshot.state.counters;
    let [day, night] = counters.import_by_rate_wh();
    let quadrant = |index: usize| counters.quadrants_varh()[index];
    let (value, unit) = match (c, e) {
        (1, 0) => (counters.import_wh(), Unit::WattHour),
        (1, 1) => (day, Unit::WattHour),
        (1, 2) => (night, Unit::WattHour),
        (2, 0) => (counters.export_wh(), Unit::WattHour),
        (3, 0) => (counters.reactive_import_varh(), Unit::VarHour),
        (4, 0) => (counters.reactive_export_varh(), Unit::VarHour),
        (5..=8, 0) => (quadrant(usize::from(c) - 5), Unit::VarHour),
        _ => return Err(AccessResult::OBJECT_UNDEFINED),
    };
    Ok((low(value), 0, unit))
}

fn extended(meter: &CosemMeter, snapshot: &Snapshot, index: i8) -> Result<Data, AccessResult> {
    let (mean, at) = snapshot.peak;
    Ok(match index {
        2 => low(mean),
        3 => scaler_unit(0, Unit::Watt),
        4 => Data::Null,
        _ => Data::OctetString(shown(meter, at).to_vec()),
    })
}

fn demand(meter: &CosemMeter, snapshot: &Snapshot, index: i8) -> Result<Data, AccessResult> {
    let [running, last] = snapshot.demand;
    let begun = meter.profile.last().unwrap_or(snapshot.state.at);
    Ok(match index {
        2 => low(running),
        3 => low(last),
        4 => scaler_unit(0, Unit::Watt),
        5 => Data::Null,
        6 | 7 => Data::OctetString(shown(meter, begun).to_vec()),
        8 => low(CAPTURE_SECONDS),
        _ => Data::LongUnsigned(1),
    })
}

fn profile(
    meter: &CosemMeter,
    index: i8,
    selection: Option<&Selection>,
) -> Result<Data, AccessResult> {
    Ok(match index {
        2 => buffer(meter, selection)?,
        3 => Data::Array(CAPTURED.iter().map(captured).collect()),
        4 => low(CAPTURE_SECONDS),
        5 => Data::Enum(1),
        6 => captured(&CAPTURED[0]),
        7 => Data::DoubleLongUnsigned(meter.profile.len()),
        _ => low(ENTRIES_MAX as u64),
    })
}

fn captured((class, code): &(u16, [u8; 5])) -> Data {
    let [a, b, c, d, e] = *code;
    Data::Structure(vec![
        Data::LongUnsigned(*class),
        Data::OctetString(vec![a, b, c, d, e, u8::MAX]),
        Data::Integer(2),
        Data::LongUnsigned(0),
    ])
}

fn buffer(meter: &CosemMeter, selection: Option<&Selection>) -> Result<Data, AccessResult> {
    let rows = || meter.profile.rows();
    let row = |row: &Captured| captured_row(meter, row);
    let chosen: Vec<Data> = match selection {
        None => rows().map(row).collect(),
        Some(Selection::Range { by, from, to }) => {
            let clock = Attribute::new(CLOCK, Obis::new(0, 0, [1, 0, 0], 255), 2);
            let instant = |bytes| instant_of(meter, bytes).ok_or(AccessResult::OTHER_REASON);
            let (from, to) = (instant(from)?, instant(to)?);
            if *by != clock {
                return Err(AccessResult::SCOPE_OF_ACCESS_VIOLATED);
            }
            rows().filter(|row| (from..=to).contains(&row.at)).map(row).collect()
        }
        Some(Selection::Entries { from, to }) => {
            let last = if *to == 0 { meter.profile.len() } else { *to };
            if *from == 0 || *from > last {
                return Err(AccessResult::SCOPE_OF_ACCESS_VIOLATED);
            }
            let count = usize::try_from(last - from + 1).unwrap_or(0);
            let first = usize::try_from(from - 1).unwrap_or(usize::MAX);
            rows().skip(first).take(count).map(row).collect()
        }
    };
    Ok(Data::Array(chosen))
}

fn captured_row(meter: &CosemMeter, row: &Captured) -> Data {
    let counters = &row.counters;
    Data::Structure(vec![
        Data::OctetString(shown(meter, row.at).to_vec()),
        Data::Unsigned(0),
        low(counters.import_wh()),
        low(counters.export_wh()),
        low(counters.reactive_import_varh()),
        low(counters.reactive_export_varh()),
    ])
}

/// The instant of a client's date-time; without deviation it is the wall time of the meter's zone.
fn instant_of(meter: &CosemMeter, bytes: &[u8; 12]) -> Option<Timestamp> {
    let time = date_time::decode(bytes).ok()?;
    if let Some(instant) = time.to_utc() {
        return Some(instant);
    }
    let wall = time.as_if_utc()?;
    let local = jiff::Timestamp::from_microsecond(wall.as_micros()).ok()?;
    let local = jiff::tz::TimeZone::UTC.to_datetime(local);
    let zoned = meter.zone.to_ambiguous_timestamp(local).compatible().ok()?;
    Some(Timestamp::from_micros(zoned.as_microsecond()))
}

/// A register of 32 bits rolls over.
fn low(value: u64) -> Data {
    Data::DoubleLongUnsigned(u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn wide(value: f64) -> Data {
    // `as` holds the value within the register.
    Data::DoubleLongUnsigned(value.round() as u32)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn narrow(value: f64) -> Data {
    Data::LongUnsigned(value.round() as u16)
}
