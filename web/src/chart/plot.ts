// The picture of a chart, on uPlot. In: columns, gaps, limits, the span to show. Out: a canvas, and
// word of what a pointer does on it. This file and uPlot are loaded when the first chart is shown.

import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Gap } from "./series";
import { pinch } from "./touch";

export interface Stroke {
  /** Written at the line's end; empty for a single line. */
  label: string;
  /** The token of its colour. */
  token: string;
  dash?: number[];
}

/** A value not to be passed, in the unit of the axis. */
export interface Limit {
  value: number;
  label: string;
}

/** How the values' axis is laid: from zero, or around a nominal value by a part of it. */
export type Floor = "zero" | { nominal: number; part: number };

export interface Look {
  strokes: Stroke[];
  limits: Limit[];
  floor: Floor;
  height: number;
  /** Charts with one key share the cursor. */
  sync: string;
  marks(from: number, to: number, most: number): number[];
  /** The words under a mark. `before` is the mark before it. */
  mark(at: number, step: number, before: number | null): string;
  value(value: number, step: number): string;
  duration(seconds: number): string;
}

export interface Shown {
  columns: (number | null | undefined)[][];
  range: Gap;
  gaps: Gap[];
  /** Spans whose values cover too little of their time. */
  thin: Gap[];
}

export interface Listener {
  /** A span was marked with the mouse, or chosen with two fingers. */
  select(range: Gap): void;
  /** The row under the cursor; null when it left. */
  hover(row: number | null): void;
}

export interface Plot {
  show(shown: Shown): void;
  resize(width: number, height: number): void;
  redraw(): void;
  destroy(): void;
}

const BAND_ALPHA = 0.18;
const FONT = '12px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';
/** Room for the names at the lines' ends. **Unit** CSS px. */
const NAMES = 28;
const LINE = 14;

/** The colour behind a token, in the theme of now. */
const colour = (token: string) => getComputedStyle(document.documentElement).getPropertyValue(token).trim();

function faded(token: string): string {
  const hex = colour(token);
  const alpha = Math.round(BAND_ALPHA * 255).toString(16).padStart(2, "0");
  return /^#[0-9a-f]{6}$/i.test(hex) ? hex + alpha : hex;
}

export function draw(host: HTMLElement, look: Look, width: number, listener: Listener): Plot {
  let shown: Shown = { columns: [], range: { from: 0, to: 1 }, gaps: [], thin: [] };
  const now = () => shown;
  const several = look.strokes.length > 1;
  const options: UPlot.Options = {
    width,
    height: look.height,
    padding: [12, several ? NAMES : 12, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: look.sync },
      drag: { x: true, y: false, setScale: false, dist: 4 },
      points: { size: 7, fill: (plot, index) => strokeOf(plot.series[index]), width: 0 },
      y: false,
    },
    scales: {
      x: { time: false, auto: false, range: () => [shown.range.from, shown.range.to] },
      y: { range: (_plot, low, high) => heights(look, low, high) },
    },
    axes: [timeAxis(look), valueAxis(look)],
    series: [{}, ...look.strokes.flatMap(seriesOf)],
    bands: look.strokes.map((stroke, curve) => ({
      series: [3 + 3 * curve, 2 + 3 * curve],
      fill: () => faded(stroke.token),
    })),
    hooks: {
      drawClear: [(plot) => drawGaps(plot, now(), look)],
      draw: [
        (plot) => {
          drawThin(plot, now());
          drawLimits(plot, look);
          if (several) drawNames(plot, look);
        },
      ],
      setSelect: [(plot) => selected(plot, listener)],
      setCursor: [({ cursor }) => listener.hover(cursor.left == null || cursor.left < 0 ? null : (cursor.idx ?? null))],
    },
  };
  const empty = [[], ...look.strokes.flatMap(() => [[], [], []])] as unknown as UPlot.AlignedData;
  const plot = new UPlot(options, empty, host);
  const release = pinch(plot.over, {
    range: () => shown.range,
    preview: (range) => plot.setScale("x", { min: range.from, max: range.to }),
    commit: (range) => listener.select(range),
    look: (range) => (shown = { ...shown, range }),
  });
  return {
    show(next) {
      shown = next;
      plot.batch(() => {
        plot.setData(next.columns as UPlot.AlignedData, false);
        plot.setScale("x", { min: next.range.from, max: next.range.to });
        plot.redraw(true, true);
      });
    },
    resize: (wide, high) => plot.setSize({ width: wide, height: high }),
    redraw: () => plot.redraw(false, true),
    destroy() {
      release();
      plot.destroy();
    },
  };
}

