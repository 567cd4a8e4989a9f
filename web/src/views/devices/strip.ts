// The last day of a link, a quarter of an hour each, as the stored measurements prove it.

import type { Meter } from "../../live/live.svelte";
import type { Series } from "../../live/series";

/** **Unit** ms. */
export const QUARTER_MS = 900_000;
/** A day of quarters. */
export const TICKS = 96;
/** From here on a quarter counts as covered. */
export const FULL = 0.95;

/** `future`: the part of the running quarter that is not over yet. */
export type Cover = "full" | "part" | "none" | "running";

export interface Tick {
  from: number;
  to: number;
  cover: Cover;
  /** 0 to 1. */
  share: number;
}

/** Registers that are worth asking: what nearly every meter sends with every telegram. */
const WISHED = ["active_power_import", "active_power", "current_l1", "voltage_l1", "active_energy_import"];

/** The quantity whose coverage tells of the link; null for a meter that sent none yet. */
export function proving(meter: Meter): string | null {
  // A computed value is not stored as such; its registers are.
  const stored = Object.entries(meter.values).flatMap(([name, value]) =>
    value.method === "measured" && typeof value.value === "number" ? [name] : [],
  );
  return WISHED.find((name) => stored.includes(name)) ?? stored[0] ?? null;
}

/** The quarters between `from` and now. */
export function ticksOf(series: Series, from: number, now: number): Tick[] {
  const covered = new Array<number>(TICKS).fill(0);
  for (const point of series.points) {
    const start = Date.parse(point.t);
    // A point finer or coarser than a quarter adds its share to each quarter that it lies in.
    const end = start + series.resolution * 1000;
    for (let at = Math.max(start, from); at < end; ) {
      const index = Math.floor((at - from) / QUARTER_MS);
      const until = Math.min(end, from + (index + 1) * QUARTER_MS);
      if (index >= 0 && index < TICKS) covered[index] = (covered[index] ?? 0) + (until - at) * (point.coverage ?? 0);
      at = until;
    }
  }
  return covered.map((time, index) => {
    const start = from + index * QUARTER_MS;
    const end = start + QUARTER_MS;
    const passed = Math.max(1, Math.min(now, end) - start);
    const share = Math.min(1, time / passed);
    const cover = now < end ? "running" : share >= FULL ? "full" : share > 0 ? "part" : "none";
    return { from: start, to: end, cover, share };
  });
}
