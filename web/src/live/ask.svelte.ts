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
  const one = (url: string, signal: AbortSignal) => got<T>(url, signal);
  return asking(address, seconds, one);
}

/** Asks several addresses as one question: there is an answer when all have one. */
export function askAll<T>(addresses: () => string[] | null): Asked<T[]> {
  const all = async (urls: string, signal: AbortSignal): Promise<Outcome<T[]>> => {
    const outcomes = await Promise.all(urls.split("\n").map((url) => got<T>(url, signal)));
    const failed = outcomes.find((one) => one.fault !== null);
    return failed?.fault ? { fault: failed.fault } : { fault: null, data: outcomes.map((one) => one.data as T) };
  };
  const key = () => addresses()?.join("\n") ?? null;
  return asking(key, () => null, all);
}

type Outcome<T> = { fault: null; data: T } | { fault: Fault; data?: never };
type Get<T> = (url: string, signal: AbortSignal) => Promise<Outcome<T>>;

function asking<T>(address: () => string | null, seconds: () => number | null, get: Get<T>): Asked<T> {
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
      if (first || !document.hidden) await settle(asked, url, get, control.signal);
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

async function settle<T>(asked: Asked<T>, url: string, get: Get<T>, signal: AbortSignal): Promise<void> {
  const outcome = await get(url, signal);
  if (signal.aborted) return;
  if (outcome.fault) asked.fault = outcome.fault;
  else {
    asked.data = outcome.data;
    asked.of = url;
    asked.fault = null;
  }
  asked.busy = false;
}

async function got<T>(url: string, signal: AbortSignal): Promise<Outcome<T>> {
  try {
    const response = await fetch(url, { signal, headers: { accept: "application/json" } });
    const body: unknown = await response.json().catch(() => null);
    if (response.ok) return { fault: null, data: body as T };
    if (response.status === 401) session.refuse();
    return { fault: faultOf(response.status, body) };
  } catch {
    return { fault: { kind: "offline", status: null, detail: null } };
  }
}

const KINDS: Record<number, Fault["kind"]> = { 401: "unauthorized", 403: "forbidden", 404: "missing" };

/** What an answer that is no success says. */
export function faultOf(status: number, body: unknown): Fault {
  const problem = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const detail = [problem.detail, problem.title, problem.error].find((one) => typeof one === "string");
  return { kind: KINDS[status] ?? "failed", status, detail: (detail as string | undefined) ?? null };
}
