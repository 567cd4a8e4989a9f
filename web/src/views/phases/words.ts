// The words of the phases view.

const fr = {
  table: "Grandeurs par phase",
  voltages: "Tensions",
  lineVoltages: "Tensions composées",
  currents: "Courants",
  none: "Tendance impossible",
  limit: (part: string) => `${part} %`,
};
type Words = typeof fr;

const en: Words = {
  table: "Quantities of each phase",
  voltages: "Voltages",
  lineVoltages: "Line voltages",
  currents: "Currents",
  none: "No trend possible",
  limit: (part) => `${part} %`,
};

const de: Words = {
  table: "Größen je Außenleiter",
  voltages: "Spannungen",
  lineVoltages: "Außenleiterspannungen",
  currents: "Ströme",
  none: "Kein Verlauf möglich",
  limit: (part) => `${part} %`,
};

export default { fr, en, de };
