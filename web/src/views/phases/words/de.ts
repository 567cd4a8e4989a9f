import type { Words } from "./fr";

const de: Words = {
  table: "Größen je Außenleiter",
  voltages: "Spannungen",
  lineVoltages: "Außenleiterspannungen",
  currents: "Ströme",
  none: "Kein Verlauf möglich",
  limit: (part) => `${part} %`,
};

export default de;
