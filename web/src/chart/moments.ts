// How instants of a chart are written: no finer than its intervals, in the zone of the site, and
// both passes of the doubled autumn hour apart.

import { say } from "../words/say.svelte";
import { pass, ticks } from "./ticks";
import all from "./words";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, name: string): Intl.DateTimeFormat {
  const key = `${say.locale}/${say.zone}/${name}`;
  let known = formats.get(key);
  if (!known) {
    known = new Intl.DateTimeFormat(say.locale, { timeZone: say.zone, hourCycle: "h23", ...options });
    formats.set(key, known);
  }
  return known;
}

/** `(été)` or `(hiver)` in the hour that comes twice, else nothing. */
function season(at: number): string {
  const words = say.own(all);
  const which = pass(say.zone, at);
  return which ? (which === "first" ? words.summer : words.winter) : "";
}

/** Hours and minutes, with seconds where the step is finer than a minute. */
export function hour(at: number, step: number): string {
  const options = { hour: "2-digit", minute: "2-digit" } as const;
  if (step >= 60) return format(options, "minutes").format(at * 1000);
  return format({ ...options, second: "2-digit" }, "seconds").format(at * 1000);
}

/** Day and month. */
export function day(at: number): string {
  return format({ day: "numeric", month: "short" }, "day").format(at * 1000);
}

/** Day of the week and of the month. */
export function weekday(at: number): string {
  return format({ weekday: "short", day: "numeric" }, "weekday").format(at * 1000);
}

/** Day, month and year in full. */
export function date(at: number): string {
  return format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }, "date").format(at * 1000);
}

/** Month and year. */
export function month(at: number): string {
  return format({ month: "long", year: "numeric" }, "month").format(at * 1000);
}

/** Day, hour and minute, and the pass where the hour comes twice. */
export function moment(at: number, step: number): string {
  const which = season(at);
  const text = step >= 86_400 ? day(at) : `${day(at)} ${hour(at, step)}`;
  return which && step < 86_400 ? `${text} (${which})` : text;
}

/** The words under a mark of the axis; the day stands where it begins. */
export function mark(at: number, step: number, before: number | null): string {
  if (step >= 82_800) return day(at);
  const which = season(at);
  const below = before === null || day(before) !== day(at) ? day(at) : which;
  return below ? `${hour(at, step)}\n${below}` : hour(at, step);
}

/** A mark of an axis with the lines of words under it. */
export interface Mark {
  at: number;
  lines: string[];
}

/** Room for the words of one mark. **Unit** CSS px. */
const MARK_PX = 64;

/** The marks of a time axis of some width. **Unit** s since 1970; CSS px. */
export function marks([from, to]: [number, number], width: number): Mark[] {
  const times = ticks(say.zone, from, to - 1, Math.max(2, Math.floor(width / MARK_PX)));
  return times.at.map((at, i) => ({ at, lines: mark(at, times.step, times.at[i - 1] ?? null).split("\n") }));
}

/** The length of a span or step in its largest whole unit. */
export function length(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400}\u00a0${say.words.day}`;
  if (seconds % 3600 === 0) return `${seconds / 3600}\u00a0h`;
  if (seconds % 60 === 0) return `${seconds / 60}\u00a0min`;
  return `${seconds}\u00a0s`;
}
