import { languages } from "./languages";
import type { Words } from "./fr";

const de: Words = {
  kept: "In diesem Browser gespeichert. Sprache und Farbschema stehen auch in der Adresse: Ein eingefügter Link zeigt dasselbe Bild.",
  language: "Sprache und Zahlen",
  languages,
  appearance: "Darstellung",
  theme: "Farbschema",
  contrast: "Kontrast",
  contrasts: { auto: "Wie das System", more: "Hoch" },
  motion: "Bewegung",
  motions: { auto: "Wie das System", off: "Keine" },
  phases: "Namen der Außenleiter",
  phasesHint: "Ändert nur die angezeigten Namen: Außenleiter 1 bleibt der des Zählers.",
  wall: "Wandanzeige",
  distance: "Gelesen aus",
  openWall: "Wandanzeige öffnen",
  wallHint: "Ohne Bedienung. Der Rechner selbst muss den Bildschirm wach halten.",
  keys: "Tasten",
  keysOn: "g und ein Buchstabe führen zu einer Ansicht, ? zeigt die Liste",
};

export default de;
