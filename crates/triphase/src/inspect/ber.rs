//! Tag, length and content, as BER writes them: enough to show where a field stands.

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    /// Where its tag stands, counted like the offset that was given.
    pub(super) at: usize,
    /// Where its content stands.
    pub(super) content_at: usize,
    pub(super) content: &'a [u8],
}

impl Element<'_> {
    /// The place of the whole element.
    pub(super) const fn place(&self) -> (usize, usize) {
        (self.at, self.content_at.saturating_sub(self.at).saturating_add(self.content.len()))
    }
}

/// The length at the start of `bytes`, and how many bytes it takes itself.
pub(super) fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((usize::from(first), 1));
    }
    let count = usize::from(first & 0x7F);
    let digits = bytes.get(1..=count).filter(|digits| (1..=4).contains(&digits.len()))?;
    let length = digits.iter().fold(0_usize, |length, digit| (length << 8) | usize::from(*digit));
    Some((length, count.saturating_add(1)))
}

/// The element at the start of `bytes`, which stand at `at`; `None` when it is not whole.
pub(super) fn element(bytes: &[u8], at: usize) -> Option<Element<'_>> {
    let (tag, rest) = bytes.split_first()?;
    let (length, taken) = length(rest)?;
    let content = rest.get(taken..taken.checked_add(length)?)?;
    Some(Element { tag: *tag, at, content_at: at.saturating_add(1).saturating_add(taken), content })
}

/// The elements in `bytes`, which stand at `at`, up to one that is not whole.
pub(super) fn elements(bytes: &[u8], at: usize) -> impl Iterator<Item = Element<'_>> {
    let mut offset = 0_usize;
    std::iter::from_fn(move || {
        let found = element(bytes.get(offset..)?, at.saturating_add(offset))?;
        offset = offset.saturating_add(found.place().1);
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_stand_where_they_are_said_to() {
        let bytes = [0xA1, 2, 7, 8, 0xBE, 0x81, 1, 9, 0x04, 5, 1];
        let found: Vec<_> = elements(&bytes, 100).map(|it| (it.tag, it.place())).collect();
        assert_eq!(found, [(0xA1, (100, 4)), (0xBE, (104, 4))], "the third is not whole");
        assert_eq!(element(&bytes[4..], 4).map(|it| it.content_at), Some(7));
        assert_eq!(length(&[0x85, 1, 1, 1, 1, 1]), None);
    }
}
