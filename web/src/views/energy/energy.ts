// The shapes of `/api/v1/analysis/energy`.

import { type Figure, figure } from "../../live/analysis";
import { begin } from "./period.svelte";

export type Step = "10min" | "15min" | "hour" | "day";

/** One bar: what is known of one interval of the site's calendar. */
export interface Bar {
  from: string;
  to: string;
  /** The begin with the site's offset: its digits are the local date and time. */
  local: string;
  /** False while the interval is still running. */
  complete: boolean;
  import_kwh: unknown;
  export_kwh: unknown;
  mean_kw: unknown;
  max_kw: unknown;
  coverage_pct: number | null;
}

export interface Energy {
  bars: Bar[];
  total: Pick<Bar, "import_kwh" | "export_kwh" | "mean_kw" | "max_kw" | "coverage_pct">;
}

/** Below this share of its interval an energy is that of a part. **Unit** percent. */
const WHOLE_MIN_PCT = 99.5;

export const known = (value: unknown): number | null => figure(value).value;
export const reasonOf = (value: unknown): Figure => figure(value);
export const partial = (bar: Bar) => known(bar.mean_kw) !== null && (bar.coverage_pct ?? 0) < WHOLE_MIN_PCT;

/** The question for the days from `first` to before `end`, no later than `now` (ms). */
export function address(meter: string, zone: string, days: { first: number; end: number; now: number }, step: Step): string {
  const from = begin(zone, days.first);
  const to = Math.min(begin(zone, days.end), Math.ceil(days.now / 60_000) * 60);
  const query = new URLSearchParams({
    meter,
    from: new Date(from * 1000).toISOString(),
    to: new Date(to * 1000).toISOString(),
    step,
  });
  return `/api/v1/analysis/energy?${query}`;
}
