// The span of time that a view looks at: the newest hours, or from one instant to another. It stands
// in the address, so that a pasted link shows the same picture.

import { live } from "../live/live.svelte";
import { router } from "../shell/router.svelte";
import type { Gap } from "./series";

/** The spans one press away. **Unit** s. */
export const SPANS = { "1h": 3600, "6h": 21_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000 } as const;
export type Span = keyof typeof SPANS;

/** The shortest and the longest span that a chart shows. **Unit** s. */
export const SPAN_MIN_S = 60;
export const SPAN_MAX_S = 400 * 86_400;
/** A moving span moves on this many times while it passes. */
const MOVES = 240;
const MOVE_MIN_S = 15;
/** Ends are put on a grid of this many steps for each span, so that every way there is the same. */
const GRID_STEPS = 100;
const GRID_S = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 21_600, 86_400];

const isSpan = (name: string | null): name is Span => name !== null && Object.hasOwn(SPANS, name);
const written = (seconds: number) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");

/** The range on the grid of its length, within what a chart shows. */
export function snapped(range: Gap): Gap {
  const middle = (range.from + range.to) / 2;
  const span = Math.min(SPAN_MAX_S, Math.max(SPAN_MIN_S, range.to - range.from));
  const step = GRID_S.findLast((one) => one <= span / GRID_STEPS) ?? 1;
  const from = Math.round((middle - span / 2) / step) * step;
  return { from, to: from + Math.max(1, Math.round(span / step)) * step };
}

export class Range {
  readonly #usual: Span;

  /** `usual` is the span of an address that names none. */
  constructor(usual: Span) {
    this.#usual = usual;
  }

  /** The span that moves with the time; null while both ends are fixed. */
  span = $derived.by((): Span | null => {
    const name = router.params.get("range");
    if (this.#fixed) return null;
    return isSpan(name) ? name : this.#usual;
  });

  #fixed = $derived.by((): Gap | null => {
    const [from, to] = [router.params.get("from"), router.params.get("to")].map((at) => Date.parse(at ?? "") / 1000);
    return from !== undefined && to !== undefined && to - from >= 1 ? { from, to } : null;
  });

  /** How often a moving span moves on. **Unit** s. */
  #pace = $derived(Math.max(MOVE_MIN_S, (this.span ? SPANS[this.span] : 0) / MOVES));
  #end = $derived(live.now === 0 ? null : Math.ceil(live.now / 1000 / this.#pace) * this.#pace);

  /** From when to when; null until the server's time is known. */
  now = $derived.by((): Gap | null => {
    if (this.#fixed) return this.#fixed;
    if (this.#end === null || !this.span) return null;
    return { from: this.#end - SPANS[this.span], to: this.#end };
  });

  /** Looks at the newest hours. */
  follow(span: Span): void {
    router.set({ range: span === this.#usual ? null : span, from: null, to: null }, true);
  }

  /** Looks at a span with both ends fixed. */
  look(range: Gap): void {
    const { from, to } = snapped(range);
    router.set({ range: null, from: written(from), to: written(to) }, true);
  }

  /** Shows `factor` times the span around its middle. */
  zoom(factor: number): void {
    const range = this.now;
    if (!range) return;
    const [middle, half] = [(range.from + range.to) / 2, ((range.to - range.from) / 2) * factor];
    this.look({ from: middle - half, to: middle + half });
  }

  /** Moves by a part of the span; never beyond now. */
  pan(part: number): void {
    const range = this.now;
    if (!range) return;
    const span = range.to - range.from;
    const last = live.now / 1000 || range.to;
    const to = Math.min(range.to + span * part, Math.max(range.to, last));
    this.look({ from: to - span, to });
  }

  /** Whether later times than those shown may hold values. */
  later = $derived.by(() => this.#fixed !== null && this.#fixed.to < live.now / 1000);
}
