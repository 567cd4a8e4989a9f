import { languages } from "./languages";
import type { Words } from "./fr";

const en: Words = {
  kept: "Kept in this browser. Language and theme are in the address too: a pasted link shows the same picture.",
  language: "Language and numbers",
  languages,
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

export default en;
