// What the page itself saw happen since it was opened: conditions that began and ended, links that
// changed. In: the store. Out: a bounded list, newest first, and since when each active condition is
// known. Nothing here is older than the page; views say so beside it.

import { untrack } from "svelte";
import type { Alarm } from "./analysis";
import type { LinkState } from "./contract";
import { live, type Meter } from "./live.svelte";

/** Since when a condition is known to hold, by the server's clock. **Unit** ms since 1970. */
export type Begin =
  /** It held already when the page first looked. */
  | { known: "before"; at: number }
  /** The page saw it begin. */
  | { known: "at"; at: number }
  /** It began while the page heard nothing. */
  | { known: "between"; from: number; at: number };

export interface Happening {
  id: number;
  meter: string;
  what: { kind: "raised" | "cleared"; alarm: Alarm } | { kind: "link"; state: LinkState; cause: string | null; reason: string | null };
  begin: Begin;
}

/** The most that is remembered; the oldest goes. */
const HAPPENINGS_MAX = 200;

const keyOf = (meter: string, alarm: string) => `${meter}/${alarm}`;

class Seen {
  /** When the page first looked. **Unit** ms since 1970, null before. */
  since = $state<number | null>(null);
  happenings = $state.raw<Happening[]>([]);
  #begun = $state.raw<ReadonlyMap<string, Begin>>(new Map());
  #alarms = new Map<string, Map<string, Alarm>>();
  #links = new Map<string, LinkState>();
  /** When the page stopped hearing, and how many snapshots it had by then. */
  #gap: { from: number; snapshots: number } | null = null;
  #count = 0;

  constructor() {
    $effect.root(() => {
      $effect(() => {
        const { meters, snapshots } = live;
        const hears = live.connection === "live";
        untrack(() => this.#look(meters, snapshots, hears));
      });
    });
  }

  /** Since when an active condition is known; null for one that is not. */
  begin(meter: string, alarm: string): Begin | null {
    return this.#begun.get(keyOf(meter, alarm)) ?? null;
  }

  #look(meters: Meter[], snapshots: number, hears: boolean): void {
    const now = live.now;
    if (!hears) {
      if (this.since !== null) this.#gap ??= { from: now, snapshots };
      return;
    }
    if (this.#gap && this.#gap.snapshots === snapshots) return;
    if (!meters.length && this.since === null) return;
    const begun = new Map(this.#begun);
    for (const meter of meters) {
      this.#alarmsOf(meter, now, begun);
      this.#linkOf(meter, now);
    }
    this.#begun = begun;
    this.since ??= now;
    this.#gap = null;
  }

  #alarmsOf(meter: Meter, now: number, begun: Map<string, Begin>): void {
    if (!meter.analysis.alarms) return;
    const before = this.#alarms.get(meter.id);
    const current = new Map(meter.analysis.alarms.list.map((alarm) => [alarm.key, alarm]));
    for (const [key, alarm] of current) {
      if (before?.has(key)) continue;
      const begin: Begin = before ? this.#when(now) : { known: "before", at: now };
      begun.set(keyOf(meter.id, key), begin);
      if (before) this.#note(meter.id, { kind: "raised", alarm }, begin);
    }
    for (const [key, alarm] of before ?? []) {
      if (current.has(key)) continue;
      begun.delete(keyOf(meter.id, key));
      this.#note(meter.id, { kind: "cleared", alarm }, this.#when(now));
    }
    this.#alarms.set(meter.id, current);
  }

  #linkOf(meter: Meter, now: number): void {
    const { state, since, cause = null, reason } = meter.link;
    const before = this.#links.get(meter.id);
    this.#links.set(meter.id, state);
    if (before === undefined || before === state) return;
    // The server knows when the link changed, even while the page heard nothing.
    const begin: Begin = since ? { known: "at", at: Date.parse(since) } : this.#when(now);
    this.#note(meter.id, { kind: "link", state, cause, reason }, begin);
  }

  #when(now: number): Begin {
    return this.#gap ? { known: "between", from: this.#gap.from, at: now } : { known: "at", at: now };
  }

  #note(meter: string, what: Happening["what"], begin: Begin): void {
    this.#count += 1;
    this.happenings = [{ id: this.#count, meter, what, begin }, ...this.happenings].slice(0, HAPPENINGS_MAX);
  }
}

export const seen = new Seen();
