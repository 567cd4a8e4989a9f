// Telegrams for the tests, in the shape of `meters/{id}/frames` and of `decode`. The bytes are made
// up and short; each part says which of them it stands for.

const HEX = [
  "7e a0 2a ce ff 03 13 12 34 e6 e7 00 0f 40 00 00 00 00",
  "09 06 01 00 20 07 00 ff 12 08 fc",
  "09 06 01 00 1f 07 00 ff 12 17 e8",
  "ab cd 7e",
]
  .join(" ")
  .replaceAll(" ", "");

const part = (layer, offset, length, text) => ({ layer, offset, length, text });

const value = (obis, quantity, number, unit, raw, exponent, offset, length) => ({
  obis, quantity, value: number, unit, raw, exponent, offset, length,
});

/** An intact telegram: one frame, one APDU, voltage 230.0 V and current 61.20 A. */
export function good(id, at, changes = {}) {
  return {
    id,
    received_at: new Date(at).toISOString(),
    protocol: "dlms",
    meter: "LGZ1030655933512",
    meter_time: "2026-05-04T11:39:21",
    measured_at: new Date(at).toISOString(),
    security: { encrypted: true, authenticated: true, invocation_counter: 4711 },
    values: [
      value("1-0:32.7.0*255", "voltage_l1", 230, "V", 2300, -1, 26, 3),
      value("1-0:31.7.0*255", "current_l1", 61.2, "A", 6120, -2, 37, 3),
    ],
    defects: [],
    delivered: true,
    list: "list-2",
    offset: 0,
    length: HEX.length / 2,
    hex: HEX,
    explanation: [
      part("hdlc", 0, 43, "HDLC frame from 1 to 103/127, control 13, 42 bytes of information, check sequences hold"),
      part("apdu", 12, 28, "DataNotification 40000000 without date-time"),
      part("value", 26, 3, "1-0:32.7.0*255 Voltage L1 = 230.0 V (raw 2300, exponent -1)"),
      part("value", 37, 3, "1-0:31.7.0*255 Current L1 = 61.20 A (raw 6120, exponent -2)"),
    ],
    ...changes,
  };
}

/** A refused one: its check sequence breaks at byte 40. */
export function bad(id, at, changes = {}) {
  return good(id, at, {
    values: [],
    meter: null,
    meter_time: null,
    measured_at: null,
    list: null,
    security: { encrypted: false, authenticated: false, invocation_counter: null },
    defects: [{ code: "fcs_mismatch", detail: "frame check sequence ab cd, computed 12 34", offset: 40 }],
    delivered: false,
    explanation: [
      part("hdlc", 0, 43, "HDLC frame from 1 to 103/127"),
      part("defect", 40, 0, "frame check sequence ab cd, computed 12 34"),
    ],
    ...changes,
  });
}

/** What a meter that means harm would send: markup wherever a text goes. */
export const HOSTILE = `<img src=x onerror="document.title='owned'">`;
export function hostile(id, at) {
  return bad(id, at, {
    meter: HOSTILE,
    list: HOSTILE,
    values: [{ ...value("0-0:96.1.0*255", HOSTILE, HOSTILE, HOSTILE, null, null, 26, 3) }],
    defects: [{ code: HOSTILE, detail: HOSTILE, offset: 40 }],
    explanation: [part("hdlc", 0, 43, HOSTILE), part("value", 26, 3, HOSTILE), part(HOSTILE, 30, 2, HOSTILE)],
  });
}

/** The answer for one meter, newest first. */
export const frames = (list = null, now = Date.now()) => ({
  meter: "general",
  frames: list ?? [good(3, now - 1000), bad(2, now - 6000), good(1, now - 11_000)],
  reason: null,
});
