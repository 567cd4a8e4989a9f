//! The doctor's sentences, in the words of the trade: French, English, German.
//!
//! In: a finding or an obstacle. Out: texts. The tables below are data: `{meter}` is the meter's
//! name, `{phases}` the phases, `{0}`, `{1}` … the numbers of the evidence in their order, with
//! their units.

use super::findings::{Code, Evidence, Finding, Label, Obstacle, Text};

/// A language of the doctor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// French.
    French,
    /// English.
    English,
    /// German.
    German,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::French, Self::English, Self::German];

    const fn index(self) -> usize {
        match self {
            Self::French => 0,
            Self::English => 1,
            Self::German => 2,
        }
    }

    fn number(self, value: f64, decimals: usize) -> String {
        let text = format!("{value:.decimals$}").replace('-', "−");
        if self == Self::English { text } else { text.replace('.', ",") }
    }

    const fn and(self) -> &'static str {
        match self {
            Self::French => " et ",
            Self::English => " and ",
            Self::German => " und ",
        }
    }
}

/// Texts in the order French, English, German.
type Texts = [&'static str; 3];

/// One code with its texts.
pub(super) struct Row {
    pub(super) of: Code,
    pub(super) code: &'static str,
    sentence: Texts,
    remedy: Texts,
}

/// Never to be left out where a current transformer is touched.
const CT_SAFETY: Texts = [
    " Jamais d'ouverture d'un secondaire de TC en charge : court-circuiter S1-S2 d'abord.",
    " Never open a CT secondary under load: short S1-S2 first.",
    " Sekundärkreis eines Wandlers nie unter Last öffnen: zuerst S1-S2 kurzschließen.",
];

macro_rules! codes {
    ($($of:ident = $code:literal { $fr:literal, $en:literal, $de:literal; $fr_do:literal, $en_do:literal, $de_do:literal })*) => {
        pub(super) const CODES: &[Row] = &[$(Row {
            of: Code::$of,
            code: $code,
            sentence: [$fr, $en, $de],
            remedy: [$fr_do, $en_do, $de_do],
        },)*];
    };
}

#[rustfmt::skip]
codes! {
    CtReversed = "ct_reversed" {
        "{meter} : TC monté ou raccordé à l'envers sur {phases} ({0}, {1}, {2}).",
        "{meter}: the CT on {phases} is reversed ({0}, {1}, {2}).",
        "{meter}: Wandler auf {phases} verpolt ({0}, {1}, {2}).";
        "Intervertir S1 et S2 (k et l) du TC, ou le retourner (P1 côté réseau).",
        "Swap S1 and S2 (k and l) of the CT, or turn it round (P1 towards the supply).",
        "S1 und S2 (k und l) des Wandlers tauschen oder ihn umdrehen (P1 zum Netz)."
    }
    SomeCtReversed = "some_ct_reversed" {
        "{meter} : un TC est à l'envers, sans qu'on puisse dire lequel : les phases ne s'additionnent pas ({0} pour {1}).",
        "{meter}: a CT is reversed, which one cannot be told: the phases do not add up ({0} for {1}).",
        "{meter}: ein Wandler ist verpolt, welcher ist nicht feststellbar: die Phasen ergeben nicht die Summe ({0} bei {1}).";
        "Contrôler le sens de chaque TC (P1 côté réseau, S1-S2), ou lire la puissance de chaque phase sur le compteur : la négative est la mauvaise.",
        "Check the direction of each CT (P1 towards the supply, S1-S2), or read the power of each phase at the meter: the negative one is wrong.",
        "Richtung jedes Wandlers prüfen (P1 zum Netz, S1-S2) oder die Leistung jeder Phase am Zähler ablesen: die negative ist falsch."
    }
    SomePhasesSwapped = "some_phases_swapped" {
        "{meter} : deux phases sont interverties, sans qu'on puisse dire lesquelles : les phases s'annulent ({0} pour {1}).",
        "{meter}: two phases are swapped, which ones cannot be told: the phases cancel each other ({0} for {1}).",
        "{meter}: zwei Phasen sind vertauscht, welche ist nicht feststellbar: die Phasen heben sich auf ({0} bei {1}).";
        "Suivre chaque TC jusqu'à la borne de courant de la même phase que sa tension.",
        "Follow each CT to the current terminal of the same phase as its voltage.",
        "Jeden Wandler bis zur Stromklemme derselben Phase wie seine Spannung verfolgen."
    }
    PhasesSwapped = "phases_swapped" {
        "{meter} : les courants de {phases} sont intervertis : chacun est associé à la tension de l'autre ({0}, {1}, {2}).",
        "{meter}: the currents of {phases} are swapped: each is paired with the other's voltage ({0}, {1}, {2}).",
        "{meter}: die Ströme von {phases} sind vertauscht: jeder ist der Spannung des anderen zugeordnet ({0}, {1}, {2}).";
        "Intervertir les deux TC (ou leurs paires S1-S2 au compteur), ou les deux prises de tension.",
        "Swap the two CTs (or their S1-S2 pairs at the meter), or the two voltage taps.",
        "Die beiden Wandler (oder ihre Paare S1-S2 am Zähler) oder die beiden Spannungsabgriffe tauschen."
    }
    PhasesRotated = "phases_rotated" {
        "{meter} : les trois courants sont décalés d'une phase par rapport aux tensions ({0}, {1}, {2}).",
        "{meter}: all three currents are one phase off against the voltages ({0}, {1}, {2}).",
        "{meter}: alle drei Ströme sind gegen die Spannungen um eine Phase verschoben ({0}, {1}, {2}).";
        "Décaler les trois prises de tension (ou les trois TC) d'une position, dans le même sens.",
        "Move the three voltage taps (or the three CTs) on by one position, all the same way.",
        "Die drei Spannungsabgriffe (oder die drei Wandler) um eine Stelle weitersetzen, alle gleich herum."
    }
    PhasesConfused = "phases_confused" {
        "{meter} : les angles entre tensions et courants sont impossibles pour une charge ({0}, {1}, {2}) ; plusieurs erreurs à la fois.",
        "{meter}: the angles between voltages and currents are impossible for a load ({0}, {1}, {2}); more than one mistake.",
        "{meter}: die Winkel zwischen Spannungen und Strömen sind für eine Last unmöglich ({0}, {1}, {2}); mehr als ein Fehler.";
        "Suivre chaque TC du jeu de barres à la borne du compteur : phase, sens, paire S1-S2.",
        "Follow each CT from the bus bar to the meter's terminal: phase, direction, pair S1-S2.",
        "Jeden Wandler von der Schiene bis zur Zählerklemme verfolgen: Phase, Richtung, Paar S1-S2."
    }
    SequenceReversed = "sequence_reversed" {
        "{meter} : ordre des phases inverse (L1-L3-L2) sur les tensions.",
        "{meter}: the voltages turn the wrong way (L1-L3-L2).",
        "{meter}: Drehfeld links (L1-L3-L2) an den Spannungen.";
        "Intervertir deux prises de tension avec leurs TC ; si un moteur tourne à l'envers, c'est l'alimentation elle-même.",
        "Swap two voltage taps together with their CTs; if a motor runs backwards, it is the supply itself.",
        "Zwei Spannungsabgriffe samt ihren Wandlern tauschen; läuft ein Motor rückwärts, ist es die Einspeisung selbst."
    }
    VoltageTapOpen = "voltage_tap_open" {
        "{meter} : pas de tension sur {phases} ({0}) alors que le courant y passe ({1}) : fusible de mesure fondu ou prise ouverte.",
        "{meter}: no voltage on {phases} ({0}) although current flows there ({1}): blown measuring fuse or open tap.",
        "{meter}: keine Spannung an {phases} ({0}), obwohl dort Strom fließt ({1}): Messsicherung durchgebrannt oder Abgriff offen.";
        "Contrôler le fusible de la prise de tension et sa borne ; tant qu'il manque, l'énergie de cette phase n'est pas comptée.",
        "Check the fuse of the voltage tap and its terminal; until then the energy of this phase is not counted.",
        "Sicherung des Spannungsabgriffs und Klemme prüfen; bis dahin wird die Arbeit dieser Phase nicht gezählt."
    }
    PhaseLost = "phase_lost" {
        "{meter} : la phase {phases} manque ({0}).",
        "{meter}: phase {phases} is missing ({0}).",
        "{meter}: Phase {phases} fehlt ({0}).";
        "Contrôler les fusibles et le sectionneur en amont ; un moteur sur deux phases chauffe : l'arrêter.",
        "Check fuses and isolator upstream; a motor on two phases overheats: stop it.",
        "Sicherungen und Trenner davor prüfen; ein Motor an zwei Phasen überhitzt: abschalten."
    }
    VoltageFloating = "voltage_floating" {
        "{meter} : tension de {phases} ni nulle ni normale ({0}) : prise de tension flottante.",
        "{meter}: the voltage of {phases} is neither nothing nor normal ({0}): a floating tap.",
        "{meter}: Spannung an {phases} weder null noch normal ({0}): schwebender Abgriff.";
        "Contrôler le fusible et la borne de la prise de tension, puis mesurer entre phase et neutre.",
        "Check fuse and terminal of the voltage tap, then measure between phase and neutral.",
        "Sicherung und Klemme des Spannungsabgriffs prüfen, dann zwischen Phase und Neutralleiter messen."
    }
    NeutralOpen = "neutral_open" {
        "{meter} : tensions entre phases égales, mais tensions simples inégales ({0}, {1}, {2}) : neutre non raccordé au compteur.",
        "{meter}: equal voltages between the phases, but unequal phase voltages ({0}, {1}, {2}): the neutral is not connected to the meter.",
        "{meter}: Außenleiterspannungen gleich, Sternspannungen ungleich ({0}, {1}, {2}): Neutralleiter nicht am Zähler angeschlossen.";
        "Raccorder le neutre à la borne N, ou régler le compteur en réseau à 3 fils.",
        "Connect the neutral to terminal N, or set the meter to a three-wire network.",
        "Neutralleiter an Klemme N anschließen oder den Zähler auf Dreileiternetz stellen."
    }
    CurrentMissing = "current_missing" {
        "{meter} : le courant de {phases} est toujours nul ({0}) alors que les autres phases sont chargées.",
        "{meter}: the current of {phases} is always nothing ({0}) although the other phases are loaded.",
        "{meter}: Strom von {phases} immer null ({0}), obwohl die anderen Phasen belastet sind.";
        "Contrôler le TC : secondaire court-circuité, non raccordé, ou conducteur à côté. Sur L2 : montage à deux TC (Aron, 3 fils) lu en 4 fils. Une charge biphasée en donne autant.",
        "Check the CT: secondary shorted, not connected, or conductor beside it. On L2: a two-CT (Aron, three-wire) circuit read as four-wire. A load between two phases looks the same.",
        "Wandler prüfen: Sekundärkreis kurzgeschlossen, nicht angeschlossen oder Leiter daneben. Auf L2: Aronschaltung (zwei Wandler, Dreileiter) als Vierleiter gelesen. Eine zweiphasige Last sieht ebenso aus."
    }
    LineCalledPhase = "line_called_phase" {
        "{meter} : les tensions dites simples sont des tensions composées ({0}).",
        "{meter}: what is called phase voltage is the voltage between phases ({0}).",
        "{meter}: die als Sternspannung gelesenen Werte sind Außenleiterspannungen ({0}).";
        "Si le compteur mesure entre phases : voltage_kind = \"line_to_line\" dans la configuration. Sinon le neutre du compteur est sur une phase.",
        "If the meter measures between phases: voltage_kind = \"line_to_line\" in the configuration. Otherwise its neutral terminal is on a phase.",
        "Misst der Zähler zwischen den Phasen: voltage_kind = \"line_to_line\" in der Konfiguration. Sonst liegt seine Neutralleiterklemme an einer Phase."
    }
    PhaseCalledLine = "phase_called_line" {
        "{meter} : les tensions dites composées sont des tensions simples ({0}).",
        "{meter}: what is called voltage between phases is the phase voltage ({0}).",
        "{meter}: die als Außenleiterspannung gelesenen Werte sind Sternspannungen ({0}).";
        "voltage_kind = \"phase\" dans la configuration.",
        "voltage_kind = \"phase\" in the configuration.",
        "voltage_kind = \"phase\" in der Konfiguration."
    }
    VoltageScale = "voltage_scale" {
        "{meter} : tensions fausses d'une puissance de dix ({0}).",
        "{meter}: the voltages are off by a power of ten ({0}).",
        "{meter}: Spannungen um eine Zehnerpotenz falsch ({0}).";
        "Corriger le profil ou le facteur d'échelle de la tension.",
        "Correct the profile or the scaler of the voltage.",
        "Profil oder Skalierung der Spannung berichtigen."
    }
    VoltageRatio = "voltage_ratio" {
        "{meter} : tensions loin de la valeur nominale ({0}) : rapport de TP non réglé ?",
        "{meter}: the voltages are far from nominal ({0}): is the VT ratio set?",
        "{meter}: Spannungen weit vom Nennwert ({0}): Spannungswandlerverhältnis eingestellt?";
        "Régler vt_ratio (ou le rapport de TP du compteur), ou nominal_voltage_v du site.",
        "Set vt_ratio (or the meter's VT ratio), or the site's nominal_voltage_v.",
        "vt_ratio (oder das Verhältnis im Zähler) oder nominal_voltage_v des Standorts einstellen."
    }
    CurrentScale = "current_scale" {
        "{meter} : courants faux d'une puissance de dix : P et Q font {0} de U × I ({1} contre {2}), l'index d'énergie confirme la puissance.",
        "{meter}: the currents are off by a power of ten: P and Q make {0} of U × I ({1} against {2}); the energy register confirms the power.",
        "{meter}: Ströme um eine Zehnerpotenz falsch: P und Q ergeben das {0}-fache von U × I ({1} gegen {2}); das Zählwerk bestätigt die Leistung.";
        "Corriger le facteur d'échelle du courant.",
        "Correct the scaler of the current.",
        "Skalierung des Stroms berichtigen."
    }
    PowerScale = "power_scale" {
        "{meter} : puissances fausses d'une puissance de dix (W pour kW ?) : P et Q font {0} de U × I ({1} contre {2}).",
        "{meter}: the powers are off by a power of ten (W for kW?): P and Q make {0} of U × I ({1} against {2}).",
        "{meter}: Leistungen um eine Zehnerpotenz falsch (W statt kW?): P und Q ergeben das {0}-fache von U × I ({1} gegen {2}).";
        "Corriger le facteur d'échelle ou l'unité de la puissance.",
        "Correct the scaler or the unit of the power.",
        "Skalierung oder Einheit der Leistung berichtigen."
    }
    PowerOrCurrentScale = "power_or_current_scale" {
        "{meter} : puissance ou courant faux d'une puissance de dix : P et Q font {0} de U × I ({1} contre {2}).",
        "{meter}: power or current is off by a power of ten: P and Q make {0} of U × I ({1} against {2}).",
        "{meter}: Leistung oder Strom um eine Zehnerpotenz falsch: P und Q ergeben das {0}-fache von U × I ({1} gegen {2}).";
        "Comparer le courant à une pince ; corriger l'échelle de celui qui est faux.",
        "Compare the current with a clamp; correct the scaler of the one that is wrong.",
        "Strom mit einer Zange vergleichen; die Skalierung des falschen Werts berichtigen."
    }
    EnergyScale = "energy_scale" {
        "{meter} : l'index d'énergie avance {0} fois comme la puissance ({1} contre {2}) : Wh pour kWh ?",
        "{meter}: the energy register moves {0} times as the power says ({1} against {2}): Wh for kWh?",
        "{meter}: das Zählwerk läuft das {0}-fache der Leistung ({1} gegen {2}): Wh statt kWh?";
        "Corriger l'unité ou l'échelle de l'index.",
        "Correct the unit or the scaler of the register.",
        "Einheit oder Skalierung des Zählwerks berichtigen."
    }
    EnergyRatio = "energy_ratio" {
        "{meter} : l'index d'énergie avance {0} fois comme la puissance ({1} contre {2}) : le rapport de TC vaut pour l'un et pas pour l'autre.",
        "{meter}: the energy register moves {0} times as the power says ({1} against {2}): the CT ratio is applied to one and not to the other.",
        "{meter}: das Zählwerk läuft das {0}-fache der Leistung ({1} gegen {2}): Wandlerverhältnis nur bei einem von beiden berücksichtigt.";
        "Régler le rapport de TC dans le compteur, ou ct_ratio dans la configuration, pas les deux.",
        "Set the CT ratio in the meter, or ct_ratio in the configuration, not both.",
        "Wandlerverhältnis im Zähler oder ct_ratio in der Konfiguration einstellen, nicht beides."
    }
    FrequencyScale = "frequency_scale" {
        "{meter} : fréquence fausse d'une puissance de dix ({0}).",
        "{meter}: the frequency is off by a power of ten ({0}).",
        "{meter}: Frequenz um eine Zehnerpotenz falsch ({0}).";
        "Corriger le facteur d'échelle de la fréquence.",
        "Correct the scaler of the frequency.",
        "Skalierung der Frequenz berichtigen."
    }
    CtRatio = "ct_ratio" {
        "{meter} : rapport de TC faux : pour chaque kW qu'il annonce, le compteur en amont bouge de {0}.",
        "{meter}: wrong CT ratio: for each kW that it tells, the meter upstream moves by {0}.",
        "{meter}: falsches Wandlerverhältnis: je gemeldetem kW ändert sich der Zähler davor um {0}.";
        "Lire la plaque des TC et régler le rapport : {1} conviendrait. Au-dessus de 1, une machine sans compteur qui démarre toujours avec celle-ci donne la même image.",
        "Read the CTs' name plates and set the ratio: {1} would fit. Above 1, a machine without meter that always starts with this one looks the same.",
        "Leistungsschild der Wandler ablesen und das Verhältnis einstellen: {1} würde passen. Über 1 sieht eine Maschine ohne Zähler, die immer mit dieser anläuft, ebenso aus."
    }
    ParentRatio = "parent_ratio" {
        "{meter} : tous ses sous-compteurs le voient bouger de {0} par kW : c'est son propre rapport de TC qui est faux.",
        "{meter}: all its sub-meters see it move by {0} for each kW: its own CT ratio is wrong.",
        "{meter}: alle Unterzähler sehen ihn um {0} je kW gehen: sein eigenes Wandlerverhältnis ist falsch.";
        "Lire la plaque des TC du compteur général et régler le rapport : {1} conviendrait.",
        "Read the name plates of its CTs and set the ratio: {1} would fit.",
        "Leistungsschild seiner Wandler ablesen und das Verhältnis einstellen: {1} würde passen."
    }
    SubmeterReversed = "submeter_reversed" {
        "{meter} : compte à l'envers : quand il annonce 1 kW de plus, le compteur en amont bouge de {0}.",
        "{meter}: counts backwards: when it tells 1 kW more, the meter upstream moves by {0}.",
        "{meter}: zählt rückwärts: meldet er 1 kW mehr, ändert sich der Zähler davor um {0}.";
        "Sens de passage inversé : retourner les trois TC (ou leurs S1-S2), ou inverser entrée et sortie du compteur ; à défaut, invert = true dans la configuration.",
        "Reversed direction: turn the three CTs (or their S1-S2), or exchange the meter's input and output; failing that, invert = true in the configuration.",
        "Energierichtung verkehrt: alle drei Wandler (oder S1-S2) drehen oder Ein- und Ausgang des Zählers tauschen; ersatzweise invert = true in der Konfiguration."
    }
    NotBehindParent = "not_behind_parent" {
        "{meter} : le compteur en amont ne voit rien de ses variations ({0}) : il n'est pas alimenté derrière lui.",
        "{meter}: the meter upstream sees nothing of its steps ({0}): it is not fed from behind it.",
        "{meter}: der Zähler davor sieht nichts von seinen Änderungen ({0}): er wird nicht dahinter versorgt.";
        "Corriger parent dans la configuration, ou suivre le câble : le départ n'est pas celui qu'on croit.",
        "Correct parent in the configuration, or follow the cable: it is not the feeder one thinks.",
        "parent in der Konfiguration berichtigen oder das Kabel verfolgen: es ist nicht der vermutete Abgang."
    }
    SubExceedsParent = "sub_exceeds_parent" {
        "{meter} : ses sous-compteurs mesurent plus que lui ({0} contre {1}).",
        "{meter}: its sub-meters measure more than it does ({0} against {1}).",
        "{meter}: seine Unterzähler messen mehr als er selbst ({0} gegen {1}).";
        "Contrôler rapports et polarités des TC des deux côtés, puis parent dans la configuration.",
        "Check ratios and polarities of the CTs on both sides, then parent in the configuration.",
        "Verhältnisse und Polung der Wandler auf beiden Seiten prüfen, dann parent in der Konfiguration."
    }
    ClockOff = "clock_off" {
        "{meter} : horloge décalée de {0}.",
        "{meter}: the clock is {0} behind.",
        "{meter}: Uhr geht um {0} nach.";
        "Mettre le compteur à l'heure ; ses mesures sont datées de son horloge.",
        "Set the meter's clock; its measurements are dated by it.",
        "Zähleruhr stellen; seine Messwerte tragen deren Zeit."
    }
    ClockZone = "clock_zone" {
        "{meter} : horloge décalée de {0}, des heures rondes : fuseau ou heure d'été.",
        "{meter}: the clock is {0} behind, round hours: time zone or summer time.",
        "{meter}: Uhr geht um {0} nach, runde Stunden: Zeitzone oder Sommerzeit.";
        "Vérifier timezone du site et le réglage heure d'été du compteur.",
        "Check the site's timezone and the meter's summer time setting.",
        "timezone des Standorts und Sommerzeit-Einstellung des Zählers prüfen."
    }
}

/// The row of a code.
pub(super) fn of(code: Code) -> &'static Row {
    CODES.iter().find(|row| row.of == code).expect("the table has every code; a test proves it")
}

