// What the first load may weigh, counted as it is served.
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const DIST = process.env.TRIPHASE_WEB_OUT ?? fileURLToPath(new URL("../dist", import.meta.url));
const BUDGET_KB = { ".js.gz": 60, ".css.gz": 12, ".html.gz": 4 };

const files = (await readdir(DIST, { recursive: true })).map(String);

test("scripts, styles and the document stay within their budgets", async () => {
  for (const [ending, limit] of Object.entries(BUDGET_KB)) {
    const sizes = await Promise.all(files.filter((name) => name.endsWith(ending)).map((name) => stat(join(DIST, name))));
    assert.ok(sizes.length, `no ${ending}`);
    const total = sizes.reduce((sum, { size }) => sum + size, 0) / 1000;
    console.log(`${ending.slice(1)}: ${total.toFixed(1)} kB of ${limit} kB`);
    assert.ok(total <= limit, `${ending}: ${total} kB`);
  }
});

test("there are no fonts and no images but the icon", () => {
  const others = files.filter((name) => /\.(woff2?|ttf|otf|png|jpe?g|gif|webp|avif)$/.test(name));
  assert.deepEqual(others, []);
});

test("every text file has both compressed forms, and they are smaller", async () => {
  for (const name of files.filter((one) => /\.(js|css|html)$/.test(one))) {
    const { size } = await stat(join(DIST, name));
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
