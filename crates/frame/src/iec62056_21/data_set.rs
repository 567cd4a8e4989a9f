//! The data sets of a block: `address(value*unit)`, several in a line, several values each.
//!
//! In: the bytes of a block. Out: data sets with their places, what is malformed, and the end mark.
//! Addresses, values and units may be longer than the standard's 16, 32 and 16 characters, as they
//! are in P1 telegrams. Brackets that open inside a value, and control characters, are damage: the
//! data set is left out, and reading goes on with the next line.
//!
//! # Source
//! IEC 62056-21, 5.8 and 6.3.10; DSMR P1 companion standard 5.0.2, 6.4 (a line may begin with `(`).

/// What stands in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A data set.
    DataSet(DataSet<'a>),
    /// Bytes that are none, up to where reading goes on.
    Malformed {
        /// Offset of the first byte in the block.
        offset: usize,
        /// Offset of the byte that cannot be.
        at: usize,
    },
    /// The end mark `!`; what stands behind it is no data.
    End {
        /// Offset of the mark in the block.
        offset: usize,
    },
}

/// A register and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataSet<'a> {
    /// The address as sent, such as `1-0:1.8.0*255`, `1.8.0*01` or `C.1.0`; may be empty.
    pub address: &'a str,
    /// Offset of the first byte in the block.
    pub offset: usize,
    /// Offset behind the last bracket.
    pub end: usize,
    /// From the first bracket to the last.
    brackets: &'a str,
}

/// What one pair of brackets holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group<'a> {
    /// The value as sent, padding included.
    pub value: &'a str,
    /// What follows the first `*`.
    pub unit: Option<&'a str>,
    /// Offset of the value, counted from the data set's first bracket.
    pub offset: usize,
}

impl<'a> DataSet<'a> {
    /// The pairs of brackets, in their order; there is at least one.
    #[must_use]
    pub const fn groups(&self) -> Groups<'a> {
        Groups { brackets: self.brackets, at: 0 }
    }

    /// Where the first bracket stands in the block.
    #[must_use]
    pub const fn brackets_at(&self) -> usize {
        self.end.saturating_sub(self.brackets.len())
    }
}

/// The pairs of brackets of a data set.
#[derive(Debug, Clone)]
pub struct Groups<'a> {
    brackets: &'a str,
    at: usize,
}

impl<'a> Iterator for Groups<'a> {
    type Item = Group<'a>;

    fn next(&mut self) -> Option<Group<'a>> {
        // Line ends may stand between two pairs.
        let rest = self.brackets.as_bytes().get(self.at..)?;
        let open = rest.iter().position(|byte| *byte == b'(')?;
        let offset = self.at.saturating_add(open).saturating_add(1);
        let content = rest.get(open.saturating_add(1)..)?;
        let mut star = None;
        let mut end: usize = 0;
        for byte in content {
            match byte {
                b')' => break,
                b'*' if star.is_none() => star = Some(end),
                _ => {}
            }
            end = end.saturating_add(1);
        }
        let close = offset.saturating_add(end);
        self.at = close.saturating_add(1);
        let value_end = offset.saturating_add(star.unwrap_or(end));
        let value = self.brackets.get(offset..value_end)?;
        let unit = match star {
            Some(_) => Some(self.brackets.get(value_end.saturating_add(1)..close)?),
            None => None,
        };
        Some(Group { value, unit, offset })
    }
}

/// The data sets of a block, from the byte behind STX or the identification on.
#[must_use]
pub fn data_sets(block: &[u8]) -> DataSets<'_> {
    DataSets { block, text: std::str::from_utf8(block).ok(), at: 0, ended: false }
}

/// Reads a block. See [`data_sets`].
#[derive(Debug, Clone)]
pub struct DataSets<'a> {
    block: &'a [u8],
    /// The whole block as text, when it is: damaged ones may not be.
    text: Option<&'a str>,
    at: usize,
    ended: bool,
}

impl<'a> Iterator for DataSets<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        if self.ended {
            return None;
        }
        self.at = self.at.saturating_add(length_in(self.rest(), SEPARATOR));
        if self.at >= self.block.len() {
            return None;
        }
        let offset = self.at;
        if self.rest().first() == Some(&b'!') {
            self.ended = true;
            return Some(Item::End { offset });
        }
        Some(match self.read() {
            Ok(opened) => match (self.part(offset, opened), self.part(opened, self.at)) {
                (Some(address), Some(brackets)) => {
                    Item::DataSet(DataSet { address, offset, end: self.at, brackets })
                }
                _ => Item::Malformed { offset, at: offset },
            },
            Err(at) => {
                self.at = line_end(self.block, at);
                Item::Malformed { offset, at }
            }
        })
    }
}

impl<'a> DataSets<'a> {
    fn rest(&self) -> &'a [u8] {
        self.block.get(self.at..).unwrap_or_default()
    }

    fn part(&self, from: usize, to: usize) -> Option<&'a str> {
        match self.text {
            Some(text) => text.get(from..to),
            None => std::str::from_utf8(self.block.get(from..to)?).ok(),
        }
    }

    /// Moves behind a data set and gives the offset of its first bracket; or that of the byte that
    /// cannot be.
    fn read(&mut self) -> Result<usize, usize> {
        let rest = self.rest();
        let opened = self.at.saturating_add(length_in(rest, ADDRESS));
        if self.block.get(opened) != Some(&b'(') {
            return Err(opened);
        }
        let mut at = opened;
        while self.block.get(at) == Some(&b'(') {
            at = behind_bracket(self.block, at)?;
            self.at = at;
            // A line that begins with a bracket goes on with the data set before it.
            let breaks = self.rest().iter().position(|byte| !is_line_end(*byte)).unwrap_or(0);
            at = at.saturating_add(breaks);
        }
        Ok(opened)
    }
}

