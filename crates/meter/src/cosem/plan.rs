//! What one reading asks for, in which order, and what becomes of the answers.
//!
//! First contact: the object list. Then scalers that are not known yet, the values, and of each
//! load profile the rows since the last one. What the meter refuses is noted with its reason and
//! costs nothing else.

use super::knowledge::{Access, Knowledge, PROFILE_ROWS_MAX, Window};
use super::objects::{self, CLASS_CLOCK, CLASS_PROFILE, CLOCK, OBJECT_LIST, Target};
use super::options::CosemOptions;
use super::profile::{self, Reader, Row};
use super::question::Given;
use super::register;
use crate::push::defect::{Defect, DefectCode};
use frame::dlms::axdr::Node;
use frame::dlms::get::Reference;
use frame::dlms::{AccessResult, Attribute, Selection, date_time};
use jiff::tz::TimeZone;
use reading::{Obis, Reading, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

/// Most attributes of one list.
pub(super) const LIST_MAX: usize = 20;
/// A profile that cannot be asked for a part is read whole up to so many rows.
const WHOLE_ROWS_MAX: u32 = 2_000;
/// A row may be ahead of our clock by so much.
const AHEAD_MAX: Duration = Duration::from_secs(600);
const CAPTURE_OBJECTS: i8 = 3;
const CAPTURE_PERIOD: i8 = 4;
const SORT_METHOD: i8 = 5;
const ENTRIES_IN_USE: i8 = 7;
const BUFFER: i8 = 2;
/// Sort method "last in, first out".
const LIFO: i64 = 2;

/// What surrounds a plan.
pub(super) struct Circumstances<'a> {
    pub(super) options: &'a CosemOptions,
    pub(super) zone: &'a TimeZone,
    pub(super) now: Timestamp,
    /// How far a profile was read before.
    pub(super) done_to: &'a dyn Fn(Obis) -> Option<Timestamp>,
}

/// What a reading has brought so far.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) readings: Vec<Reading>,
    pub(super) defects: Vec<Defect>,
    pub(super) clock: Option<[u8; date_time::LENGTH]>,
    pub(super) rows: Vec<(Obis, Vec<Row>)>,
}