/// Stable name, unit, decimals, and how the number is introduced in each language.
type LabelRow = (&'static str, &'static str, usize, Texts);

const LABELS: &[(Label, LabelRow)] = &[
    (Label::Voltage, ("voltage", "V", 1, ["U", "U", "U"])),
    (Label::Current, ("current", "A", 2, ["I", "I", "I"])),
    (Label::ActivePower, ("active_power", "kW", 2, ["P", "P", "P"])),
    (Label::ReactivePower, ("reactive_power", "kvar", 2, ["Q", "Q", "Q"])),
    (Label::Angle, ("angle", "°", 0, ["φ", "φ", "φ"])),
    (Label::Factor, ("factor", "", 3, ["", "", ""])),
    (Label::Frequency, ("frequency", "Hz", 2, ["f", "f", "f"])),
    (Label::ParentStep, ("parent_step", "kW", 2, ["", "", ""])),
    (Label::ParentEnergy, ("parent_energy", "kWh", 1, ["", "", ""])),
    (Label::ChildrenEnergy, ("children_energy", "kWh", 1, ["", "", ""])),
    (Label::ClockOffset, ("clock_offset", "s", 0, ["", "", ""])),
    (Label::CounterPower, ("counter_power", "kW", 2, ["", "", ""])),
    (Label::RegisterPower, ("register_power", "kW", 2, ["", "", ""])),
    (Label::ApparentPower, ("apparent_power", "kVA", 2, ["S", "S", "S"])),
    (Label::VoltAmperes, ("volt_amperes", "kVA", 2, ["ΣU·I", "ΣU·I", "ΣU·I"])),
    (Label::Agreement, ("agreement", "%", 0, ["accord", "agreement", "Übereinstimmung"])),
    (Label::RightRatio, ("right_ratio", "", 2, ["", "", ""])),
];

