// The views: which there are, in which order, and how each is reached. A view is one folder under
// `views/` whose `View.svelte` is loaded when it is first shown; one without a folder is not offered.

import type { Component } from "svelte";
import type { Meter } from "../live/live.svelte";
import { say } from "../words/say.svelte";

export interface ViewProps {
  /** The meter that the page is about. Never null in a view of one meter. */
  meter: Meter;
  /** What follows the slug in the path, such as the meter of `/devices/general`. */
  rest: string[];
}

export type Slug =
  | "overview" | "phases" | "reactive" | "machines" | "energy" | "quality"
  | "alarms" | "devices" | "settings" | "about" | "wall";

export interface View {
  slug: Slug;
  /** Its address. */
  path: string;
  /** `g` and this letter lead to it. */
  key: string;
  /** Whether it shows one meter; the shell then waits for one, and says so when there is none. */
  ofMeter: boolean;
  /** Whether it has a tab of its own in the hand, on every site. */
  tab?: true;
  /** Whether it stands alone, without header, rail and bars. */
  bare?: true;
  load: () => Promise<{ default: Component<ViewProps> }>;
}

const found = import.meta.glob<{ default: Component<ViewProps> }>("../views/*/View.svelte");

type Described = Omit<View, "path" | "load">;
const ALL: Described[] = [
  { slug: "overview", key: "o", ofMeter: true, tab: true },
  { slug: "phases", key: "p", ofMeter: true, tab: true },
  { slug: "reactive", key: "r", ofMeter: true },
  { slug: "machines", key: "m", ofMeter: false },
  { slug: "energy", key: "e", ofMeter: true },
  { slug: "quality", key: "q", ofMeter: true },
  { slug: "alarms", key: "a", ofMeter: false, tab: true },
  { slug: "devices", key: "d", ofMeter: false },
  { slug: "settings", key: "s", ofMeter: false },
  { slug: "about", key: "i", ofMeter: false },
  { slug: "wall", key: "w", ofMeter: true, bare: true },
];

export const VIEWS: View[] = ALL.flatMap((one) => {
  const load = found[`../views/${one.slug}/View.svelte`];
  return load ? [{ ...one, path: one.slug === "overview" ? "/" : `/${one.slug}`, load: () => say.part(load) }] : [];
});

/** The view of a path's parts; null for an address that has none. */
export function viewAt(parts: string[]): View | null {
  const slug = parts[0] ?? "overview";
  if (parts[0] === "overview") return null;
  return VIEWS.find((view) => view.slug === slug) ?? null;
}
