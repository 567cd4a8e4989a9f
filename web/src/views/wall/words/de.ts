import type { Words } from "./fr";

const de: Words = {
  machines: "Maschinen",
  rest: "Rest",
  restSilent: (count) => `Rest, ${count} stumm`,
};

export default de;
