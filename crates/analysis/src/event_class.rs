//! Classes of voltage events.
//!
//! In: residual or swell voltage in percent of the reference and a duration. Out: the cell of
//! EN 50160's tables. Source: EN 50160:2010, tables 2 and 3, and 3.17 for interruptions. Refuses:
//! a cell for what lies outside the tables, with the reason.

/// Where an event belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventClass {
    /// A dip: row A, B, C, D or X and column 1 to 5.
    Dip(char, u8),
    /// A swell: row S or T and column 1 to 3.
    Swell(char, u8),
    /// All phases below 5 %, up to 3 minutes.
    ShortInterruption,
    /// All phases below 5 %, longer than 3 minutes.
    LongInterruption,
    /// No cell: shorter than half a period of the table.
    TooShort,
    /// No cell: longer than the table; the voltage is low or high, not dipping or swelling.
    TooLong,
    /// Within 90 to 110 %.
    NoEvent,
}

/// Shortest event of the tables. **Unit** s.
const SHORTEST_S: f64 = 0.01;
/// Below this residual voltage on all phases the supply is interrupted. **Unit** percent.
const INTERRUPTION_PCT: f64 = 5.0;
/// Longest short interruption. **Unit** s.
const SHORT_INTERRUPTION_S: f64 = 180.0;
/// Lower bounds of the dips' rows A to D. **Unit** percent.
const DIP_ROWS: [(char, f64); 4] = [('A', 80.0), ('B', 70.0), ('C', 40.0), ('D', 5.0)];
/// Upper bounds of the columns. **Unit** s.
const DIP_COLUMNS_S: [f64; 5] = [0.2, 0.5, 1.0, 5.0, 60.0];
const SWELL_COLUMNS_S: [f64; 3] = [0.5, 5.0, 60.0];

/// Which phases an event touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phases {
    /// All of them.
    All,
    /// One or two.
    Some,
}

/// Class of an event that reaches `percent` of the reference voltage and lasts `seconds`.
#[must_use]
pub fn classify(percent: f64, seconds: f64, phases: Phases) -> EventClass {
    if (90.0..=110.0).contains(&percent) {
        return EventClass::NoEvent;
    }
    if seconds < SHORTEST_S {
        return EventClass::TooShort;
    }
    if percent < INTERRUPTION_PCT && phases == Phases::All {
        return if seconds <= SHORT_INTERRUPTION_S {
            EventClass::ShortInterruption
        } else {
            EventClass::LongInterruption
        };
    }
    let swell = percent > 110.0;
    let columns: &[f64] = if swell { &SWELL_COLUMNS_S } else { &DIP_COLUMNS_S };
    let Some(column) = (1..).zip(columns).find(|(_, end)| seconds <= **end).map(|(n, _)| n) else {
        return EventClass::TooLong;
    };
    if swell {
        return EventClass::Swell(if percent >= 120.0 { 'S' } else { 'T' }, column);
    }
    let row = DIP_ROWS.into_iter().find(|(_, bound)| percent >= *bound);
    EventClass::Dip(row.map_or('X', |(row, _)| row), column)
}

impl EventClass {
    /// The cell's name; `None` outside the tables.
    #[must_use]
    pub fn cell(self) -> Option<String> {
        match self {
            Self::Dip(row, column) | Self::Swell(row, column) => Some(format!("{row}{column}")),
            Self::ShortInterruption => Some("short_interruption".to_owned()),
            Self::LongInterruption => Some("long_interruption".to_owned()),
            Self::TooShort | Self::TooLong | Self::NoEvent => None,
        }
    }

    /// Why there is no cell.
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::TooShort => Some("too_short"),
            Self::TooLong => Some("too_long"),
            Self::NoEvent => Some("no_event"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_of_the_tables_falls_where_the_standard_says() {
        let dip = |percent, seconds| classify(percent, seconds, Phases::Some).cell();
        assert_eq!(dip(80.0, 0.2).as_deref(), Some("A1"));
        assert_eq!(dip(79.9, 0.201).as_deref(), Some("B2"));
        assert_eq!(dip(40.0, 1.0).as_deref(), Some("C3"));
        assert_eq!(dip(39.9, 60.0).as_deref(), Some("D5"));
        assert_eq!(dip(4.9, 60.0).as_deref(), Some("X5"));
        assert_eq!(dip(120.0, 5.0).as_deref(), Some("S2"));
        assert_eq!(classify(85.0, 61.0, Phases::Some).reason(), Some("too_long"));
        assert_eq!(classify(85.0, 0.009, Phases::All).reason(), Some("too_short"));
        assert_eq!(classify(110.0, 1.0, Phases::All).reason(), Some("no_event"));
        assert_eq!(classify(3.0, 180.0, Phases::All), EventClass::ShortInterruption);
    }
}
