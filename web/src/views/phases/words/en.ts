import type { Words } from "./fr";

const en: Words = {
  table: "Quantities of each phase",
  voltages: "Voltages",
  lineVoltages: "Line voltages",
  currents: "Currents",
  none: "No trend possible",
  limit: (part) => `${part} %`,
};

export default en;
