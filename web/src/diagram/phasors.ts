// What may be drawn of the voltages and currents, and what may not. In: readings of one meter.
// Out: one of six pictures. An angle is drawn only where it was measured, or follows from measured
// powers of the same phase; 120° between phases are never assumed.

import type { Reading, Readings } from "../live/contract";

export const PHASES = ["l1", "l2", "l3"] as const;
export type Phase = (typeof PHASES)[number];

export interface Arrow {
  phase: Phase;
  kind: "u" | "i";
  length: number;
  /** Counter-clockwise from U1. **Unit** degree. */
  angle: number;
}

/** One phase by itself: its current against its own voltage. */
export interface Half {
  phase: Phase;
  voltage: number;
  current: number;
  /** Of the current against the voltage, counter-clockwise; null where it is not drawn. */
  angle: number | null;
}

export interface Arc {
  phase: Phase;
  voltage: number;
  /** Magnitude of φ; its side is unknown. **Unit** degree. */
  angle: number | null;
}

export interface Bar {
  phase: Phase;
  voltage: number;
}

export type Picture =
  | { kind: "star"; arrows: Arrow[]; currents: "measured" | "from_power" | "none"; reversed: boolean; small: Phase[] }
  | { kind: "triangle"; line: [number, number, number]; phase: [number, number, number] }
  | { kind: "halves"; halves: Half[]; small: Phase[] }
  | { kind: "arcs"; arcs: Arc[] }
  | { kind: "bars"; bars: Bar[] }
  | { kind: "nothing" };

/** Below this a current's direction is noise. **Unit** A. */
const CURRENT_MIN_A = 0.5;

const degrees = (radians: number) => (radians * 180) / Math.PI;
/** An angle between −180° (excluded) and 180°. */
export const wrapped = (angle: number) => {
  const turned = ((angle % 360) + 360) % 360;
  return turned > 180 ? turned - 360 : turned;
};

/** A number to draw with; computed or estimated angles and magnitudes do not count. */
function drawable(values: Readings, quantity: string, methods = ["measured", "derived"]): number | null {
  const reading: Reading | undefined = values[quantity];
  if (!reading || typeof reading.value !== "number" || reading.quality === "bad") return null;
  return methods.includes(reading.method) ? reading.value : null;
}

/** φ of a phase from its own powers: positive when the current lags. */
function phi(values: Readings, phase: Phase): number | null {
  const p = drawable(values, `active_power_${phase}`);
  const q = drawable(values, `reactive_power_${phase}`);
  return p === null || q === null || (p === 0 && q === 0) ? null : degrees(Math.atan2(q, p));
}

function three(values: Readings, names: [string, string, string]): [number, number, number] | null {
  const [a, b, c] = names.map((name) => drawable(values, name, ["measured"]));
  return typeof a === "number" && typeof b === "number" && typeof c === "number" ? [a, b, c] : null;
}

/** The picture that the readings allow; `sequence` is the server's word on the phase order. */
export function picture(values: Readings, sequence: string | null): Picture {
  const magnitudes = PHASES.map((phase) => drawable(values, `voltage_${phase}`, ["measured"]));
  const known = PHASES.flatMap((phase, i) => {
    const voltage = magnitudes[i];
    return typeof voltage === "number" ? [{ phase, voltage }] : [];
  });
  if (known.length === 0) return { kind: "nothing" };
  const complete = known.length === 3;
  const u2 = drawable(values, "angle_u2_u1", ["measured"]);
  const u3 = drawable(values, "angle_u3_u1", ["measured"]);
  if (complete && u2 !== null && u3 !== null) return star(values, known, [0, wrapped(u2), wrapped(u3)], sequence);

  const line = three(values, ["voltage_l12", "voltage_l23", "voltage_l31"]);
  const phase = three(values, ["voltage_l1", "voltage_l2", "voltage_l3"]);
  if (line && phase) return { kind: "triangle", line, phase };

  const angles = known.map((one) => phi(values, one.phase));
  if (complete && angles.every((angle) => angle !== null)) return halves(values, known, angles);

  const factors = known.map((one) => drawable(values, `power_factor_${one.phase}`, ["measured"]));
  if (complete && factors.every((factor) => factor !== null)) {
    const arcs = known.map((one, i) => ({
      ...one,
      angle: degrees(Math.acos(Math.min(1, Math.abs(factors[i] ?? 1)))),
    }));
    return { kind: "arcs", arcs };
  }
  return { kind: "bars", bars: known };
}

function star(values: Readings, known: Bar[], angles: [number, number, number], sequence: string | null): Picture {
  // Makers count the angles either way round. Where the server knows the order, it decides.
  const backwards = angles[1] > 0;
  const reversed = sequence === null ? backwards : sequence === "reversed";
  const turn = backwards !== reversed ? -1 : 1;
  const arrows: Arrow[] = known.map(({ phase, voltage }, i) => ({
    phase,
    kind: "u",
    length: voltage,
    angle: wrapped(turn * (angles[i] ?? 0)),
  }));
  const small: Phase[] = [];
  let currents: "measured" | "from_power" | "none" = "none";
  for (const [i, phase] of PHASES.entries()) {
    const current = drawable(values, `current_${phase}`, ["measured"]);
    if (current === null) continue;
    if (current < CURRENT_MIN_A) {
      small.push(phase);
      continue;
    }
    const own = drawable(values, `angle_i${i + 1}_u${i + 1}`, ["measured"]);
    const powers = phi(values, phase);
    if (own === null && powers === null) continue;
    // The signs of makers differ for the magnitude too: the phase's own powers decide it.
    const lag = powers ?? -turn * (own ?? 0);
    const size = own === null ? Math.abs(lag) : Math.abs(wrapped(own));
    currents = own !== null ? "measured" : "from_power";
    const angle = wrapped((arrows[i]?.angle ?? 0) - Math.sign(lag || 1) * size);
    arrows.push({ phase, kind: "i", length: current, angle });
  }
  return { kind: "star", arrows, currents, reversed, small };
}

function halves(values: Readings, known: Bar[], angles: (number | null)[]): Picture {
  const small: Phase[] = [];
  const drawn = known.map(({ phase, voltage }, i): Half => {
    const current = drawable(values, `current_${phase}`, ["measured"]) ?? 0;
    const enough = current >= CURRENT_MIN_A;
    if (!enough) small.push(phase);
    return { phase, voltage, current, angle: enough ? -(angles[i] ?? 0) : null };
  });
  return { kind: "halves", halves: drawn, small };
}
