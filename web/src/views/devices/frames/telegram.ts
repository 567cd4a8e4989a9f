// A telegram as the server explains it, its bytes, and which part of it each byte belongs to.
// In: the JSON of `meters/{id}/frames` and of `decode`. Out: bytes and parts in the telegram's own
// numbering, from 0. Nothing is decoded here.

export interface Part {
  layer: string;
  offset: number;
  length: number | null;
  text: string;
}

export interface TelegramValue {
  obis: string | null;
  quantity: string | null;
  value: number | string | null;
  unit: string | null;
  raw: number | null;
  exponent: number | null;
  offset: number | null;
  length: number | null;
}

export interface Defect {
  code: string;
  detail: string;
  offset: number;
}

export interface Telegram {
  /** Null for one that was pasted. */
  id: number | null;
  received_at: string | null;
  /** Which way it went; absent for one that was pasted. */
  direction?: "received" | "sent";
  /** Read-outs: whether their check holds. */
  checksum?: "ok" | "bad" | "absent";
  protocol: string;
  meter: string | null;
  meter_time: string | null;
  measured_at: string | null;
  security: { encrypted: boolean; authenticated: boolean; invocation_counter: number | null } | null;
  values: TelegramValue[];
  defects: Defect[];
  delivered: boolean;
  list: string | null;
  offset: number;
  length: number;
  hex: string | null;
  explanation: Part[];
}

export interface Frames {
  meter: string;
  frames: Telegram[];
  reason: { code: string; text: string } | null;
}

/** A part with its place in the telegram's own bytes. */
export interface Field {
  index: number;
  layer: string;
  /** First byte and the one behind the last, from 0; equal for a part without extent. */
  from: number;
  to: number;
  text: string;
  value: TelegramValue | null;
  /** Parts that it lies in. */
  depth: number;
}

/** Parts drawn and listed; no telegram of a meter has as many. */
export const FIELDS_MAX = 2000;
/** Layers from the outer to the inner; what a byte belongs to is the innermost. */
const ORDER = ["noise", "hdlc", "mbus", "modbus", "wrapper", "line", "mqtt", "block", "cipher", "apdu", "field", "value"];

/** How far each layer is set in where parts are listed. */
const DEPTHS: Record<string, number> = { block: 1, field: 1, cipher: 2, apdu: 2, value: 3 };

const rank = (layer: string) => Math.max(0, ORDER.indexOf(layer));

/** The bytes of a telegram; empty where they were too many to keep. */
export function bytesOf(telegram: Telegram): Uint8Array {
  const hex = telegram.hex ?? "";
  const bytes = new Uint8Array(Math.floor(hex.length / 2));
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** The parts in the order of their bytes, defects left to their own list. */
export function fieldsOf(telegram: Telegram): Field[] {
  const values = new Map(telegram.values.map((value) => [value.offset, value]));
  return telegram.explanation
    .filter((part) => part.layer !== "defect")
    .slice(0, FIELDS_MAX)
    .map((part, index) => {
      const from = part.offset - telegram.offset;
      return {
        index,
        layer: part.layer,
        from,
        to: from + (part.length ?? 0),
        text: part.text,
        value: part.layer === "value" ? (values.get(part.offset) ?? null) : null,
        depth: DEPTHS[part.layer] ?? 0,
      };
    });
}

/** For each byte the index of the innermost part that it belongs to, −1 without one. */
export function ownersOf(fields: Field[], length: number): Int32Array {
  const owners = new Int32Array(length).fill(-1);
  const outerFirst = [...fields].sort((one, other) => rank(one.layer) - rank(other.layer));
  for (const field of outerFirst) owners.fill(field.index, Math.max(0, field.from), Math.min(length, field.to));
  return owners;
}

/** Places of defects in the telegram's own bytes. One behind the last byte stands on the last. */
export function defectsAt(telegram: Telegram, length: number): Map<number, Defect[]> {
  const places = new Map<number, Defect[]>();
  for (const defect of telegram.defects) {
    const at = Math.min(Math.max(0, defect.offset - telegram.offset), Math.max(0, length - 1));
    places.set(at, [...(places.get(at) ?? []), defect]);
  }
  return places;
}

/** Two hex digits in capitals. */
export const hexOf = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, "0");

/** A file that `triphase decode` reads: comments, then the bytes, sixteen a line. */
export function fileOf(telegrams: Telegram[], meter: string): string {
  const blocks = telegrams.map((telegram) => {
    const bytes = [...bytesOf(telegram)].map(hexOf);
    const lines: string[] = [];
    for (let i = 0; i < bytes.length; i += 16) lines.push(bytes.slice(i, i + 16).join(" "));
    const verdict = telegram.delivered ? "delivered" : "refused";
    const defects = telegram.defects.map((one) => `# ${one.code} at byte ${one.offset - telegram.offset}: ${one.detail}`);
    const way = telegram.direction ?? "received";
    const head = `# ${meter}, ${way} ${telegram.received_at ?? "(pasted)"}, ${verdict}`;
    return [head, ...defects, ...lines].map((line) => line.replaceAll(/[\r\n]+/g, " ")).join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}
