// Each language and way to write numbers in its own words, whatever the page speaks.

export const languages = {
  fr: "Français",
  "fr-CH": "Français (Suisse)",
  en: "English",
  de: "Deutsch",
  "de-CH": "Deutsch (Schweiz)",
  "de-AT": "Deutsch (Österreich)",
};
