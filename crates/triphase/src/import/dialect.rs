//! The file as records: byte order mark, encoding, delimiter, decimal mark, quotes, line ends.
//!
//! In: a path. Out: its header and records with their lines. Delimiter and decimal mark are found
//! from the beginning of the file unless they are given. Refuses: UTF-16, a file without header,
//! lines and files beyond bounds.

use super::mapping::Mapping;
use anyhow::{Context, Result, bail};
use csv::{ByteRecord, Reader, ReaderBuilder};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// What is looked at to find delimiter and decimal mark.
const SAMPLE_BYTES: usize = 64 * 1024;
/// Widest table.
const COLUMNS_MAX: usize = 10_000;
/// Longest record; an open quote must not swallow the whole file.
const RECORD_BYTES_MAX: u64 = 1 << 20;

/// A file that is being read.
pub(super) struct Table {
    pub(super) header: Vec<String>,
    pub(super) decimal_comma: bool,
    reader: Reader<BufReader<File>>,
    bytes: u64,
    skipped: u64,
}

/// One record.
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) byte: u64,
    pub(super) cells: Vec<String>,
}

impl Table {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path, mapping: &Mapping) -> Result<Self> {
        let context = || path.display().to_string();
        let mut file = File::open(path).with_context(context)?;
        let bytes = file.metadata().with_context(context)?.len();
        let mut sample = Vec::new();
        (&mut file).take(SAMPLE_BYTES as u64).read_to_end(&mut sample).with_context(context)?;
        if sample.starts_with(&[0xFF, 0xFE]) || sample.starts_with(&[0xFE, 0xFF]) {
            bail!("{} is UTF-16: save it as UTF-8", path.display());
        }
        let mark = if sample.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
        let (offset, skipped) = skip_lines(&sample, mark, mapping.skip_lines);
        let sample = text(sample.get(offset..).unwrap_or_default());
        let first = sample.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let delimiter = mapping.delimiter.unwrap_or_else(|| delimiter(first));
        let decimal_comma =
            mapping.decimal_comma.unwrap_or_else(|| has_decimal_commas(&sample, delimiter));
        file.seek(SeekFrom::Start(offset as u64)).with_context(context)?;
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(BufReader::new(file));
        let mut header = ByteRecord::new();
        if !reader.read_byte_record(&mut header).with_context(context)? {
            bail!("{} is empty: expected a line with the names of the columns", path.display());
        }
        if header.len() > COLUMNS_MAX {
            bail!("{}: {} columns, at most {COLUMNS_MAX}", path.display(), header.len());
        }
        let header = header.iter().map(|cell| text(cell).trim().to_owned()).collect();
        Ok(Self { header, decimal_comma, reader, bytes, skipped })
    }

    /// Size of the file.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next record that is not an empty line.
    pub(super) fn next(&mut self) -> Result<Option<Record>> {
        let mut record = ByteRecord::new();
        let begin = self.reader.position().byte();
        if !self.reader.read_byte_record(&mut record).context("reading the file")? {
            return Ok(None);
        }
        let byte = self.reader.position().byte();
        let line = record.position().map_or(0, csv::Position::line) + self.skipped;
        if byte - begin > RECORD_BYTES_MAX {
            bail!("line {line}: a record of {} bytes: is a quote left open?", byte - begin);
        }
        let cells = record.iter().map(text).collect();
        Ok(Some(Record { line, byte, cells }))
    }
}

/// UTF-8, else every byte as its Latin-1 character: no byte is lost.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Where the line after `count` lines begins, and how many were there.
fn skip_lines(sample: &[u8], from: usize, count: u32) -> (usize, u64) {
    let mut offset = from;
    let mut skipped = 0;
    for _ in 0..count {
        let rest = sample.get(offset..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { break };
        offset += end + 1;
        skipped += 1;
    }
    (offset, skipped)
}

/// The delimiter that occurs most in the header, outside quotes.
fn delimiter(header: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b';', 0), (b'\t', 0), (b',', 0), (b'|', 0)];
    for byte in header.bytes() {
        quoted ^= byte == b'"';
        if !quoted && let Some((_, count)) = counts.iter_mut().find(|(known, _)| *known == byte) {
            *count += 1;
        }
    }
    // On a tie the earlier one: a semicolon is never a decimal mark.
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    most.filter(|(_, count)| *count > 0).map_or(b',', |(byte, _)| *byte)
}

/// Cells such as `12,5` and none such as `12.5`.
fn has_decimal_commas(sample: &str, delimiter: u8) -> bool {
    let delimiter = char::from(delimiter);
    if delimiter == ',' && !sample.contains('"') {
        return false;
    }
    let is_number = |cell: &str, mark: char| {
        cell.split_once(mark).is_some_and(|(whole, fraction)| {
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            digits(whole.trim_start_matches('-')) && digits(fraction)
        })
    };
    let mut commas = false;
    for line in sample.lines().skip(1) {
        let cells: Vec<&str> = if delimiter == ',' {
            line.split('"').skip(1).step_by(2).collect()
        } else {
            line.split(delimiter).map(|cell| cell.trim().trim_matches('"')).collect()
        };
        if cells.iter().any(|cell| is_number(cell, '.')) {
            return false;
        }
        commas |= cells.iter().any(|cell| is_number(cell, ','));
    }
    commas
}