/// The row of a label: stable name, unit.
pub(super) fn label(label: Label) -> LabelRow {
    let row = LABELS.iter().find(|(of, _)| *of == label);
    row.expect("the table has every label; a test proves it").1
}

/// A number of the evidence as an electrician writes it: `P L2 = −3,42 kW`.
pub(super) fn number(evidence: &Evidence, language: Language) -> String {
    let (_, unit, decimals, names) = label(evidence.label);
    let value = language.number(evidence.value, decimals);
    let value = if unit.is_empty() { value } else { format!("{value}\u{a0}{unit}") };
    let name = names[language.index()];
    match (name, evidence.phase) {
        ("", _) => value,
        (name, 0) => format!("{name} = {value}"),
        (name, phase) => format!("{name} L{phase} = {value}"),
    }
}

/// A finding in words.
pub(super) fn text(finding: &Finding, meter: &str, language: Language) -> Text {
    let row = of(finding.code);
    let place = language.index();
    let phases: Vec<String> = finding.phases.iter().map(|phase| format!("L{phase}")).collect();
    let phases = match phases.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{}{}{last}", first.join(", "), language.and()),
        None => String::new(),
    };
    let fill = |template: &str| {
        let mut text = template.replace("{phases}", &phases);
        for (index, evidence) in finding.evidence.iter().enumerate() {
            text = text.replace(&format!("{{{index}}}"), &number(evidence, language));
        }
        // The name comes last: it may hold anything, even braces.
        text.replace("{meter}", meter)
    };
    let touches_ct = matches!(
        finding.code,
        Code::CtReversed
            | Code::SomeCtReversed
            | Code::SomePhasesSwapped
            | Code::PhasesSwapped
            | Code::PhasesRotated
            | Code::PhasesConfused
            | Code::CurrentMissing
            | Code::SubmeterReversed
    );
    let safety = if touches_ct { CT_SAFETY[place] } else { "" };
    Text { sentence: fill(row.sentence[place]), remedy: fill(row.remedy[place]) + safety }
}

