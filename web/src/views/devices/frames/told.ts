// A part of a telegram in the reader's language, where the page knows it; else the server's English.

import { digits, MINUS } from "../../../numbers/format";
import { say } from "../../../words/say.svelte";
import type { Field, TelegramValue } from "./telegram";
import type { FrameWords } from "./words";

export interface Told {
  text: string;
  /** Whether the text is the server's English. */
  english: boolean;
}

/** The value as its register writes it, with its unit. */
function shown(value: TelegramValue, own: FrameWords): string {
  if (typeof value.value === "string") return `« ${value.value} »`;
  if (value.value === null) return "—";
  const { raw, exponent } = value;
  if (raw === null || exponent === null) return `${value.value} ${value.unit ?? ""}`.trim();
  const number = digits(say.locale, raw, exponent);
  const sign = String(exponent).replace("-", MINUS);
  const unit = value.unit === null ? ` (${own.unitUnknown})` : value.unit ? `\u00a0${value.unit}` : "";
  return `${number}${unit}${exponent === 0 ? "" : ` (${own.raw(`${String(raw).replace("-", MINUS)}\u00a0×\u00a010^${sign}`)})`}`;
}

/** The name of a quantity; null for one that only the server can name. */
function nameOf(quantity: string | null, own: FrameWords): string | null {
  if (quantity === null) return own.notInCatalogue;
  const device = /^device_id_(\d+)$/.exec(quantity);
  if (device) return `${own.names.device_id ?? ""} ${device[1] ?? ""}`.trim();
  const name = own.names[quantity] ?? say.quantity(quantity);
  return name === quantity.replaceAll("_", " ") ? null : name;
}

export function told(field: Field, own: FrameWords): Told {
  const { value } = field;
  if (!value || say.language === "en") {
    // The layer stands beside it already.
    const bare = field.text.replace(new RegExp(`^${field.layer}(?=[\\s:])[\\s:]*`, "i"), "");
    return { text: bare || field.text, english: true };
  }
  const name = nameOf(value.quantity, own);
  if (name === null) return { text: field.text, english: true };
  return { text: `${value.obis ?? ""} ${name} = ${shown(value, own)}`.trim(), english: false };
}
