// Keys that lead to a view: `g` and a letter; `?` lists them. They can be put off, because a single
// letter pressed by mistake must do nothing (WCAG 2.1.4).

import { router } from "./router.svelte";
import { VIEWS } from "./views";

/** How long `g` waits for its letter. **Unit** ms. */
const PATIENCE_MS = 1500;
const STORED = "triphase.keys";

class Keys {
  enabled = $state(true);
  /** Whether the list of keys is open. */
  listed = $state(false);
  #leader = Number.NEGATIVE_INFINITY;

  constructor() {
    try {
      this.enabled = localStorage.getItem(STORED) !== "off";
    } catch {
      // A browser may forbid storage.
    }
    addEventListener("keydown", (event) => this.#pressed(event));
  }

  set(enabled: boolean): void {
    this.enabled = enabled;
    try {
      localStorage.setItem(STORED, enabled ? "on" : "off");
    } catch {
      // As above.
    }
  }

  #pressed(event: KeyboardEvent): void {
    if (!this.enabled || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target?.closest("input, textarea, select, dialog, [contenteditable]")) return;
    const led = performance.now() - this.#leader < PATIENCE_MS;
    this.#leader = Number.NEGATIVE_INFINITY;
    if (event.key === "?") this.listed = true;
    else if (led) {
      const view = VIEWS.find((one) => one.key === event.key);
      if (view) router.go(router.href(view.path));
    } else if (event.key === "g") this.#leader = performance.now();
    else return;
    event.preventDefault();
  }
}

export const keys = new Keys();
