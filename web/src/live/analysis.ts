// The analyses as the tiles need them. In: the `analysis` objects of the event stream. Out: figures
// that are known, with how they were found, or unknown, with the reason. Nothing is computed here.

import type { Method } from "./contract";

/** A result with its method, or the reason why there is none. */
export interface Figure {
  value: number | null;
  method: Method | null;
  /** The stable name of the reason, translated by the page where it knows it. */
  reason: string | null;
  /** The server's own sentence for the reason. */
  sentence: string | null;
  inputs: string[];
}

export interface Warning {
  code: string;
  text: string;
}

export interface Advice {
  code: string;
  from: number | null;
  to: number | null;
  amps: number | null;
  english: string;
  french: string;
}

export interface Balance {
  /** `ok`, `no_load`, `partial`, `no_data`. */
  status: string | null;
  score: number | null;
  balanced: boolean | null;
  recommendation: string | null;
  voltageDeviation: Figure;
  voltageDeviationPhase: number | null;
  currentDeviation: Figure;
  currentDeviationPhase: number | null;
  lvur: Figure;
  u2: Figure;
  /** Between which values u2 lies, where it could only be estimated. */
  u2Range: [number, number] | null;
  neutral: Figure;
  /** `reversed` when the angles say so. */
  sequence: string | null;
  advice: Advice[];
  warnings: Warning[];
}

export interface Reactive {
  /** |P|/S, or the displacement factor where the meter tells it. */
  powerFactor: Figure;
  kind: string | null;
  nature: string | null;
  tanPhi: Figure;
  chapter25: number | null;
  evaluation: string | null;
  /** kvar that lift the power factor to `target`, at this instant. */
  need: Figure;
  bank: Figure;
  /** kvar that remain with the bank. */
  after: Figure;
  /** Percent of the losses upstream. */
  lossesAvoided: Figure;
  /** kVA that transformer and cables get back. */
  released: Figure;
  /** Order of the resonance with the transformer. */
  resonance: Figure;
  /** Whether the bank would make the site capacitive at this instant. */
  overcompensated: boolean | null;
  detuningAdvised: boolean | null;
  target: number | null;
  warnings: Warning[];
}

export interface Kpi {
  from: string | null;
  to: string | null;
  energy: Figure;
  mean: Figure;
  max: Figure;
  coverage: number | null;
  quality: number | null;
  index: number | null;
  warnings: Warning[];
}

export interface Proof {
  code: string;
  name: string;
  state: "possible" | "degraded" | "impossible";
  reason: string | null;
  sentence: string | null;
  remedy: string | null;
  remedySentence: string | null;
}

export interface Alarm {
  key: string;
  severity: "critical" | "major" | "minor";
  text: string;
  action: string | null;
  /** What was found and the limit that it is beyond. */
  excess: { value: number; limit: number; unit: string } | null;
}

export interface Alarms {
  level: string | null;
  list: Alarm[];
  advice: string[];
}

export interface Analysis {
  balance: Balance | null;
  reactive: Reactive | null;
  kpi: Kpi | null;
  proofs: Proof[] | null;
  alarms: Alarms | null;
}

type Json = Record<string, unknown>;

const object = (value: unknown): Json | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null;
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const numeric = (value: unknown): number | null => (typeof value === "number" ? value : null);
const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
const flag = (value: unknown): boolean | null => (typeof value === "boolean" ? value : null);

const UNKNOWN: Figure = { value: null, method: null, reason: "pending", sentence: null, inputs: [] };

export function figure(value: unknown): Figure {
  const known = object(value);
  if (!known) return { ...UNKNOWN, value: numeric(value) };
  const reason = object(known.reason);
  return {
    value: numeric(known.value),
    method: text(known.method),
    reason: reason ? text(reason.code) : text(known.reason),
    sentence: reason ? text(reason.text) : text(known.detail),
    inputs: list(known.inputs).flatMap((input) => text(input) ?? []),
  };
}

const NOTHING: Analysis = { balance: null, reactive: null, kpi: null, proofs: null, alarms: null };

/** The analyses in `data`; what it does not name stays as it was. */
export function analysisOf(data: Json, before: Analysis | null): Analysis {
  const known = before ?? NOTHING;
  return {
    balance: "balance" in data ? balanceOf(object(data.balance)) : known.balance,
    reactive: "reactive" in data ? reactiveOf(object(data.reactive)) : known.reactive,
    kpi: "kpi" in data ? kpiOf(object(data.kpi)) : known.kpi,
    proofs: "availability" in data ? proofsOf(object(data.availability)) : known.proofs,
    alarms: "alarms" in data ? alarmsOf(object(data.alarms)) : known.alarms,
  };
}

function warningsOf(value: unknown): Warning[] {
  return list(value).flatMap((one) => {
    const warning = object(one);
    const code = text(warning?.code);
    return warning && code ? [{ code, text: text(warning.text) ?? code }] : [];
  });
}

