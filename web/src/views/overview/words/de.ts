import type { Words } from "./fr";

const de: Words = {
  power: "Wirkleistung",
  subscribed: (value) => `${value} vereinbart`,
};

export default de;
