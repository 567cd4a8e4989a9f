// Numbers and times as people of a place read them. In: numbers of the API, a locale, a zone.
// Out: texts with U+2212 for minus and a no-break space before the unit.

export const MINUS = "\u2212";
export const NBSP = "\u00a0";
export const ABSENT = "—";

const numbers = new Map<string, Intl.NumberFormat>();

/** The number with exactly `decimals` places; a rounded zero carries no sign. */
export function number(locale: string, value: number, decimals: number): string {
  const key = `${locale}/${decimals}`;
  let format = numbers.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      signDisplay: "negative",
    });
    numbers.set(key, format);
  }
  return format.format(value).replace("-", MINUS);
}

/** The number with its sign always shown, for quantities whose sign says something. */
export function signed(locale: string, value: number, decimals: number): string {
  const text = number(locale, value, decimals);
  const zero = Number(value.toFixed(decimals)) === 0;
  return value > 0 && !zero ? `+${text}` : text;
}

/** A number's own digits, however many it has. */
export function digits(locale: string, mantissa: number, exponent: number): string {
  return number(locale, mantissa * 10 ** exponent, Math.min(20, Math.max(0, -exponent)));
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(locale: string, zone: string, options: Intl.DateTimeFormatOptions, name: string) {
  const key = `${locale}/${zone}/${name}`;
  let format = clocks.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, { timeZone: zone, hourCycle: "h23", ...options });
    clocks.set(key, format);
  }
  return format;
}

/** Hours, minutes and seconds in the zone of the site. */
export function time(locale: string, zone: string, at: string | number): string {
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
  return clock(locale, zone, options, "time").format(new Date(at));
}

/** The day in the zone of the site, to compare with another. */
export function day(zone: string, at: string | number): string {
  const options = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
  return clock("en-GB", zone, options, "day").format(new Date(at));
}

/** Date, hours and minutes in the zone of the site. */
export function dated(locale: string, zone: string, at: string | number): string {
  const options = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" } as const;
  return clock(locale, zone, options, "dated").format(new Date(at));
}

/** Date, time and offset in the zone of the site: nothing left to guess. */
export function instant(locale: string, zone: string, at: string): string {
  const options = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    timeZoneName: "longOffset",
  } as const;
  return clock(locale, zone, options, "instant").format(new Date(at)).replace("-", MINUS);
}

/** A duration in its largest useful unit: 4 s, 3 min, 2 h 05, 3 d. */
export function duration(seconds: number, day: string): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 100) return `${whole}${NBSP}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 100) return `${minutes}${NBSP}min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}${NBSP}h${NBSP}${String(minutes % 60).padStart(2, "0")}`;
  return `${Math.floor(hours / 24)}${NBSP}${day}`;
}
