//! The meters this house knows, and what their pushes leave unsaid.
//!
//! A push of most meters carries raw register values without scaler and unit. A [`Profile`] says
//! what they are; where the wire carries a scaler, that wins. Adding a meter is adding a row.

use crate::readout::Kind;
use frame::stream::Transport;
use reading::{Obis, Unit};

/// How a meter scales the registers it sends without scaler.
///
/// Each number is the power of ten of one digit: −2 for a current in 0.01 A.
///
/// # Source
/// Public decoders and grid operators' descriptions, named in each row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name in `--profile` and in the configuration.
    pub name: &'static str,
    /// First letters of the meter's identification and system title (FLAG id).
    pub maker: &'static str,
    /// Volts.
    pub volt: i8,
    /// Amperes.
    pub ampere: i8,
    /// W, var and VA.
    pub power: i8,
    /// Wh, varh and VAh.
    pub energy: i8,
    /// Power factors.
    pub power_factor: i8,
}

impl Profile {
    /// The power of ten of a register in this unit; `None` for units that the profile does not
    /// cover.
    #[must_use]
    pub const fn exponent(&self, unit: Unit) -> Option<i8> {
        match unit {
            Unit::Volt => Some(self.volt),
            Unit::Ampere => Some(self.ampere),
            Unit::Watt | Unit::Var | Unit::VoltAmpere => Some(self.power),
            Unit::WattHour | Unit::VarHour | Unit::VoltAmpereHour => Some(self.energy),
            Unit::One => Some(self.power_factor),
            _ => None,
        }
    }
}

impl Profile {
    /// The powers of ten alone: meters of several names may share them.
    pub(crate) const fn scales(&self) -> [i8; 5] {
        [self.volt, self.ampere, self.power, self.energy, self.power_factor]
    }
}

/// A meter model.
#[derive(Debug)]
pub struct Model {
    /// The name in the configuration.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Its scaling; `None` when only scalers on the wire are believed.
    pub profile: Option<&'static Profile>,
    /// How it is read.
    pub protocol: Protocol,
}

/// How a meter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// It pushes DLMS unasked.
    Push {
        /// What carries its telegrams. Where link frames are sure, noise can never pass for an
        /// APDU.
        transport: Transport,
    },
    /// It sends readable read-outs unasked: P1, or mode D of the optical port.
    Text {
        /// Which of the two.
        kind: Kind,
    },
    /// It answers behind an optical head (IEC 62056-21, modes A to C).
    Optical,
    /// It is a slave on an M-Bus (EN 13757-2 and -3).
    Mbus,
    /// It answers a client of DLMS/COSEM: it tells its objects, scalers and units itself.
    Cosem,
}

impl Protocol {
    /// Whether the meter speaks unasked; the others are read by a [`Dialogue`](crate::Dialogue).
    #[must_use]
    pub const fn is_push(self) -> bool {
        matches!(self, Self::Push { .. } | Self::Text { .. })
    }
}

/// The model with this name.
#[must_use]
pub fn model(name: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.name == name)
}

/// Every model, in the order of the table.
#[must_use]
pub const fn models() -> &'static [Model] {
    MODELS
}

/// The profile with this name.
#[must_use]
pub fn profile(name: &str) -> Option<&'static Profile> {
    MODELS.iter().filter_map(|model| model.profile).find(|profile| profile.name == name)
}

/// Every profile, in the order of the table.
pub fn profiles() -> impl Iterator<Item = &'static Profile> {
    MODELS.iter().filter_map(|model| model.profile)
}

const fn scales(name: &'static str, maker: &'static str, digits: [i8; 5]) -> Profile {
    let [volt, ampere, power, energy, power_factor] = digits;
    Profile { name, maker, volt, ampere, power, energy, power_factor }
}

