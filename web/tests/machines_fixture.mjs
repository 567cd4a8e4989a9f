// A workshop of machines as `/api/v1/analysis/loads` and `/api/v1/analysis/doctor` tell it: one of
// them silent, one behind another, one learning.

const DAY_MS = 86_400_000;
const known = (value, method = "counter") => ({ value, method, reason: null });
const why = (code) => ({ code, text: `English for ${code}.` });

/** Meter, label, parent, depth, kW, state, share of its power by the time of day. */
export const MACHINES = [
  ["ligne_1", "Ligne de production 1", "general", 1, 15.5, "running"],
  ["presse", "Presse <img src=x onerror=alert(1)>", "ligne_1", 2, 9.2, "running"],
  ["ligne_2", "Ligne de production 2", "general", 1, 12.8, "idle"],
  ["froid", "Froid", "general", 1, null, null],
  ["eclairage", "Éclairage", "general", 1, 0.35, "off"],
];

function load(now, [meter, label, parent, depth, kw, state], change = {}) {
  const period = (from) => ({
    from: new Date(from).toISOString(),
    energy_kwh: kw === null ? { value: null, method: null, reason: why("no_samples") } : known(kw * 6),
    coverage_pct: kw === null ? 0 : 99.6,
    hours: state ? { running: 5.2, idle: 1.4, off: 2.1, unknown: 0.3, idle_kwh: 2.7 } : null,
  });
  return {
    meter,
    label,
    role: "machine",
    parent,
    depth,
    load_kw: kw === null ? { value: null, method: null, reason: why("silent") } : { value: kw, method: "submeter", reason: null },
    uncertainty_kw: kw === null ? null : kw / 100,
    confidence: kw === null ? null : "high",
    share_pct: kw === null ? null : (100 * kw) / 31.2,
    measured_at: new Date(now - (kw === null ? 180_000 : 1000)).toISOString(),
    last: kw === null ? { at: new Date(now - 180_000).toISOString(), kw: 2.4 } : null,
    remainder: null,
    state: {
      value: state,
      since: state ? new Date(now - 2_520_000).toISOString() : null,
      reason: state ? null : why("load_unknown"),
      off_max_kw: 0.48,
      running_min_kw: 4.5,
      thresholds: "learned",
      learned_minutes: 8600,
      learned_minutes_min: 240,
    },
    today: period(now - 9 * 3_600_000),
    yesterday: period(now - DAY_MS),
    week: { from: new Date(now - 2 * DAY_MS).toISOString(), energy_kwh: known((kw ?? 0) * 40), coverage_pct: 98 },
    ...change,
  };
}

/** The site's remainder: 31.2 − 15.5 − 12.8 − 0.35, with the silent one in it. */
const REST = { kw: 2.55, uncertainty_kw: 0.41, skew_s: 2, share_pct: 8.2, verdict: "unmetered_load", contains: ["froid"] };

/** The answer where no meter measures the whole: two machines, one of them silent. */
export function apart() {
  const now = Date.now();
  const meters = [
    load(now, ["unit_2", "unit_2", null, 1, 6.1, "running"]),
    load(now, ["unit_1", "unit_1", null, 1, 8.67, "running"]),
    load(now, ["unit_3", "unit_3", null, 1, null, null]),
  ];
  const sum = { kw: 14.77, uncertainty_kw: 0.11, without: ["unit_3"], reason: why("no_main_meter") };
  const at = new Date(now).toISOString();
  return { meter: null, now: at, at, sum, meters, range: null };
}

/** The answer; with `from` the courses of the range, and a gap of a tenth of it. */
export function loads(params = new URLSearchParams(), machines = MACHINES, rest = REST) {
  const now = Date.now();
  const root = load(now, ["general", "Compteur général", null, 0, 31.2, "running"], { role: "main", remainder: machines.length ? rest : null });
  const answer = { meter: "general", now: new Date(now).toISOString(), at: new Date(now).toISOString(), sum: null, meters: [root, ...machines.map((one) => load(now, one))], range: null };
  if (!params.has("from")) return answer;
  const [from, to] = [Date.parse(params.get("from")), Math.min(Date.parse(params.get("to")), now)];
  const count = Math.min(Number(params.get("points")), 96);
  const step = (to - from) / count;
  const gap = (i) => i >= Math.floor(count * 0.4) && i < Math.floor(count * 0.5);
  const course = (kw) => Array.from({ length: count }, (_one, i) => (kw === null || gap(i) ? null : Math.max(0, kw * (0.55 + 0.45 * Math.sin(i / 7 + kw)))));
  const states = () => [0, 0.3, 0.4, 0.5, 0.8, 1].slice(0, -1).map((part, i, all) => ({
    from: new Date(from + part * (to - from)).toISOString(),
    to: new Date(from + (all[i + 1] ?? 1) * (to - from)).toISOString(),
    state: ["off", "running", "unknown", "running", "idle"][i],
  }));
  answer.range = {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    step_s: Math.max(1, Math.round(step / 1000)),
    t: Array.from({ length: count }, (_one, i) => new Date(from + i * step).toISOString()),
    meters: answer.meters.map((one) => ({ meter: one.meter, depth: one.depth, kw: course(one.load_kw.value), states: one.load_kw.value === null ? null : states() })),
    remainder_kw: course(2.55),
  };
  return answer;
}

/** One reversed transformer, much that is sound, something that cannot be judged. */
export function diagnosis() {
  const texts = (fr, en, de) => ({ text: en, text_fr: fr, text_de: de });
  return {
    until: new Date().toISOString(),
    findings: 1,
    meters: [
      {
        meter: "general",
        label: "Compteur général",
        samples: 720,
        minutes: 1440,
        findings: [
          {
            check: "polarity_and_pairing",
            code: "ct_reversed",
            phases: [2],
            confidence: 0.95,
            evidence: [{ name: "active_power", phase: 2, value: -3.42, unit: "kW", expected: null }],
            ...texts("Compteur général : TC monté à l'envers sur L2 (P L2 = −3,42 kW).", "Compteur général: the CT on L2 is reversed (P L2 = −3.42 kW).", "Compteur général: Wandler auf L2 verpolt (P L2 = −3,42 kW)."),
            remedy: "Swap S1 and S2 of the CT.",
            remedy_fr: "Intervertir S1 et S2 du TC.",
            remedy_de: "S1 und S2 des Wandlers tauschen.",
          },
        ],
        sound: [{ check: "supply_phases", count: 60 }, { check: "voltage_level", count: 2000 }],
        not_judged: [{ check: "phase_sequence", code: "not_measured", ...texts("Le compteur n'envoie pas : Angle U2–U1.", "The meter does not send: Angle U2–U1.", "Der Zähler sendet nicht: Winkel U2–U1.") }],
      },
    ],
  };
}
