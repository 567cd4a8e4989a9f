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

export interface Move {
  from: number | null;
  to: number | null;
  amps: number | null;
  text: string;
}

export interface Balance {
  at: string | null;
  /** `no_load` below the threshold current, else null or a word of the server. */
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
  neutral: Figure;
  /** `reversed` when the angles say so. */
  sequence: string | null;
  moves: Move[];
  warnings: Warning[];
}

export interface Reactive {
  at: string | null;
  activePower: Figure;
  reactivePower: Figure;
  apparentPower: Figure;
  /** |P|/S, or the displacement factor where the meter tells it. */
  powerFactor: Figure;
  kind: string | null;
  nature: string | null;
  direction: string | null;
  tanPhi: Figure;
  chapter25: number | null;
  evaluation: string | null;
  need: Figure;
  bank: Figure;
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
  missing: string[];
}

export interface Alarm {
  key: string;
  severity: "critical" | "major" | "minor";
  text: string;
  action: string | null;
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
  const norms = object(data.standards) ?? data;
  return {
    at: text(data.at),
    status: text(norms.status),
    score: numeric(chapter.score_equilibre),
    balanced: flag(chapter.equilibre_global),
    recommendation: text(chapter.recommandations),
    voltageDeviation: figure(norms.voltage_dev_max_pct),
    voltageDeviationPhase: numeric(norms.voltage_dev_phase),
    currentDeviation: figure(norms.current_dev_max_pct),
    currentDeviationPhase: numeric(norms.current_dev_phase),
    lvur: figure(norms.lvur_pct),
    u2: figure(norms.u2_pct),
    neutral: figure(norms.i_neutral_a),
    sequence: text(norms.phase_sequence),
    moves: list(data.advice).flatMap((one) => {
      const move = object(one);
      if (!move) return [];
      return [
        { from: numeric(move.from), to: numeric(move.to), amps: numeric(move.amps_to_move), text: text(move.text) ?? "" },
      ];
    }),
    warnings: warningsOf(data.warnings),
  };
}

function reactiveOf(data: Json | null): Reactive | null {
  if (!data) return null;
  const chapter = object(data.chapter25) ?? {};
  const word = (value: unknown) => text(value) ?? text(object(value)?.value);
  return {
    at: text(data.at),
    activePower: figure(data.active_w),
    reactivePower: figure(data.reactive_var),
    apparentPower: figure(data.apparent_va),
    powerFactor: figure(data.power_factor),
    kind: text(data.power_factor_kind),
    nature: word(data.nature),
    direction: word(data.direction),
    tanPhi: figure(data.tan_phi),
    chapter25: numeric(chapter.facteur_puissance),
    evaluation: text(chapter.evaluation),
    need: figure(data.required_kvar),
    bank: figure(data.bank_kvar),
    target: numeric(data.target),
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
  if (!data) return null;
  return list(data.analyses).flatMap((one) => {
    const proof = object(one);
    const code = text(proof?.code);
    if (!proof || !code) return [];
    const reason = object(proof.reason);
    const state = text(proof.state);
    return [
      {
        code,
        name: text(proof.name) ?? code,
        state: state === "possible" || state === "degraded" ? state : ("impossible" as const),
        reason: reason ? text(reason.code) : text(proof.reason),
        sentence: text(reason?.text),
        remedy: text(proof.remedy),
        missing: list(proof.missing).flatMap((name) => text(name) ?? []),
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
      return [{ key, severity, text: text(alarm.text) ?? key, action: text(alarm.action) }];
    }),
    advice: list(data.advice).flatMap((line) => text(line) ?? []),
  };
}
