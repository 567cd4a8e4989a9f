//! The one catalogue of results. A result is described here and nowhere else.
//!
//! Rows may move but names may not change; a plug that numbers rows keeps its own numbers.

use super::analysed::Analysed;
use analysis::Figure;
use reading::Unit::{self, Ampere, One, Percent, Second, Var, VoltAmpere, Watt};

/// What a result is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Phase balance.
    Balance,
    /// Powers, power factor, compensation.
    Reactive,
    /// Who draws what.
    Load,
    /// Conditions beyond their limits.
    Alarm,
    /// How old and how good the data are.
    Health,
    /// The numbers of chapter 25, beside those of the standards.
    Chapter25,
}

impl Group {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::Reactive => "reactive",
            Self::Load => "load",
            Self::Alarm => "alarm",
            Self::Health => "health",
            Self::Chapter25 => "chapter25",
        }
    }
}

/// Everything the house knows about one result.
#[derive(Debug)]
pub struct FigureRow {
    /// Stable name.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// The unit of its numbers; [`Unit::One`] for counts, codes and fractions.
    pub unit: Unit,
    /// The smallest and the largest value that make sense, in `unit`: the range of a gauge.
    pub range: (f64, f64),
    /// Most decimals worth showing.
    pub decimals: u8,
    /// English, French and German name.
    pub names: [&'static str; 3],
    /// Where it is defined.
    pub source: &'static str,
    pub(super) of: fn(&Analysed) -> Figure<f64>,
}

macro_rules! figures {
    ($($name:literal, $group:ident, $unit:expr, $range:expr, $decimals:literal,
       $english:literal, $french:literal, $german:literal, $source:literal, $of:expr;)*) => {
        /// Every result, in the order of the groups.
        pub static FIGURES: &[FigureRow] = &[
            $(FigureRow {
                name: $name,
                group: Group::$group,
                unit: $unit,
                range: $range,
                decimals: $decimals,
                names: [$english, $french, $german],
                source: $source,
                of: $of,
            },)*
        ];
    };
}

fn phase(figure: Figure<u8>) -> Figure<f64> {
    figure.map(f64::from)
}

fn thousand(figure: Figure<f64>) -> Figure<f64> {
    figure.map(|kilo| kilo * 1000.0)
}

#[rustfmt::skip]
figures! {
    "voltage_deviation", Balance, Percent, (0.0, 100.0), 2, "Largest voltage deviation", "Écart maximal de tension", "Größte Spannungsabweichung", "IEEE Std 141 (PVUR)", |it| it.balance.voltage.deviation_pct;
    "voltage_deviation_line", Balance, Percent, (0.0, 100.0), 2, "Largest line voltage deviation", "Écart maximal des tensions composées", "Größte Abweichung der Außenleiterspannungen", "NEMA MG-1 (LVUR)", |it| it.balance.voltage.lvur_pct;
    "voltage_u2", Balance, Percent, (0.0, 100.0), 2, "Voltage unbalance u2", "Déséquilibre de tension u2", "Spannungsunsymmetrie u2", "IEC 61000-4-30, 5.7", |it| it.balance.voltage.u2_pct;
    "voltage_u0", Balance, Percent, (0.0, 100.0), 2, "Zero-sequence voltage u0", "Tension homopolaire u0", "Nullsystemspannung u0", "IEC 61000-4-30, 5.7", |it| it.balance.voltage.u0_pct;
    "current_mean", Balance, Ampere, (0.0, 20_000.0), 2, "Mean current", "Courant moyen", "Mittlerer Strom", "mean of the three phases", |it| it.balance.current.mean_a;
    "current_deviation", Balance, Percent, (0.0, 200.0), 1, "Largest current deviation", "Écart maximal de courant", "Größte Stromabweichung", "IEEE Std 141, applied to currents", |it| it.balance.current.deviation_pct;
    "current_i2", Balance, Percent, (0.0, 200.0), 1, "Negative-sequence current i2", "Courant inverse i2", "Gegensystemstrom i2", "IEC 61000-4-30, 5.13", |it| it.balance.current.i2_pct;
    "current_i0", Balance, Percent, (0.0, 200.0), 1, "Zero-sequence current i0", "Courant homopolaire i0", "Nullsystemstrom i0", "IEC 61000-4-30, 5.13", |it| it.balance.current.i0_pct;
    "neutral_current", Balance, Ampere, (0.0, 20_000.0), 2, "Neutral current, measured or derived", "Courant de neutre, mesuré ou déduit", "Neutralleiterstrom, gemessen oder abgeleitet", "phasor sum of the phase currents", |it| it.balance.current.neutral_a;
    "most_loaded_phase", Balance, One, (1.0, 3.0), 0, "Most loaded phase", "Phase la plus chargée", "Höchstbelastete Phase", "largest current, else power", |it| phase(it.balance.current.most_loaded_phase);
    "motor_derating", Balance, One, (0.0, 1.0), 2, "Load that motors bear", "Charge admissible des moteurs", "Zulässige Motorlast", "NEMA MG-1, 14.36", |it| it.balance.motor_derating;
    "active_power_total", Reactive, Watt, (-1e8, 1e8), 0, "Active power, sent or derived", "Puissance active, mesurée ou déduite", "Wirkleistung, gesendet oder abgeleitet", "IEC 62053-23", |it| it.power.active_w;
    "reactive_power_total", Reactive, Var, (-1e8, 1e8), 0, "Reactive power, sent or derived", "Puissance réactive, mesurée ou déduite", "Blindleistung, gesendet oder abgeleitet", "IEC 62053-23", |it| it.power.reactive_var;
    "apparent_power_total", Reactive, VoltAmpere, (0.0, 1e8), 0, "Apparent power, sent or derived", "Puissance apparente, mesurée ou déduite", "Scheinleistung, gesendet oder abgeleitet", "IEEE Std 1459", |it| it.power.apparent_va;
    "power_factor_abs", Reactive, One, (0.0, 1.0), 3, "Power factor", "Facteur de puissance", "Leistungsfaktor", "IEEE Std 1459", |it| it.power.power_factor;
    "tan_phi", Reactive, One, (0.0, 10.0), 3, "tan φ", "tan φ", "tan φ", "|Q| / |P|", |it| it.power.tan_phi;
    "quadrant", Reactive, One, (1.0, 4.0), 0, "Quadrant", "Quadrant", "Quadrant", "IEC 62053-23", |it| phase(it.power.quadrant);
    "compensation_required", Reactive, Var, (0.0, 1e7), 0, "Capacitor power to the target", "Puissance de compensation nécessaire", "Nötige Kompensationsleistung", "Qc = P (tan φ1 − tan φ2)", |it| thousand(it.compensation.required_kvar);
    "compensation_bank", Reactive, Var, (0.0, 1e7), 0, "Capacitor bank advised", "Batterie de condensateurs conseillée", "Empfohlene Kondensatorbatterie", "next usual step", |it| thousand(it.compensation.bank_kvar);
    "losses_avoided", Reactive, Percent, (0.0, 100.0), 1, "Upstream losses avoided by compensation", "Pertes amont évitées par la compensation", "Durch Kompensation vermiedene Verluste", "1 − (PF1 / PF2)²", |it| it.compensation.loss_reduction_pct;
    "load", Load, Watt, (-1e8, 1e8), 0, "Load", "Charge", "Last", "own meter, estimate or constant", |it| it.load.own_w;
    "load_share", Load, Percent, (-100.0, 100.0), 1, "Share of the meter upstream", "Part du compteur amont", "Anteil am vorgelagerten Zähler", "load / load upstream", |it| it.load.share_pct;
    "unexplained", Load, Watt, (-1e8, 1e8), 0, "Not explained by the meters behind", "Non expliqué par les sous-compteurs", "Durch Unterzähler nicht erklärt", "load − loads directly behind", |it| it.load.unexplained_w;
    "unexplained_uncertainty", Load, Watt, (0.0, 1e8), 0, "Uncertainty of the unexplained part", "Incertitude de la part non expliquée", "Unsicherheit des unerklärten Teils", "GUM, root sum of squares", |it| it.load.uncertainty_w;
    "alarm_level", Alarm, One, (0.0, 3.0), 0, "Alarm level (0 none, 1 minor, 2 major, 3 critical)", "Niveau d'alarme (0 aucun, 1 mineur, 2 majeur, 3 critique)", "Alarmstufe (0 keine, 1 gering, 2 hoch, 3 kritisch)", "IEC 62682, priorities 3 to 1", |it| it.alarm.level;
    "alarm_word", Alarm, One, (0.0, 65_535.0), 0, "Alarm word, one bit a condition", "Mot d'alarme, un bit par condition", "Alarmwort, ein Bit je Bedingung", "bit 0 overload, 1 power factor, 2 voltage low, 3 voltage high, 4 unbalance, 5 distortion", |it| it.alarm.word;
    "alarm_count", Alarm, One, (0.0, 16.0), 0, "Active alarms", "Alarmes actives", "Aktive Störmeldungen", "conditions that are true", |it| it.alarm.count;
    "data_age", Health, Second, (0.0, 4_294_967_294.0), 1, "Age of the newest measurement", "Âge de la dernière mesure", "Alter der letzten Messung", "clock − time of measurement", |it| it.health.age_s;
    "data_quality", Health, One, (0.0, 2.0), 0, "Worst quality (0 good, 1 suspect, 2 bad)", "Pire qualité (0 bonne, 1 douteuse, 2 mauvaise)", "Schlechteste Qualität (0 gut, 1 zweifelhaft, 2 schlecht)", "worst of the newest values", |it| it.health.quality;
    "link_state", Health, One, (0.0, 4.0), 0, "Link (0 fed, 1 waiting, 2 live, 3 stale, 4 disconnected)", "Liaison (0 alimentée, 1 en attente, 2 active, 3 muette, 4 coupée)", "Verbindung (0 gespeist, 1 wartend, 2 aktiv, 3 stumm, 4 getrennt)", "state of the link", |it| it.health.link;
    "ch25_score", Chapter25, One, (0.0, 2.0), 4, "Chapter 25's balance score", "Score d'équilibre du chapitre 25", "Symmetriewert nach Kapitel 25", "specification, 25.2: mixes voltages and currents, signed maximum", |it| it.chapter25.score;
    "ch25_power_factor", Chapter25, One, (-1.0, 1.0), 4, "Chapter 25's power factor", "Facteur de puissance du chapitre 25", "Leistungsfaktor nach Kapitel 25", "specification, 25.3: P / √(P² + Q²), signed", |it| it.chapter25.power_factor;
}
