// Curves for the tests: a workshop's day repeated for ever, with values that any test can compute
// again, and gaps where a test asks for them.

const RESOLUTIONS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const LEVELS = [
  [/^voltage/, 230, 3, "V"],
  [/^current/, 55, 20, "A"],
  [/^active_power/, 31_000, 12_000, "W"],
  [/^reactive_power/, 21_000, 6000, "var"],
  [/^active_energy/, 1_000_000, 0, "Wh"],
];

/** The value of a quantity at an instant in seconds. */
export function valueAt(quantity, at) {
  const [, level, swing] = LEVELS.find(([name]) => name.test(quantity)) ?? [null, 1, 0.1];
  const phase = Number(/_l([123])/.exec(quantity)?.[1] ?? 0);
  return level + swing * Math.sin((2 * Math.PI * at) / 86_400 + phase) * (0.7 + 0.3 * Math.sin(at / 1700 + phase));
}

/** What `/api/v1/series` answers; `gaps` are pairs of seconds, `thin` intervals cover half. */
export function series(params, { gaps = [], thin = [], now = Date.now() / 1000 } = {}) {
  const [from, to] = [Date.parse(params.get("from")) / 1000, Math.min(Date.parse(params.get("to")) / 1000, now)];
  const asked = Date.parse(params.get("to")) / 1000 - from;
  const quantity = params.get("quantity");
  const wanted = asked / Number(params.get("points"));
  const resolution = RESOLUTIONS.find((one) => one >= wanted) ?? 86_400;
  const points = [];
  for (let at = Math.floor(from / resolution) * resolution; at < to; at += resolution) {
    if (gaps.some(([begin, end]) => at + resolution > begin && at < end)) continue;
    const value = valueAt(quantity, at);
    const spread = Math.abs(value) * 0.002;
    points.push({
      t: new Date(at * 1000).toISOString(),
      min: value - spread,
      mean: value,
      max: value + spread,
      coverage: thin.some(([begin, end]) => at >= begin && at < end) ? 0.5 : 1,
    });
  }
  const unit = (LEVELS.find(([name]) => name.test(quantity)) ?? [])[3] ?? null;
  return { meter: params.get("meter"), quantity, unit, resolution, points };
}
