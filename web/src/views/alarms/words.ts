// The words of the alarms: why a condition arises, what to check, what to do.

const fr = {
  active: (count: number) => (count === 1 ? "1 alarme active" : `${count} alarmes actives`),
  cause: "Cause probable",
  check: "Vérifier",
  act: "Agir",
  before: (time: string) => `déjà active à l’ouverture de la page (${time})`,
  since: (time: string) => `depuis ${time}`,
  between: (from: string, to: string) => `apparue entre ${from} et ${to}, pendant une coupure`,
  servers: "Texte du serveur",
  none: "Aucune alarme active.",
  noneSince: (time: string) => `Rien depuis l’ouverture de la page (${time}).`,
  last: (name: string, time: string) => `Dernière : ${name}, terminée à ${time}.`,
  unknown: "Les alarmes ne sont pas encore connues.",
  unknownOf: (meter: string) => `${meter} : pas de donnée, alarmes inconnues.`,
  doubtful: "À confirmer : le compteur ou la liaison ne donne plus de valeur récente.",
  history: "Vu depuis l’ouverture de cette page",
  historyHint: (time: string) => `Depuis ${time}, dans ce navigateur seulement. Se vide quand la page se ferme.`,
  nothing: "Rien n’a changé.",
  raised: "apparue",
  cleared: "disparue",
  link: "liaison",
  how: "Priorités : 1 critique, agir tout de suite ; 2 majeure, agir dans l’équipe ; 3 mineure, à planifier.",
  texts: {
    overload: {
      cause: "La puissance appelée dépasse le seuil réglé : trop de machines en même temps.",
      check: "Quelles machines viennent de démarrer ; la puissance souscrite ; un départ en défaut.",
      act: "Arrêter ou décaler les équipements non critiques, puis surveiller la pointe.",
    },
    power_factor_low: {
      cause: "Trop d’énergie réactive : moteurs peu chargés, batterie de condensateurs en défaut ou coupée.",
      check: "Le relais varmétrique, les fusibles et les gradins de la batterie ; les moteurs à vide.",
      act: "Remettre la batterie en service ou enclencher un gradin ; arrêter les moteurs à vide.",
    },
    voltage_low: {
      cause: "Chute de tension : réseau, transformateur ou câble trop chargé, borne desserrée.",
      check: "La tension des trois phases, la charge de la plus basse, le serrage, la prise du transformateur.",
      act: "Alléger la phase la plus chargée ; si les trois phases baissent, appeler le gestionnaire de réseau.",
    },
    voltage_high: {
      cause: "Réseau peu chargé, surcompensation, injection locale, ou neutre coupé si une phase monte seule.",
      check: "Le neutre d’abord si les phases divergent ; la batterie de condensateurs ; la prise du transformateur.",
      act: "Neutre suspect : couper les récepteurs monophasés. Sinon, retirer des gradins et appeler le gestionnaire de réseau.",
    },
    unbalance: {
      cause: "Charges monophasées mal réparties, une phase manquante, un fusible fondu.",
      check: "Le courant de chaque phase et du neutre, les fusibles, les gros récepteurs monophasés.",
      act: "Déplacer des charges de la phase la plus chargée vers la moins chargée, voir la page Phases.",
    },
    distortion: {
      cause: "Charges non linéaires (variateurs, redresseurs, éclairage LED) ou résonance avec les condensateurs.",
      check: "Quelles machines tournent quand le taux monte ; les selfs anti-harmoniques de la batterie.",
      act: "Couper la batterie sans selfs si elle résonne ; prévoir un filtre et une mesure de classe A.",
    },
  },
};

type Words = typeof fr;

const en: Words = {
  active: (count) => (count === 1 ? "1 active alarm" : `${count} active alarms`),
  cause: "Likely cause",
  check: "Check",
  act: "Act",
  before: (time) => `already active when this page was opened (${time})`,
  since: (time) => `since ${time}`,
  between: (from, to) => `began between ${from} and ${to}, while the connection was lost`,
  servers: "Server’s text",
  none: "No active alarm.",
  noneSince: (time) => `Nothing since this page was opened (${time}).`,
  last: (name, time) => `Last: ${name}, ended at ${time}.`,
  unknown: "The alarms are not known yet.",
  unknownOf: (meter) => `${meter}: no data, alarms unknown.`,
  doubtful: "To be confirmed: the meter or the connection gives no recent value.",
  history: "Seen since this page was opened",
  historyHint: (time) => `Since ${time}, in this browser only. Gone when the page is closed.`,
  nothing: "Nothing has changed.",
  raised: "began",
  cleared: "ended",
  link: "link",
  how: "Priorities: 1 critical, act at once; 2 major, act this shift; 3 minor, plan it.",
  texts: {
    overload: {
      cause: "Demand is above the configured limit: too many machines at the same time.",
      check: "Which machines have just started; the subscribed power; a faulty feeder.",
      act: "Stop or shift equipment that is not critical, then watch the peak.",
    },
    power_factor_low: {
      cause: "Too much reactive power: lightly loaded motors, capacitor bank faulty or switched off.",
      check: "The PF controller, fuses and steps of the bank; idling motors.",
      act: "Put the bank back into service or switch in a step; stop idling motors.",
    },
    voltage_low: {
      cause: "Voltage drop: mains, transformer or cable overloaded, loose terminal.",
      check: "The voltage of all three phases, the load of the lowest, terminals, the transformer tap.",
      act: "Relieve the most loaded phase; if all three are low, call the grid operator.",
    },
    voltage_high: {
      cause: "Lightly loaded mains, overcompensation, local generation, or a broken neutral if one phase rises alone.",
      check: "The neutral first if the phases differ; the capacitor bank; the transformer tap.",
      act: "Neutral suspect: switch off single-phase loads. Otherwise switch out steps and call the grid operator.",
    },
    unbalance: {
      cause: "Single-phase loads badly distributed, a phase missing, a blown fuse.",
      check: "The current of each phase and the neutral, the fuses, large single-phase loads.",
      act: "Move load from the most loaded to the least loaded phase, see the page Phases.",
    },
    distortion: {
      cause: "Non-linear loads (drives, rectifiers, LED lighting) or resonance with capacitors.",
      check: "Which machines run when the figure rises; the detuning reactors of the bank.",
      act: "Switch off a bank without reactors if it resonates; plan a filter and a class A measurement.",
    },
  },
};

