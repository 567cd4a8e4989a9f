// The words of the overview that its tiles do not have.

const fr = {
  power: "Puissance active",
  subscribed: (value: string) => `${value} souscrits`,
};
type Words = typeof fr;

const en: Words = {
  power: "Active power",
  subscribed: (value) => `${value} subscribed`,
};

const de: Words = {
  power: "Wirkleistung",
  subscribed: (value) => `${value} vereinbart`,
};

export default { fr, en, de };