function balanceOf(data: Json | null): Balance | null {
  if (!data) return null;
  const chapter = object(data.chapter25) ?? {};
  const voltage = object(data.voltage) ?? {};
  const current = object(data.current) ?? {};
  // Without any measurement the whole object has one reason.
  const known = (value: unknown) => figure(value ?? { value: null, reason: data.reason });
  const range = list(voltage.u2_range_pct);
  const [low, high] = [numeric(range[0]), numeric(range[1])];
  return {
    status: text(data.status),
    score: numeric(chapter.score),
    balanced: flag(chapter.balanced),
    recommendation: text(chapter.recommendation),
    voltageDeviation: known(voltage.dev_max_pct),
    voltageDeviationPhase: known(voltage.dev_phase).value,
    currentDeviation: known(current.dev_max_pct),
    currentDeviationPhase: known(current.dev_phase).value,
    lvur: known(voltage.lvur_pct),
    u2: known(voltage.u2_pct),
    u2Range: low === null || high === null ? null : [low, high],
    neutral: known(current.neutral_a),
    sequence: text(object(voltage.sequence)?.value),
    advice: list(data.advice).flatMap((one) => {
      const advice = object(one);
      const code = text(advice?.code);
      if (!advice || !code) return [];
      return [
        {
          code,
          from: numeric(advice.from),
          to: numeric(advice.to),
          amps: numeric(advice.amps_to_move),
          english: text(advice.text) ?? code,
          french: text(advice.text_fr) ?? code,
        },
      ];
    }),
    warnings: warningsOf(data.warnings),
  };
}

function reactiveOf(data: Json | null): Reactive | null {
  if (!data) return null;
  const chapter = object(data.chapter25) ?? {};
  const compensation = object(data.compensation) ?? {};
  const nature = object(data.nature);
  // Without any measurement the whole object has one reason.
  const known = (value: unknown) => figure(value ?? { value: null, reason: data.reason });
  return {
    powerFactor: known(data.pf_abs),
    kind: text(data.pf_kind),
    nature: text(nature?.value),
    tanPhi: known(data.tan_phi),
    chapter25: numeric(chapter.power_factor),
    evaluation: text(chapter.evaluation),
    need: known(compensation.qc_required_kvar),
    bank: known(compensation.bank_kvar),
    after: known(compensation.reactive_after_kvar),
    lossesAvoided: known(compensation.losses_avoided_pct),
    released: known(compensation.kva_released),
    resonance: known(compensation.resonance_order),
    overcompensated: flag(object(compensation.overcompensation_risk)?.value),
    detuningAdvised: flag(object(compensation.detuning_advised)?.value),
    target: numeric(compensation.target_pf),
    warnings: warningsOf(data.warnings),
  };
}

function kpiOf(data: Json | null): Kpi | null {
  if (!data) return null;
  const chapter = object(data.chapter25) ?? {};
  return {
    from: text(data.from),
    to: text(data.to),
    energy: figure(data.energy_kwh),
    mean: figure(data.mean_kw),
    max: figure(data.max_kw),
    coverage: numeric(data.coverage_pct),
    quality: numeric(chapter.qualite_donnees),
    index: numeric(chapter.efficacite_globale),
    warnings: warningsOf(data.warnings),
  };
}

function proofsOf(data: Json | null): Proof[] | null {
  if (!data || data.reason) return null;
  return list(data.analyses).flatMap((one) => {
    const proof = object(one);
    const code = text(proof?.code);
    if (!proof || !code) return [];
    const reason = object(proof.reason);
    const remedy = object(proof.remedy);
    const state = text(proof.state);
    return [
      {
        code,
        name: text(proof.name) ?? code,
        state: state === "possible" || state === "degraded" ? state : ("impossible" as const),
        reason: text(reason?.code),
        sentence: text(reason?.text),
        remedy: text(remedy?.code),
        remedySentence: text(remedy?.text) ?? text(proof.remedy),
      },
    ];
  });
}

function alarmsOf(data: Json | null): Alarms | null {
  if (!data) return null;
  const severities = ["critical", "major", "minor"] as const;
  return {
    level: text(data.level),
    list: list(data.alarms).flatMap((one) => {
      const alarm = object(one);
      const key = text(alarm?.key);
      const severity = severities.find((known) => known === alarm?.severity);
      if (!alarm || !key || !severity) return [];
      const { value, limit, unit } = alarm;
      const told = typeof value === "number" && typeof limit === "number" && typeof unit === "string";
      return [{ key, severity, text: text(alarm.text) ?? key, action: text(alarm.action), excess: told ? { value, limit, unit } : null }];
    }),
    advice: list(data.advice).flatMap((line) => text(line) ?? []),
  };
}
