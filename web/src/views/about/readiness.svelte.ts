// What `/readyz` says. It answers with a body even when it is not ready (503), so it is asked here
// and not with the questions whose failures carry a problem.

import { live } from "../../live/live.svelte";
import { session } from "../../live/session.svelte";

export interface Ready {
  status: string;
  version: string;
  store: {
    writable: boolean;
    queue: number;
    queue_max: number;
    last_id: number;
    reason: string | null;
    size_bytes?: number | null;
    free_bytes?: number | null;
  };
  meters: { id: string; state: string }[];
}

export class Readiness {
  state = $state.raw<Ready | null>(null);
  /** Whether the last question found nobody. */
  silent = $state(false);
}

/** Asks now and every `seconds`; must be called while a component is made. */
export function readiness(seconds: number): Readiness {
  const known = new Readiness();
  $effect(() => {
    void [live.snapshots, session.entries];
    const control = new AbortController();
    const look = async () => {
      if (document.hidden) return;
      try {
        const answer = await fetch("/readyz", { signal: control.signal, headers: { accept: "application/json" } });
        if (answer.status === 401) session.refuse();
        const body = (await answer.json()) as Partial<Ready> | null;
        if (body?.store) {
          known.state = body as Ready;
          known.silent = false;
        } else known.silent = true;
      } catch {
        if (!control.signal.aborted) known.silent = true;
      }
    };
    void look();
    const timer = setInterval(() => void look(), seconds * 1000);
    return () => {
      control.abort();
      clearInterval(timer);
    };
  });
  return known;
}
