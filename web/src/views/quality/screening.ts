// What may be said of a stored quantity against a limit. In: the points of `/api/v1/series`. Out:
// the lowest and highest that was stored, how much of the period is known, and one of a few words.
// The limits are those of EN 50160 for screening; nothing here is a verdict.

import type { Meter } from "../../live/live.svelte";
import type { Series } from "../../live/series";

export interface Limits {
  low: number | null;
  high: number | null;
  kind: "voltage" | "frequency" | "share" | "none";
}

export interface Span {
  min: number;
  max: number;
  /** Intervals with a value, and all. */
  n: number;
  all: number;
  /** Share of the period that is known, 0 to 1. */
  coverage: number;
}

export type Verdict = "inside" | "below" | "above" | "thin" | "nothing";

/** Below this share of the period nothing is said. EN 50160 itself needs a whole week. */
export const COVERAGE_MIN = 0.9;
/** Voltage band of EN 50160, and of the frequency. */
const VOLTAGE_BAND = 0.1;
const FREQUENCY_BAND = 0.01;
const FREQUENCY_NOMINAL_HZ = 50;
/** EN 50160: total harmonic distortion of the voltage. **Unit** %. */
const THD_MAX_PCT = 8;

const QUANTITIES = /^(voltage_l[123]|voltage_l(12|23|31)|frequency|thd_voltage(_l[123])?)$/;

/** The quantities of a meter that this view speaks of, in its order. */
export function screened(meter: Meter): string[] {
  const rank = (name: string) => ["voltage", "frequency", "thd"].findIndex((start) => name.startsWith(start));
  return Object.entries(meter.values)
    .flatMap(([name, value]) => (QUANTITIES.test(name) && typeof value.value === "number" ? [name] : []))
    .sort((one, other) => rank(one) - rank(other) || one.length - other.length || one.localeCompare(other));
}

/** The limits of a quantity at a site of this nominal phase voltage. */
export function limitsOf(quantity: string, meter: Meter, nominal: number | null): Limits {
  if (quantity === "frequency") {
    const band = FREQUENCY_NOMINAL_HZ * FREQUENCY_BAND;
    return { low: FREQUENCY_NOMINAL_HZ - band, high: FREQUENCY_NOMINAL_HZ + band, kind: "frequency" };
  }
  if (quantity.startsWith("thd")) return { low: null, high: THD_MAX_PCT, kind: "share" };
  if (!nominal) return { low: null, high: null, kind: "none" };
  const line = meter.lineToLine || /_l\d\d$/.test(quantity);
  const expected = line ? nominal * Math.sqrt(3) : nominal;
  return { low: expected * (1 - VOLTAGE_BAND), high: expected * (1 + VOLTAGE_BAND), kind: "voltage" };
}

/** The extremes of a period and how much of it is known; null without any value. */
export function spanOf(series: Series, period: number): Span | null {
  const known = series.points.filter((point) => point.min !== null && point.max !== null);
  if (!known.length || !series.resolution) return null;
  const covered = known.reduce((sum, point) => sum + (point.coverage ?? 0) * series.resolution * 1000, 0);
  return {
    min: known.reduce((least, point) => Math.min(least, point.min ?? least), Number.POSITIVE_INFINITY),
    max: known.reduce((most, point) => Math.max(most, point.max ?? most), Number.NEGATIVE_INFINITY),
    n: known.length,
    all: Math.max(known.length, Math.round(period / (series.resolution * 1000))),
    coverage: Math.min(1, covered / period),
  };
}

/** The one word for it. What is out of its limits is said even where little is known. */
export function verdictOf(span: Span | null, limits: Limits): Verdict {
  if (!span) return "nothing";
  if (limits.high !== null && span.max > limits.high) return "above";
  if (limits.low !== null && span.min < limits.low) return "below";
  return span.coverage < COVERAGE_MIN ? "thin" : "inside";
}