impl Collected {
    fn refused(&mut self, attribute: Attribute, result: AccessResult) {
        let detail = format!("{attribute}: {result}");
        self.defects.push(Defect::new(DefectCode::AccessRefused, 0, detail));
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Asked {
    Objects,
    Scalers(Vec<Attribute>),
    /// `None` stands for the clock.
    Values(Vec<Option<Target>>),
    Frame(usize),
    InUse(usize, Window),
    Rows(usize, Window),
}

/// One reading.
#[derive(Debug, Default)]
pub(super) struct Plan {
    asked: Option<Asked>,
    /// How many values were asked for.
    values: usize,
    clock_asked: bool,
    /// The profile whose turn it is.
    profile: usize,
    /// Scalers asked for in this reading: once is enough.
    scalers: BTreeSet<Attribute>,
    /// What the meter's clock states of its zone.
    deviation: Option<i16>,
    /// Whether the meter gives parts of an attribute at all.
    selects: bool,
}

impl Plan {
    /// A reading of a meter that gives parts of an attribute, or does not.
    pub(super) fn new(selects: bool) -> Self {
        Self { selects, ..Self::default() }
    }

    /// What to ask next, at most [`LIST_MAX`] attributes; `None` when the reading is complete.
    pub(super) fn next(
        &mut self,
        known: &Knowledge,
        around: &Circumstances<'_>,
    ) -> Option<Vec<Reference>> {
        let Some(targets) = &known.targets else {
            return Some(self.ask(Asked::Objects, vec![whole(OBJECT_LIST)]));
        };
        if let Some(missing) = self.missing(targets.iter().filter_map(Target::scaler), known) {
            return Some(self.ask_scalers(missing));
        }
        let mut batch = Vec::new();
        if known.clock && !std::mem::replace(&mut self.clock_asked, true) {
            batch.push(None);
        }
        while let Some(target) = targets.get(self.values)
            && batch.len() < LIST_MAX
        {
            self.values += 1;
            if !known.refused.contains(&target.attribute) {
                batch.push(Some(*target));
            }
        }
        if batch.is_empty() {
            return self.next_of_profiles(known, around);
        }
        let references = batch.iter().map(|target| whole(attribute_of(*target))).collect();
        Some(self.ask(Asked::Values(batch), references))
    }

    fn next_of_profiles(
        &mut self,
        known: &Knowledge,
        around: &Circumstances<'_>,
    ) -> Option<Vec<Reference>> {
        loop {
            let place = self.profile;
            let profile = known.profiles.get(place)?;
            let name = profile.name;
            let attribute = |index| Attribute::new(CLASS_PROFILE, name, index);
            let Some(window) = profile.due(around.now, around.options.backfill) else {
                self.profile += 1;
                continue;
            };
            let Some(columns) = &profile.columns else {
                let attributes = [CAPTURE_OBJECTS, CAPTURE_PERIOD, SORT_METHOD].map(attribute);
                return Some(self.ask(Asked::Frame(place), attributes.map(whole).to_vec()));
            };
            let scalers = columns.iter().filter_map(|column| column.scaler());
            if let Some(missing) = self.missing(scalers, known) {
                return Some(self.ask_scalers(missing));
            }
            let mut scalers = columns.iter().filter_map(|column| column.scaler());
            if scalers.any(|at| !known.scalers.contains_key(&at)) {
                // Not given this time. Rows are read once, so they wait until it is.
                self.profile += 1;
                continue;
            }
            let selection = match self.access(profile.access) {
                Access::Range => Some(self.range(&window, around)?),
                _ if profile.entries_in_use.is_none() => {
                    let reference = vec![whole(attribute(ENTRIES_IN_USE))];
                    return Some(self.ask(Asked::InUse(place, window), reference));
                }
                Access::Entries => {
                    let span = around.now.since(window.after).as_secs();
                    let period = profile.period.map_or(1, |period| period.as_secs().max(1));
                    let count = u32::try_from(span / period + 1).unwrap_or(u32::MAX);
                    let (from, to) = profile.newest(count.min(PROFILE_ROWS_MAX))?;
                    Some(Selection::Entries { from, to })
                }
                Access::Whole | Access::Refused => None,
            };
            let reference = Reference { attribute: attribute(BUFFER), selection };
            return Some(self.ask(Asked::Rows(place, window), vec![reference]));
        }
    }

    const fn access(&self, access: Access) -> Access {
        if self.selects { access } else { Access::Whole }
    }

    /// The rows of a window, by their times as the meter's clock showed them.
    fn range(&self, window: &Window, around: &Circumstances<'_>) -> Option<Selection> {
        let shown = |at| profile::shown(at, self.deviation, around.zone);
        let from = shown(window.after.plus(Duration::from_secs(1)))?;
        let to = shown(window.to)?;
        Some(Selection::Range { by: Attribute::new(CLASS_CLOCK, CLOCK, 2), from, to })
    }

    fn ask(&mut self, asked: Asked, references: Vec<Reference>) -> Vec<Reference> {
        self.asked = Some(asked);
        references
    }

    fn ask_scalers(&mut self, missing: Vec<Attribute>) -> Vec<Reference> {
        self.scalers.extend(missing.iter().copied());
        let references = missing.iter().map(|attribute| whole(*attribute)).collect();
        self.ask(Asked::Scalers(missing), references)
    }

    /// Scalers that are not known and were not asked for yet.
    fn missing(
        &self,
        scalers: impl Iterator<Item = Attribute>,
        known: &Knowledge,
    ) -> Option<Vec<Attribute>> {
        let missing: Vec<Attribute> = scalers
            .filter(|at| !known.scalers.contains_key(at) && !self.scalers.contains(at))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .take(LIST_MAX)
            .collect();
        (!missing.is_empty()).then_some(missing)
    }

    /// Takes the answers to what was asked last, one for each reference.
    pub(super) fn take(
        &mut self,
        given: Vec<Given>,
        (known, collected): (&mut Knowledge, &mut Collected),
        (around, nodes): (&Circumstances<'_>, &mut Vec<Node>),
    ) {
        match self.asked.take() {
            None => {}
            Some(Asked::Objects) => {
                let list = given.into_iter().next().unwrap_or(Err(AccessResult::OTHER_REASON));
                let objects = match list {
                    Ok(bytes) => objects::decode(&bytes, nodes),
                    Err(result) => {
                        collected.refused(OBJECT_LIST, result);
                        None
                    }
                };
                let objects = objects.unwrap_or_else(|| objects::assumed(around.options));
                known.take_objects(&objects, around.options, around.done_to);
                for absent in known.absent(around.options) {
                    let detail = format!("{absent}: the meter has no such object for this client");
                    collected.defects.push(Defect::new(DefectCode::AccessRefused, 0, detail));
                }
            }
            Some(Asked::Scalers(attributes)) => {
                take_scalers(attributes, given, known, nodes);
            }
            Some(Asked::Values(batch)) => {
                for (target, given) in batch.into_iter().zip(given) {
                    take_value(target, given, (known, collected), nodes);
                }
                let clock = collected.clock.and_then(|bytes| date_time::decode(&bytes).ok());
                self.deviation = clock.and_then(|time| time.deviation);
            }
            Some(Asked::Frame(place)) => take_frame(place, given, (known, collected), nodes),
            Some(Asked::InUse(place, window)) => {
                let Some(profile) = known.profiles.get_mut(place) else { return };
                let number = given.into_iter().next().and_then(Result::ok);
                let number = number.and_then(|bytes| profile::whole_number(&bytes, nodes));
                let number = number.and_then(|it| u32::try_from(it).ok());
                profile.entries_in_use = number.filter(|count| *count > 0);
                let whole = self.access(profile.access) == Access::Whole;
                match number {
                    Some(0) => {
                        let window = Window { reaches_now: true, ..window };
                        profile.done(&window, None, around.now);
                        self.profile += 1;
                    }
                    Some(count) if !whole || count <= WHOLE_ROWS_MAX => {}
                    _ => {
                        let name = profile.name;
                        let detail = format!(
                            "{name}: the meter gives no part of it, and it is too long to be read whole"
                        );
                        collected.defects.push(Defect::new(DefectCode::AccessRefused, 0, detail));
                        profile.access = Access::Refused;
                        self.profile += 1;
                    }
                }
            }
            Some(Asked::Rows(place, window)) => {
                let rows = given.into_iter().next().unwrap_or(Err(AccessResult::OTHER_REASON));
                let taken = take_rows((place, window), rows, (known, collected), (around, nodes));
                if taken {
                    self.profile += 1;
                }
            }
        }
    }
}

const fn whole(attribute: Attribute) -> Reference {
    Reference { attribute, selection: None }
}

const fn attribute_of(target: Option<Target>) -> Attribute {
    match target {
        None => Attribute::new(CLASS_CLOCK, CLOCK, 2),
        Some(target) => target.attribute,
    }
}

fn take_scalers(
    attributes: Vec<Attribute>,
    given: Vec<Given>,
    known: &mut Knowledge,
    nodes: &mut Vec<Node>,
) {
    for (attribute, given) in attributes.into_iter().zip(given) {
        match given {
            Ok(bytes) => {
                known.scalers.insert(attribute, register::scaler_unit(&bytes, nodes));
            }
            // Where the object is missing altogether, its value will tell.
            Err(result) if known.refuse(attribute, result) => {
                known.scalers.insert(attribute, None);
            }
            Err(_) => {}
        }
    }
}

fn take_value(
    target: Option<Target>,
    given: Given,
    (known, collected): (&mut Knowledge, &mut Collected),
    nodes: &mut Vec<Node>,
) {
    let attribute = attribute_of(target);
    let bytes = match given {
        Ok(bytes) => bytes,
        Err(result) => {
            collected.refused(attribute, result);
            if known.refuse(attribute, result) && target.is_none() {
                known.clock = false;
            }
            return;
        }
    };
    let Some(target) = target else {
        // An octet string of twelve bytes, or a date-time: the last twelve bytes either way.
        collected.clock = bytes.last_chunk().copied().filter(|_| bytes.len() <= 14);
        return;
    };
    let scaler = target.scaler().and_then(|at| known.scalers.get(&at).copied().flatten());
    match register::value(&bytes, (target.obis, attribute.class), scaler, nodes) {
        Ok(None) => {}
        Ok(Some((reading, remark))) => {
            collected.defects.extend(remark);
            collected.readings.push(reading);
        }
        Err(defect) => collected.defects.push(defect),
    }
}

fn take_frame(
    place: usize,
    given: Vec<Given>,
    (known, collected): (&mut Knowledge, &mut Collected),
    nodes: &mut Vec<Node>,
) {
    let Some(profile) = known.profiles.get_mut(place) else { return };
    let mut given = given.into_iter();
    let columns = given.next().unwrap_or(Err(AccessResult::OTHER_REASON));
    let mut number = || {
        let bytes = given.next().and_then(Result::ok)?;
        profile::whole_number(&bytes, nodes)
    };
    let period = number().and_then(|seconds| u64::try_from(seconds).ok());
    profile.period = period.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    profile.newest_first = number() == Some(LIFO);
    let attribute = Attribute::new(CLASS_PROFILE, profile.name, CAPTURE_OBJECTS);
    match columns {
        Ok(bytes) => match profile::columns(&bytes, nodes) {
            Some(columns) => profile.columns = Some(columns),
            None => {
                let detail = format!("{attribute}: no captured objects with a clock");
                collected.defects.push(Defect::new(DefectCode::ValueUnreadable, 0, detail));
                profile.access = Access::Refused;
            }
        },
        Err(result) => {
            profile.access = Access::Refused;
            collected.refused(attribute, result);
        }
    }
}

/// Whether the profile's turn is over.
fn take_rows(
    (place, window): (usize, Window),
    given: Given,
    (known, collected): (&mut Knowledge, &mut Collected),
    (around, nodes): (&Circumstances<'_>, &mut Vec<Node>),
) -> bool {
    let Some(profile) = known.profiles.get_mut(place) else { return true };
    let attribute = Attribute::new(CLASS_PROFILE, profile.name, BUFFER);
    let bytes = match given {
        Ok(bytes) => bytes,
        Err(AccessResult::TEMPORARY_FAILURE) => {
            collected.refused(attribute, AccessResult::TEMPORARY_FAILURE);
            return true;
        }
        Err(result) => {
            profile.access = match profile.access {
                Access::Range => Access::Entries,
                Access::Entries => Access::Whole,
                Access::Whole | Access::Refused => Access::Refused,
            };
            let over = profile.access == Access::Refused;
            if over {
                collected.refused(attribute, result);
            }
            return over;
        }
    };
    let columns = profile.columns.clone().unwrap_or_default();
    let reader = Reader {
        name: profile.name,
        columns: &columns,
        scalers: &known.scalers,
        period: profile.period,
        zone: Some(around.zone),
    };
    let mut rows = match reader.rows(&bytes, (nodes, &mut collected.defects)) {
        Ok(rows) => rows,
        Err(detail) => {
            collected.defects.push(Defect::new(DefectCode::AxdrInvalid, 0, detail));
            return true;
        }
    };
    // The number of entries in use grows: it is asked for again next time.
    profile.entries_in_use = None;
    let limit = around.now.plus(AHEAD_MAX);
    rows.retain(|row| row.at > window.after && row.at <= limit);
    rows.sort_by_key(|row| row.at);
    let whole = profile.access != Access::Range;
    let window = Window { reaches_now: window.reaches_now || whole, ..window };
    profile.done(&window, rows.last().map(|row| row.at), around.now);
    if !rows.is_empty() {
        collected.rows.push((profile.name, rows));
    }
    true
}
