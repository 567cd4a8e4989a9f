// Why a meter's values are given up, in one sentence.

import { say } from "../words/say.svelte";
import { live, type Meter } from "./live.svelte";

/** The cause the server names, else how long the meter has been silent. */
export function lostReason(meter: Meter): string {
  const cause = say.linkCause(meter.link);
  if (cause) return cause;
  return meter.link.since ? say.words.silentFor(say.duration(live.age(meter.link.since))) : say.words.oldData;
}
