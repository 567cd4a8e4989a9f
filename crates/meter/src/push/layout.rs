//! How a notification body arranges its values, and which object each belongs to.
//!
//! In: decoded A-XDR. Out: entries of (OBIS, element, scaler). The body says itself which object a
//! value belongs to, or it is one of the documented lists without OBIS ([`super::positional`]).
//! Everything else is refused: a value under the wrong name is worse than none.

use super::positional::{self, Circumstances};
use frame::dlms::axdr::{Item, tag};
use reading::Obis;

/// Push setup: the list of objects itself.
const CLASS_PUSH_SETUP: u16 = 40;
pub(crate) const CLOCK: Obis = Obis::new(0, 0, [1, 0, 0], 255);
pub(crate) const LIST_VERSION: Obis = Obis::new(1, 1, [0, 2, 129], 255);
pub(crate) const DEVICE_ID: Obis = Obis::new(0, 0, [96, 1, 0], 255);

/// 1-1:0.2.129 of the Norwegian lists; others send it on channel 0.
pub(crate) const fn is_list_version(obis: Obis) -> bool {
    obis.medium() == 1 && obis.channel() <= 1 && matches!(obis.cde(), [0, 2, 129])
}

/// One value of a telegram, before scaling.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) obis: Obis,
    pub(crate) item: Item<'a>,
    /// Scaler and COSEM unit, where the wire carries them.
    pub(crate) scaler_unit: Option<(i8, u8)>,
    /// The element is the object's value, not another of its attributes.
    pub(crate) is_value: bool,
    /// A register of class 3, 4 or 5, or one of which the class was not sent.
    pub(crate) is_register: bool,
    /// An octet string that holds a number, high byte first.
    pub(crate) is_number_in_octets: bool,
}

impl<'a> Entry<'a> {
    pub(crate) const fn new(obis: Obis, item: Item<'a>) -> Self {
        Self {
            obis,
            item,
            scaler_unit: None,
            is_value: true,
            is_register: true,
            is_number_in_octets: false,
        }
    }
}

/// What a list is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListName {
    /// By its push setup object.
    Setup(Obis),
    /// By what it contains.
    Objects { count: usize, hash: u32 },
    /// By the document that describes it.
    Documented(&'static str),
}

impl std::fmt::Display for ListName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Setup(obis) => write!(f, "{obis}"),
            Self::Objects { count, hash } => write!(f, "list-{count}-{hash:08x}"),
            Self::Documented(name) => f.write_str(name),
        }
    }
}

/// A recognised arrangement.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) name: ListName,
    /// For the explanation.
    pub(crate) kind: &'static str,
    pub(crate) entries: Vec<Entry<'a>>,
    /// How many values the list announces; fewer entries mean that the data end early.
    pub(crate) complete: bool,
    /// The maker whose meters send it, where that is documented.
    pub(crate) maker: Option<&'static str>,
}

/// The arrangement of a body; `None` when it is not known.
pub(crate) fn recognise<'a>(
    root: &Item<'a>,
    circumstances: &Circumstances<'_>,
) -> Option<Layout<'a>> {
    push_object_list(root)
        .or_else(|| positional::recognise(root, circumstances))
        .or_else(|| pairs(root))
        .or_else(|| descriptors(root))
}

/// First element: the objects as {class, logical name, attribute, index}; value k belongs to
/// object k. The list may be the value of its own object, or stand before the values.
fn push_object_list<'a>(root: &Item<'a>) -> Option<Layout<'a>> {
    let (position, list) =
        root.children().take(4).enumerate().find(|(_, item)| is_object_list(item))?;
    let mut values = root.children();
    let inside = root.count() == list.count();
    if !inside {
        if position != 0 || root.count() != list.count() + 1 {
            return None;
        }
        values.next();
    }
    let mut entries = Vec::with_capacity(list.count().min(1024));
    let mut setup = None;
    let mut scalers = false;
    let mut complete = true;
    for (index, object) in list.children().enumerate() {
        let object = Object::of(&object)?;
        let Some(item) = values.next() else {
            complete = false;
            break;
        };
        if object.class == CLASS_PUSH_SETUP {
            setup.get_or_insert(object.obis);
        }
        if inside && index == position {
            if (object.class, object.attribute) != (CLASS_PUSH_SETUP, 2) {
                return None;
            }
            continue;
        }
        if let Some(entry) = object.entry(item) {
            scalers |= object.is_scaler();
            entries.push((entry, object.is_scaler()));
        }
    }
    if scalers {
        attach_scalers(&mut entries);
    }
    let entries: Vec<_> =
        entries.into_iter().filter(|(_, scaler)| !scaler).map(|(entry, _)| entry).collect();
    let name = setup.map_or_else(|| by_objects(&entries), ListName::Setup);
    Some(Layout { name, kind: "push object list", entries, complete, maker: None })
}

