// Workshops for the tests: what a server would send for meters that measure much, little, or
// nothing. The numbers agree with each other: ΣUI = 38.08 kVA, × 0.82 = 31.23 kW.

const known = (value, method = "derived") => ({ value, method, reason: null });
const unknown = (code, text = "The server's own sentence.") => ({
  value: null,
  method: null,
  reason: { code, text },
});

/** One value as `/api/v1` writes it. */
export function reading(value, unit, { raw = value, exponent = 0, obis = null, at, received = at, sample = 1, quality = "good" }) {
  return {
    value,
    unit,
    measured_at: new Date(at).toISOString(),
    received_at: new Date(received).toISOString(),
    quality,
    method: "measured",
    obis,
    raw,
    exponent,
    sample,
  };
}

function derived(value, unit, at) {
  return { ...reading(value, unit, { at }), method: "derived", raw: null, exponent: null, sample: null };
}

const VOLTAGES = [229.8, 231.0, 228.4];
const CURRENTS = [61.2, 48.7, 55.9];
const PHASES = ["l1", "l2", "l3"];

/** The values of a meter: `has` names the groups that it sends. */
export function values(at, has, sample = 1) {
  const all = {};
  const put = (name, value, unit, decimals, obis) => {
    const raw = Math.round(value * 10 ** decimals);
    all[name] = reading(value, unit, { raw, exponent: -decimals, obis, at, sample });
  };
  PHASES.forEach((phase, i) => {
    if (has.includes("u")) put(`voltage_${phase}`, VOLTAGES[i], "V", 1, `1-0:${3 + 2 * i}2.7.0*255`);
    if (has.includes("i")) put(`current_${phase}`, CURRENTS[i], "A", 2, `1-0:${3 + 2 * i}1.7.0*255`);
    if (has.includes("pp")) put(`active_power_${phase}`, [11520, 9220, 10490][i], "W", 0, null);
    if (has.includes("pq")) put(`reactive_power_${phase}`, [8040, 6440, 7320][i], "var", 0, null);
    if (has.includes("pf")) put(`power_factor_${phase}`, [0.82, 0.819, 0.822][i], "", 3, `1-0:${3 + 2 * i}3.7.0*255`);
  });
  if (has.includes("ull")) {
    put("voltage_l12", 399.1, "V", 1, null);
    put("voltage_l23", 397.8, "V", 1, null);
    put("voltage_l31", 396.8, "V", 1, null);
  }
  if (has.includes("angles")) {
    put("angle_u2_u1", -119.6, "°", 1, "1-0:81.7.1*255");
    put("angle_u3_u1", 120.3, "°", 1, "1-0:81.7.2*255");
    put("angle_i1_u1", -34.9, "°", 1, "1-0:81.7.4*255");
    put("angle_i2_u2", -35.0, "°", 1, "1-0:81.7.15*255");
    put("angle_i3_u3", -34.7, "°", 1, "1-0:81.7.26*255");
  }
  if (has.includes("p")) put("active_power_import", 31230, "W", 0, "1-0:1.7.0*255");
  if (has.includes("p")) put("active_power_export", 0, "W", 0, "1-0:2.7.0*255");
  if (has.includes("p")) all.active_power = derived(31230, "W", at);
  if (has.includes("q")) {
    put("reactive_power_import", 21800, "var", 0, "1-0:3.7.0*255");
    all.reactive_power = derived(21800, "var", at);
    all.apparent_power = derived(38086.5, "VA", at);
  }
  return all;
}

/** The same values of another time or quality. */
export const changed = (all, change) =>
  Object.fromEntries(Object.entries(all).map(([name, value]) => [name, { ...value, ...change }]));