/// An obstacle's stable name and sentences.
pub(super) struct ObstacleRow {
    pub(super) code: &'static str,
    texts: Texts,
}

#[rustfmt::skip]
pub(super) fn obstacle(obstacle: &Obstacle) -> ObstacleRow {
    let (code, texts) = match obstacle {
        Obstacle::NoSamples => ("no_samples", ["Rien reçu ces dernières heures.", "Nothing was received lately.", "Zuletzt wurde nichts empfangen."]),
        Obstacle::Missing(_) => ("not_measured", ["Le compteur n'envoie pas : {0}.", "The meter does not send: {0}.", "Der Zähler sendet nicht: {0}."]),
        Obstacle::TooFew(..) => ("too_few", ["Trop peu de mesures : {0} sur {1}.", "Too few measurements: {0} of {1}.", "Zu wenige Messungen: {0} von {1}."]),
        Obstacle::NoLoad => ("no_load", ["Trop peu de courant pour juger.", "Too little current to judge.", "Zu wenig Strom für ein Urteil."]),
        Obstacle::NoVariation => ("no_variation", ["Les charges varient trop peu, ou toutes ensemble : on ne peut pas les distinguer.", "The loads vary too little, or all together: they cannot be told apart.", "Die Lasten ändern sich zu wenig oder alle zugleich: nicht unterscheidbar."]),
        Obstacle::Exporting => ("exporting", ["Le site injecte : une puissance négative n'est pas un défaut.", "The site feeds in: a negative power is no fault.", "Der Standort speist ein: negative Leistung ist kein Fehler."]),
        Obstacle::CounterTooCoarse => ("counter_too_coarse", ["L'index d'énergie est trop grossier, ou n'a pas assez avancé.", "The energy register is too coarse, or did not move enough.", "Das Zählwerk ist zu grob oder lief nicht weit genug."]),
        Obstacle::PowerUnsteady => ("power_unsteady", ["La puissance varie trop entre deux mesures pour être comparée.", "The power varies too much between measurements to be compared.", "Die Leistung schwankt zwischen den Messungen zu stark für einen Vergleich."]),
        Obstacle::NoClock => ("no_clock", ["Les trames ne portent pas d'heure.", "The telegrams carry no time.", "Die Telegramme tragen keine Zeit."]),
        Obstacle::ClockOff => ("clock_off", ["Les horloges des deux compteurs ne s'accordent pas.", "The clocks of the two meters do not agree.", "Die Uhren der beiden Zähler stimmen nicht überein."]),
        Obstacle::NoCommonTime => ("no_common_time", ["Pas de mesures aux mêmes heures pour comparer.", "No measurements at the same time to compare.", "Keine gleichzeitigen Messungen zum Vergleich."]),
        Obstacle::OrdinaryCause => ("ordinary_cause", ["Une cause ordinaire l'explique aussi bien : condensateurs, harmoniques, charge entre deux phases ou phase inutilisée.", "An ordinary cause explains it as well: capacitors, distortion, a load between two phases or a phase without load.", "Eine gewöhnliche Ursache erklärt es ebenso: Kondensatoren, Oberschwingungen, eine Last zwischen zwei Phasen oder eine Phase ohne Last."]),
        Obstacle::FaultFirst => ("fault_first", ["Un autre défaut de raccordement fausse la comparaison : le corriger d'abord.", "Another wiring fault spoils the comparison: correct that one first.", "Ein anderer Anschlussfehler verfälscht den Vergleich: diesen zuerst beheben."]),
    };
    ObstacleRow { code, texts }
}

/// An obstacle in one sentence.
pub(super) fn obstacle_text(of: &Obstacle, language: Language) -> String {
    let template = obstacle(of).texts[language.index()];
    match of {
        Obstacle::Missing(quantities) => {
            let name = |quantity: &reading::Quantity| {
                let description = quantity.description();
                match language {
                    Language::French => description.french,
                    Language::English => description.english,
                    Language::German => description.german,
                }
            };
            let names: Vec<&str> = quantities.iter().map(name).collect();
            template.replace("{0}", &names.join(", "))
        }
        Obstacle::TooFew(have, need) => {
            template.replace("{0}", &have.to_string()).replace("{1}", &need.to_string())
        }
        _ => template.to_owned(),
    }
}
