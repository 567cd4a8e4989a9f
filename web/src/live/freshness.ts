// How old is too old. In: an age by the server's clock and the period the meter announced.
// Out: one of four steps, and which instant of a reading its age counts from.

import type { Reading } from "./contract";

/** fresh: as expected. late: one period missed. stale: old. lost: not a value of now any more. */
export type Freshness = "fresh" | "late" | "stale" | "lost";

/** The period taken for a meter that announced none. **Unit** s. */
export const PERIOD_UNKNOWN_S = 10;
/** The shortest silence after which a value is given up. **Unit** s. */
const LOST_MIN_S = 300;

const ORDER: Freshness[] = ["fresh", "late", "stale", "lost"];

/** The step of an age, both in seconds. */
export function freshness(age: number, period: number | null | undefined): Freshness {
  const expected = period && period > 0 ? period : PERIOD_UNKNOWN_S;
  if (age > Math.max(10 * expected, LOST_MIN_S)) return "lost";
  if (age > 3 * expected) return "stale";
  if (age > 1.5 * expected) return "late";
  return "fresh";
}

/** The worse of two steps. */
export function worse(one: Freshness, other: Freshness): Freshness {
  return ORDER.indexOf(one) >= ORDER.indexOf(other) ? one : other;
}

/** How far the clock of a live meter may be behind. **Unit** ms. */
const CLOCK_BEHIND_MAX_MS = 600_000;

/**
 * The instant that a reading's age counts from: its measurement. A meter's own clock may be some
 * minutes off, which makes a value neither old nor of tomorrow: its arrival counts then.
 */
export function standing(reading: Pick<Reading, "measured_at" | "received_at">): string {
  const delay = Date.parse(reading.received_at) - Date.parse(reading.measured_at);
  return delay > CLOCK_BEHIND_MAX_MS ? reading.measured_at : reading.received_at;
}

const extreme = (readings: Reading[], before: (one: number, other: number) => boolean) =>
  readings
    .map(standing)
    .reduce<string | null>(
      (found, one) => (found === null || before(Date.parse(one), Date.parse(found)) ? one : found),
      null,
    );

/** Of when the oldest of some readings is. */
export const oldest = (readings: Reading[]): string | null => extreme(readings, (one, other) => one < other);

/** Of when the newest of some readings is. */
export const newest = (readings: Reading[]): string | null => extreme(readings, (one, other) => one > other);