fn is_object_list(item: &Item<'_>) -> bool {
    item.is_container() && item.children().next().is_some_and(|first| Object::of(&first).is_some())
}

struct Object {
    class: u16,
    obis: Obis,
    attribute: i64,
}

impl Object {
    /// {class, logical name, attribute, data index}, in newer lists with restrictions behind.
    fn of(item: &Item<'_>) -> Option<Self> {
        if item.tag() != tag::STRUCTURE || item.count() < 3 {
            return None;
        }
        let mut elements = item.children();
        let (class, name, attribute) = (elements.next()?, elements.next()?, elements.next()?);
        let is_attribute = matches!(attribute.tag(), tag::INTEGER | tag::UNSIGNED);
        if class.tag() != tag::LONG_UNSIGNED || !is_attribute {
            return None;
        }
        let name: [u8; 6] = name.content().try_into().ok()?;
        Some(Self {
            class: u16::try_from(class.integer()?).ok()?,
            obis: Obis::from_bytes(name),
            attribute: attribute.integer()?,
        })
    }

    fn is_scaler(&self) -> bool {
        matches!((self.class, self.attribute), (3 | 4, 3) | (5, 4))
    }

    /// `None` for elements that hold nothing to show: the list itself elsewhere, absent data.
    fn entry<'a>(&self, item: Item<'a>) -> Option<Entry<'a>> {
        if (self.class, self.attribute) == (CLASS_PUSH_SETUP, 2) {
            return None;
        }
        let whole = self.whole_object(&item);
        let is_value = whole.is_some() || self.attribute == self.value_attribute();
        let (item, scaler_unit) =
            whole.or_else(|| value_beside_scaler(&item)).unwrap_or((item, None));
        if matches!(item.tag(), tag::NULL | tag::DONT_CARE) {
            return None;
        }
        let mut entry = Entry::new(self.obis, item);
        entry.scaler_unit = scaler_unit;
        entry.is_value = is_value && self.class != CLASS_PUSH_SETUP;
        entry.is_register = matches!(self.class, 3..=5) && entry.is_value;
        Some(entry)
    }

    const fn value_attribute(&self) -> i64 {
        match self.class {
            // Disconnect control and limiter: control state and active threshold.
            70 | 71 => 3,
            _ => 2,
        }
    }

    /// Attribute 0 stands for all attributes: {logical name, value, scaler_unit, …}.
    fn whole_object<'a>(&self, item: &Item<'a>) -> Option<Valued<'a>> {
        let named = item.children().next().and_then(|first| obis_of(&first)) == Some(self.obis);
        if self.attribute != 0 || item.tag() != tag::STRUCTURE || !named {
            return None;
        }
        let attribute = |number: usize| item.children().nth(number.checked_sub(1)?);
        let value = attribute(usize::try_from(self.value_attribute()).ok()?)?;
        let scaler = match self.class {
            3 | 4 => attribute(3),
            5 => attribute(4),
            _ => None,
        };
        Some((value, scaler.as_ref().and_then(scaler_unit)))
    }
}

/// A value and its scaler_unit, where it has one.
type Valued<'a> = (Item<'a>, Option<(i8, u8)>);

/// {value, {scaler, unit}} or {value, scaler, unit} in the place of a value.
fn value_beside_scaler<'a>(item: &Item<'a>) -> Option<Valued<'a>> {
    let (value, scaler) = if let Some([value, scaler]) = item.elements::<2>() {
        (value, scaler_unit(&scaler)?)
    } else {
        let [value, scaler, unit] = item.elements::<3>()?;
        (value, scaler_and_unit(&scaler, &unit)?)
    };
    (!value.is_container()).then_some((value, Some(scaler)))
}

