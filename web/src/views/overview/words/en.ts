import type { Words } from "./fr";

const en: Words = {
  power: "Active power",
  subscribed: (value) => `${value} subscribed`,
};

export default en;
