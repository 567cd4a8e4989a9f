// What every view promises, whichever it is: an address, a name, the focus, no foreign request, no
// violation of WCAG 2.2 A and AA, room in the smallest window, and words that are not cut off.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { DESK, launch, PHONE, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";
import { meter, snapshot } from "./fixtures.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const ROUTES = { overview: "/", phases: "/phases", reactive: "/reactive", energy: "/energy?period=week" };
const query = (route, words) => `${route}${route.includes("?") ? "&" : "?"}${words}`;

describe("every view", () => {
  let browser;
  let server;
  let address;
  before(async () => {
    browser = await launch();
    server = new FixtureServer((now) => snapshot(now, [meter(now, "full"), meter(now, "barebones", { id: "froid", label: "Froid" })]));
    const hour = Math.floor(Date.now() / 3_600_000) * 3600;
    server.curves = { gaps: [[hour - 9000, hour - 5400]], thin: [[hour - 3600, hour - 1800]] };
    address = await server.listen();
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  async function at(route, work, options = {}) {
    const visited = await visit(`${address}${route}`, options);
    try {
      await settled(visited.page);
      await work(visited);
    } finally {
      await visited.close();
    }
  }
  /** Until everything that the view asked for is there. */
  async function settled(page) {
    await page.waitForSelector("main[data-view]", { timeout: 15_000 });
    await page.waitForFunction(() => !document.querySelector("main [aria-busy=true]"), null, { timeout: 15_000 });
    await page.evaluate(() => document.fonts.ready);
    const charts = await page.locator("[data-chart]").count();
    if (charts) await page.waitForFunction((count) => document.querySelectorAll("[data-chart] canvas").length === count, charts);
  }

  for (const [slug, route] of Object.entries(ROUTES)) {
    for (const theme of ["light", "dark"]) {
      test(`${slug} is without violations, ${theme}`, async () => {
        for (const lang of ["fr", "de"]) {
          for (const viewport of [DESK, PHONE]) {
            await at(
              query(route, `theme=${theme}&lang=${lang}`),
              async ({ page, faults }) => {
                for (const button of await page.locator("[data-control=table]").all()) await button.click();
                // Through the debugger: the page's own policy lets nobody else's script in.
                await page.evaluate(AXE);
                const { violations } = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), TAGS);
                const said = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html + node.failureSummary).join(" | ")}`);
                assert.deepEqual(said, [], `${lang} ${viewport.width}`);
                assert.deepEqual(faults, []);
              },
              { viewport },
            );
          }
        }
      });
    }

    test(`${slug} fits into 320 px and cuts no word off`, async () => {
      for (const lang of ["de", "fr", "en"]) {
        for (const viewport of [{ width: 320, height: 640 }, PHONE, DESK]) {
          await at(
            query(route, `lang=${lang}`),
            async ({ page }) => {
              const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
              assert.ok(wide <= room, `${lang}: ${wide} px in ${room}`);
              const cut = await page.$$eval("main *, nav *", (all) =>
                all
                  .filter((one) => {
                    if (one.closest(".hidden, [aria-hidden=true], svg, [role=region]") || !one.checkVisibility()) return false;
                    const style = getComputedStyle(one);
                    return one.childElementCount === 0 && one.textContent.trim() && style.overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1;
                  })
                  .map((one) => one.textContent.trim()),
              );
              assert.deepEqual(cut, [], `${lang} ${viewport.width}`);
            },
            { viewport },
          );
        }
      }
    });

    test(`${slug} shows a meter without voltages, and nothing that is no word`, async () => {
      await at(query(route, "meter=froid"), async ({ page, faults }) => {
        assert.equal(await page.getAttribute("main", "data-meter"), "froid");
        const text = await page.evaluate(() => document.body.innerText);
        assert.doesNotMatch(text, /NaN|undefined|null|Infinity|\[object/);
        assert.deepEqual(faults, []);
      });
    });

    test(`${slug} is reached by Tab all over, and shows where the focus is`, async () => {
      await at(route, async ({ page }) => {
        const all = "a[href]:not([tabindex='-1']), button:not(:disabled), select, input, [tabindex='0']";
        const controls = await page.$$eval(all, (found) => found.filter((one) => one.checkVisibility()).length);
        const seen = new Set();
        for (let i = 0; i < controls; i += 1) {
          await page.keyboard.press("Tab");
          const focus = await page.evaluate((all) => {
            const one = document.activeElement;
            const style = getComputedStyle(one);
            return { index: [...document.querySelectorAll(all)].indexOf(one), outline: `${style.outlineStyle} ${style.outlineWidth}`, html: one.outerHTML.slice(0, 80) };
          }, all);
          assert.equal(focus.outline, "solid 2px", focus.html);
          seen.add(focus.index);
        }
        assert.equal(seen.size, controls);
      });
    });
  }

  test("has an address of its own that a pasted link and Back lead to", async () => {
    await at("/?lang=en&theme=dark", async ({ page, faults }) => {
      await page.click("nav [data-view-link=phases] >> visible=true");
      await page.waitForSelector("main[data-view=phases] [data-chart]");
      const url = new URL(page.url());
      assert.equal(url.pathname + url.search, "/phases?lang=en&theme=dark");
      assert.match(await page.title(), /Phases · Atelier · triphase$/);
      assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
      await page.goBack();
      await page.waitForSelector("main[data-view=overview] [data-tile=power]");
      assert.equal(await page.getAttribute("nav [aria-current=page]", "data-view-link"), "overview");
      assert.deepEqual(faults, []);
    });
  });

  test("is reached by its keys, unless somebody writes or chooses", async () => {
    await at("/", async ({ page }) => {
      await page.keyboard.press("g");
      await page.keyboard.press("e");
      await page.waitForSelector("main[data-view=energy]");
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
      assert.match(await page.getByRole("dialog").innerText(), /Énergie/);
      await page.keyboard.press("Escape");
      await page.focus("[data-control=language]");
      await page.keyboard.press("g");
      await page.keyboard.press("p");
      assert.equal(new URL(page.url()).pathname, "/energy");
    });
  });

  test("says so when an address has none", async () => {
    await at("/", async ({ page }) => {
      await page.goto(`${address}/nichts?lang=de`);
      await page.locator("[data-plate]").getByText("An dieser Adresse gibt es nichts.").waitFor();
      await page.click("main a");
      await page.waitForSelector("main[data-view=overview]");
    });
  });

  test("offers the rest of the views in the hand behind one tab", async () => {
    await at(
      "/",
      async ({ page }) => {
        assert.ok((await page.locator("nav .tab:visible, nav .more:visible").count()) <= 5);
        await page.click("[data-control=more]");
        await page.click("[role=dialog] [data-view-link=reactive], dialog [data-view-link=reactive]");
        await page.waitForSelector("main[data-view=reactive]");
        assert.equal(await page.getByRole("dialog").count(), 0);
      },
      { viewport: PHONE },
    );
  });

  test("keeps its name and says why when its files are gone", async () => {
    await at("/", async ({ page }) => {
      await page.route("**/assets/measures-*.js", (route) => route.abort());
      await page.click("nav [data-view-link=energy] >> visible=true");
      await page.getByText("Cette vue n’a pas pu être chargée.").waitFor();
    });
  });

  test("explores bars and hours by keyboard, and says what is there", async () => {
    await at("/energy", async ({ page }) => {
      for (const picture of ["[data-bars]", "[data-heat]", "[data-duration]"]) {
        const slider = page.locator(`${picture} [role=slider]`);
        await slider.focus();
        await page.keyboard.press("Home");
        const first = await slider.getAttribute("aria-valuetext");
        await page.keyboard.press("ArrowRight");
        const second = await slider.getAttribute("aria-valuetext");
        assert.match(first, /kW/, picture);
        assert.notEqual(first, second, picture);
      }
    });
  });

  test("shows the energy of a day as the server answered it, hatched where it is a part", async () => {
    await at("/energy?date=2026-10-25", async ({ page, faults }) => {
      assert.ok(server.asked.every((url) => !/to=19/.test(url)), "asked before the server's time was known");
      assert.deepEqual(faults, []);
      const asked = server.asked.map((url) => new URL(url, "http://localhost").searchParams).filter((one) => one.get("step") === "10min");
      const question = asked.at(-1);
      // The day of 25 hours, from midnight to midnight of the site.
      assert.equal(question.get("from"), "2026-10-24T22:00:00.000Z");
      assert.equal(question.get("to"), "2026-10-25T23:00:00.000Z");
      const { energy } = await import("./series_fixture.mjs");
      const { bars, total } = energy(question, server.curves);
      assert.equal(bars.length, 150);
      assert.equal(Number(await page.getAttribute("[data-bars]", "data-bars")), bars.length);
      assert.equal(Number(await page.getAttribute("[data-figure=import_kwh]", "data-raw")), total.import_kwh.value);
      await page.click("[data-control=table]");
      assert.equal(Number(await page.getAttribute("main table", "data-rows")), bars.length);
    });
    await at("/energy?period=week", async ({ page }) => {
      assert.ok((await page.locator("[data-bar=part]").count()) > 0, "no bar is hatched beside a gap");
    });
  });
});
