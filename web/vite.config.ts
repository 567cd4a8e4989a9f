import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { licences } from "./scripts/licences.mjs";

/** The folder of the finished page; `build.rs` of the `triphase` crate names one of its own. */
const out = process.env.TRIPHASE_WEB_OUT ?? "dist";
/** Where the development server finds a running `triphase`. */
const server = process.env.TRIPHASE_URL ?? "http://127.0.0.1:8330";

export default defineConfig({
  plugins: [svelte(), licences()],
  build: {
    outDir: out,
    emptyOutDir: true,
    assetsDir: "assets",
    // Everything is a file of its own: the page's policy knows no inline content.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What most views share comes as one file: many small ones compress worse, and each is a journey.
    rolldownOptions: {
      // The API's documentation is a page of its own: whoever looks at measurements never loads it.
      input: { index: "index.html", docs: "docs.html" },
      output: {
        codeSplitting: {
          groups: [
            { name: "shared", test: /\/src\/(parts|tiles|numbers|diagram|live)\//, minShareCount: 2 },
            { name: "words-fr", test: /\/src\/(?!words\/).*\/(words|defects)\/fr\.ts$/ },
            { name: "words-en", test: /\/src\/(?!words\/).*\/(words|defects)\/en\.ts$/ },
            { name: "words-de", test: /\/src\/(?!words\/).*\/(words|defects)\/de\.ts$/ },
            { name: "charts", test: /\/src\/chart\//, minShareCount: 2 },
          ],
        },
      },
    },
    target: ["chrome111", "firefox115", "safari16.4"],
  },
  server: { proxy: { "/api": server } },
});
