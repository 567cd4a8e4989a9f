// How the curves of phases look: the cable's colours, told apart by their dashes as well.

import { say } from "../words/say.svelte";
import type { Stroke } from "./plot";

export interface Curve extends Stroke {
  quantity: string;
}

const LOOKS = [
  { phase: "l1", token: "--l1" },
  { phase: "l2", token: "--l2", dash: [8, 3] },
  { phase: "l3", token: "--l3", dash: [2, 3] },
];

/** The curves of a quantity for those phases that `has` knows. */
export function phaseCurves(quantity: string, has: (name: string) => boolean): Curve[] {
  return LOOKS.flatMap(({ phase, ...look }, index) => {
    const name = `${quantity}_${phase}`;
    return has(name) ? [{ quantity: name, label: say.phase(index + 1), ...look }] : [];
  });
}
