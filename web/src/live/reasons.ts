// Why a meter's values are given up, or a figure has none, in one sentence.

import { say } from "../words/say.svelte";
import type { Figure } from "./analysis";
import { live, type Meter } from "./live.svelte";

/** The cause the server names, else how long the meter has been silent, else of when its value is. */
export function lostReason(meter: Meter, at: string | null): string {
  const cause = say.linkCause(meter);
  if (cause) return cause;
  const { state, since } = meter.link;
  if (since && (state === "stale" || state === "disconnected")) return say.words.silentFor(say.duration(live.age(since)));
  return at ? say.words.tooOld(say.duration(live.age(at))) : say.words.oldData;
}

/** What a reason finds missing; a source may have sent just that and called it unusable. */
const MISSING: Record<string, RegExp> = {
  not_measured: /^(voltage|current|active_power|reactive_power)/,
  voltages_missing: /^voltage_l\d$/,
  currents_missing: /^current_l\d$/,
  active_power_missing: /^active_power/,
  reactive_power_missing: /^reactive_power/,
};

/** Whether a figure is missing because its inputs came and may not be used. */
export function unusable(meter: Meter, figure: Figure): boolean {
  const names = MISSING[figure.reason ?? ""];
  return names
    ? Object.entries(meter.values).some(([name, value]) => names.test(name) && value.quality === "bad")
    : false;
}

/** Why a figure has no value. */
export function absence(meter: Meter, figure: Figure): string {
  return unusable(meter, figure) ? say.words.badInputs : say.reason(figure.reason, figure.sentence);
}
