// How old is too old. In: an age by the server's clock and the period the meter announced.
// Out: one of four steps.

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
