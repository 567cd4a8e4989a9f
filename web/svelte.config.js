/** @type {import("@sveltejs/vite-plugin-svelte").SvelteConfig} */
export default {
  compilerOptions: {
    runes: true,
    // What scopes a style stands on every element of a component: shorter than usual.
    cssHash: ({ hash, filename, css }) => `s${hash(filename ?? css).slice(0, 4)}`,
  },
  /** A warning of the compiler (accessibility, dead style) is an error. */
  onwarn(warning) {
    throw new Error(`${warning.filename ?? "?"}: ${warning.code}: ${warning.message}`);
  },
};
