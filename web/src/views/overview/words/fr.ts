const fr = {
  power: "Puissance active",
  subscribed: (value: string) => `${value} souscrits`,
};

export type Words = typeof fr;
export default fr;
