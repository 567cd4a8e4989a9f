// What was produced and how much energy each piece took, as `/api/v1/analysis/production` tells it.

const known = (value, method) => ({ value, method, reason: null });
const unknown = (code) => ({ value: null, method: null, reason: { code, text: `English for ${code}.` } });

const figures = (kwh, production) => ({ import_kwh: known(kwh, "counter"), coverage_pct: 99.6, production });

/** A meter without a counter of production. */
export const NO_PRODUCTION = {
  meter: "general",
  step: "day",
  zone: "Europe/Zurich",
  from: "2026-05-03T22:00:00Z",
  to: "2026-05-04T22:00:00Z",
  reason: unknown("no_counter").reason,
  counters: [],
  bars: [],
  total: figures(412, []),
};

/** Pieces by the hour, one of which nothing was produced in; a scale that has not told anything. */
export function production(params) {
  const [from, to] = [Date.parse(params.get("from")), Date.parse(params.get("to"))];
  const count = Math.max(1, Math.min(24, Math.round((to - from) / 3_600_000)));
  const one = (pieces, each) => [
    { meter: "automate", quantity: "production_pieces", count: known(pieces, "counter"), coverage_pct: 100, restarts: 1, ignored: 0, kwh_per_unit: each },
    { meter: "bascule", quantity: "production_mass", count: unknown("no_samples"), coverage_pct: 0, restarts: 0, ignored: 0, kwh_per_unit: unknown("no_samples") },
  ];
  const bars = Array.from({ length: count }, (_one, i) => ({
    from: new Date(from + i * 3_600_000).toISOString(),
    to: new Date(from + (i + 1) * 3_600_000).toISOString(),
    local: new Date(from + i * 3_600_000).toISOString(),
    hours: 1,
    complete: true,
    ...figures(20, i === 3 ? one(0, unknown("nothing_produced")) : one(160, known(0.125, "derived"))),
  }));
  return {
    ...NO_PRODUCTION,
    step: "hour",
    reason: null,
    counters: [
      { meter: "automate", quantity: "production_pieces", unit: "", per: "piece" },
      { meter: "bascule", quantity: "production_mass", unit: "kg", per: "t" },
    ],
    bars,
    total: figures(412, one(3296, known(0.125, "derived"))),
  };
}
