// What the server sends: the shapes of `/api/v1` and of its event stream. The page draws these
// figures and computes none of its own. Absent is null, never 0.

/** How far a value can be trusted. */
export type Quality = "good" | "suspect" | "bad";

/** Where a value comes from. */
export type Method = "measured" | "derived" | "assumed_120" | "estimated" | (string & {});

/** One value of a meter, with everything that tells its origin. */
export interface Reading {
  value: number | string | null;
  unit: string | null;
  measured_at: string;
  received_at: string;
  quality: Quality;
  method: Method;
  obis: string | null;
  raw: number | null;
  exponent: number | null;
  /** The stored telegram that carried it. */
  sample: number | null;
  /** The period of the list that carried it, where it differs from the meter's. */
  period_s?: number | null;
}

export type Readings = Record<string, Reading>;

export type LinkState = "fed" | "waiting" | "live" | "stale" | "disconnected";

export interface Link {
  state: LinkState;
  since: string | null;
  /** A stable word, which the page says in its language. */
  cause?: string | null;
  /** The same as an English sentence with its particulars. */
  reason: string | null;
}

export interface Site {
  name: string;
  /** IANA name; null for a zone without one. */
  zone: string | null;
  nominal_voltage_v: number;
  subscribed_power_kw: number | null;
  /** The interval over which the supplier takes the mean of the power. **Unit** min. */
  demand_interval_min?: number | null;
  version: string;
}

/** The newest value of each quantity of one meter. */
export interface Latest {
  meter: string;
  state: LinkState;
  period_s: number | null;
  values: Readings;
}
