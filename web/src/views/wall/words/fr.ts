const fr = {
  machines: "Machines",
  rest: "Reste",
  restSilent: (count: number) => (count === 1 ? "Reste, 1 muette" : `Reste, ${count} muettes`),
};

export type Words = typeof fr;
export default fr;