/** The analyses of the same workshop. */
export function analysis(at, has, meter = "general") {
  const time = new Date(at).toISOString();
  const [u, i, q, angles] = ["u", "i", "q", "angles"].map((group) => has.includes(group));
  const p = has.includes("p");
  const sentence = (code) => ({ code, text: `English for ${code}.` });
  const proof = (code, state, reason, remedy = null) => ({
    code,
    name: code,
    state,
    reason: sentence(reason),
    remedy: remedy && sentence(remedy),
  });
  return {
    balance: {
      meter,
      at: time,
      reason: null,
      status: i && u ? "ok" : "partial",
      voltage: {
        dev_max_pct: u ? known(0.58) : unknown("voltages_missing"),
        dev_phase: u ? known(3) : unknown("voltages_missing"),
        lvur_pct:
          has.includes("ull") || angles ? known(0.31) : unknown(u ? "needs_line_voltages" : "voltages_missing"),
        u2_pct: angles ? known(0.42) : u ? known(0.33, "assumed_120") : unknown("voltages_missing"),
        u2_range_pct: angles || !u ? null : [0, 2.7],
        limit_pct: 2,
        sequence: angles ? known("forward") : unknown("angles_missing"),
      },
      current: {
        dev_max_pct: i ? known(11.88) : unknown("currents_missing"),
        dev_phase: i ? known(2) : unknown("currents_missing"),
        neutral_a: i ? known(10.85, "assumed_equal_pf_120") : unknown("currents_missing"),
      },
      motor_derating: unknown("needs_line_voltages"),
      advice: i
        ? [
            {
              code: "deplacer_charge",
              text: "Move about 5.9 A of single-phase load from L1 to L2.",
              text_fr: "Déplacer environ 5,9 A de charges monophasées de L1 vers L2.",
              from: 1,
              to: 2,
              amps_to_move: 5.93,
            },
          ]
        : [],
      chapter25: {
        score: i ? 0.107358 : u ? 0.0055 : null,
        balanced: i ? false : u ? true : null,
        highest_voltage_phase: u ? 2 : null,
        highest_current_phase: i ? 1 : null,
        recommendation: i ? "Déséquilibre modéré - Redistribution de charge conseillée" : null,
      },
      warnings: [
        ...(u && i
          ? [{ code: "score_mele_tensions_et_courants", text: "Le score vient des seuls courants (10,7 %)." }]
          : []),
        ...(i ? [] : [{ code: "courants_absents", text: "Courant absent (L1, L2, L3)." }]),
        ...(u ? [] : [{ code: "tensions_absentes", text: "Tension absente (L1, L2, L3)." }]),
      ],
    },
    reactive: {
      meter,
      at: time,
      reason: null,
      active_power_w: p ? known(31230) : unknown("active_power_missing"),
      reactive_power_var: q ? known(21800) : unknown("reactive_power_missing"),
      apparent_power_va: q ? known(38086.5) : unknown("reactive_power_missing"),
      s_method: q ? "vector" : null,
      pf_abs: p && q ? known(0.81998) : unknown(p ? "reactive_power_missing" : "active_power_missing"),
      pf_kind: p && q ? "displacement" : null,
      tan_phi: p && q ? known(0.69805) : unknown("reactive_power_missing"),
      direction: p ? known("import") : unknown("active_power_missing"),
      nature: q ? known("inductive") : unknown("reactive_power_missing"),
      quadrant: q ? known(1) : unknown("reactive_power_missing"),
      pf_phases: [unknown("not_measured"), unknown("not_measured"), unknown("not_measured")],
      compensation: {
        target_pf: 0.95,
        qc_required_kvar: p && q ? known(11.535) : unknown("reactive_power_missing"),
        bank_kvar: p && q ? known(12.5) : unknown("reactive_power_missing"),
        recommended: p && q ? known(true) : unknown("reactive_power_missing"),
        reactive_after_kvar: p && q ? known(9.3) : unknown("reactive_power_missing"),
        losses_avoided_pct: p && q ? known(25.5) : unknown("reactive_power_missing"),
        kva_released: p && q ? known(5.21) : unknown("reactive_power_missing"),
        overcompensation_risk: p && q ? known(false) : unknown("reactive_power_missing"),
        resonance_order: unknown("transformer_unknown"),
        detuning_advised: unknown("transformer_unknown"),
      },
      chapter25: { power_factor: q ? 0.81998 : null, evaluation: q ? "médiocre" : null, penalty: 0.05 },
      warnings: [],
    },
    kpi: {
      meter,
      from: new Date(at - 3_600_000).toISOString(),
      to: time,
      reason: null,
      energy_kwh: p ? known(29.6, "counter") : unknown("no_samples"),
      mean_kw: p ? known(29.58, "hold") : unknown("no_samples"),
      max_kw: p ? known(42.17, "measured") : unknown("no_samples"),
      coverage_pct: 99.2,
      chapter25: {
        puissance_moyenne_kw: 29.4,
        puissance_max_kw: 42.17,
        consommation_horaire_kwh: 29.4,
        efficacite_globale: 78.4,
        qualite_donnees: 100,
      },
      warnings: [],
    },
    availability: {
      meter,
      analyses: [
        proof("phase_balance_voltage", u ? "possible" : "impossible", u ? "complete" : "no_voltages", u ? null : "add_voltages"),
        proof("phase_balance_current", i ? "possible" : "impossible", i ? "complete" : "no_currents", i ? null : "add_currents"),
        proof("u2", angles ? "possible" : u ? "degraded" : "impossible", angles ? "complete" : u ? "assumed_120" : "no_voltages", angles ? null : "add_angles"),
        proof("u0", angles ? "possible" : "impossible", angles ? "complete" : "no_angles", angles ? null : "add_angles"),
        proof("phase_sequence", angles ? "possible" : "impossible", angles ? "complete" : "no_angles", angles ? null : "add_angles"),
        proof("neutral", i ? "degraded" : "impossible", i ? "neutral_equal_pf" : "no_currents", "add_neutral"),
        proof("power_factor", p && q ? "possible" : "impossible", p && q ? "complete" : "no_power_factor"),
        proof("reactive", q ? "possible" : "impossible", q ? "complete" : "no_reactive", q ? null : "add_reactive"),
        proof("thd", "impossible", "no_thd", "add_thd"),
        proof("energy", p ? "possible" : "impossible", p ? "complete" : "no_energy", p ? null : "add_counter"),
        proof("norm_verdict", "impossible", "no_instrument", "add_analyser"),
      ],
      reason: null,
    },
    alarms: {
      meter,
      at: time,
      level: q ? "major" : "normal",
      alarms: q
        ? [
            {
              key: "power_factor_low",
              type: "qualite_reseau",
              severity: "major",
              text: "Facteur de puissance faible: 0.820",
              action: "Vérifier compensation réactive",
            },
          ]
        : [],
      advice: q ? ["Vérifier l'état des batteries de condensateurs"] : [],
      warnings: [],
      reason: null,
    },
  };
}

