// The names of what telegrams and journals tell, in the reader's language.

import { say } from "../../words/say.svelte";
import words from "./words";

/** The name of a quantity; null for one that only the server can name. */
export function named(quantity: string): string | null {
  const { names } = say.own(words);
  const device = /^device_id_(\d+)$/.exec(quantity);
  if (device) return names.device_id ? `${names.device_id} ${device[1] ?? ""}` : null;
  const name = names[quantity] ?? say.quantity(quantity);
  return name === quantity.replaceAll("_", " ") ? null : name;
}
