//! What is wrong with a configuration file, said with its place.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub(crate) struct Complaint {
    /// The bytes of the file that it is about; `None` for the file as a whole.
    pub(crate) span: Option<Range<usize>>,
    /// What is wrong and what was expected.
    pub(crate) message: String,
    /// The file that `span` points into, where it is not the configuration itself.
    pub(crate) elsewhere: Option<Arc<Elsewhere>>,
}

/// Another file that the configuration names.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    pub(crate) file: PathBuf,
    pub(crate) text: String,
}

impl Complaint {
    pub(super) fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span: Some(span), message: message.into(), elsewhere: None }
    }

    pub(super) fn from_toml(error: &toml::de::Error) -> Self {
        let message = with_suggestion(error.message());
        Self { span: error.span(), message, elsewhere: None }
    }

    pub(super) fn in_map(file: Arc<Elsewhere>, span: Option<Range<usize>>, message: &str) -> Self {
        Self { span, message: with_suggestion(message), elsewhere: Some(file) }
    }
}

/// Everything that is wrong with one file.
#[derive(Debug)]
pub(crate) struct Report {
    file: PathBuf,
    places: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    message: String,
    excerpt: Option<Excerpt>,
    other_file: Option<PathBuf>,
}

#[derive(Debug)]
struct Excerpt {
    line: usize,
    column: usize,
    text: String,
    width: usize,
}

impl Report {
    pub(super) fn new(file: &Path, text: &str, complaints: Vec<Complaint>) -> Self {
        let places = complaints
            .into_iter()
            .map(|complaint| {
                let elsewhere = complaint.elsewhere.as_deref();
                let text = elsewhere.map_or(text, |elsewhere| elsewhere.text.as_str());
                let other_file = elsewhere.map(|elsewhere| elsewhere.file.clone());
                let excerpt = complaint.span.map(|span| excerpt(text, &span));
                let secret = excerpt.as_ref().and_then(|excerpt| secret_of(&excerpt.text));
                let hide = |text: &str| match secret {
                    Some(secret) => without_keys(&text.replace(secret, &blank(secret))),
                    None => without_keys(text),
                };
                let message = hide(&complaint.message);
                let excerpt = excerpt
                    .as_ref()
                    .map(|excerpt| Excerpt { text: hide(&excerpt.text), ..*excerpt });
                Place { message, excerpt, other_file }
            })
            .collect();
        Self { file: file.to_owned(), places }
    }

    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        let message = match error.kind() {
            io::ErrorKind::NotFound => {
                "there is no such file; `triphase config example > triphase.toml` writes one"
                    .to_owned()
            }
            io::ErrorKind::InvalidData => "the file is not UTF-8 text".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        Self {
            file: file.to_owned(),
            places: vec![Place { message, excerpt: None, other_file: None }],
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, place) in self.places.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let file = place.other_file.as_ref().unwrap_or(&self.file).display();
            let Some(excerpt) = &place.excerpt else {
                write!(f, "{file}: {}", place.message)?;
                continue;
            };
            let Excerpt { line, column, text, width } = excerpt;
            writeln!(f, "{file}:{line}:{column}: {}", place.message)?;
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            writeln!(f, "{margin} |")?;
            writeln!(f, "{number} | {text}")?;
            let indent = " ".repeat(column - 1);
            write!(f, "{margin} | {indent}{}", "^".repeat(*width))?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

fn excerpt(text: &str, span: &Range<usize>) -> Excerpt {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (floor(span.start), floor(span.end));
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let shown = text[line_start..line_end].trim_end_matches('\r');
    let marked = text[start..end.clamp(start, line_end)].chars().count().max(1);
    Excerpt {
        line: text[..start].matches('\n').count() + 1,
        column: text[line_start..start].chars().count() + 1,
        text: shown.replace('\t', " "),
        width: marked,
    }
}

/// Blanks what looks like a key: people write keys where their place is expected, and no message
/// may repeat one. The length stays, so that the caret still points to its place.
fn without_keys(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut run = String::new();
    for character in text.chars().chain(['\0']) {
        if character.is_ascii_hexdigit() {
            run.push(character);
            continue;
        }
        let is_key = run.len() >= KEY_DIGITS_MIN;
        shown.extend(run.drain(..).map(|digit| if is_key { '•' } else { digit }));
        if character != '\0' {
            shown.push(character);
        }
    }
    shown
}

/// What a line of the configuration must not show: a password written where its place is
/// expected, in a table within the line too, or inside an address.
fn secret_of(line: &str) -> Option<&str> {
    let (_, value) = line.split_once('=')?;
    let named = line.match_indices('=').find_map(|(at, _)| {
        let (before, value) = (line.get(..at)?, line.get(at + 1..)?.trim_start());
        let key = before.rsplit(['{', ',']).next()?.to_lowercase();
        let known = PASSWORD_WORDS.iter().any(|word| key.contains(word));
        known.then(|| written(value, before.contains('{')))
    });
    let secret = match named {
        Some(secret) => secret,
        None => value.split_once("://").and_then(|(_, rest)| Some(rest.rsplit_once('@')?.0)),
    };
    secret.filter(|secret| !secret.is_empty())
}

/// The secret that stands as the value of a key; `None` when its place stands there.
fn written(value: &str, in_table: bool) -> Option<&str> {
    if let Some(table) = value.strip_prefix('{').map(str::trim_start) {
        // The place of a secret is none, and may be shown.
        let place = table.starts_with("file") || table.starts_with("env");
        return if place { None } else { table.split(['"', '\'']).nth(1) };
    }
    if in_table {
        let quoted =
            value.strip_prefix(['"', '\'']).and_then(|rest| rest.split(['"', '\'']).next());
        return quoted.or_else(|| value.split([',', '}']).next().map(str::trim));
    }
    Some(value.trim().trim_matches(['"', '\'']))
}

fn blank(secret: &str) -> String {
    "•".repeat(secret.chars().count())
}

/// Adds "did you mean" to serde's message about an unknown field or variant.
fn with_suggestion(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown ");
    let Some(given) = quoted.next().filter(|_| unknown) else { return message.to_owned() };
    let version = env!("CARGO_PKG_VERSION");
    if LATER_SECTIONS.contains(&given) {
        return format!("[{given}] is not supported by this version ({version})");
    }
    let nearest = quoted
        .map(|known| (distance(given, known), known))
        .filter(|(distance, known)| *distance <= known.len().div_ceil(3))
        .min();
    match nearest {
        Some((_, known)) => format!("{message}; did you mean `{known}`?"),
        None => message.to_owned(),
    }
}

/// Sections of the fixed configuration contract that later versions act on. Accepting them
/// silently would let a site believe that its broker is being fed.
const LATER_SECTIONS: [&str; 3] = ["influx", "modbus_server", "opcua"];

/// What the keys of passwords are called, also when they are misspelt or in another language.
const PASSWORD_WORDS: [&str; 5] = ["pas", "pwd", "secret", "token", "kennwort"];
/// So many hexadecimal digits in a row may be a key, or a part of one.
const KEY_DIGITS_MIN: usize = 16;

/// Levenshtein distance in bytes; names here are ASCII.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.bytes().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
