// A request that changes or asks something with a body. In: a method, an address and JSON. Out: the
// answer, or a fault with what the server says and how long to wait. A 401 shows the sign-in.

import { type Fault, faultOf } from "../live/ask.svelte";
import { session } from "../live/session.svelte";

export type Sent<T> = { ok: true; data: T | null } | { ok: false; fault: Fault; wait: number | null };

/** Sends JSON; `quiet` leaves a 401 to the caller, as the sign-in itself must. */
export async function send<T>(
  method: "POST" | "DELETE",
  address: string,
  body?: unknown,
  quiet = false,
): Promise<Sent<T>> {
  let response: Response;
  try {
    response = await fetch(address, {
      method,
      headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    return { ok: false, fault: { kind: "offline", status: null, detail: null }, wait: null };
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return { ok: true, data: answer as T | null };
  if (response.status === 401 && !quiet) session.refuse();
  const wait = Number(response.headers.get("retry-after") ?? Number.NaN);
  return { ok: false, fault: faultOf(response.status, answer), wait: Number.isFinite(wait) ? wait : null };
}
