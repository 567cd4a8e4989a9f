//! What a quantity is: the columns of the one catalogue.
//!
//! Directions are stated once, here: **import** is energy drawn from the grid and positive
//! (IEC 62053-23, load convention at the supply terminals); **export** is fed into it.
//! Reactive power is positive when the current lags the voltage (inductive consumer).

use crate::catalogue::CATALOGUE;
use crate::{Obis, Unit};
use std::sync::LazyLock;

pub use crate::catalogue::Quantity;

/// Everything the house knows about one quantity.
///
/// The numbers of a quantity are kept in [`unit`](Self::unit) in every room; a surface that
/// speaks another unit (chapter 25's kWh) converts at its own edge.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    /// The quantity described.
    pub quantity: Quantity,
    /// Canonical name: `/api/v1`, MQTT key, default InfluxDB field.
    pub name: &'static str,
    /// The registers that hold it.
    pub(crate) register: Register,
    /// The unit of its numbers; `None` for texts and for registers without one.
    pub unit: Option<Unit>,
    /// How it behaves in time.
    pub kind: Kind,
    /// What its sign says.
    pub sign: Sign,
    /// Most decimals worth showing.
    pub decimals: u8,
    /// English name.
    pub english: &'static str,
    /// French name.
    pub french: &'static str,
    /// German name.
    pub german: &'static str,
    /// The field of chapter 25 that carries it.
    pub chapter25: Option<Chapter25>,
}

/// A field of chapter 25's `MesureEnergie`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chapter25 {
    /// The field's name.
    pub field: &'static str,
    /// Field value = canonical value × 10^`exponent` (−3 from Wh to kWh).
    pub exponent: i8,
}

/// How a quantity behaves in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A value of the moment.
    Instantaneous,
    /// A register that only grows, until it rolls over or is replaced.
    Counter,
    /// A mean over a billing interval, or the maximum of such means.
    Demand,
    /// A state or a register whose meaning its device defines.
    State,
    /// A text.
    Text,
}

/// What the sign of a quantity says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Never negative.
    NonNegative,
    /// Positive when drawn from the grid, negative when fed into it.
    ImportPositive,
    /// Positive when the current lags the voltage (quadrants I and II).
    InductivePositive,
    /// Signed by its own convention, as for an angle.
    Signed,
    /// Not a number.
    None,
}

/// How OBIS codes lead to a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Register {
    /// No OBIS code.
    Unassigned,
    /// Medium 1 with any channel B: grid operators number channels differently.
    Electrical([u8; 3]),
    /// Medium 0 and the named channel.
    Abstract(u8, [u8; 3]),
    /// Groups A to E as given.
    Exact([u8; 5]),
}

impl Quantity {
    /// What the catalogue says about the quantity.
    #[must_use]
    pub fn description(self) -> &'static Description {
        // The catalogue lists the variants in their order; its test proves it.
        &CATALOGUE[self as usize]
    }

    /// Every quantity, in catalogue order.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        CATALOGUE.iter().map(|description| description.quantity)
    }

    /// Canonical name: `/api/v1`, MQTT key, default InfluxDB field.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.description().name
    }

    /// The unit of its numbers.
    #[must_use]
    pub fn unit(self) -> Option<Unit> {
        self.description().unit
    }

    /// The quantity with this canonical name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        CATALOGUE.iter().find(|row| row.name == name).map(|row| row.quantity)
    }

    /// The quantity in this field of chapter 25.
    #[must_use]
    pub fn from_chapter25(field: &str) -> Option<Self> {
        let named = |row: &&Description| row.chapter25.is_some_and(|known| known.field == field);
        CATALOGUE.iter().find(named).map(|row| row.quantity)
    }

    /// The quantity a register holds; `None` for codes outside the catalogue and for billing
    /// periods (F other than 255), which are history and not the value of now.
    ///
    /// # Source
    /// IEC 62056-6-1, clauses 5 and 7.
    #[must_use]
    pub fn from_obis(obis: Obis) -> Option<Self> {
        if obis.period() != 255 {
            return None;
        }
        let cde = obis.cde();
        let [c, ..] = cde;
        let same = BY_REGISTER.get(usize::from(c))?.iter();
        let mut holding = same.filter(|(known, row)| *known == cde && row.register.holds(obis));
        holding.next().map(|(_, row)| row.quantity)
    }

    /// The field name in InfluxDB: chapter 25's where it has one, else the canonical name.
    #[must_use]
    pub fn influx_field(self) -> &'static str {
        let description = self.description();
        description.chapter25.map_or(description.name, |known| known.field)
    }

    /// The last topic level in MQTT.
    #[must_use]
    pub fn mqtt_key(self) -> &'static str {
        self.name()
    }

    /// The code under which the quantity is usually sent; `None` when it has none.
    #[must_use]
    pub fn usual_obis(self) -> Option<Obis> {
        match self.description().register {
            Register::Unassigned => None,
            Register::Electrical(cde) => Some(Obis::new(1, 0, cde, 255)),
            Register::Abstract(channel, cde) => Some(Obis::new(0, channel, cde, 255)),
            Register::Exact([a, b, c, d, e]) => Some(Obis::new(a, b, [c, d, e], 255)),
        }
    }
}

