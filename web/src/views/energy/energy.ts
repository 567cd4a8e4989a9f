// The shapes of `/api/v1/analysis/energy` and `/api/v1/analysis/production`.

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

/** What one counter counted in a step, and the energy of one piece, cycle or tonne. */
export interface Produced {
  count: unknown;
  restarts: number;
  ignored: number;
  kwh_per_unit: unknown;
}

export interface Production {
  reason: { code: string; text: string } | null;
  counters: { meter: string; quantity: string; unit: string; per: string }[];
  /** In each the counters' figures, in their order. */
  bars: (Pick<Bar, "from" | "import_kwh"> & { production: Produced[] })[];
  total: { production: Produced[] };
}

/** Below this share of its interval an energy is that of a part. **Unit** percent. */
const WHOLE_MIN_PCT = 99.5;

export const known = (value: unknown): number | null => figure(value).value;
export const reasonOf = (value: unknown): Figure => figure(value);
export const partial = (bar: Bar) => known(bar.mean_kw) !== null && (bar.coverage_pct ?? 0) < WHOLE_MIN_PCT;

/** The question for the days from `first` to before `end`, no later than `now` (ms). */
export function address(meter: string, zone: string, days: { first: number; end: number; now: number }, step: Step, of = "energy"): string {
  const from = begin(zone, days.first);
  const to = Math.min(begin(zone, days.end), Math.ceil(days.now / 60_000) * 60);
  const query = new URLSearchParams({
    meter,
    from: new Date(from * 1000).toISOString(),
    to: new Date(to * 1000).toISOString(),
    step,
  });
  return `/api/v1/analysis/${of}?${query}`;
}
