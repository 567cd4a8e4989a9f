//! A read-out as it was found in a stream.

use super::{Identification, Item, data_sets};

/// A read-out, or a partial block of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// Offset of its first byte in the stream: `/`, STX, or the first data set.
    pub offset: u64,
    /// Offset behind its last byte.
    pub end: u64,
    /// The identification message before the data, when there was one.
    pub identification: Option<Identification<'a>>,
    /// The data sets, up to the end mark included.
    pub block: &'a [u8],
    /// Offset of the block in the stream.
    pub block_at: u64,
    /// What the check character or the CRC says.
    pub check: Check,
    /// What ended it.
    pub ending: Ending,
}

impl<'a> Found<'a> {
    /// What stands in the block; places count from the block's start.
    pub fn items(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        data_sets(self.block)
    }
}

/// How a read-out ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// ETX: the last or only block.
    Etx,
    /// EOT: a partial block; the next comes when it is acknowledged.
    Eot,
    /// The end mark `!`, without ETX: mode D and P1.
    Mark,
    /// Nothing: the stream ended, or the next telegram began.
    Cut,
}

/// What a check character or a CRC says about a read-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// There is none.
    Absent,
    /// The block check character behind ETX or EOT.
    Bcc {
        /// What the bytes come to.
        computed: u8,
        /// What was sent.
        sent: u8,
    },
    /// The CRC-16 behind the end mark of a P1 telegram.
    Crc {
        /// What the bytes come to.
        computed: u16,
        /// What was sent; `None` when it is no hexadecimal number of at most four digits.
        sent: Option<u16>,
        /// Over which bytes.
        over: Over,
    },
}

/// Which bytes a CRC was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The bytes as they came.
    AsSent,
    /// The bytes with the line ends that P1 prescribes: something on the way took CRs or the empty
    /// line behind the identification out.
    Restored,
}

impl Check {
    /// Whether the check holds; `None` when there is none.
    #[must_use]
    pub fn holds(self) -> Option<bool> {
        match self {
            Self::Absent => None,
            Self::Bcc { computed, sent } => Some(computed == sent),
            Self::Crc { computed, sent, .. } => Some(sent == Some(computed)),
        }
    }
}
