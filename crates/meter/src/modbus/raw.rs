//! A map file as written: what TOML may say, before anything is checked.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) title: Spanned<String>,
    #[serde(default, rename = "source")]
    pub(super) _source: Option<OneOrMany<String>>,
    #[serde(default, rename = "notes")]
    pub(super) _notes: Option<OneOrMany<String>>,
    pub(super) function: Option<Spanned<Function>>,
    pub(super) numbering: Option<Spanned<Numbering>>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Spanned<String>>,
    pub(super) order: Option<Spanned<Letters>>,
    pub(super) scale: Option<Spanned<Number>>,
    pub(super) read_max: Option<Spanned<u16>>,
    pub(super) gap_max: Option<Spanned<u16>>,
    pub(super) pause_ms: Option<Spanned<u16>>,
    pub(super) line: Option<Spanned<String>>,
    pub(super) unit_id: Option<Spanned<u8>>,
    #[serde(default)]
    pub(super) sunspec: Vec<u16>,
    #[serde(default)]
    pub(super) not_available: BTreeMap<Spanned<String>, Spanned<OneOrMany<Marker>>>,
    #[serde(default)]
    pub(super) identify: Vec<Spanned<Mark>>,
    pub(super) register: Spanned<Vec<Spanned<Register>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    pub(super) quantity: Option<Spanned<String>>,
    pub(super) obis: Option<Spanned<String>>,
    pub(super) address: Spanned<u32>,
    pub(super) function: Option<Spanned<Function>>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Spanned<String>>,
    pub(super) order: Option<Spanned<Letters>>,
    pub(super) length: Option<Spanned<u16>>,
    pub(super) unit: Option<Spanned<String>>,
    pub(super) scale: Option<Spanned<Number>>,
    pub(super) decimals: Option<Spanned<i8>>,
    pub(super) scale_register: Option<Spanned<Place>>,
    pub(super) ratio_register: Option<Spanned<OneOrMany<Place>>>,
    pub(super) sign_register: Option<Spanned<Place>>,
    pub(super) not_available: Option<Spanned<OneOrMany<Marker>>>,
    pub(super) form: Option<Form>,
    #[serde(rename = "label")]
    pub(super) _label: Option<String>,
}

/// A further register: its address alone, or all about it.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected an address, or { address = …, type = …, scale = … }")]
pub(super) enum Place {
    Address(u32),
    Full(Full),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Full {
    pub(super) address: u32,
    pub(super) function: Option<Function>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) order: Option<Letters>,
    pub(super) scale: Option<Number>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    pub(super) text: Option<String>,
    pub(super) address: Option<u32>,
    pub(super) function: Option<Function>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) length: Option<u16>,
    pub(super) equals: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "expected 3 or \"holding\", 4 or \"input\"")]
pub(super) enum Function {
    Number(u8),
    Name(FunctionName),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FunctionName {
    Holding,
    Input,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Numbering {
    /// As on the wire, from 0.
    Wire,
    /// Registers are counted from 1.
    OneBased,
    /// 30001 and 40001, or 300001 and 400001: the first digit is the table.
    Modicon,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Letters {
    Abcd,
    Cdab,
    Badc,
    Dcba,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Form {
    Negated,
    FourQuadrantPowerFactor,
}

/// A number as written.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "expected a number such as 0.1")]
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

/// A register content: a number, or a range of them as text.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a register content such as 0x8000, or \"0x7FFF0000..0x7FFFFFFF\""
)]
pub(super) enum Marker {
    Number(i64),
    Range(String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub(super) fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}