/// Lists may carry attribute 3 of a register, its scaler_unit, as an object of its own.
fn attach_scalers(entries: &mut [(Entry<'_>, bool)]) {
    let scalers: Vec<_> = entries
        .iter()
        .filter(|(_, is_scaler)| *is_scaler)
        .filter_map(|(entry, _)| Some((entry.obis, scaler_unit(&entry.item)?)))
        .collect();
    for (entry, is_scaler) in entries {
        if !*is_scaler && entry.is_value {
            let known = scalers.iter().find(|(obis, _)| *obis == entry.obis);
            entry.scaler_unit = entry.scaler_unit.or(known.map(|(_, scaler)| *scaler));
        }
    }
}

/// OBIS and value in turn, or together in structures, each with or without scaler_unit. A clock
/// or a list version may lead, an identification may end the list without their OBIS.
fn pairs<'a>(root: &Item<'a>) -> Option<Layout<'a>> {
    if !root.is_container() {
        return None;
    }
    // {state, array of entries}: the array carries everything.
    if let Some([state, array]) = root.elements::<2>()
        && state.integer().is_some()
        && array.is_container()
    {
        return pairs(&array);
    }
    let mut entries = Vec::with_capacity(root.count().min(1024));
    let last = root.count().checked_sub(1)?;
    let mut items = root.children().enumerate().peekable();
    let mut named = 0_usize;
    let mut cut = false;
    while let Some((index, item)) = items.next() {
        if let Some(obis) = obis_of(&item)
            && let Some((_, value)) = items.next()
        {
            // Two codes in a row are a list of names, not a name and its value. The digits of an
            // identification may look like a code, but do not end as current values do.
            let name = obis_of(&value).is_some_and(|it| !is_identity(obis) || it.period() == 255);
            if value.is_container() || name {
                return None;
            }
            let mut entry = Entry::new(obis, value);
            if let Some((_, scaler)) = items.peek()
                && let Some(scaler) = scaler_unit(scaler)
            {
                entry.scaler_unit = Some(scaler);
                items.next();
            }
            named += 1;
            push_unless_null(&mut entries, entry);
        } else if item.tag() == tag::STRUCTURE {
            match entry_of_structure(&item) {
                Some(entry) => {
                    named += 1;
                    push_unless_null(&mut entries, entry);
                }
                // The data end inside the structure.
                None if item.children().count() < item.count() => cut = true,
                None => return None,
            }
        } else if obis_of(&item).is_some() && index != last {
            // The data end between a code and its value.
            cut = true;
        } else if matches!(item.tag(), tag::NULL | tag::DONT_CARE) {
            // The place of an object that the meter does not have.
        } else if index == 0 && is_clock_value(&item) {
            entries.push(Entry::new(CLOCK, item));
        } else if index == 0 && is_text(&item) {
            entries.push(Entry::new(LIST_VERSION, item));
        } else if index == last && is_text(&item) {
            entries.push(Entry::new(DEVICE_ID, item));
        } else {
            return None;
        }
    }
    let name = by_objects(&entries);
    let complete = !cut && root.children().count() == root.count();
    (named > 0).then_some(Layout {
        name,
        kind: "OBIS and value pairs",
        entries,
        complete,
        maker: None,
    })
}

fn push_unless_null<'a>(entries: &mut Vec<Entry<'a>>, entry: Entry<'a>) {
    if !matches!(entry.item.tag(), tag::NULL | tag::DONT_CARE) {
        entries.push(entry);
    }
}