// Columns: volt, ampere, power, energy, power factor.
#[rustfmt::skip]
mod table {
    use super::{Profile, scales};
    // Swiss captures and Netz Burgenland: whole volts.
    pub(super) static LGZ_E450: Profile = scales("lgz_e450", "LGZ", [0, -2, 0, 0, -3]);
    // The same meter on lists of other grid operators (amsreader-firmware).
    pub(super) static LGZ_E450_DECIVOLT: Profile = scales("lgz_e450_decivolt", "LGZ", [-1, -2, 0, 0, -3]);
    // Transformer-connected; VSE 2026 list under load: 400 A, 229 V.
    pub(super) static LGZ_E570: Profile = scales("lgz_e570", "LGZ", [0, 0, 0, 0, -3]);
    // VSE 2026 list: 235.7 V, 0.06 A.
    pub(super) static LGZ_E360: Profile = scales("lgz_e360", "LGZ", [-1, -2, 0, 0, -3]);
    pub(super) static ISK_AM550: Profile = scales("isk_am550", "ISK", [-1, -2, 0, 0, -3]);
    // Kamstrup HAN-NVE list: energies in 10 Wh, power factors in 0.01.
    pub(super) static KAM_OMNIPOWER: Profile = scales("kam_omnipower", "Kam", [0, -2, 0, 1, -2]);
    // Kaifa "KFM_001": currents in mA.
    pub(super) static KFM_MA304H3E: Profile = scales("kfm_ma304h3e", "KFM", [-1, -3, 0, 0, -3]);
    pub(super) static KFM_MA309M: Profile = scales("kfm_ma309m", "KFM", [-1, -2, 0, 0, -3]);
    pub(super) static SAG_T210D: Profile = scales("sag_t210d", "SAG", [-1, -2, 0, 0, -3]);
}

const fn row(name: &'static str, title: &'static str, profile: &'static Profile) -> Model {
    let protocol = Protocol::Push { transport: Transport::Framed };
    Model { name, title, profile: Some(profile), protocol }
}

const fn cosem(name: &'static str, title: &'static str) -> Model {
    Model { name, title, profile: None, protocol: Protocol::Cosem }
}

static MODELS: &[Model] = &[
    row("lgz_e450", "Landis+Gyr E450", &table::LGZ_E450),
    row("lgz_e450_decivolt", "Landis+Gyr E450, voltages in 0.1 V", &table::LGZ_E450_DECIVOLT),
    row("lgz_e570", "Landis+Gyr E570", &table::LGZ_E570),
    row("lgz_e360", "Landis+Gyr E360", &table::LGZ_E360),
    row("isk_am550", "Iskraemeco AM550", &table::ISK_AM550),
    row("kam_omnipower", "Kamstrup Omnipower", &table::KAM_OMNIPOWER),
    row("kfm_ma304h3e", "Kaifa MA304H3E", &table::KFM_MA304H3E),
    row("kfm_ma309m", "Kaifa MA309M", &table::KFM_MA309M),
    row("sag_t210d", "Sagemcom T210-D", &table::SAG_T210D),
    Model {
        name: "generic_dlms_push",
        title: "any meter that pushes DLMS with scalers",
        profile: None,
        protocol: Protocol::Push { transport: Transport::Auto },
    },
    Model {
        name: "dsmr_p1",
        title: "any meter with a P1 port (DSMR, e-MUCS, Luxembourg)",
        profile: None,
        protocol: Protocol::Text { kind: Kind::Dsmr },
    },
    Model {
        name: "iec62056_21",
        title: "any meter behind an optical head, read on request (IEC 62056-21, modes A to C)",
        profile: None,
        protocol: Protocol::Optical,
    },
    Model {
        name: "iec62056_21_push",
        title: "any meter that sends read-outs unasked (IEC 62056-21, mode D)",
        profile: None,
        protocol: Protocol::Text { kind: Kind::Iec62056_21 },
    },
    Model {
        name: "mbus",
        title: "any meter on a wired M-Bus (EN 13757-3): electricity, heat, water, gas",
        profile: None,
        protocol: Protocol::Mbus,
    },
    cosem("lgz_e450_dlms", "Landis+Gyr E450, asked over its optical port or a network"),
    cosem("generic_dlms", "any meter that answers a DLMS/COSEM client"),
];

/// One digit of a channel's register is fixed by the meter behind the channel, not by this one.
#[must_use]
pub const fn is_mbus_channel(obis: Obis) -> bool {
    obis.medium() == 0 && obis.channel() > 0 && matches!(obis.cde(), [24, 2, _])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_find_their_model() {
        let mut names = BTreeSet::new();
        for known in models() {
            assert!(names.insert(known.name));
            assert_eq!(model(known.name).map(|model| model.title), Some(known.title));
            if let Some(scaling) = known.profile {
                assert_eq!(profile(known.name), Some(scaling), "{} names its profile", known.name);
            }
        }
        assert!(model("lgz_e999").is_none());
    }
}
