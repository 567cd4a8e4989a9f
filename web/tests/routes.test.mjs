// Every view of the site in both themes, in French and in German, at a desk, in the hand and at
// 320 px: accessible, whole, quiet. The overview has its own tests.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { DESK, launch, PHONE, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";
import { meter, snapshot } from "./fixtures.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** A view, and what shows that it is there. */
const ROUTES = {
  "/alarms": "[data-alarm]",
  "/quality": "[data-screened][data-verdict=inside]",
  "/machines": "[data-ribbons]",
  "/devices": "[data-device]",
  "/devices/general": "[data-proof]",
  "/devices/general/frames?frame=2": "article[data-telegram='2']",
  "/settings": "[data-session] p",
  "/about": "[data-ready=ready]",
  "/wall": "[data-wall]",
};
const DIALOGS = {
  "/devices/general/frames": ["[data-paste-open]", "[data-paste]"],
  "/quality": ["[data-quantity=voltage_l1]", "dialog[open]"],
};

async function violations(page) {
  // Through the debugger: the page's own policy lets nobody else's script in.
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), TAGS);
  assert.ok(passes.length > 8, "the rules ran");
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
}

describe("the views of the site", () => {
  let browser;
  const server = new FixtureServer((now) => snapshot(now, [meter(now, "e450"), meter(now, "full", { id: "froid", label: "Froid" })]));
  let address;
  before(async () => {
    browser = await launch();
    address = await server.listen();
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  async function on(path, query, work, options) {
    const visited = await visit(`${address}${path}${path.includes("?") ? "&" : "?"}${query}`, options);
    try {
      await visited.page.waitForSelector(ROUTES[path] ?? "[data-frames], [data-screened]");
      await work(visited.page);
      assert.deepEqual(visited.faults, [], path);
    } finally {
      await visited.close();
    }
  }

  for (const theme of ["light", "dark"]) {
    for (const lang of ["fr", "de"]) {
      test(`are accessible, ${theme}, ${lang}`, async () => {
        for (const path of Object.keys(ROUTES)) {
          for (const viewport of [DESK, PHONE]) {
            await on(path, `theme=${theme}&lang=${lang}`, async (page) => {
              assert.deepEqual(await violations(page), [], `${path} ${viewport.width}`);
            }, { viewport });
          }
        }
      });
    }
    test(`are accessible with a dialog open, ${theme}`, async () => {
      for (const [path, [opener, dialog]] of Object.entries(DIALOGS)) {
        await on(path, `theme=${theme}`, async (page) => {
          await page.click(opener);
          await page.waitForSelector(dialog);
          assert.deepEqual(await violations(page), [], path);
        });
      }
      const guarded = new FixtureServer(() => null);
      guarded.locked = true;
      const { page, close } = await visit(`${await guarded.listen()}/?theme=${theme}`);
      await page.waitForSelector("[data-sign-in]");
      assert.deepEqual(await violations(page), [], "sign-in");
      await page.keyboard.press("Escape");
      await page.waitForSelector("[data-sign-in-bar]");
      assert.deepEqual(await violations(page), [], "sign-in bar");
      await close();
      await guarded.close();
    });
  }

  test("are accessible in high contrast", async () => {
    for (const path of Object.keys(ROUTES)) {
      await on(path, "theme=dark", async (page) => {
        await page.evaluate(() => (document.documentElement.dataset.contrast = "more"));
        assert.deepEqual(await violations(page), [], path);
      });
    }
  });

  test("fit a narrow phone, and cut no text", async () => {
    for (const width of [320, 390]) {
      for (const lang of ["fr", "de"]) {
        for (const path of Object.keys(ROUTES)) {
          await on(path, `lang=${lang}`, async (page) => {
            const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
            assert.equal(overflow, 0, `${path} ${width} ${lang}`);
            const clipped = await page.$$eval("main *", (all) =>
              all
                .filter((each) => {
                  const style = getComputedStyle(each);
                  const free = each.closest(".hidden, thead, [data-hex]") || style.overflowX === "visible";
                  return !free && each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1;
                })
                .map((each) => `${each.className}: ${each.textContent.trim().slice(0, 60)}`),
            );
            assert.deepEqual(clipped, [], `${path} ${width} ${lang}`);
          }, { viewport: { width, height: 720 } });
        }
      }
    }
  });

  test("have targets large enough for a thumb", async () => {
    for (const path of Object.keys(ROUTES)) {
      await on(path, "", async (page) => {
        const small = await page.$$eval("main button, main select, main a, main input, main summary", (all) =>
          all
            .map((one) => ({ box: one.getBoundingClientRect(), text: one.textContent.trim() }))
            .filter(({ box }) => box.height > 0 && (box.height < 20 || box.width < 20))
            .map(({ text, box }) => `${text} ${box.width}×${box.height}`),
        );
        assert.deepEqual(small, [], path);
      }, { viewport: PHONE });
    }
  });

  test("are reached by keyboard, and show where the focus is", async () => {
    for (const path of Object.keys(ROUTES).filter((one) => one !== "/wall")) {
      await on(path, "", async (page) => {
        await page.evaluate(() => document.querySelector("main").focus());
        const seen = new Set();
        for (let i = 0; i < 30; i += 1) {
          await page.keyboard.press("Tab");
          const focus = await page.evaluate(() => {
            const one = document.activeElement;
            if (!one.closest("main")) return null;
            const ring = getComputedStyle(one.matches("input[type=radio]") && one.closest("label, .chosen") ? one.closest("label") : one);
            const own = getComputedStyle(one);
            return { html: one.outerHTML.slice(0, 120), shown: [ring, own].some((style) => style.outlineStyle === "solid" && style.outlineWidth === "2px") };
          });
          if (!focus) break;
          assert.ok(focus.shown, `${path}: ${focus.html}`);
          seen.add(focus.html);
        }
        if (path !== "/alarms") assert.ok(seen.size, path);
      });
    }
  });

  test("say so when the server is gone, and cover nothing", async () => {
    const mortal = new FixtureServer((now) => snapshot(now, [meter(now, "e450")]));
    const { page, close } = await visit(`${await mortal.listen()}/devices`);
    await page.waitForSelector("[data-device]");
    await mortal.close();
    await page.waitForSelector("[data-server-lost]", { timeout: 15_000 });
    assert.match(await page.innerText("[data-device]"), /Donnée ancienne[^]*Liaison avec triphase coupée/);
    await close();
  });
});
