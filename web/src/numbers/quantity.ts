// How each quantity is written: unit, divisor and most decimals. A tile's unit never changes
// while it is read, so powers are always in thousands.

import type { Reading } from "../live/contract";
import * as format from "./format";

export interface Style {
  unit: string;
  /** Power of ten between the API's unit and the shown one. */
  thousands: 0 | 3;
  decimals: number;
  /** Whether a plus is worth printing. */
  signed?: true;
}

const RATIO: Style = { unit: "", thousands: 0, decimals: 3 };
const VOLT: Style = { unit: "V", thousands: 0, decimals: 1 };
const AMPERE: Style = { unit: "A", thousands: 0, decimals: 1 };
const KILOWATT: Style = { unit: "kW", thousands: 3, decimals: 2 };
const KILOVAR: Style = { unit: "kvar", thousands: 3, decimals: 2, signed: true };
const KILOVOLTAMPERE: Style = { unit: "kVA", thousands: 3, decimals: 2 };

const STYLES: [string, Style][] = [
  ["voltage", VOLT],
  ["current", AMPERE],
  ["active_power", KILOWATT],
  ["reactive_power", KILOVAR],
  ["apparent_power", KILOVOLTAMPERE],
  ["active_demand", KILOWATT],
  ["power_factor", RATIO],
  ["frequency", { unit: "Hz", thousands: 0, decimals: 2 }],
  ["thd", { unit: "%", thousands: 0, decimals: 1 }],
  ["angle", { unit: "°", thousands: 0, decimals: 1, signed: true }],
  ["active_energy", { unit: "kWh", thousands: 3, decimals: 1 }],
  ["reactive_energy", { unit: "kvarh", thousands: 3, decimals: 1 }],
  ["apparent_energy", { unit: "kVAh", thousands: 3, decimals: 1 }],
  ["production_mass", { unit: "t", thousands: 3, decimals: 2 }],
  ["production", { unit: "", thousands: 0, decimals: 0 }],
];

/** The way a quantity of the catalogue is written. */
export function styleOf(quantity: string): Style {
  return STYLES.find(([start]) => quantity.startsWith(start))?.[1] ?? RATIO;
}

/** The decimals of one value: the style's, never more than its register has. */
export function decimalsOf(style: Style, reading: Reading): number {
  if (typeof reading.value !== "number") return 0;
  // Below 10 A a tenth is too coarse to compare phases.
  const fine = style === AMPERE && Math.abs(reading.value) < 10 ? 2 : style.decimals;
  if (reading.exponent === null || reading.method !== "measured") return fine;
  return Math.min(fine, Math.max(0, style.thousands - reading.exponent));
}

/** A value as it is printed, without its unit. */
export function printed(locale: string, quantity: string, reading: Reading): string {
  if (typeof reading.value === "string") return reading.value;
  if (reading.value === null) return format.ABSENT;
  const style = styleOf(quantity);
  const shown = reading.value / 10 ** style.thousands;
  const write = style.signed ? format.signed : format.number;
  return write(locale, shown, decimalsOf(style, reading));
}
