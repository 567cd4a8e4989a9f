//! The sentences of availability: why, and what would help.

/// A sentence with a stable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence {
    /// The stable name.
    pub code: &'static str,
    /// One English sentence.
    pub english: &'static str,
    /// One French sentence.
    pub french: &'static str,
}

macro_rules! sentences {
    ($($name:ident = $code:literal, $english:literal, $french:literal;)*) => {
        $(pub(super) const $name: Sentence =
            Sentence { code: $code, english: $english, french: $french };)*

        #[cfg(test)]
        pub(super) const ALL: &[Sentence] = &[$($name,)*];
    };
}

#[rustfmt::skip]
sentences! {
    COMPLETE = "complete", "Everything this needs is measured.", "Tout ce qu'il faut est mesuré.";
    NO_VOLTAGES = "no_voltages", "The meter's lists carry no voltages of all three phases.", "Les listes du compteur ne portent pas les trois tensions.";
    NO_CURRENTS = "no_currents", "The meter's lists carry no currents of all three phases.", "Les listes du compteur ne portent pas les trois courants.";
    COARSE_VOLTAGES = "coarse_voltages", "The voltages come in steps of 1 V, about 0.4 %.", "Les tensions arrivent par pas de 1 V, soit environ 0,4 %.";
    COARSE_CURRENTS = "coarse_currents", "The currents come in steps of 1 A.", "Les courants arrivent par pas de 1 A.";
    ASSUMED_120 = "assumed_120", "Phase voltages without angles read half of the true unbalance: screening only, no verdict.", "Les tensions simples sans angles donnent la moitié du déséquilibre vrai : indication seulement, pas de verdict.";
    U0_FROM_MAGNITUDES = "u0_from_magnitudes", "Without angles only an unbalance above 3 % is distinguishable from rounding.", "Sans angles, seul un déséquilibre de plus de 3 % se distingue de l'arrondi.";
    NO_ANGLES = "no_angles", "The angles between the voltages are not sent.", "Les angles entre tensions ne sont pas envoyés.";
    NEUTRAL_FUNDAMENTAL = "neutral_fundamental", "Computed from the phases: third harmonics, which add up in the neutral, stay invisible.", "Calculé à partir des phases : les harmoniques de rang 3, qui s'ajoutent dans le neutre, restent invisibles.";
    NEUTRAL_EQUAL_PF = "neutral_equal_pf", "Computed as if all phases had one power factor, without harmonics.", "Calculé comme si les phases avaient le même facteur de puissance, sans harmoniques.";
    NO_POWER_FACTOR = "no_power_factor", "Neither a power factor nor active with reactive or apparent power is sent.", "Ni facteur de puissance, ni puissance active avec réactive ou apparente.";
    POWER_FACTOR_ONLY = "power_factor_only", "Only the power factor is sent: its sign does not tell reliably between lead, lag and export.", "Seul le facteur de puissance est envoyé : son signe ne distingue pas sûrement avance, retard et injection.";
    NONACTIVE_ONLY = "nonactive_only", "Only S and P are sent: the non-active power has no sign and includes distortion.", "Seules S et P sont envoyées : la puissance non active n'a pas de signe et contient la distorsion.";
    REACTIVE_COUNTERS = "reactive_counters", "Only reactive energy counters are sent: means over minutes, not moments.", "Seuls des compteurs d'énergie réactive : des moyennes sur des minutes, pas des instants.";
    NO_REACTIVE = "no_reactive", "Neither reactive power nor reactive energy is sent.", "Ni puissance réactive ni énergie réactive.";
    DISPLACEMENT_FROM_PQ = "displacement_from_pq", "From P and Q; whether the meter's Q holds the fundamental only is not told.", "À partir de P et Q ; le compteur ne dit pas si Q ne porte que le fondamental.";
    NO_DISPLACEMENT = "no_displacement", "Neither Q nor the angles between current and voltage are sent.", "Ni Q ni les angles entre courant et tension.";
    THD_REGISTER = "thd_register", "The meter's own THD, in its own bandwidth: screening against 8 %.", "Le THD du compteur, dans sa propre bande : indication par rapport à 8 %.";
    NO_THD = "no_thd", "No distortion register is sent, and samples of r.m.s. values hold no harmonics.", "Aucun registre de distorsion, et des valeurs efficaces ne contiennent pas d'harmoniques.";
    NO_HARMONICS = "no_harmonics", "Individual harmonics are not sent by this meter.", "Ce compteur n'envoie pas les harmoniques par rang.";
    ENERGY_BY_HOLD = "energy_by_hold", "Without a counter, energy is summed from power samples.", "Sans compteur d'énergie, l'énergie est sommée à partir des puissances.";
    NO_ENERGY = "no_energy", "Neither an energy counter nor active power is sent.", "Ni compteur d'énergie ni puissance active.";
    DEMAND_BY_SAMPLES = "demand_by_samples", "From power samples: an estimate beside the meter's own demand.", "À partir d'échantillons : une estimation à côté de la moyenne du compteur.";
    DEMAND_TOO_SLOW = "demand_too_slow", "The lists come too rarely to forecast the running interval.", "Les listes arrivent trop rarement pour prévoir la période en cours.";
    KPI_WITHOUT_COUNTER = "kpi_without_counter", "Energy is an estimate, since no counter is sent.", "L'énergie est une estimation, faute de compteur.";
    KPI_WITHOUT_POWER = "kpi_without_power", "Mean power comes from the counter; the peak is unknown.", "La puissance moyenne vient du compteur ; la pointe est inconnue.";
    WHOLE_ONLY = "whole_only", "There are no sub-meters: the whole load is one remainder.", "Pas de sous-compteurs : toute la charge est un reste.";
    NO_LOADS = "no_loads", "Neither sub-meters nor active power are known.", "Ni sous-compteurs ni puissance active.";
    SCREENING_SAMPLES = "screening_samples", "Momentary voltages every few seconds: slow deviations, no dips, no verdict.", "Tensions instantanées toutes les quelques secondes : dérives lentes, ni creux ni verdict.";
    SCREENING_SLOW = "screening_slow", "Voltages come too rarely for a 10-minute estimate: trends only.", "Les tensions arrivent trop rarement pour une estimation sur 10 minutes : tendances seulement.";
    NO_EVENTS = "no_events", "A dip of less than two periods falls between the samples, and no event counter is sent.", "Un creux de moins de deux périodes tombe entre les échantillons, et aucun compteur d'événements n'est envoyé.";
    NO_INSTRUMENT = "no_instrument", "A verdict needs a class A or S instrument (IEC 61000-4-30); a revenue meter is none.", "Un verdict exige un instrument de classe A ou S (IEC 61000-4-30) ; un compteur n'en est pas un.";
    ADD_VOLTAGES = "add_voltages", "Ask the grid operator to add 32.7.0, 52.7.0 and 72.7.0 to a push list.", "Demander au gestionnaire de réseau d'ajouter 32.7.0, 52.7.0 et 72.7.0 à une liste.";
    ADD_CURRENTS = "add_currents", "Ask the grid operator to add 31.7.0, 51.7.0 and 71.7.0 to a push list.", "Demander au gestionnaire de réseau d'ajouter 31.7.0, 51.7.0 et 71.7.0 à une liste.";
    ADD_ANGLES = "add_angles", "Ask for 81.7.1 and 81.7.2, or add a meter with line-to-line voltages.", "Demander 81.7.1 et 81.7.2, ou ajouter un appareil donnant les tensions composées.";
    ADD_CURRENT_ANGLES = "add_current_angles", "Ask for 81.7.4, 81.7.15 and 81.7.26, or for P and Q of each phase.", "Demander 81.7.4, 81.7.15 et 81.7.26, ou P et Q par phase.";
    ADD_NEUTRAL = "add_neutral", "Ask for 91.7.0, or put a transducer around the neutral.", "Demander 91.7.0, ou poser un capteur sur le neutre.";
    ADD_REACTIVE = "add_reactive", "Ask for 3.7.0 and 4.7.0, or the four quadrants 5.7.0 to 8.7.0.", "Demander 3.7.0 et 4.7.0, ou les quatre quadrants 5.7.0 à 8.7.0.";
    ADD_POWER = "add_power", "Ask for 1.7.0 and 2.7.0.", "Demander 1.7.0 et 2.7.0.";
    ADD_COUNTER = "add_counter", "Ask for 1.8.0 (and 2.8.0) every minute.", "Demander 1.8.0 (et 2.8.0) chaque minute.";
    FINER_VOLTAGES = "finer_voltages", "A meter that sends 0.1 V would do better.", "Un appareil qui envoie 0,1 V ferait mieux.";
    FINER_CURRENTS = "finer_currents", "A meter that sends 0.01 A would do better.", "Un appareil qui envoie 0,01 A ferait mieux.";
    ADD_THD = "add_thd", "A meter with registers 12.7.124 and 11.7.124, or an analyser, is needed.", "Il faut un appareil avec les registres 12.7.124 et 11.7.124, ou un analyseur.";
    ADD_ANALYSER = "add_analyser", "Add a power quality analyser of class A or S.", "Ajouter un analyseur de qualité de classe A ou S.";
    ADD_SUB_METERS = "add_sub_meters", "Put sub-meters on the machines.", "Poser des sous-compteurs sur les machines.";
    FASTER_LIST = "faster_list", "Ask for a list every 60 s or faster.", "Demander une liste toutes les 60 s ou plus souvent.";
}
