// WCAG 2.2 A and AA on every state, theme and language, and the palette's contrasts as shipped.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { DESK, launch, PHONE, ready, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";
import { meter, snapshot } from "./fixtures.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

async function violations(page) {
  // Through the debugger: the page's own policy lets nobody else's script in.
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), TAGS);
  assert.ok(passes.length > 10, "the rules ran");
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
}

describe("the overview is accessible", () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  async function on(make, query, work, options = {}) {
    const server = new FixtureServer((now) => snapshot(now, make(now)));
    const visited = await visit(`${await server.listen()}/${query}`, options);
    try {
      await ready(visited.page);
      await work(visited.page);
    } finally {
      await visited.close();
      await server.close();
    }
  }
  const STATES = {
    full: (now) => [meter(now, "full"), meter(now, "e450", { id: "froid", label: "Froid" })],
    barebones: (now) => [meter(now, "barebones")],
    stale: (now) => [
      meter(now, "e450", {
        at: now - 40_000,
        link: { state: "stale", since: new Date(now - 30_000).toISOString(), reason: "No telegram." },
      }),
    ],
    lost: (now) => [
      meter(now, "e450", {
        at: now - 40_000,
        link: { state: "disconnected", since: new Date(now - 30_000).toISOString(), reason: "No such file." },
      }),
    ],
  };

  for (const theme of ["light", "dark"]) {
    for (const lang of ["fr", "en", "de"]) {
      test(`without violations, ${theme}, ${lang}`, async () => {
        for (const [name, make] of Object.entries(STATES)) {
          for (const viewport of [DESK, PHONE]) {
            await on(
              make,
              `?theme=${theme}&lang=${lang}`,
              async (page) => assert.deepEqual(await violations(page), [], `${name} ${viewport.width}`),
              { viewport },
            );
          }
        }
      });
    }
    test(`without violations in an open sheet, ${theme}`, async () => {
      for (const opener of ["[data-quantity=active_power]", "[data-figure=u2_pct]", "[data-alarm-bar]", "[data-proofs]"]) {
        await on(STATES.full, `?theme=${theme}`, async (page) => {
          await page.click(opener);
          await page.getByRole("dialog").waitFor();
          assert.deepEqual(await violations(page), [], opener);
        });
      }
    });
  }

  test("every control is reached by Tab and shows its focus", async () => {
    await on(STATES.full, "", async (page) => {
      const all = "a[href], button:not(:disabled), select, [tabindex='0']";
      const controls = await page.$$eval(all, (found) => found.filter((one) => one.checkVisibility()).length);
      const seen = new Set();
      for (let i = 0; i < controls; i += 1) {
        await page.keyboard.press("Tab");
        const focus = await page.evaluate((all) => {
          const one = document.activeElement;
          const style = getComputedStyle(one);
          return { index: [...document.querySelectorAll(all)].indexOf(one), outline: `${style.outlineStyle} ${style.outlineWidth}` };
        }, all);
        assert.equal(focus.outline, "solid 2px", `control ${focus.index}`);
        seen.add(focus.index);
      }
      assert.equal(seen.size, controls);
    });
  });

  test("targets are large enough", async () => {
    await on(
      STATES.full,
      "",
      async (page) => {
        const small = await page.$$eval("button, select", (all) =>
          all
            .map((one) => ({ box: one.getBoundingClientRect(), text: one.textContent.trim() }))
            .filter(({ box }) => box.height > 0 && (box.height < 24 || box.width < 24))
            .map(({ text, box }) => `${text} ${box.width}×${box.height}`),
        );
        assert.deepEqual(small, []);
      },
      { viewport: PHONE },
    );
  });

  test("nothing moves for those who asked for it", async () => {
    await on(
      STATES.full,
      "",
      async (page) => {
        const moving = await page.$$eval("*", (all) =>
          all.filter((one) => {
            const style = getComputedStyle(one);
            return style.transitionDuration !== "0s" || style.animationName !== "none";
          }).length,
        );
        assert.equal(moving, 0);
      },
      { reducedMotion: "reduce" },
    );
  });

  test("bars and marks survive forced colours", async () => {
    await on(
      STATES.full,
      "",
      async (page) => {
        const [fill, track] = await page.$eval("[data-tile=phases] .fill", (one) => [
          getComputedStyle(one).backgroundColor,
          getComputedStyle(one.parentElement).backgroundColor,
        ]);
        assert.notEqual(fill, track);
        assert.equal(await page.locator("[data-alarm-bar] svg text").textContent(), "2");
      },
      { forcedColors: "active" },
    );
  });
});

describe("the palette", () => {
  const luminance = (hex) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const tokens = (block) =>
    Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value]));

  test("keeps its contrasts in both themes, and both dark forms are one", async () => {
    const css = await readFile(new URL("../src/page.css", import.meta.url), "utf8");
    const light = tokens(css.slice(css.indexOf(":root {"), css.indexOf("@media")));
    const byMedia = tokens(css.slice(css.indexOf("@media (prefers-color-scheme: dark)"), css.indexOf(':root[data-theme="dark"]')));
    const byChoice = tokens(css.slice(css.indexOf(':root[data-theme="dark"]'), css.indexOf("*,\n*::before")));
    assert.deepEqual(byMedia, byChoice);
    for (const [theme, own] of [
      ["light", light],
      ["dark", { ...light, ...byChoice }],
    ]) {
      for (const ground of ["card", "page"]) {
        for (const word of ["text", "text-2", "muted", "stale", "link"]) {
          assert.ok(contrast(own[word], own[ground]) >= 4.5, `${theme}: ${word} on ${ground}`);
        }
        for (const line of ["l1", "l2", "l3", "n", "axis", "bar"]) {
          assert.ok(contrast(own[line], own[ground]) >= 3, `${theme}: ${line} on ${ground}`);
        }
      }
      for (const level of [1, 2, 3]) {
        assert.ok(contrast(own[`on-alarm-${level}`], own[`alarm-${level}`]) >= 4.5, `${theme}: alarm ${level}`);
      }
    }
  });
});