/** What each fixture's meter sends. */
export const GROUPS = {
  e450: ["u", "i", "p", "q"],
  barebones: ["i", "p", "q"],
  vienna: ["p", "q"],
  no_current: ["u", "p", "q"],
  triangle: ["u", "i", "p", "q", "ull"],
  halves: ["u", "i", "p", "q", "pp", "pq"],
  arcs: ["u", "i", "p", "q", "pf"],
  full: ["u", "i", "p", "q", "pp", "pq", "angles"],
  empty: [],
};

export const SITE = {
  name: "Atelier",
  zone: "Europe/Paris",
  timezone: "Europe/Paris",
  nominal_voltage_v: 230,
  subscribed_power_kw: 50,
  demand_interval_min: 10,
  version: "0.1.0",
  demo: true,
};

/** One meter of a snapshot. */
export function meter(now, fixture, changes = {}) {
  const has = GROUPS[fixture];
  const at = changes.at ?? now;
  const id = changes.id ?? "general";
  return {
    id,
    role: changes.role ?? "main",
    parent: null,
    label: changes.label ?? "Compteur général",
    model: "lgz_e450",
    port: changes.port ?? "serial:///dev/ttyUSB0?baud=2400&data=8&parity=even&stop=1",
    way: changes.way ?? "dlms_push",
    voltage_kind: "phase",
    serial: "LGZ1030655933512",
    link: { state: "live", since: new Date(now - 840_000).toISOString(), cause: null, reason: null, ...changes.link },
    period_s: changes.period ?? 5,
    latest: { meter: id, state: "live", period_s: changes.period ?? 5, values: { ...values(at, has), ...changes.values } },
    analysis: changes.analysis ?? analysis(at, has, id),
  };
}

/** A whole snapshot. */
export function snapshot(now, meters, site = SITE) {
  return { now: new Date(now).toISOString(), demo: site.demo, site, meters };
}
