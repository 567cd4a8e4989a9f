// A plug-in of the build that leaves out how Svelte takes over markup which a server has rendered:
// this page is only ever drawn in the browser. What Svelte asks everywhere ("am I taking over?") is
// answered here once, and the branches and calls for it fall out of the bundle.
const RUNTIME = /svelte\/src\/internal\/client\/dom\/hydration\.js$/;

/** What stands in the runtime, and what stands there instead. */
const CHANGES = [
  ["export let hydrating = false;", "export const hydrating = false;"],
  [/export function set_hydrating\(value\) \{[^}]*\}/, "export function set_hydrating() {}"],
];
/** What a compiled component calls to move on in the markup of a server, and for nothing else. */
const STEP = /^\s*\$\.(?:reset\(\w+\)|next\(\d*\));$/gm;

/** The plug-in of vite. It comes after Svelte's. */
export function fresh() {
  return {
    name: "fresh",
    apply: "build",
    transform(code, id) {
      if (id.endsWith(".svelte")) return { code: code.replace(STEP, ""), map: null };
      if (!RUNTIME.test(id)) return null;
      let text = code;
      for (const [old, instead] of CHANGES) {
        const before = text;
        text = text.replace(old, instead);
        // Another version of Svelte: whoever updates it looks at this file, or drops it.
        if (text === before) this.error(`Svelte's hydration.js has no ${old}`);
      }
      return { code: text, map: null };
    },
  };
}
