// The shapes of `/api/v1/analysis/loads`, and what the view makes of their order. Nothing electrical
// is computed here: sums and remainders are the server's.

export interface Hours {
  running: number;
  idle: number;
  off: number;
  unknown: number;
  idle_kwh: number;
}

export interface Energy {
  value: number | null;
  method: string | null;
}

export interface Period {
  from: string;
  energy_kwh: Energy;
  coverage_pct: number;
  hours: Hours | null;
}

export interface Load {
  meter: string;
  label: string;
  parent: string | null;
  depth: number;
  load_kw: { value: number | null; method: string | null; reason: { code: string; text: string } | null };
  uncertainty_kw: number | null;
  confidence: string | null;
  share_pct: number | null;
  measured_at: string | null;
  last: { at: string; kw: number } | null;
  remainder: {
    kw: number;
    uncertainty_kw: number;
    skew_s: number;
    share_pct: number | null;
    verdict: string;
    contains: string[];
  } | null;
  state: {
    value: string | null;
    since: string | null;
    reason: { code: string; text: string } | null;
    off_max_kw: number | null;
    running_min_kw: number | null;
    thresholds: string | null;
    learned_minutes: number;
    learned_minutes_min: number;
  };
  today: Period;
  yesterday: Period;
  week: Pick<Period, "from" | "energy_kwh" | "coverage_pct">;
}

export interface Stretch {
  from: string;
  to: string;
  state: string;
}

export interface Course {
  meter: string;
  depth: number;
  kw: (number | null)[];
  states: Stretch[] | null;
}

export interface Range {
  from: string;
  to: string;
  step_s: number;
  t: string[];
  meters: Course[];
  remainder_kw: (number | null)[];
}

export interface Sum {
  kw: number | null;
  uncertainty_kw: number | null;
  without: string[];
  reason: { code: string; text: string };
}

export interface Loads {
  /** Null where no meter measures the whole. */
  meter: string | null;
  /** The server's clock. */
  now: string;
  at: string;
  /** In place of a meter that measures the whole. */
  sum: Sum | null;
  meters: Load[];
  range: Range | null;
}

/** The machines, the largest load first, each before what is behind it; unknown ones last. */
export function sorted(loads: Load[]): Load[] {
  const behind = (parent: string | null, depth: number): Load[] =>
    loads
      .filter((one) => one.parent === parent && one.depth === depth)
      .sort((a, b) => (b.load_kw.value ?? -1e9) - (a.load_kw.value ?? -1e9))
      .flatMap((one) => [one, ...behind(one.meter, depth + 1)]);
  // Without a meter of the whole the first ones have none upstream.
  return behind(loads.find((one) => one.depth === 0)?.meter ?? null, 1);
}

/** Most bands of the stacked chart beside the remainder. */
export const BANDS_MAX = 6;

export interface Band {
  name: string;
  /** Its colour's number; null for what is unattributed. */
  tone: number | null;
  kw: (number | null)[];
}

/** The bands of the chart from the bottom: the largest consumers, the others together, the rest. */
export function bands(range: Range, label: (meter: string) => string, words: { rest: string; others: string }): Band[] {
  const direct = range.meters.filter((one) => one.depth === 1);
  const total = (one: Course) => one.kw.reduce<number>((sum, kw) => sum + Math.max(0, kw ?? 0), 0);
  const known = direct.filter((one) => one.kw.some((kw) => kw !== null)).sort((a, b) => total(b) - total(a));
  const named = known.length > BANDS_MAX ? known.slice(0, BANDS_MAX - 1) : known;
  const all: Band[] = named.map((one, tone) => ({ name: label(one.meter), tone, kw: one.kw }));
  const others = known.slice(named.length);
  if (others.length) {
    // Where one of them is silent, the others still stand for themselves.
    const kw = range.t.map((_at, i) => {
      const parts = others.map((one) => one.kw[i] ?? null).filter((one) => one !== null);
      return parts.length ? parts.reduce((sum, one) => sum + one, 0) : null;
    });
    all.push({ name: words.rest, tone: BANDS_MAX - 1, kw });
  }
  if (range.remainder_kw.some((kw) => kw !== null)) all.push({ name: words.others, tone: null, kw: range.remainder_kw });
  return all;
}