/// {OBIS, value}, {OBIS, value, scaler_unit}, {OBIS, value, scaler, unit},
/// {class, OBIS, attribute, value} or {{class, OBIS, attribute, …}, value}.
fn entry_of_structure<'a>(item: &Item<'a>) -> Option<Entry<'a>> {
    let mut elements = item.children();
    let first = elements.next()?;
    if let Some([object, value]) = item.elements::<2>()
        && let Some(object) = Object::of(&object)
    {
        return object.entry(value).filter(|entry| !entry.item.is_container());
    }
    if let Some([_, _, _, value]) = item.elements::<4>()
        && let Some(object) = Object::of(item)
    {
        return object.entry(value).filter(|entry| !entry.item.is_container());
    }
    let obis = obis_of(&first)?;
    let value = elements.next()?;
    if value.is_container() || (obis_of(&value).is_some() && !is_identity(obis)) {
        return None;
    }
    let mut entry = Entry::new(obis, value);
    match item.count() {
        2 => {}
        3 => entry.scaler_unit = Some(scaler_unit(&elements.next()?)?),
        4 => entry.scaler_unit = Some(scaler_and_unit(&elements.next()?, &elements.next()?)?),
        _ => return None,
    }
    Some(entry)
}

/// {state, array of {attribute descriptor, value}}: descriptors without tags.
fn descriptors<'a>(root: &Item<'a>) -> Option<Layout<'a>> {
    let [_, array] = root.elements::<2>()?;
    if !array.is_container() || array.count() == 0 {
        return None;
    }
    let mut entries = Vec::with_capacity(array.count().min(1024));
    let mut setup = None;
    let mut cut = false;
    for element in array.children() {
        let mut parts = element.children();
        let (Some(descriptor), Some(item)) = (parts.next(), parts.next()) else {
            // The data end inside the pair; anything else here is no pair.
            cut = element.count() == 2;
            if cut {
                break;
            }
            return None;
        };
        if element.count() != 2 {
            return None;
        }
        let bytes: [u8; 9] = descriptor.content().try_into().ok()?;
        if descriptor.tag() != tag::ATTRIBUTE_DESCRIPTOR {
            return None;
        }
        let [c1, c2, a, b, c, d, e, f, attribute] = bytes;
        let object = Object {
            class: u16::from_be_bytes([c1, c2]),
            obis: Obis::from_bytes([a, b, c, d, e, f]),
            attribute: i64::from(attribute),
        };
        if object.class == CLASS_PUSH_SETUP {
            setup.get_or_insert(object.obis);
        }
        entries.extend(object.entry(item));
    }
    if entries.is_empty() {
        return None;
    }
    let complete = !cut && array.children().count() == array.count();
    let name = setup.map_or_else(|| by_objects(&entries), ListName::Setup);
    Some(Layout { name, kind: "attribute descriptors and values", entries, complete, maker: None })
}

/// Whether an object identifies the meter, with digits of any kind.
const fn is_identity(obis: Obis) -> bool {
    obis.medium() == 0
        && (matches!(obis.cde(), [96, 1, _])
            || (obis.channel() == 0 && matches!(obis.cde(), [42, 0, 0])))
}

fn obis_of(item: &Item<'_>) -> Option<Obis> {
    let bytes: [u8; 6] = item.content().try_into().ok()?;
    let plausible = bytes[0] <= 15 && (bytes[5] == 255 || bytes[5] <= 126);
    (item.tag() == tag::OCTET_STRING && plausible).then(|| Obis::from_bytes(bytes))
}

fn scaler_unit(item: &Item<'_>) -> Option<(i8, u8)> {
    let [scaler, unit] = item.elements::<2>()?;
    scaler_and_unit(&scaler, &unit)
}

fn scaler_and_unit(scaler: &Item<'_>, unit: &Item<'_>) -> Option<(i8, u8)> {
    if scaler.tag() != tag::INTEGER || unit.tag() != tag::ENUM {
        return None;
    }
    Some((i8::try_from(scaler.integer()?).ok()?, u8::try_from(unit.integer()?).ok()?))
}

pub(crate) fn is_clock_value(item: &Item<'_>) -> bool {
    matches!(item.tag(), tag::OCTET_STRING | tag::DATE_TIME) && item.content().len() == 12
}

fn is_text(item: &Item<'_>) -> bool {
    matches!(item.tag(), tag::OCTET_STRING | tag::VISIBLE_STRING | tag::UTF8_STRING)
}

/// Lists without a name of their own are told apart by the objects they carry (FNV-1a).
fn by_objects(entries: &[Entry<'_>]) -> ListName {
    let bytes = entries.iter().flat_map(|entry| entry.obis.bytes());
    let hash = bytes
        .fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    ListName::Objects { count: entries.len(), hash }
}
