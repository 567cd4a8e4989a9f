// A part of a telegram in the reader's language, where the page knows it; else the server's English.

import { digits, MINUS } from "../../../numbers/format";
import { say } from "../../../words/say.svelte";
import type { Field, TelegramValue } from "./telegram";
import { named } from "../naming";
import steps, { translated } from "./steps";
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

export function told(field: Field, own: FrameWords): Told {
  const { value } = field;
  const sentence = value ? null : translated(field.text, say.own(steps));
  if (sentence !== null) return { text: sentence, english: false };
  if (!value || say.language === "en") {
    // The layer stands beside it already.
    const bare = field.text.replace(new RegExp(`^${field.layer}(?=[\\s:])[\\s:]*`, "i"), "");
    return { text: bare || field.text, english: true };
  }
  const name = value.quantity === null ? own.notInCatalogue : named(value.quantity);
  if (name === null) return { text: field.text, english: true };
  return { text: `${value.obis ?? ""} ${name} = ${shown(value, own)}`.trim(), english: false };
}
