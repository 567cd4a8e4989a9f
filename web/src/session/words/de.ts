import type { Words } from "./fr";

const de: Words = {
  title: "Anmelden",
  why: "Dieser Server verlangt ein Zugangstoken.",
  token: "Token",
  hint: "Auf dem Server erzeugt mit „triphase token add NAME --scope read“. Es bleibt nur als Sitzung dieses Browsers erhalten.",
  show: "Token anzeigen",
  send: "Anmelden",
  busy: "Wird geprüft…",
  later: "Später",
  needed: "Anmeldung nötig: Es werden keine Werte gelesen.",
  empty: "Token eingeben.",
  refused: "Token unbekannt oder widerrufen. Ist es vollständig und ohne Leerzeichen?",
  throttled: (wait) => `Zu viele Versuche. Neuer Versuch in ${wait}.`,
  throttledLater: "Zu viele Versuche. In einigen Minuten erneut versuchen.",
  forbidden: "Abgelehnt: Token nur zum Lesen.",
  origin: "Abgelehnt: Die Seite wurde nicht unter der Adresse des Servers geöffnet.",
  offline: "Der Server antwortet nicht.",
  failed: (detail) => `Keine Antwort möglich: ${detail}`,
  open: "Sitzung",
  signedIn: (name) => `Angemeldet mit dem Token „${name}“.`,
  signedInUnnamed: "Angemeldet.",
  scope: "Rechte",
  scopes: { read: "nur lesen", write: "lesen und schreiben", admin: "Verwaltung" },
  until: (time) => `Sitzung gültig bis ${time}.`,
  without: "Dieser Server ist auf diesem Rechner offen: Er verlangt kein Token.",
  out: "Abmelden",
  outFailed: "Das Abmelden ist nicht gelungen.",
};

export default de;
