import type { Words } from "./fr";

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

export default de;
