//! Which scaling makes a telegram's numbers possible.
//!
//! Voltages tell their own scale, since mains are near 230 V. Currents are weighed against the
//! power: what flows must carry it. The maker's letters narrow the choice and never decide alone:
//! an E450 counts 0.01 A, an E570 counts 1 A.

use crate::models::{Profile, profiles};
use reading::{Decimal, Quantity};

/// Phase voltages of a 230 V supply, in volts.
const MAINS_VOLTS: std::ops::RangeInclusive<i64> = 180..=265;
/// Apparent over active power beyond which a scale is contradicted. Wide: a motor runs idle at a
/// power factor of 0.1, and current and power are snapshots of different instants.
const DOUBTED: std::ops::RangeInclusive<f64> = 0.3..=20.0;
/// Apparent over active power that speaks for a scale.
const BELIEVED: std::ops::RangeInclusive<f64> = 0.7..=5.0;
/// Scales differ by powers of ten: one that fits three times worse than the best is out.
const WORSE_MAX: f64 = 3.0;
/// Below this a load proves nothing about the scale of currents.
const WATTS_MIN: f64 = 50.0;

/// Raw registers of one telegram that can tell scales.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Evidence {
    pub(super) volts: [Option<i64>; 3],
    pub(super) amperes: [Option<i64>; 3],
    pub(super) import: Option<i64>,
    pub(super) export: Option<i64>,
}

impl Evidence {
    pub(super) fn note(&mut self, quantity: Quantity, number: Decimal) {
        let raw = Some(number.mantissa());
        match quantity {
            Quantity::VoltageL1 => self.volts[0] = raw,
            Quantity::VoltageL2 => self.volts[1] = raw,
            Quantity::VoltageL3 => self.volts[2] = raw,
            Quantity::CurrentL1 => self.amperes[0] = raw,
            Quantity::CurrentL2 => self.amperes[1] = raw,
            Quantity::CurrentL3 => self.amperes[2] = raw,
            Quantity::ActivePowerImport => self.import = raw,
            Quantity::ActivePowerExport => self.export = raw,
            _ => {}
        }
    }

    /// The power of ten that makes the voltages those of a supply.
    pub(super) fn volt_exponent(&self) -> Option<i8> {
        mains_exponent(self.volts)
    }

    /// Apparent over active power when currents are read with this power of ten; `None` when the
    /// telegram cannot tell.
    fn apparent_over_active(&self, ampere: i8, power: i8) -> Option<f64> {
        let volt = self.volt_exponent()?;
        let phases = self.volts.iter().zip(self.amperes);
        let products = phases.filter_map(|(u, i)| Some(scaled((*u)?, volt) * scaled(i?, ampere)));
        let apparent: f64 = products.map(f64::abs).sum();
        let active = self.import.unwrap_or(0).abs().max(self.export.unwrap_or(0).abs());
        let active = scaled(active, power);
        (apparent > 0.0 && active >= WATTS_MIN).then(|| apparent / active)
    }

    /// How many times too large or too small the apparent power is; 1 where nothing tells.
    fn misfit(&self, profile: &Profile) -> f64 {
        let ratio = self.apparent_over_active(profile.ampere, profile.power).unwrap_or(1.0);
        ratio.max(1.0 / ratio)
    }

    /// Profiles that fit, best first: those of the maker, else of any maker when the numbers
    /// themselves decide. Of profiles that read this telegram alike, only the first is named.
    pub(super) fn candidates(&self, maker: Option<&str>) -> Vec<&'static Profile> {
        let volt = self.volt_exponent();
        let fits = |profile: &&Profile| volt.is_none_or(|exponent| profile.volt == exponent);
        let of_maker = |profile: &&Profile| {
            maker.is_some_and(|maker| maker.eq_ignore_ascii_case(profile.maker))
        };
        let known = profiles().any(|profile| of_maker(&profile));
        if !known && volt.is_none() {
            return Vec::new();
        }
        let candidates = || profiles().filter(|it| !known || of_maker(it)).filter(fits);
        let best = candidates().map(|profile| self.misfit(profile)).fold(f64::INFINITY, f64::min);
        let mut found: Vec<&Profile> = Vec::new();
        for profile in candidates().filter(|profile| self.misfit(profile) <= best * WORSE_MAX) {
            if !found.iter().any(|other| self.reads_alike(other, profile)) {
                found.push(profile);
            }
        }
        found
    }

    /// Whether two profiles cannot be told apart by what this telegram carries.
    fn reads_alike(&self, one: &Profile, other: &Profile) -> bool {
        let volts = self.volts.iter().any(Option::is_some);
        let amperes = self.amperes.iter().any(Option::is_some);
        let shared = |profile: &Profile| (profile.power, profile.energy, profile.power_factor);
        shared(one) == shared(other)
            && (!amperes || one.ampere == other.ampere)
            // Where voltages are live they have chosen already; the model's own name is worth telling.
            && (!volts || one.volt == other.volt)
            && self.volt_exponent().is_none()
    }
}