/// Value groups C, D and E of a row, and the row.
type RegisterRow = ([u8; 3], &'static Description);

/// The catalogue's rows with a register, by value group C: a telegram asks for every one of its
/// values.
static BY_REGISTER: LazyLock<Vec<Vec<RegisterRow>>> = LazyLock::new(|| {
    let mut rows: Vec<Vec<RegisterRow>> = vec![Vec::new(); 256];
    for row in CATALOGUE {
        if let Some(cde) = row.register.cde() {
            rows[usize::from(cde[0])].push((cde, row));
        }
    }
    rows
});

impl Register {
    const fn cde(self) -> Option<[u8; 3]> {
        match self {
            Self::Unassigned => None,
            Self::Electrical(cde) | Self::Abstract(_, cde) => Some(cde),
            Self::Exact([_, _, c, d, e]) => Some([c, d, e]),
        }
    }

    fn holds(self, obis: Obis) -> bool {
        match self {
            Self::Unassigned => false,
            Self::Electrical(cde) => obis.medium() == 1 && obis.cde() == cde,
            Self::Abstract(channel, cde) => {
                obis.medium() == 0 && obis.channel() == channel && obis.cde() == cde
            }
            Self::Exact([a, b, c, d, e]) => {
                obis.medium() == a && obis.channel() == b && obis.cde() == [c, d, e]
            }
        }
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn catalogue_lists_the_variants_in_their_order() {
        for (index, row) in CATALOGUE.iter().enumerate() {
            assert_eq!(row.quantity as usize, index);
        }
    }

    #[test]
    fn names_are_unique_and_find_their_quantity() {
        let mut names = BTreeSet::new();
        let mut influx = BTreeSet::new();
        for quantity in Quantity::all() {
            let row = quantity.description();
            assert!(names.insert(row.name), "{} twice", row.name);
            assert!(influx.insert(quantity.influx_field()), "{} twice", quantity.influx_field());
            assert_eq!(Quantity::from_name(row.name), Some(quantity));
            assert!(
                row.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            );
            for label in [row.english, row.french, row.german] {
                assert!(!label.is_empty());
            }
            if let Some(field) = row.chapter25 {
                assert_eq!(Quantity::from_chapter25(field.field), Some(quantity));
            }
            if let Some(obis) = quantity.usual_obis() {
                assert_eq!(Quantity::from_obis(obis), Some(quantity), "{obis}");
            }
        }
    }

    #[test]
    fn every_field_of_chapter_25_has_a_quantity() {
        for field in [
            "tension_l1",
            "tension_l2",
            "tension_l3",
            "courant_l1",
            "courant_l2",
            "courant_l3",
            "courant_neutre",
            "puissance_active_totale",
            "puissance_reactive_totale",
            "puissance_apparente_totale",
            "facteur_puissance",
            "frequence",
            "thd_tension",
            "thd_courant",
            "energie_active_import",
            "energie_active_export",
            "energie_reactive_import",
            "energie_reactive_export",
        ] {
            assert!(Quantity::from_chapter25(field).is_some(), "{field}");
        }
    }

    #[test]
    fn electrical_codes_match_on_any_channel_and_history_on_none() {
        let energy = |b, f| Quantity::from_obis(Obis::new(1, b, [1, 8, 0], f));
        assert_eq!(energy(0, 255), Some(Quantity::ActiveEnergyImport));
        assert_eq!(energy(1, 255), Some(Quantity::ActiveEnergyImport));
        assert_eq!(energy(0, 1), None);
        // The gas and heat media use the same C.D.E for other things.
        assert_eq!(Quantity::from_obis(Obis::new(7, 0, [1, 8, 0], 255)), None);
    }
}
