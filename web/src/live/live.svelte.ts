// What the page knows, fed by the event stream. One store; events are applied once per frame, so
// that a second's telegrams cost one update. Ages count by the server's clock: its last word plus
// the time that passed here since, never the clock of the device.

import type { Analysis } from "./analysis";
import { analysisOf } from "./analysis";
import type { Link, Reading, Readings, Site } from "./contract";
import { type Freshness, freshness, standing, worse } from "./freshness";
import { session } from "./session.svelte";
import { type EventName, type Listener, Stream } from "./stream";

export interface Meter {
  id: string;
  label: string;
  role: string | null;
  model: string | null;
  /** How its measurements come: `mqtt`, `dlms_push`, `mbus` and so on. */
  way: string | null;
  port: string | null;
  serial: string | null;
  /** What the meter calls its voltages. */
  lineToLine: boolean;
  link: Link;
  period: number | null;
  values: Readings;
  analysis: Analysis;
}

/** `refused`: the server wants a token; `paused`: nobody looks. */
export type Connection = "connecting" | "live" | "lost" | "paused" | "refused";

type Json = Record<string, unknown>;

class Live implements Listener {
  connection = $state<Connection>("connecting");
  /** Whether a snapshot ever came. */
  ready = $state(false);
  site = $state.raw<Site | null>(null);
  demo = $state(false);
  meters = $state.raw<Meter[]>([]);
  /** The server's time as known here, ticking. **Unit** ms since 1970. */
  now = $state(0);
  /** Counts the snapshots: each is a new beginning after which questions are asked again. */
  snapshots = $state(0);
  /** Until the next attempt. **Unit** s. */
  retryIn = $state(0);

  #offset = 0;
  #retryAt = 0;
  /** Time between the last two arrivals of a value. **Unit** s. */
  #gaps = new Map<string, number>();
  #queue: [EventName, unknown][] = [];
  #scheduled = false;
  #stream = new Stream("/api/v1/events", this);