/// The power of ten that makes raw registers the phase voltages of a supply: at least one live,
/// others dead or low, none above.
pub(super) fn mains_exponent(volts: [Option<i64>; 3]) -> Option<i8> {
    [0, -1, -2].into_iter().find(|exponent| {
        let volts = || volts.iter().flatten().map(|raw| whole(*raw, *exponent));
        volts().any(|volts| MAINS_VOLTS.contains(&volts))
            && volts().all(|volts| (0..=*MAINS_VOLTS.end()).contains(&volts))
    })
}

/// What the profile does to the values: `Some` with the quantity that cannot be.
pub(super) fn contradiction(evidence: &Evidence, profile: &Profile) -> Option<Contradiction> {
    if evidence.volt_exponent().is_some_and(|exponent| exponent != profile.volt) {
        return Some(Contradiction::Voltage);
    }
    let ratio = |ampere| evidence.apparent_over_active(ampere, profile.power);
    let doubted = ratio(profile.ampere).is_some_and(|ratio| !DOUBTED.contains(&ratio));
    let better = |exponent| ratio(exponent).is_some_and(|ratio| BELIEVED.contains(&ratio));
    (doubted && [0, -1, -2, -3].into_iter().any(better)).then_some(Contradiction::Current)
}

/// Which kind of value a profile makes impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contradiction {
    Voltage,
    Current,
}

/// The number in whole units, cut.
fn whole(raw: i64, exponent: i8) -> i64 {
    let divisor = match exponent {
        -1 => 10,
        -2 => 100,
        _ => 1,
    };
    raw / divisor
}

fn scaled(raw: i64, exponent: i8) -> f64 {
    Decimal::new(raw, exponent).to_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(volts: i64, amperes: i64, watts: i64) -> Evidence {
        Evidence {
            volts: [Some(volts), Some(volts), Some(volts)],
            amperes: [Some(amperes), Some(amperes), Some(amperes)],
            import: Some(watts),
            export: Some(0),
        }
    }

    fn names(evidence: &Evidence, maker: Option<&str>) -> Vec<&'static str> {
        evidence.candidates(maker).iter().map(|profile| profile.name).collect()
    }

    #[test]
    fn load_tells_an_e450_from_an_e570() {
        assert_eq!(names(&evidence(229, 400, 2_700), Some("LGZ")), ["lgz_e450"]);
        assert_eq!(names(&evidence(229, 400, 258_000), Some("LGZ")), ["lgz_e570"]);
        assert_eq!(
            names(&evidence(2_290, 400, 2_700), Some("LGZ")),
            ["lgz_e450_decivolt", "lgz_e360"]
        );
        assert_eq!(names(&evidence(229, 0, 0), Some("LGZ")), ["lgz_e450", "lgz_e570"]);
        assert_eq!(names(&Evidence::default(), Some("LGZ")), ["lgz_e450"]);
        let currents = Evidence { amperes: [Some(0); 3], ..Evidence::default() };
        assert_eq!(names(&currents, Some("LGZ")), ["lgz_e450", "lgz_e570"]);
        assert_eq!(names(&Evidence::default(), None), [""; 0]);
    }

    #[test]
    fn a_wrong_profile_is_contradicted_by_voltage_or_load() {
        let profile = |name| crate::models::profile(name).expect("in the table");
        let found =
            |volts, amperes, name| contradiction(&evidence(volts, amperes, 2_700), profile(name));
        assert_eq!(found(2_350, 400, "lgz_e450"), Some(Contradiction::Voltage));
        assert_eq!(found(235, 400, "lgz_e450_decivolt"), Some(Contradiction::Voltage));
        assert_eq!(found(235, 400, "lgz_e570"), Some(Contradiction::Current));
        assert_eq!(found(235, 400, "lgz_e450"), None);
        // Dead phases are no contradiction as long as one lives.
        let volts = |volts: [i64; 3]| Evidence { volts: volts.map(Some), ..Evidence::default() };
        let found = |raw, name| contradiction(&volts(raw), profile(name));
        assert_eq!(found([228, 0, 0], "lgz_e450"), None);
        assert_eq!(found([170, 0, 230], "lgz_e450"), None);
        assert_eq!(found([2280, 31, 0], "lgz_e450_decivolt"), None);
        assert_eq!(found([2280, 31, 0], "lgz_e450"), Some(Contradiction::Voltage));
        // A dead supply and an idle load prove nothing.
        assert_eq!(contradiction(&Evidence::default(), profile("lgz_e450")), None);
    }
}
