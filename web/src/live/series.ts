// The answer of `/api/v1/series`, and its address. A point that is absent was not measured.

export interface Point {
  /** Start of the interval. */
  t: string;
  min: number | null;
  mean: number | null;
  max: number | null;
  /** Share of the interval that is covered, 0 to 1. */
  coverage: number | null;
}

export interface Series {
  meter: string;
  quantity: string;
  unit: string | null;
  /** **Unit** s. */
  resolution: number;
  points: Point[];
}

/** The address of a quantity between two instants (ms since 1970), in about `points` intervals. */
export function seriesAddress(meter: string, quantity: string, span: readonly [number, number], points: number): string {
  const query = new URLSearchParams({
    meter,
    quantity,
    from: new Date(span[0]).toISOString(),
    to: new Date(span[1]).toISOString(),
    points: String(points),
  });
  return `/api/v1/series?${query}`;
}
