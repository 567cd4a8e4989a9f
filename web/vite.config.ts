import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { fresh } from "./scripts/fresh.mjs";
import { licences } from "./scripts/licences.mjs";

/** The folder of the finished page; `build.rs` of the `triphase` crate names one of its own. */
const out = process.env.TRIPHASE_WEB_OUT ?? "dist";
/** Where the development server finds a running `triphase`. */
const server = process.env.TRIPHASE_URL ?? "http://127.0.0.1:8330";

const LANGUAGES = ["fr", "en", "de"];
/** What the overview is made of, and with it the frame of every view. */
const FIRST =
  /\/src\/(App|numbers|live|tiles|diagram|parts\/(?!OriginSheet)|shell\/(?!KeysSheet)|words\/(?!en|de|sentences\.de)|views\/overview\/View)/;
/** Files of the finished page that hold what a test finds; the first that finds it has it. */
const group = (name: string, test: RegExp) => ({ name, test });

export default defineConfig({
  plugins: [svelte(), licences(), fresh()],
  build: {
    outDir: out,
    emptyOutDir: true,
    assetsDir: "assets",
    // Everything is a file of its own: the page's policy knows no inline content.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Few files: many small ones compress worse, and each is a journey. What a first look needs comes
    // as one; views that are looked at one after another as one; the words of all views, in one
    // language, as one.
    rolldownOptions: {
      // The API's documentation is a page of its own: whoever looks at measurements never loads it.
      input: { index: "index.html", docs: "docs.html" },
      output: {
        codeSplitting: {
          groups: [
            ...LANGUAGES.map((one) => group(`words-${one}`, new RegExp(`/src/.+/(words|defects|steps)/${one}\\.ts$`))),
            group("shared", FIRST),
            group("charts", /\/src\/(chart\/(?!plot|touch)|views\/overview\/PowerTrend)/),
            group("sheets", /\/src\/(parts\/OriginSheet|shell\/KeysSheet|session\/SignIn)/),
            group("measures", /\/src\/views\/(phases|reactive|quality|energy|machines)\//),
            group("site", /\/src\/views\/(alarms|devices\/(?!frames)|settings|about|wall)/),
          ],
        },
      },
    },
    target: ["chrome111", "firefox115", "safari16.4"],
  },
  server: { proxy: { "/api": server } },
});
