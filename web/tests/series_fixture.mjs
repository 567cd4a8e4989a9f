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

const ZONE = "Europe/Paris";
const clock = new Intl.DateTimeFormat("en-US", {
  timeZone: ZONE,
  hourCycle: "h23",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
});

/** How far the site's clocks are ahead of UTC. **Unit** s. */
export function offset(at) {
  const part = Object.fromEntries(clock.formatToParts(at * 1000).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) / 1000 - at;
}

const local = (at) => {
  const ahead = offset(at);
  return new Date((at + ahead) * 1000).toISOString().replace(".000Z", `+0${ahead / 3600}:00`);
};
const known = (value, method) => ({ value, method, reason: null });
const unknown = { value: null, method: null, reason: { code: "no_samples", text: "No measurement in the interval." } };

/** What `/api/v1/analysis/energy` answers. */
export function energy(params, { gaps = [], now = Date.now() / 1000 } = {}) {
  const [from, to] = ["from", "to"].map((name) => Date.parse(params.get(name)) / 1000);
  const step = params.get("step");
  const bars = [];
  const length = { "10min": 600, "15min": 900, hour: 3600, day: 86_400 }[step];
  for (let at = from; at < to; ) {
    const rough = at + length;
    const end = step === "day" ? rough + offset(at) - offset(rough) : rough;
    const gone = gaps.reduce((sum, [a, b]) => sum + Math.max(0, Math.min(b, end) - Math.max(a, at)), 0);
    const past = Math.min(end, now) - at;
    const share = Math.max(0, (past - gone) / past);
    const mean = valueAt("active_power", (at + end) / 2) / 1000;
    bars.push({
      from: new Date(at * 1000).toISOString(),
      to: new Date(end * 1000).toISOString(),
      local: local(at),
      hours: (end - at) / 3600,
      complete: end <= now,
      import_kwh: share > 0 ? known((mean * share * past) / 3600, "counter") : unknown,
      export_kwh: { ...unknown, reason: { code: "not_measured", text: "Not measured." } },
      mean_kw: share > 0 ? known(mean, "measured") : unknown,
      max_kw: share > 0 ? known(mean * 1.15, "measured") : unknown,
      coverage_pct: share * 100,
    });
    at = end;
  }
  const sum = bars.reduce((all, bar) => all + (bar.import_kwh.value ?? 0), 0);
  const hours = (Math.min(to, now) - from) / 3600;
  const covered = bars.reduce((all, bar) => all + (bar.coverage_pct / 100) * bar.hours, 0) / bars.reduce((all, bar) => all + bar.hours, 0);
  const most = Math.max(...bars.map((bar) => bar.max_kw.value ?? 0));
  const total = {
    import_kwh: known(sum, "counter"),
    export_kwh: bars[0]?.export_kwh ?? unknown,
    mean_kw: known(sum / hours / (covered || 1), "measured"),
    max_kw: known(most, "measured"),
    coverage_pct: covered * 100,
  };
  return { meter: params.get("meter"), step, zone: ZONE, from: params.get("from"), to: params.get("to"), bars, total };
}
