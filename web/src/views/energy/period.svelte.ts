// Which day, week or month the view shows: in the address, by the calendar of the site.

import { offset } from "../../chart/ticks";
import { live } from "../../live/live.svelte";
import { router } from "../../shell/router.svelte";
import { say } from "../../words/say.svelte";

export const PERIODS = ["day", "week", "month"] as const;
export type Period = (typeof PERIODS)[number];

const DAY_MS = 86_400_000;

/** A date of the site's calendar as the midnight of that date in UTC, which no clock changes. **Unit** ms. */
type Day = number;

const written = (day: Day) => new Date(day).toISOString().slice(0, 10);

/** The instant at which a date begins in the zone of the site. **Unit** s. */
export function begin(zone: string, day: Day): number {
  const seconds = day / 1000;
  return seconds - offset(zone, seconds - offset(zone, seconds));
}

/** The date of an instant in the zone of the site. */
export function today(zone: string, now: number): Day {
  const local = now + offset(zone, now / 1000) * 1000;
  return Math.floor(local / DAY_MS) * DAY_MS;
}

function first(day: Day, period: Period): Day {
  const date = new Date(day);
  if (period === "month") return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  // Weeks begin on Monday (ISO 8601).
  return period === "week" ? day - ((date.getUTCDay() + 6) % 7) * DAY_MS : day;
}

function next(day: Day, period: Period, by: 1 | -1): Day {
  const date = new Date(day);
  if (period === "month") return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + by, 1);
  return day + by * DAY_MS * (period === "week" ? 7 : 1);
}

/** The date so many days before. */
export const dayBefore = (day: Day, days: number): Day => day - days * DAY_MS;

export class Chosen {
  period = $derived.by((): Period => PERIODS.find((one) => one === router.params.get("period")) ?? "day");
  #today = $derived(live.now ? today(say.zone, live.now) : null);
  #asked = $derived.by(() => {
    const date = router.params.get("date");
    const at = date && /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
    return Number.isNaN(at) ? null : at;
  });
  /** The first day; null until the server's time is known. */
  first = $derived.by((): Day | null => {
    if (this.#today === null) return null;
    // Of a day to come nothing is known: the present one is shown.
    return first(Math.min(this.#asked ?? this.#today, this.#today), this.period);
  });
  /** The day after the last. */
  end = $derived(this.first === null ? null : next(this.first, this.period, 1));
  /** Whether the period is over. */
  over = $derived(this.end !== null && this.#today !== null && this.end <= this.#today);

  choose(period: Period): void {
    router.set({ period: period === "day" ? null : period }, true);
  }

  move(by: 1 | -1): void {
    if (this.first === null) return;
    const day = next(this.first, this.period, by);
    const current = this.#today !== null && first(this.#today, this.period) === day;
    router.set({ date: current ? null : written(day) }, true);
  }

  /** The first of so many days before the end, or before tomorrow; the period's own if that is earlier. */
  back(days: number): Day | null {
    if (this.end === null || this.first === null || this.#today === null) return null;
    return Math.min(this.first, Math.min(this.end, this.#today + DAY_MS) - days * DAY_MS);
  }
}
