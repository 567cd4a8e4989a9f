//! Where in a JSON text a value is: `$.em.act_power`, `$.ENERGY.Power[0]`, `$.params['em:0'].ts`.
//!
//! In: a path as people write it (RFC 9535: the root, member names, array indices; nothing that
//! selects more than one place), and a JSON text. Out: the text of the value, with every digit.
//! Refuses a missing place by saying what is there instead.

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Most steps of a path.
const STEPS_MAX: usize = 32;
/// Most names that are listed where one is missing.
const NAMES_MAX: usize = 8;

/// A place in a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    what: What,
    /// Where its text ends within the path's.
    end: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Member(String),
    Element(usize),
}

/// The text is no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathError {
    /// The byte of the text that is wrong.
    pub(super) at: usize,
    /// What was expected there.
    pub(super) message: &'static str,
}

impl Path {
    /// Reads a path from the beginning of a text; returns where it ends.
    pub(super) fn parse(text: &str) -> Result<(Self, usize), PathError> {
        let wrong = |at, message| Err(PathError { at, message });
        if !text.starts_with('$') {
            return wrong(0, "a path begins with $, the whole payload, as in \"$.em.act_power W\"");
        }
        let mut at = 1;
        let mut steps = Vec::new();
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let (what, length) = if let Some(name) = rest.strip_prefix('.') {
                let ends = |c: char| c.is_whitespace() || matches!(c, '.' | '[' | '?' | ')' | '*');
                let length = name.find(ends).unwrap_or(name.len());
                if length == 0 {
                    return wrong(at + 1, "expected the name of a member after the point");
                }
                (What::Member(name.get(..length).unwrap_or_default().to_owned()), length + 1)
            } else if let Some(inner) = rest.strip_prefix('[') {
                match bracket(inner) {
                    Ok((what, length)) => (what, length + 1),
                    Err(message) => return wrong(at + 1, message),
                }
            } else {
                let text = text.get(..at).unwrap_or_default().to_owned();
                return Ok((Self { text, steps }, at));
            };
            at += length;
            if steps.len() == STEPS_MAX {
                return wrong(at, "a path has at most 32 steps");
            }
            steps.push(Step { what, end: at });
        }
    }

    /// Whether it is the whole payload.
    pub(super) fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// The value at this place.
    ///
    /// # Errors
    /// The sentence that says what is there instead.
    pub(super) fn select<'a>(&self, json: &'a RawValue) -> Result<&'a RawValue, String> {
        let mut here = json;
        let mut parent = "$";
        for step in &self.steps {
            here = match &step.what {
                What::Member(name) => member(here, name, parent)?,
                What::Element(index) => element(here, *index, parent)?,
            };
            parent = self.text.get(..step.end).unwrap_or_default();
        }
        Ok(here)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What stands behind an opening bracket, and its length with the closing one.
fn bracket(inner: &str) -> Result<(What, usize), &'static str> {
    if let Some(quote) = inner.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let name = inner.get(1..).unwrap_or_default();
        let end = name.find(quote).ok_or("expected the quote that ends the name")?;
        if !name.get(end + 1..).is_some_and(|rest| rest.starts_with(']')) {
            return Err("expected ] after the name");
        }
        return Ok((What::Member(name.get(..end).unwrap_or_default().to_owned()), end + 3));
    }
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let index = inner.get(..digits).unwrap_or_default().parse();
    match index {
        Ok(index) if inner.get(digits..).is_some_and(|rest| rest.starts_with(']')) => {
            Ok((What::Element(index), digits + 1))
        }
        _ => Err("expected an index such as [0], or a name in quotes such as ['em:0']"),
    }
}

fn member<'a>(json: &'a RawValue, name: &str, parent: &str) -> Result<&'a RawValue, String> {
    if !json.get().starts_with('{') {
        return Err(format!("{parent} is {}, it has no member \"{name}\"", kind(json)));
    }
    let Members(members) = serde_json::from_str(json.get()).map_err(|error| error.to_string())?;
    // Of a repeated name the last one counts, as everywhere in the field.
    if let Some((_, found)) = members.iter().rev().find(|(known, _)| known == name) {
        return Ok(found);
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let more = if names.len() > NAMES_MAX { ", …" } else { "" };
    names.truncate(NAMES_MAX);
    let names = names.join(", ");
    Err(format!("{parent} has no member \"{name}\"; it has {names}{more}"))
}

fn element<'a>(json: &'a RawValue, index: usize, parent: &str) -> Result<&'a RawValue, String> {
    if !json.get().starts_with('[') {
        return Err(format!("{parent} is {}, it has no element {index}", kind(json)));
    }
    let elements = elements(json)?;
    let count = elements.len();
    let found = elements.into_iter().nth(index);
    found.ok_or_else(|| format!("{parent} has {count} elements, there is none with index {index}"))
}

/// The elements of an array.
pub(super) fn elements(json: &RawValue) -> Result<Vec<&RawValue>, String> {
    serde_json::from_str(json.get()).map_err(|error| error.to_string())
}

/// What a value is, in words.
pub(super) fn kind(json: &RawValue) -> &'static str {
    match json.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a truth value",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// The members of an object in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(entry) = object.next_entry()? {
                    members.push(entry);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Entries).map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).expect("JSON")
    }

    fn path(text: &str) -> Path {
        let (path, end) = Path::parse(text).expect(text);
        assert_eq!(end, text.len());
        path
    }

    #[test]
    fn finds_values_with_every_digit() {
        let text = r#"{"em":{"act_power":1.2500,"p":[10,20.0]},"params":{"em:0":{"a b":-0}},
            "twice":1,"twice":2,"é":3}"#;
        for (place, value) in [
            ("$.em.act_power", "1.2500"),
            ("$.em.p[1]", "20.0"),
            ("$.params['em:0']['a b']", "-0"),
            ("$.params.em:0[\"a b\"]", "-0"),
            ("$.twice", "2"),
            ("$.é", "3"),
        ] {
            assert_eq!(path(place).select(raw(text)).expect(place).get(), value);
        }
        assert_eq!(path("$").select(raw("12.50")).expect("root").get(), "12.50");
    }

    #[test]
    fn a_missing_place_says_what_is_there() {
        let text = r#"{"em":{"a":1,"b":2},"p":[1,2]}"#;
        for (place, message) in [
            ("$.em.act", "$.em has no member \"act\"; it has a, b"),
            ("$.p[2]", "$.p has 2 elements, there is none with index 2"),
            ("$.em.a.x", "$.em.a is a number, it has no member \"x\""),
            ("$.em[0]", "$.em is an object, it has no element 0"),
        ] {
            assert_eq!(path(place).select(raw(text)).expect_err(place), message);
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_its_place() {
        for (text, at) in
            [("em", 0), ("$.", 2), ("$.a..b", 4), ("$[x]", 2), ("$['a]", 2), ("$['a'x", 2)]
        {
            assert_eq!(Path::parse(text).expect_err(text).at, at, "{text}");
        }
        let deep = format!("${}", ".a".repeat(STEPS_MAX + 1));
        assert!(Path::parse(&deep).is_err());
        let (_, end) = Path::parse("$.a.b * 10 W").expect("a path");
        assert_eq!(end, 5);
    }
}
