// Curves as the server answers them, laid on one time axis. In: the answers of `/api/v1/series`.
// Out: columns for the plot, gaps, rows for the table. A missing interval stays missing.

/** One interval of an answer. */
export interface Point {
  /** Begin of the interval, RFC 3339. */
  t: string;
  min: number;
  mean: number;
  max: number;
  /** Share of the interval that the values speak for. **Range** 0 to 1. */
  coverage: number;
}

/** The answer of `/api/v1/series`. */
export interface Series {
  meter: string;
  quantity: string;
  unit: string | null;
  /** Length of every interval. **Unit** s. */
  resolution: number;
  points: Point[];
}

/** A span without values, in seconds since 1970. */
export interface Gap {
  from: number;
  to: number;
}

/** One row of every curve at the begin of an interval; null where a curve has no value. */
export interface Row {
  at: number;
  values: (Point | null)[];
}

/** The address of one curve. `points` is what the place can show. */
export function address(meter: string, quantity: string, range: Gap, points: number): string {
  const query = new URLSearchParams({
    meter,
    quantity,
    from: new Date(range.from * 1000).toISOString(),
    to: new Date(range.to * 1000).toISOString(),
    points: String(points),
  });
  return `/api/v1/series?${query}`;
}

/** The rows of some curves, in the order of time. */
export function rowsOf(all: Series[]): Row[] {
  const rows = new Map<number, Row>();
  all.forEach((series, index) => {
    for (const point of series.points) {
      const at = Date.parse(point.t) / 1000;
      let row = rows.get(at);
      if (!row) rows.set(at, (row = { at, values: all.map(() => null) }));
      row.values[index] = point;
    }
  });
  return [...rows.values()].sort((one, other) => one.at - other.at);
}

/**
 * The spans of `range` without a row. A meter that speaks less often than the chart has intervals
 * leaves none out for that: what is shorter than `patience` is no gap. Both **unit** s.
 */
export function gapsOf(rows: Row[], resolution: number, patience: number, range: Gap): Gap[] {
  const gaps: Gap[] = [];
  let end = range.from;
  for (const { at } of rows) {
    if (at - end >= patience) gaps.push({ from: end, to: at });
    end = Math.max(end, at + resolution);
  }
  if (range.to - end >= patience) gaps.push({ from: end, to: range.to });
  return gaps;
}

/** What a plot is given: columns, and the row that each of their entries shows. */
export interface Columns {
  /** The middles of the intervals, then mean, least and greatest of each curve. */
  columns: (number | null | undefined)[][];
  rows: (Row | null)[];
}

/**
 * Columns for the plot. In every gap of a curve stands a row that breaks its line; a row that only
 * another curve has is passed over.
 */
export function columnsOf(rows: Row[], all: Series[], gaps: Gap[][], divisor: number): Columns {
  const resolution = all[0]?.resolution ?? 0;
  const entries = new Map<number, Row | null>(rows.map((row) => [row.at + resolution / 2, row]));
  for (const { from, to } of gaps.flat()) {
    const middle = (from + to) / 2;
    if (!entries.has(middle)) entries.set(middle, null);
  }
  const ats = [...entries.keys()].sort((one, other) => one - other);
  const columns: (number | null | undefined)[][] = [ats];
  all.forEach((_series, curve) => {
    const missing = (at: number) => (gaps[curve]?.some(({ from, to }) => from < at && at < to) ? null : undefined);
    for (const part of ["mean", "min", "max"] as const) {
      columns.push(
        ats.map((at) => {
          const value = entries.get(at)?.values[curve]?.[part];
          return value === undefined ? missing(at) : value / divisor;
        }),
      );
    }
  });
  return { columns, rows: ats.map((at) => entries.get(at) ?? null) };
}

/** Below this share an interval is marked as thinly covered. */
export const COVERED_MIN = 0.95;

/**
 * The intervals whose values speak for too little of their time, joined where they touch. What is
 * still running at `now` cannot be judged. **Unit** s.
 */
export function thinOf(rows: Row[], resolution: number, now: number): Gap[] {
  const spans: Gap[] = [];
  for (const { at, values } of rows) {
    if (at + resolution > now) continue;
    if (!values.some((point) => point && point.coverage < COVERED_MIN)) continue;
    const last = spans.at(-1);
    if (last && last.to >= at) last.to = at + resolution;
    else spans.push({ from: at, to: at + resolution });
  }
  return spans;
}