/// The offset behind the bracket that closes the one at `open`; or where that breaks.
fn behind_bracket(block: &[u8], open: usize) -> Result<usize, usize> {
    let start = open.saturating_add(1);
    let content = block.get(start..).unwrap_or_default();
    let close = start.saturating_add(length_in(content, VALUE));
    if block.get(close) == Some(&b')') { Ok(close.saturating_add(1)) } else { Err(close) }
}

fn line_end(block: &[u8], at: usize) -> usize {
    let rest = block.get(at..).unwrap_or_default();
    at.saturating_add(rest.iter().position(|byte| is_line_end(*byte)).unwrap_or(rest.len()))
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Between data sets; padding blanks and fillers occur.
const SEPARATOR: u8 = 1;
/// Inside an address.
const ADDRESS: u8 = 2;
/// Inside brackets.
const VALUE: u8 = 4;

/// Where each byte may stand.
static PLACES: [u8; 256] = places();

#[allow(clippy::indexing_slicing)] // Evaluated by the compiler: an index out of bounds cannot build.
const fn places() -> [u8; 256] {
    let mut places = [0; 256];
    let mut byte = 0_u8;
    loop {
        let mut place = 0;
        if matches!(byte, b'\r' | b'\n' | b' ' | 0x00 | 0x7F) {
            place |= SEPARATOR;
        }
        if matches!(byte, 0x21..=0x7E) && !matches!(byte, b'(' | b')' | b'/' | b'!') {
            place |= ADDRESS;
        }
        if matches!(byte, 0x20..=0x7E) && !matches!(byte, b'(' | b')') {
            place |= VALUE;
        }
        places[usize::from_le_bytes([byte, 0, 0, 0, 0, 0, 0, 0])] = place;
        if byte == u8::MAX {
            return places;
        }
        byte += 1;
    }
}

/// How many bytes at the front may stand in that place.
#[allow(clippy::indexing_slicing)] // A table of 256 entries, indexed by a byte.
fn length_in(bytes: &[u8], place: u8) -> usize {
    let may = |byte: &u8| PLACES[usize::from(*byte)] & place != 0;
    bytes.iter().position(|byte| !may(byte)).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Address, then values with units.
    type Set<'a> = (&'a str, Vec<(&'a str, Option<&'a str>)>);

    fn sets(block: &[u8]) -> Vec<Set<'_>> {
        let set = |item| match item {
            Item::DataSet(set) => Some(set),
            _ => None,
        };
        let groups = |set: &DataSet<'_>| set.groups().count();
        data_sets(block)
            .filter_map(set)
            .map(|set| {
                assert!(groups(&set) > 0);
                (set.address, set.groups().map(|group| (group.value, group.unit)).collect())
            })
            .collect()
    }

    #[test]
    fn reads_every_form_of_a_data_set() {
        let block = b"0.0(  123  )1.8.0*01(0008.4*kWh)\r\n1-0:1.6.0*255(02.468*kW)(1703100930)\r\n\
            0.1.0&12()\r\n0-1:24.3.0(161107190000)(00)(m3)\r\n(00001.001)\r\n9.4(088*C&082*C)\r\n!\r\n";
        let expected = [
            ("0.0", vec![("  123  ", None)]),
            ("1.8.0*01", vec![("0008.4", Some("kWh"))]),
            ("1-0:1.6.0*255", vec![("02.468", Some("kW")), ("1703100930", None)]),
            ("0.1.0&12", vec![("", None)]),
            (
                "0-1:24.3.0",
                vec![("161107190000", None), ("00", None), ("m3", None), ("00001.001", None)],
            ),
            ("9.4", vec![("088", Some("C&082*C"))]),
        ];
        assert_eq!(sets(block), expected);
        let end = block.iter().position(|byte| *byte == b'!').expect("there is one");
        assert_eq!(data_sets(block).last(), Some(Item::End { offset: end }));
    }

    #[test]
    fn a_damaged_data_set_hides_no_other() {
        let block =
            b"1.8.0(1*kWh)\r\n1.8.1(2\x02*kWh)\r\n1.8.2 3)\r\n2.8.0(4(5)\r\n2.8.1(6)\r\n!\r\n";
        let addresses: Vec<_> = sets(block).into_iter().map(|(address, _)| address).collect();
        assert_eq!(addresses, ["1.8.0", "2.8.1"]);
        let malformed: Vec<_> = data_sets(block)
            .filter_map(|item| match item {
                Item::Malformed { offset, at } => Some((offset, at)),
                _ => None,
            })
            .collect();
        assert_eq!(malformed, [(14, 21), (29, 34), (39, 46)]);
    }

    #[test]
    fn places_count_from_the_block() {
        let block = b"\r\n32.7(233*V)\r\n";
        let Some(Item::DataSet(set)) = data_sets(block).next() else { panic!("a data set") };
        assert_eq!((set.offset, set.brackets_at(), set.end), (2, 6, 13));
        assert_eq!(set.groups().next().map(|group| group.offset), Some(1));
    }
}
