// A question to `/api/v1` and what became of it. In: an address that may change, and how often to
// ask again. Out: the newest answer, or why there is none. One request per change; the one before
// it is given up. After a break and after a sign-in it asks again by itself.

import { live } from "./live.svelte";
import { session } from "./session.svelte";

/** Why a question has no answer: no server, no right, nothing there, or the server's own reason. */
export interface Fault {
  kind: "offline" | "unauthorized" | "forbidden" | "missing" | "failed";
  status: number | null;
  /** The server's sentence (the `detail`, else the `title`, of its problem document), in English. */
  detail: string | null;
}

export class Asked<T> {
  /** The newest answer. It stays while another is on its way and when that fails. */
  data = $state.raw<T | null>(null);
  fault = $state.raw<Fault | null>(null);
  /** Whether an answer is on its way. */
  busy = $state(true);
  /** The address that `data` answers. */
  of = $state<string | null>(null);
  attempt = $state(0);

  retry(): void {
    this.attempt += 1;
  }
}

/**
 * Asks `address` now, when it changes, and every `seconds` (null: only then); a null address asks
 * nothing. Must be called while a component is made.
 */
export function ask<T>(address: () => string | null, seconds: () => number | null = () => null): Asked<T> {
  const asked = new Asked<T>();
  $effect(() => {
    const url = address();
    const pause = seconds();
    // Read so that each of them asks again.
    void [asked.attempt, live.snapshots, session.entries];
    if (url === null) {
      asked.busy = false;
      return;
    }
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = async (first: boolean) => {
      if (first || !document.hidden) await answer(asked, url, control.signal);
      if (pause !== null && !control.signal.aborted) timer = setTimeout(again, pause * 1000, false);
    };
    asked.busy = true;
    void again(true);
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  });
  return asked;
}

async function answer<T>(asked: Asked<T>, url: string, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(url, { signal, headers: { accept: "application/json" } });
    const body: unknown = await response.json().catch(() => null);
    if (signal.aborted) return;
    if (response.ok) {
      asked.data = body as T;
      asked.of = url;
      asked.fault = null;
    } else {
      if (response.status === 401) session.refuse();
      asked.fault = faultOf(response.status, body);
    }
  } catch {
    if (signal.aborted) return;
    asked.fault = { kind: "offline", status: null, detail: null };
  }
  asked.busy = false;
}

const KINDS: Record<number, Fault["kind"]> = { 401: "unauthorized", 403: "forbidden", 404: "missing" };

/** What an answer that is no success says. */
export function faultOf(status: number, body: unknown): Fault {
  const problem = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const detail = [problem.detail, problem.title, problem.error].find((one) => typeof one === "string");
  return { kind: KINDS[status] ?? "failed", status, detail: (detail as string | undefined) ?? null };
}
