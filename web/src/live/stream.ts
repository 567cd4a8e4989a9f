// The event stream of one tab. Opens one EventSource, watches its beat, closes it while nobody
// looks, and opens a new one with growing, jittered pauses. In: addresses and a clock of the
// browser that only measures durations. Out: parsed events and the state of the connection.

/** Without a beat for this long the server counts as lost. **Unit** ms. */
const SILENCE_MAX_MS = 12_000;
/** A hidden tab gives its stream back after this long. **Unit** ms. */
const HIDDEN_MAX_MS = 30_000;
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 15_000;

export const EVENTS = ["snapshot", "sample", "analysis", "alarm", "link", "beat"] as const;
export type EventName = (typeof EVENTS)[number];

export interface Listener {
  event(name: EventName, data: unknown): void;
  /** The connection broke; the next attempt begins at `retryAt` of `performance.now()`. */
  lost(retryAt: number): void;
  /** Nobody looks, or somebody looks again. */
  paused(paused: boolean): void;
}

export class Stream {
  /** Whether it stays open while the tab is hidden. */
  kept = false;
  readonly #address: string;
  readonly #listener: Listener;
  #source: EventSource | null = null;
  #attempts = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #hidden: ReturnType<typeof setTimeout> | undefined;

  constructor(address: string, listener: Listener) {
    this.#address = address;
    this.#listener = listener;
  }

  start(): void {
    document.addEventListener("visibilitychange", () => this.#visibility());
    // A page in the back-forward cache must not hold one of the browser's six connections.
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => event.persisted && this.retryNow());
    addEventListener("online", () => !this.#source && this.retryNow());
    this.#open();
  }

  /** Opens at once, whatever the pause. */
  retryNow(): void {
    this.#attempts = 0;
    this.#open();
  }

  /** Stays closed until somebody retries. */
  stop(): void {
    this.#close();
  }

  #open(): void {
    this.#close();
    const source = new EventSource(this.#address);
    this.#source = source;
    this.#listener.paused(false);
    for (const name of EVENTS) {
      source.addEventListener(name, (message: MessageEvent<string>) => {
        if (this.#source !== source) return;
        this.#attempts = 0;
        this.#watch();
        this.#listener.event(name, JSON.parse(message.data));
      });
    }
    // The browser would retry at its own pace; the pauses here are ours.
    source.addEventListener("error", () => this.#source === source && this.#broken());
    this.#watch();
  }

  #watch(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#broken(), SILENCE_MAX_MS);
  }

  #broken(): void {
    this.#close();
    const pause = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** this.#attempts);
    const jittered = pause * (0.75 + Math.random() * 0.25);
    this.#attempts += 1;
    this.#listener.lost(performance.now() + jittered);
    this.#retry = setTimeout(() => this.#open(), jittered);
  }

  #close(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#watchdog);
    this.#source?.close();
    this.#source = null;
  }

  #visibility(): void {
    clearTimeout(this.#hidden);
    if (document.visibilityState === "hidden") {
      if (this.kept) return;
      this.#hidden = setTimeout(() => {
        this.#close();
        this.#listener.paused(true);
      }, HIDDEN_MAX_MS);
    } else if (!this.#source) {
      this.retryNow();
    }
  }
}
