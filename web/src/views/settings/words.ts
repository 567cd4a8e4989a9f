// The words of the settings.

const fr = {
  kept: "Gardés dans ce navigateur. Langue et thème sont aussi dans l’adresse : un lien collé montre la même image.",
  language: "Langue et nombres",
  languages: {
    fr: "Français",
    "fr-CH": "Français (Suisse)",
    en: "English",
    de: "Deutsch",
    "de-CH": "Deutsch (Schweiz)",
    "de-AT": "Deutsch (Österreich)",
  },
  appearance: "Apparence",
  theme: "Thème",
  contrast: "Contraste",
  contrasts: { auto: "Comme le système", more: "Fort" },
  motion: "Mouvement",
  motions: { auto: "Comme le système", off: "Aucun" },
  phases: "Noms des phases",
  phasesHint: "Ne change que les noms affichés : la phase 1 reste celle du compteur.",
  wall: "Écran mural",
  distance: "Lu à une distance de",
  openWall: "Ouvrir l’écran mural",
  wallHint: "Sans commandes. L’ordinateur doit lui-même empêcher l’écran de s’éteindre.",
  keys: "Touches",
  keysOn: "g puis une lettre mène à une vue, ? montre la liste",
};

type Words = typeof fr;

const en: Words = {
  kept: "Kept in this browser. Language and theme are in the address too: a pasted link shows the same picture.",
  language: "Language and numbers",
  languages: fr.languages,
  appearance: "Appearance",
  theme: "Theme",
  contrast: "Contrast",
  contrasts: { auto: "As the system", more: "High" },
  motion: "Motion",
  motions: { auto: "As the system", off: "None" },
  phases: "Names of the phases",
  phasesHint: "Changes the names shown only: phase 1 stays the meter’s phase 1.",
  wall: "Wall screen",
  distance: "Read from",
  openWall: "Open the wall screen",
  wallHint: "Without controls. The computer itself must keep its screen awake.",
  keys: "Keys",
  keysOn: "g and a letter lead to a view, ? shows the list",
};

const de: Words = {
  kept: "In diesem Browser gespeichert. Sprache und Farbschema stehen auch in der Adresse: Ein eingefügter Link zeigt dasselbe Bild.",
  language: "Sprache und Zahlen",
  languages: fr.languages,
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

export default { fr, en, de };