const de: Words = {
  active: (count) => (count === 1 ? "1 anstehende Störmeldung" : `${count} anstehende Störmeldungen`),
  cause: "Wahrscheinliche Ursache",
  check: "Prüfen",
  act: "Handeln",
  before: (time) => `stand beim Öffnen der Seite schon an (${time})`,
  since: (time) => `seit ${time}`,
  between: (from, to) => `zwischen ${from} und ${to} gekommen, während die Verbindung fehlte`,
  servers: "Text des Servers",
  none: "Keine anstehende Störmeldung.",
  noneSince: (time) => `Nichts seit dem Öffnen der Seite (${time}).`,
  last: (name, time) => `Letzte: ${name}, gegangen um ${time}.`,
  unknown: "Die Störmeldungen sind noch nicht bekannt.",
  unknownOf: (meter) => `${meter}: keine Daten, Störmeldungen unbekannt.`,
  doubtful: "Zu bestätigen: Zähler oder Verbindung liefern keinen aktuellen Wert.",
  history: "Seit dem Öffnen dieser Seite gesehen",
  historyHint: (time) => `Seit ${time}, nur in diesem Browser. Mit dem Schließen der Seite gelöscht.`,
  nothing: "Nichts hat sich geändert.",
  raised: "gekommen",
  cleared: "gegangen",
  link: "Verbindung",
  how: "Prioritäten: 1 kritisch, sofort handeln; 2 hoch, in dieser Schicht handeln; 3 gering, einplanen.",
  texts: {
    overload: {
      cause: "Der Bezug liegt über dem eingestellten Grenzwert: zu viele Maschinen gleichzeitig.",
      check: "Welche Maschinen gerade angelaufen sind; die vereinbarte Leistung; ein gestörter Abgang.",
      act: "Nicht kritische Verbraucher abschalten oder verschieben, dann die Leistungsspitze beobachten.",
    },
    power_factor_low: {
      cause: "Zu viel Blindleistung: schwach belastete Motoren, Kompensationsanlage gestört oder aus.",
      check: "Blindleistungsregler, Sicherungen und Stufen der Anlage; leer laufende Motoren.",
      act: "Anlage wieder einschalten oder eine Stufe zuschalten; leer laufende Motoren abschalten.",
    },
    voltage_low: {
      cause: "Spannungsfall: Netz, Transformator oder Kabel überlastet, lose Klemme.",
      check: "Spannung aller drei Außenleiter, Last des niedrigsten, Klemmen, Stufung des Transformators.",
      act: "Den am stärksten belasteten Außenleiter entlasten; sind alle drei niedrig, den Netzbetreiber rufen.",
    },
    voltage_high: {
      cause: "Schwach belastetes Netz, Überkompensation, Einspeisung, oder Neutralleiterbruch, wenn ein Außenleiter allein steigt.",
      check: "Bei ungleichen Spannungen zuerst den Neutralleiter; die Kompensationsanlage; die Transformatorstufung.",
      act: "Neutralleiter verdächtig: einphasige Verbraucher abschalten. Sonst Stufen abschalten und den Netzbetreiber rufen.",
    },
    unbalance: {
      cause: "Einphasige Lasten schlecht verteilt, ein Außenleiter fehlt, Sicherung gefallen.",
      check: "Strom jedes Außenleiters und des Neutralleiters, Sicherungen, große einphasige Verbraucher.",
      act: "Last vom stärksten zum schwächsten Außenleiter verlegen, siehe Seite Außenleiter.",
    },
    distortion: {
      cause: "Nichtlineare Lasten (Umrichter, Gleichrichter, LED) oder Resonanz mit Kondensatoren.",
      check: "Welche Maschinen laufen, wenn der Wert steigt; die Verdrosselung der Anlage.",
      act: "Unverdrosselte Anlage bei Resonanz abschalten; Filter und Messung der Klasse A einplanen.",
    },
  },
};

export default { fr, en, de };
