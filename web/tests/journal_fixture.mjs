// What happened to a meter as `/api/v1/journal` tells it: of every kind one, and links that came and
// went before.

const change = (what, before, after, unit) => ({ what, before, after, unit });
const register = (before, after) => change("active_energy_import", before, after, "Wh");
const KINDS = [
  ["counter_rollover", { changes: [register("999999990", "10")] }],
  ["meter_replaced_or_reset", { changes: [register("5002900", "12"), change("reactive_energy_import", "812000", "0", "varh")] }],
  ["counter_decrease", { changes: [register("4900000", "4890000")] }],
  ["counter_leap", { changes: [register("4900000", "4294967295")] }],
  ["counter_spike", { changes: [register("4900000", "0")] }],
  ["counter_stuck", { changes: [register("4900000", "4900000")], minutes: 62 }],
  ["value_stuck", { changes: [change("voltage_l1", "229.8", "229.8", "V")] }],
  ["meter_exchanged", { changes: [change("device_id_1", "<img src=x onerror=alert(1)>", "4712", null), register("5002900", "12")] }],
  ["ratio_changed", { changes: [change("ct_ratio", "200/5", "400/5", null)] }],
  ["meter_clock_step", { changes: [change("clock_offset", "0", "-3725", "s")] }],
  ["daylight_saving", { changes: [change("clock_offset", "0", "3600", "s")] }],
  ["house_clock_step", { changes: [change("clock_offset", "0", "90", "s")] }],
  ["gap", { minutes: 47 }],
  ["link_lost", { cause: "no_device", reason: "/dev/ttyUSB0: no such file" }],
  ["link_restored", {}],
];

/** Entries of a meter, the newest of which is the last. */
export function entries(meter = "general") {
  const now = Date.now();
  const old = Array.from({ length: 10 }, (_one, i) => [i % 2 ? "link_restored" : "link_lost", i % 2 ? {} : { cause: "stopped", reason: "the meter stopped sending" }]);
  const all = [...old, ...KINDS];
  return all.map(([kind, { changes = [], minutes = 0, cause = null, reason = null }], i) => {
    const at = now - (all.length - i) * 3_600_000;
    return {
      id: i + 1,
      meter,
      kind,
      at: new Date(at).toISOString(),
      until: minutes ? new Date(at + minutes * 60_000).toISOString() : null,
      noted_at: new Date(at + 5000).toISOString(),
      list: null,
      cause,
      reason,
      changes,
    };
  });
}

/** A page, as the server makes it. */
export function journal(params) {
  const [limit, after] = [Number(params.get("limit") ?? 100), Number(params.get("after") ?? 0)];
  let all = entries(params.get("meter") ?? "general");
  if (params.get("order") === "newest") all = all.reverse().filter((one) => !after || one.id < after);
  else all = all.filter((one) => one.id > after);
  const page = all.slice(0, limit);
  return { entries: page, next: all.length > limit ? page.at(-1).id : null };
}
