//! A stream of integers inside a blob: one compressed chunk whose pages can be read alone.
//!
//! In: integers and how many of them belong to each page. Out: bytes, and back, exactly. The
//! pages' counts are the reader's to know. Layout: a kind byte, then
//! 0: one value (zigzag varint) that every integer has;
//! 1: first value and step (zigzag varints), wrapping at 64 bits;
//! 2: the length of the head (varint), of every page that is not empty (varints), then the head
//!    (pco header and chunk meta) and the pages, as pco's wrapped format writes them for `i64`.
//! A stream without integers has no bytes at all.

use crate::bytes::{Cursor, put_signed, put_size};
use crate::encoding::Malformed;
use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, PagingSpec};
use std::ops::Range;

const CONSTANT: u8 = 0;
const LINEAR: u8 = 1;
const COMPRESSED: u8 = 2;

/// How hard to compress: quickly for an hour, thoroughly for a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    Quick,
    Thorough,
}

impl Effort {
    const fn level(self) -> usize {
        match self {
            Self::Quick => 4,
            Self::Thorough => 8,
        }
    }
}

/// Appends a stream; `pages` counts the integers of each page, empty ones too.
pub(crate) fn put(blob: &mut Vec<u8>, values: &[i64], pages: &[usize], effort: Effort) {
    let Some((first, rest)) = values.split_first() else { return };
    let step = rest.first().map_or(0, |second| second.wrapping_sub(*first));
    let regular = |pair: &[i64]| matches!(pair, [a, b] if b.wrapping_sub(*a) == step);
    if values.windows(2).all(regular) {
        blob.push(if step == 0 { CONSTANT } else { LINEAR });
        put_signed(blob, *first);
        if step != 0 {
            put_signed(blob, step);
        }
        return;
    }
    blob.push(COMPRESSED);
    let pages: Vec<usize> = pages.iter().copied().filter(|count| *count > 0).collect();
    let config = ChunkConfig::default()
        .with_compression_level(effort.level())
        .with_paging_spec(PagingSpec::Exact(pages));
    let compressor = FileCompressor::default();
    let mut chunk = compressor.chunk_compressor(values, &config).expect("the pages fit the values");
    let mut body = Vec::new();
    // Writing to memory cannot fail.
    compressor.write_header(&mut body).expect("memory");
    chunk.write_meta(&mut body).expect("memory");
    put_size(blob, body.len());
    for page in 0..chunk.n_per_page().len() {
        let before = body.len();
        chunk.write_page(page, &mut body).expect("memory");
        put_size(blob, body.len() - before);
    }
    blob.extend_from_slice(&body);
}

/// Reads the stream at the cursor, of which only the wanted pages come.
pub(crate) fn read(
    cursor: &mut Cursor<'_>,
    pages: &[usize],
    wanted: Range<usize>,
) -> Result<Vec<i64>, Malformed> {
    let total: usize = pages.iter().sum();
    if total == 0 {
        return Ok(Vec::new());
    }
    let before: usize = pages[..wanted.start].iter().sum();
    let count: usize = pages[wanted.clone()].iter().sum();
    match cursor.byte()? {
        CONSTANT => Ok(vec![cursor.signed()?; count]),
        LINEAR => {
            let (first, step) = (cursor.signed()?, cursor.signed()?);
            let mut value = first.wrapping_add(step.wrapping_mul(before.cast_signed() as i64));
            let mut next = || {
                let now = value;
                value = value.wrapping_add(step);
                now
            };
            Ok((0..count).map(|_| next()).collect())
        }
        COMPRESSED => compressed(cursor, pages, (wanted, count)),
        _ => Err(Malformed("a stream of an unknown kind")),
    }
}

fn compressed(
    cursor: &mut Cursor<'_>,
    pages: &[usize],
    (wanted, count): (Range<usize>, usize),
) -> Result<Vec<i64>, Malformed> {
    let rotten = |_| Malformed("a compressed stream cannot be read");
    let head = cursor.size()?;
    let mut lengths = Vec::with_capacity(pages.len());
    for rows in pages {
        lengths.push(if *rows == 0 { 0 } else { cursor.size()? });
    }
    let head = cursor.take(head)?;
    let (file, rest) = FileDecompressor::new(head).map_err(rotten)?;
    let (mut chunk, _) = file.chunk_decompressor::<i64, _>(rest).map_err(rotten)?;
    let mut values = vec![0; count];
    let mut filled = 0;
    for (page, (rows, length)) in pages.iter().zip(&lengths).enumerate() {
        let bytes = cursor.take(*length)?;
        if *rows == 0 || !wanted.contains(&page) {
            continue;
        }
        let mut decompressor = chunk.page_decompressor(bytes, *rows).map_err(rotten)?;
        let progress = decompressor.read(&mut values[filled..filled + rows]).map_err(rotten)?;
        if progress.n_processed != *rows {
            return Err(Malformed("a page is shorter than it should be"));
        }
        filled += rows;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Strategy, any, proptest};

    fn values() -> impl Strategy<Value = Vec<i64>> {
        proptest::collection::vec((any::<i64>(), 0_u32..64), 0..700)
            .prop_map(|values| values.into_iter().map(|(value, shift)| value >> shift).collect())
    }

    proptest! {
        #[test]
        fn any_pages_of_any_values_come_back(
            values in values(),
            cuts in proptest::collection::vec(0_usize..700, 0..6),
            thorough: bool,
        ) {
            let mut cuts: Vec<usize> =
                cuts.into_iter().map(|cut| cut.min(values.len())).chain([0, values.len()]).collect();
            cuts.sort_unstable();
            let pages: Vec<usize> = cuts.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let mut blob = Vec::new();
            let effort = if thorough { Effort::Thorough } else { Effort::Quick };
            put(&mut blob, &values, &pages, effort);
            blob.push(0xa5);
            for start in 0..=pages.len() {
                for end in start..=pages.len() {
                    let mut cursor = Cursor(&blob);
                    let read = read(&mut cursor, &pages, start..end).expect("readable");
                    assert_eq!(read, values[cuts[start]..cuts[end]]);
                    assert_eq!(cursor.byte(), Ok(0xa5), "the cursor stands behind the stream");
                }
            }
        }
    }

    #[test]
    fn what_is_regular_takes_a_few_bytes() {
        let seconds: Vec<i64> =
            (0..86_400).map(|n| 1_777_887_561_000_000 + n * 1_000_000).collect();
        let mut blob = Vec::new();
        put(&mut blob, &seconds, &[3600; 24], Effort::Thorough);
        assert!(blob.len() < 16, "{}", blob.len());
        let read = read(&mut Cursor(&blob), &[3600; 24], 7..9).expect("readable");
        assert_eq!(read, seconds[7 * 3600..9 * 3600]);
    }
}
