const fr = {
  table: "Grandeurs par phase",
  voltages: "Tensions",
  lineVoltages: "Tensions composées",
  currents: "Courants",
  none: "Tendance impossible",
  limit: (part: string) => `${part} %`,
};

export type Words = typeof fr;
export default fr;
