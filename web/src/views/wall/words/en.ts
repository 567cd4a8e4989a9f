import type { Words } from "./fr";

const en: Words = {
  machines: "Machines",
  rest: "Rest",
  restSilent: (count) => `Rest, ${count} silent`,
};

export default en;
