// What the first load may weigh, counted as it is served.
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";

const DIST = process.env.TRIPHASE_WEB_OUT ?? fileURLToPath(new URL("../dist", import.meta.url));
const files = (await readdir(DIST, { recursive: true })).map(String);
/** Below this a compressed form need not be smaller. **Unit** B. */
const TINY_B = 400;
/** **Unit** kB, compressed with gzip. */
const FIRST_MAX_KB = { js: 60, css: 12, html: 4 };
/** Every view in one language, as somebody who looks at all of them is sent it: 130 kB for the ten
    views of the first page, 10 kB for the machines and the wiring doctor, 5 kB for the journal, the
    energy of a piece, the machines on the wall and the explanation of telegrams in three languages. */
const ALL_JS_MAX_KB = 145;

/** What is smaller as it is has no compressed form. */
const sent = (name) => stat(join(DIST, `${name}.gz`)).catch(() => stat(join(DIST, name)));
const weight = async (names) => {
  const sizes = await Promise.all(names.map(sent));
  return sizes.reduce((sum, { size }) => sum + size, 0) / 1000;
};
const ending = (names, end) => names.filter((name) => name.endsWith(`.${end}`));

describe("the first load", () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  test("stays within its budgets, and brings no chart before the first values", async () => {
    // A server that has not said anything yet: all that is asked for now is needed before values.
    const server = new FixtureServer(() => null);
    const { page, close } = await visit(`${await server.listen()}/`);
    await page.waitForSelector("main .grid");
    await page.waitForLoadState("networkidle").catch(() => {});
    const asked = await page.evaluate(() =>
      performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname.slice(1)).filter((name) => name.startsWith("assets/")),
    );
    for (const [end, limit] of Object.entries(FIRST_MAX_KB)) {
      const total = await weight(end === "html" ? ["index.html"] : ending(asked, end));
      console.log(`first ${end}: ${total.toFixed(1)} kB of ${limit} kB`);
      assert.ok(total > 0 && total <= limit, `${end}: ${total} kB`);
    }
    const charts = await Promise.all(ending(asked, "js").map((name) => readFile(join(DIST, name), "utf8")));
    assert.ok(charts.every((text) => !text.includes("uplot")), "uPlot comes with the first load");
    await close();
    await server.close();
  });

  test("is most of what there is: all views together stay within theirs", async () => {
    // French is the first language; the API's documentation is a page of its own.
    const spoken = ending(files, "js").filter((name) => !/assets\/(words-)?(de|en)-|assets\/docs-/.test(name));
    const total = await weight(spoken);
    console.log(`all js: ${total.toFixed(1)} kB of ${ALL_JS_MAX_KB} kB`);
    assert.ok(total <= ALL_JS_MAX_KB, `${total} kB`);
  });
});

test("there are no fonts and no images but the icon", () => {
  const others = files.filter((name) => /\.(woff2?|ttf|otf|png|jpe?g|gif|webp|avif)$/.test(name));
  assert.deepEqual(others, []);
});

test("every text file has both compressed forms, and they are smaller", async () => {
  for (const name of files.filter((one) => /\.(js|css|html)$/.test(one))) {
    const { size } = await stat(join(DIST, name));
    if (size < TINY_B) continue;
    for (const form of [".br", ".gz"]) assert.ok((await stat(join(DIST, name + form))).size < size, name + form);
  }
});

test("assets carry their hash, and the document names nothing outside", async () => {
  const assets = files.filter((name) => name.startsWith("assets/") && !/\.(br|gz)$/.test(name));
  assert.ok(assets.length && assets.every((name) => /-[\w-]{8}\.\w+$/.test(name)), assets.join());
  const html = await readFile(join(DIST, "index.html"), "utf8");
  assert.doesNotMatch(html, /https?:\/\//);
  assert.doesNotMatch(html, /<style|\sstyle=|<script(?![^>]*\bsrc=)/);
});