function strokeOf(series: UPlot.Series | undefined): string {
  const stroke = series?.stroke as unknown as (() => string) | undefined;
  return stroke?.() ?? colour("--text");
}

function seriesOf({ token, dash }: Stroke): UPlot.Series[] {
  const mean: UPlot.Series = {
    stroke: () => colour(token),
    width: 2,
    ...(dash ? { dash } : {}),
    points: { show: (plot, index) => isolated(plot, index), size: 4 },
    spanGaps: false,
  };
  const edge: UPlot.Series = { stroke: () => "transparent", width: 0, points: { show: false }, spanGaps: false };
  return [mean, { ...edge }, { ...edge }];
}

/** Values that stand alone are seen as dots: a line needs two. */
function isolated(plot: UPlot, index: number): boolean {
  const values = plot.data[index] ?? [];
  return values.length < 60 && values.some((value, at) => value != null && values[at - 1] == null && values[at + 1] == null);
}

function timeAxis(look: Look): UPlot.Axis {
  const most = (plot: UPlot) => Math.max(2, Math.floor(plot.bbox.width / devicePixelRatio / 72));
  return {
    stroke: () => colour("--muted"),
    font: FONT,
    size: 44,
    gap: 8,
    grid: { show: false },
    ticks: { stroke: () => colour("--axis"), width: 1, size: 5 },
    border: { show: true, stroke: () => colour("--axis"), width: 1 },
    splits: (plot, _axis, from, to) => look.marks(from, to, most(plot)),
    values: (_plot, marks) => {
      const step = Math.min(...marks.slice(1).map((mark, index) => mark - (marks[index] ?? 0)));
      return marks.map((mark, index) => look.mark(mark, step, marks[index - 1] ?? null));
    },
  };
}

function valueAxis(look: Look): UPlot.Axis {
  return {
    stroke: () => colour("--muted"),
    font: FONT,
    size: 48,
    gap: 6,
    space: 30,
    grid: { stroke: () => colour("--hairline"), width: 1 },
    ticks: { show: false },
    values: (_plot, marks) => marks.map((mark) => look.value(mark, Math.abs((marks[1] ?? 1) - (marks[0] ?? 0)))),
  };
}

function heights({ floor, limits }: Look, low: number | null, high: number | null): [number, number] {
  const [least, most] = [low ?? 0, high ?? 0];
  if (floor === "zero") {
    const top = Math.max(most, 0, ...limits.map(({ value }) => value));
    const bottom = Math.min(least, 0);
    // The name of a limit stands above its line.
    const room = (top - bottom || 1) * (limits.length ? 0.16 : 0.06);
    return [bottom < 0 ? bottom - room : 0, top + room];
  }
  const half = floor.nominal * floor.part;
  const beyond = (value: number, end: number) => (low === null ? end : value);
  return [Math.min(beyond(least, floor.nominal), floor.nominal - half), Math.max(beyond(most, floor.nominal), floor.nominal + half)];
}

