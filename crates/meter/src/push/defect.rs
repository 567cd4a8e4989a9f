//! What can be wrong with a telegram, under names that programs hold on to.

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident = $name:literal,)*) => {
        /// A kind of defect.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DefectCode {
            $($(#[doc = $doc])+ $code,)*
        }

        impl DefectCode {
            /// The name in `decode --format json`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }

            /// Every code.
            #[must_use]
            pub const fn all() -> &'static [Self] {
                &[$(Self::$code,)*]
            }
        }
    };
}

codes! {
    /// The frame check sequence is wrong.
    FcsMismatch = "fcs_mismatch",
    /// The header check sequence is wrong.
    HcsMismatch = "hcs_mismatch",
    /// A frame's length or address cannot be.
    FrameLength = "frame_length",
    /// The flag behind an intact frame is damaged.
    ClosingFlagMissing = "closing_flag_missing",
    /// A block of a General Block Transfer is missing.
    GbtBlockMissing = "gbt_block_missing",
    /// A block of a General Block Transfer came again.
    GbtBlockRepeated = "gbt_block_repeated",
    /// A block of a General Block Transfer contradicts its length.
    GbtBlockInvalid = "gbt_block_invalid",
    /// An HDLC segment is missing.
    SegmentMissing = "segment_missing",
    /// The checksum of an M-Bus frame is wrong.
    MbusChecksum = "mbus_checksum",
    /// The length fields of an M-Bus frame differ, or its stop character is missing.
    MbusFrame = "mbus_frame",
    /// The length field of an intact M-Bus frame overflowed.
    MbusLengthDeviation = "mbus_length_deviation",
    /// An M-Bus segment is missing.
    MbusSegmentMissing = "mbus_segment_missing",
    /// The block check character of a read-out is wrong.
    BccMismatch = "bcc_mismatch",
    /// The CRC of a P1 telegram is wrong.
    CrcMismatch = "crc_mismatch",
    /// Something took line ends out of a P1 telegram; with them the CRC holds.
    LineEndsAltered = "line_ends_altered",
    /// A data set of a read-out is malformed, and was left out.
    DataSetMalformed = "data_set_malformed",
    /// A number came without the unit that its register needs, or with one that is not known.
    UnitUnknown = "unit_unknown",
    /// Noise stands directly before a telegram without link layer.
    NoiseBefore = "noise_before",
    /// The bytes end too early.
    Truncated = "truncated",
    /// More bytes than a message may have.
    MessageTooLarge = "message_too_large",
    /// Encrypted, and no key was given.
    KeyMissing = "key_missing",
    /// The key does not decrypt the telegram to anything meaningful.
    WrongKey = "wrong_key",
    /// The authentication tag does not hold.
    TagMismatch = "tag_mismatch",
    /// The telegram carries a tag that was not checked, for want of the authentication key.
    NotAuthenticated = "not_authenticated",
    /// The invocation counter was used before.
    ReplayedCounter = "replayed_counter",
    /// A meter that was asked does not give an object, or a part of it; the detail says why.
    AccessRefused = "access_refused",
    /// A security suite or a compression that is not supported.
    SecurityUnsupported = "security_unsupported",
    /// An APDU that is not one of a push.
    ApduUnknown = "apdu_unknown",
    /// The data break A-XDR.
    AxdrInvalid = "axdr_invalid",
    /// The meter leaves A-XDR in a known way.
    AxdrDeviation = "axdr_deviation",
    /// Bytes follow the data.
    TrailingBytes = "trailing_bytes",
    /// No known arrangement of values.
    LayoutUnknown = "layout_unknown",
    /// An object came with something else than a single value, and was left out.
    ValueUnreadable = "value_unreadable",
    /// A number that is none, or beyond what is kept exactly, and was left out.
    ValueOutOfRange = "value_out_of_range",
    /// Registers came without scaler, and no profile says how to read them.
    ScalerUnknown = "scaler_unknown",
    /// The chosen profile makes values that cannot be.
    ImplausibleScale = "implausible_scale",
    /// The unit on the wire is not the unit of the quantity.
    UnitConflict = "unit_conflict",
    /// The meter's clock calls itself invalid.
    MeterClockInvalidFlag = "meter_clock_invalid_flag",
    /// The meter's clock is far ahead of the arrival.
    MeterClockAhead = "meter_clock_ahead",
    /// The meter's clock names no instant.
    MeterClockImpossible = "meter_clock_impossible",
    /// The meter's clock shows an hour that the zone skips in spring.
    MeterClockGap = "meter_clock_gap",
    /// The meter's clock shows an hour that the zone repeats in autumn, and nothing tells which.
    MeterClockAmbiguous = "meter_clock_ambiguous",
}

impl std::fmt::Display for DefectCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Something wrong, or worth knowing, and where it showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// What kind.
    pub code: DefectCode,
    /// One English sentence or phrase.
    pub detail: String,
    /// Offset in the stream.
    pub offset: u64,
}

impl Defect {
    pub(crate) fn new(code: DefectCode, offset: u64, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), offset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = DefectCode::all().iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DefectCode::all().len());
    }
}
