// Which of a meter's quantities the store keeps, and so can draw over time. What the server derives
// from a telegram is not stored; the registers that it is derived from are.

import type { Meter } from "../live/live.svelte";

/** The first of `names` that the meter itself sends; null when it sends none. */
export function stored(meter: Meter, names: string[]): string | null {
  return names.find((name) => meter.values[name]?.method === "measured") ?? null;
}

export const ACTIVE_POWER = ["active_power", "active_power_import"];
export const REACTIVE_POWER = ["reactive_power", "reactive_power_import"];