function selected(plot: UPlot, listener: Listener): void {
  const { left, width } = plot.select;
  if (width < 4) return;
  listener.select({ from: plot.posToVal(left, "x"), to: plot.posToVal(left + width, "x") });
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/** The part of a span that is in the picture, in canvas pixels. */
function across(plot: UPlot, { from, to }: Gap): { x: number; wide: number } {
  const { left, width } = plot.bbox;
  const clip = (at: number) => Math.min(left + width, Math.max(left, plot.valToPos(at, "x", true)));
  return { x: clip(from), wide: clip(to) - clip(from) };
}

function drawGaps(plot: UPlot, { gaps }: Shown, look: Look): void {
  const { ctx, bbox } = plot;
  const pixel = devicePixelRatio;
  for (const gap of gaps) {
    const { x, wide } = across(plot, gap);
    if (wide < 1) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, bbox.top, wide, bbox.height);
    ctx.clip();
    ctx.strokeStyle = colour("--hatch");
    ctx.lineWidth = pixel;
    ctx.beginPath();
    for (let at = x - bbox.height; at < x + wide; at += 8 * pixel) {
      ctx.moveTo(at, bbox.top + bbox.height);
      ctx.lineTo(at + bbox.height, bbox.top);
    }
    ctx.stroke();
    const text = look.duration(gap.to - gap.from);
    ctx.font = FONT.replace("12px", `${12 * pixel}px`);
    const needed = ctx.measureText(text).width + 12 * pixel;
    if (wide > needed) {
      const middle = x + wide / 2;
      const top = bbox.top + bbox.height * 0.45;
      ctx.fillStyle = colour("--card");
      ctx.fillRect(middle - needed / 2, top, needed, 20 * pixel);
      ctx.fillStyle = colour("--text-2");
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillText(text, middle, top + 10 * pixel);
    }
    ctx.restore();
  }
}

function drawThin(plot: UPlot, { thin }: Shown): void {
  const { ctx, bbox } = plot;
  const pixel = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colour("--axis");
  for (const span of thin) {
    const { x, wide } = across(plot, span);
    if (wide > 0) ctx.fillRect(x, bbox.top + bbox.height + 2 * pixel, Math.max(wide, pixel), 4 * pixel);
  }
  ctx.restore();
}

function drawLimits(plot: UPlot, { limits }: Look): void {
  const { ctx, bbox } = plot;
  const pixel = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 1.5 * pixel;
  ctx.setLineDash([6 * pixel, 4 * pixel]);
  ctx.font = FONT.replace("12px", `${12 * pixel}px`);
  for (const { value, label } of limits) {
    const y = plot.valToPos(value, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = colour("--text");
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    // The name stands on the side that has room, on a ground of its own.
    const above = y - bbox.top > 20 * pixel;
    const wide = ctx.measureText(label).width + 8 * pixel;
    const top = above ? y - 18 * pixel : y + 2 * pixel;
    ctx.fillStyle = colour("--card");
    ctx.fillRect(bbox.left + 4 * pixel, top, wide, 16 * pixel);
    ctx.fillStyle = colour("--text");
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillText(label, bbox.left + 8 * pixel, top + 8 * pixel);
  }
  ctx.restore();
}

function drawNames(plot: UPlot, { strokes }: Look): void {
  const { ctx, bbox } = plot;
  const pixel = devicePixelRatio;
  const ends = strokes.flatMap((stroke, curve) => {
    const values = (plot.data[1 + 3 * curve] ?? []) as (number | null | undefined)[];
    const last = values.findLast((value) => value != null);
    return last == null ? [] : [{ label: stroke.label, y: plot.valToPos(last, "y", true) }];
  });
  ends.sort((one, other) => one.y - other.y);
  const room = LINE * pixel;
  ends.forEach((end, index) => {
    const before = ends[index - 1];
    if (before) end.y = Math.max(end.y, before.y + room);
  });
  // Pushed below the picture they move up together.
  const over = Math.max(0, (ends.at(-1)?.y ?? 0) - (bbox.top + bbox.height - room / 2));
  ctx.save();
  ctx.font = `600 ${FONT.replace("12px", `${12 * pixel}px`)}`;
  ctx.fillStyle = colour("--text");
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const { label, y } of ends) ctx.fillText(label, bbox.left + bbox.width + 6 * pixel, y - over);
  ctx.restore();
}
