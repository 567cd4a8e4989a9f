// Two fingers zoom and one finger pans a chart; up and down still scroll the page.

import type { Gap } from "./series";

export interface Pinched {
  range(): Gap;
  /** Keeps the span that is being chosen. */
  look(range: Gap): void;
  preview(range: Gap): void;
  commit(range: Gap): void;
}

/** Moves below this are a tap. **Unit** CSS px. */
const TAP_MAX = 8;

/** Listens on `over`; the answer stops listening. */
export function pinch(over: HTMLElement, chart: Pinched): () => void {
  const fingers = new Map<number, number>();
  let began: { range: Gap; xs: number[] } | null = null;
  let moved = false;

  const places = () => [...fingers.values()].sort((one, other) => one - other);
  const begin = () => {
    began = fingers.size ? { range: chart.range(), xs: places() } : null;
  };
  const place = (event: PointerEvent) => event.clientX - over.getBoundingClientRect().left;

  function down(event: PointerEvent): void {
    if (event.pointerType !== "touch" || fingers.size >= 2) return;
    if (fingers.size === 0) moved = false;
    over.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    begin();
  }

  function move(event: PointerEvent): void {
    if (!fingers.has(event.pointerId) || !began) return;
    fingers.set(event.pointerId, place(event));
    const [xs, from] = [places(), began.xs];
    if (!moved && xs.every((x, index) => Math.abs(x - (from[index] ?? x)) < TAP_MAX)) return;
    moved = true;
    const next = chosen(began.range, from, xs, over.clientWidth);
    chart.look(next);
    chart.preview(next);
  }

  function up(event: PointerEvent): void {
    if (!fingers.delete(event.pointerId)) return;
    if (fingers.size === 0 && moved) chart.commit(chart.range());
    begin();
  }

  // Otherwise a finger would also mark a span as the mouse does.
  const still = (event: TouchEvent) => event.touches.length > 1 && event.preventDefault();
  const listeners = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: up } as const;
  for (const [name, listener] of Object.entries(listeners)) over.addEventListener(name, listener as EventListener);
  over.addEventListener("touchstart", still, { passive: false });
  return () => {
    for (const [name, listener] of Object.entries(listeners)) over.removeEventListener(name, listener as EventListener);
    over.removeEventListener("touchstart", still);
  };
}

/** The span that puts under each finger the time it held. */
function chosen({ from, to }: Gap, before: number[], after: number[], width: number): Gap {
  const perPixel = (to - from) / width;
  const [a0 = 0, a1] = before;
  const [b0 = 0, b1] = after;
  const apart = a1 === undefined || b1 === undefined ? 1 : Math.max(8, a1 - a0) / Math.max(8, b1 - b0);
  const start = from + a0 * perPixel - b0 * perPixel * apart;
  return { from: start, to: start + (to - from) * apart };
}