  start(): void {
    this.#stream.start();
    setInterval(() => this.#tick(), 1000);
  }

  retryNow(): void {
    this.#stream.retryNow();
  }

  /** Asks for the analyses that change slowly and are not in the stream. */
  async refresh(id: string): Promise<void> {
    if (this.connection !== "live" || document.hidden) return;
    const query = `?meter=${encodeURIComponent(id)}`;
    const [kpi, availability] = await Promise.all(
      ["kpi", "availability"].map((name) => answer(`/api/v1/analysis/${name}${query}`)),
    );
    const data = { meter: id, ...(kpi ? { kpi } : {}), ...(availability ? { availability } : {}) };
    // What was asked before a break says nothing about the connection after it.
    if (this.connection === "live") this.event("analysis", data);
  }

  event(name: EventName, data: unknown): void {
    this.connection = "live";
    this.#queue.push([name, data]);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A hidden tab has no frames.
    if (document.hidden) setTimeout(() => this.#apply(), 0);
    else requestAnimationFrame(() => this.#apply());
  }

  lost(retryAt: number): void {
    this.#retryAt = retryAt;
    if (this.connection !== "refused") this.connection = "lost";
    this.#tick();
    void session.refused().then((refused) => {
      if (!refused) return;
      // Knocking again would not open; the sign-in does.
      this.#stream.stop();
      this.connection = "refused";
    });
  }

  /** Keeps the stream while the tab is hidden: a screen on the wall is never looked away from. */
  keep(kept: boolean): void {
    this.#stream.kept = kept;
  }

  paused(paused: boolean): void {
    if (paused) this.connection = "paused";
    else if (this.connection === "paused") this.connection = "lost";
  }

  /** The age of an instant, by the server's clock. **Unit** s. */
  age(at: string): number {
    return Math.max(0, (this.now - Date.parse(at)) / 1000);
  }

  /** How a value of a meter is to be shown. */
  freshness(meter: Meter, reading: Reading): Freshness {
    if (meter.link.state === "disconnected") return "lost";
    const step = freshness(this.age(standing(reading)), reading.period_s ?? meter.period);
    const trusted = this.connection === "live" || this.connection === "connecting";
    return trusted ? step : worse(step, "stale");
  }

  /** How the least fresh of some values of a meter is to be shown. */
  worst(meter: Meter, readings: Reading[]): Freshness {
    return readings.reduce<Freshness>((worst, one) => worse(worst, this.freshness(meter, one)), "fresh");
  }

  #tick(): void {
    if (this.#offset) this.now = performance.now() + this.#offset;
    this.retryIn = Math.max(0, Math.ceil((this.#retryAt - performance.now()) / 1000));
  }

  #apply(): void {
    this.#scheduled = false;
    const queue = this.#queue;
    this.#queue = [];
    for (const [name, data] of queue) this.#take(name, data as Json);
    this.ready = true;
    this.#tick();
  }

  #take(name: EventName, data: Json): void {
    if (typeof data.now === "string") this.#offset = Date.parse(data.now) - performance.now();
    if (name === "snapshot") this.#snapshot(data);
    else if (name !== "beat") this.#update(name, data);
  }

  #snapshot(data: Json): void {
    this.snapshots += 1;
    this.site = data.site as Site;
    this.demo = data.demo === true;
    this.meters = ((data.meters ?? []) as Json[]).map(meterOf);
  }

  #update(name: EventName, data: Json): void {
    this.meters = this.meters.map((meter) => {
      if (meter.id !== data.meter) return meter;
      if (name === "sample") {
        const values = { ...meter.values, ...this.#paced(meter, data.values as Readings) };
        const period = typeof data.period_s === "number" ? data.period_s : meter.period;
        return { ...meter, values, period };
      }
      if (name === "link") return { ...meter, link: (data.link ?? data) as Link };
      return { ...meter, analysis: analysisOf(data, meter.analysis) };
    });
  }

  /**
   * The values with the period of each: a meter may alternate a quick list with a slow one, and a
   * value of the slow one is not late for that. The shorter of the last two gaps counts, so that an
   * outage is not taken for a period.
   */
  #paced(meter: Meter, values: Readings): Readings {
    const paced: Readings = {};
    for (const [name, value] of Object.entries(values)) {
      const before = meter.values[name];
      // An old row that is posted late does not take the place of what is newer.
      if (before && Date.parse(standing(value)) < Date.parse(standing(before))) continue;
      let period = value.period_s ?? before?.period_s ?? null;
      const gap = before ? (Date.parse(standing(value)) - Date.parse(standing(before))) / 1000 : 0;
      if (value.period_s == null && gap > 0) {
        const key = `${meter.id}/${name}`;
        const last = this.#gaps.get(key);
        this.#gaps.set(key, gap);
        period = last === undefined ? null : Math.max(meter.period ?? 0, Math.min(last, gap));
      }
      paced[name] = { ...value, period_s: period };
    }
    return paced;
  }
}

/** The JSON at an address; null when there is none to be had now: the next attempt comes soon. */
async function answer(address: string): Promise<Json | null> {
  try {
    const response = await fetch(address);
    return response.ok ? ((await response.json()) as Json) : null;
  } catch {
    return null;
  }
}

function meterOf(data: Json): Meter {
  const latest = (data.latest ?? {}) as { period_s?: number | null; values?: Readings };
  return {
    id: String(data.id),
    label: typeof data.label === "string" ? data.label : String(data.id),
    role: (data.role ?? null) as string | null,
    model: (data.model ?? null) as string | null,
    way: (data.way ?? null) as string | null,
    port: (data.port ?? null) as string | null,
    serial: (data.serial ?? null) as string | null,
    lineToLine: data.voltage_kind === "line_to_line",
    link: (data.link ?? { state: "waiting", since: null, reason: null }) as Link,
    period: latest.period_s ?? (data.period_s as number | undefined) ?? null,
    values: latest.values ?? {},
    analysis: analysisOf((data.analysis ?? {}) as Json, null),
  };
}

export const live = new Live();
