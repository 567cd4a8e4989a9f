// The server's sentences about the parts of a telegram, in the reader's language: each with `{}` where
// it names a particular.

import { Dictionary } from "../../../../words/dictionary";
import type { Steps } from "./fr";

const steps = new Dictionary<Steps>({
  fr: () => import("./fr"),
  en: () => import("./en"),
  de: () => import("./de"),
});
export default steps;

const made = new Map<string, RegExp>();

function shape(sentence: string): RegExp {
  let known = made.get(sentence);
  if (!known) {
    const parts = sentence.split("{}").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    known = new RegExp(`^${parts.join("(.*?)")}$`);
    made.set(sentence, known);
  }
  return known;
}

/** The sentence in the table's language; null for one that the table does not know. */
export function translated(sentence: string, table: Steps): string | null {
  for (const [english, own] of Object.entries(table)) {
    const found = shape(english).exec(sentence);
    if (!found) continue;
    let place = 0;
    // A particular may be a phrase of the table itself.
    return own.replace(/\{\}/g, () => {
      place += 1;
      const part = found[place] ?? "";
      return translated(part, table) ?? part;
    });
  }
  return null;
}
