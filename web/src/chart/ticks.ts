// Where the marks of a time axis stand in the zone of a site: at round local times, on days of 23,
// 24 and 25 hours alike. In: seconds since 1970. Out: the same.

const DAY = 86_400;
/** Steps within a day. **Unit** s. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];
/** Steps in days. */
const DAYS = [1, 2, 7, 14];
const MONTH = 30 * DAY;

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far the zone's clocks are ahead of UTC at an instant. **Unit** s. */
export function offset(zone: string, at: number): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  const whole = Math.floor(at);
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(whole * 1000)) part[type] = Number(value);
  const local = Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day, part.hour, part.minute, part.second);
  return local / 1000 - whole;
}

/** `first` or `second` pass of the hour that a zone's clocks go through twice; null at other times. */
export function pass(zone: string, at: number): "first" | "second" | null {
  const own = offset(zone, at);
  if (offset(zone, at + 3600) === own - 3600) return "first";
  if (offset(zone, at - 3600) === own + 3600) return "second";
  return null;
}

/** Spans of one offset each. Clocks change at most once in a fortnight. */
function pieces(zone: string, from: number, to: number): { from: number; to: number; ahead: number }[] {
  const all: { from: number; to: number; ahead: number }[] = [];
  let start = from;
  let ahead = offset(zone, from);
  for (let at = from; at < to; ) {
    const next = Math.min(to, at + 14 * DAY);
    const then = offset(zone, next);
    if (then !== ahead) {
      let [before, after] = [Math.floor(at), Math.ceil(next)];
      while (after - before > 1) {
        const middle = Math.floor((before + after) / 2);
        if (offset(zone, middle) === ahead) before = middle;
        else after = middle;
      }
      all.push({ from: start, to: after, ahead });
      [start, ahead] = [after, then];
    }
    at = next;
  }
  all.push({ from: start, to: to + 1, ahead });
  return all;
}

/** A step and its marks: seconds within a day, else whole days of the site. */
export interface Ticks {
  /** **Unit** s; nominal from one day on. */
  step: number;
  at: number[];
}

/** At most `most` marks from `from` to `to`. */
export function ticks(zone: string, from: number, to: number, most: number): Ticks {
  const wanted = (to - from) / Math.max(1, most);
  const within = STEPS.find((step) => step >= wanted);
  const at: number[] = [];
  if (within !== undefined) {
    for (const piece of pieces(zone, from, to)) {
      const first = Math.ceil((piece.from + piece.ahead) / within) * within;
      for (let local = first; local - piece.ahead < piece.to; local += within) at.push(local - piece.ahead);
    }
    return { step: within, at: at.filter((one) => one <= to) };
  }
  const days = DAYS.find((count) => count * DAY >= wanted);
  const months = Math.max(1, Math.ceil(wanted / MONTH));
  for (const piece of pieces(zone, from, to)) {
    for (let day = Math.ceil((piece.from + piece.ahead) / DAY); day * DAY - piece.ahead < piece.to; day += 1) {
      if (days ? fits(day, days) : beginsMonths(day, months)) at.push(day * DAY - piece.ahead);
    }
  }
  return { step: (days ?? 30 * months) * DAY, at: at.filter((one) => one <= to) };
}

/** Weeks begin on Monday; 1970 began on a Thursday. */
const fits = (day: number, days: number) => (days === 2 ? day % 2 === 0 : (day + 3) % days === 0);

function beginsMonths(day: number, months: number): boolean {
  const date = new Date(day * DAY * 1000);
  return date.getUTCDate() === 1 && date.getUTCMonth() % months === 0;
}
