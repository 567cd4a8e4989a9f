import { languages } from "./languages";

const fr = {
  kept: "Gardés dans ce navigateur. Langue et thème sont aussi dans l’adresse : un lien collé montre la même image.",
  language: "Langue et nombres",
  languages,
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

export type Words = typeof fr;
export default fr;
