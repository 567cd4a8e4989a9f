// The page against a running `triphase`: TRIPHASE_URL names it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, PHONE, ready, visit } from "./chromium.mjs";

const SERVER = process.env.TRIPHASE_URL?.replace(/\/$/, "");
if (!SERVER) console.log("SKIPPED live.test.mjs: TRIPHASE_URL names no running triphase");

const json = async (path) => {
  const response = await fetch(`${SERVER}${path}`);
  assert.equal(response.status, 200, path);
  return response.json();
};

/** Number of a printed text in its locale: U+2212, U+202F, U+00A0 and the decimal sign resolved. */
function parsed(text, locale) {
  const parts = new Intl.NumberFormat(locale).formatToParts(12345.6);
  const group = parts.find((part) => part.type === "group").value;
  const decimal = parts.find((part) => part.type === "decimal").value;
  return Number(text.replaceAll(group, "").replace(decimal, ".").replace("\u2212", "-").replace("+", ""));
}

describe("the overview of a running triphase", { skip: !SERVER }, () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  test("shows live values without an error and without asking anybody else", async () => {
    const { page, faults, close } = await visit(`${SERVER}/`);
    await ready(page);
    await page.waitForSelector("[data-tile=power][data-freshness=fresh] [data-quantity=active_power][data-raw]");
    const first = await page.getAttribute("[data-quantity=voltage_l1], [data-quantity=current_l1]", "data-reading");
    // Another telegram must arrive while the page is open.
    await page.waitForFunction(
      (seen) =>
        document.querySelector("[data-quantity=voltage_l1], [data-quantity=current_l1]")?.dataset.reading !== seen,
      first,
      { timeout: 30_000 },
    );
    assert.deepEqual(faults, []);
    await close();
  });

  test("has the security policy of its server, without inline content", async () => {
    const response = await fetch(`${SERVER}/`);
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src '(self|none)'/);
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/);
    const html = await response.text();
    assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i);
  });

  for (const locale of ["fr-FR", "en-GB", "de-DE", "de-CH", "fr-CH"]) {
    test(`prints the API's numbers of the same telegram in ${locale}`, async () => {
      const lang = locale.endsWith("CH") ? locale : locale.slice(0, 2);
      const { page, faults, close } = await visit(`${SERVER}/?lang=${lang}`);
      await ready(page);
      await page.waitForSelector("[data-tile=phases] [data-reading]");
      const { meters } = await json("/api/v1/meters");
      const meter = meters.find((one) => one.role === "main") ?? meters[0];
      let compared = 0;
      // A telegram may come between the two looks; the same one must then be looked at again.
      for (let attempt = 0; attempt < 20 && compared < 4; attempt += 1) {
        const [shown, latest] = await Promise.all([
          page.$$eval("[data-quantity][data-reading]", (all) =>
            all.map((one) => ({
              quantity: one.dataset.quantity,
              reading: Number(one.dataset.reading),
              raw: one.dataset.raw,
              text: one.querySelector(".number").textContent,
            })),
          ),
          json(`/api/v1/meters/${meter.id}/latest`),
        ]);
        for (const one of shown) {
          const value = latest.values[one.quantity];
          if (!value || value.sample !== one.reading) continue;
          assert.equal(Number(one.raw), value.value, one.quantity);
          const thousands = /power_l|^active_power|^reactive_power|^apparent/.test(one.quantity) ? 1000 : 1;
          const decimals = one.text.split(/[,.]/)[1]?.length ?? 0;
          const error = Math.abs(parsed(one.text, locale) - value.value / thousands);
          assert.ok(error <= 0.5 * 10 ** -decimals + 1e-9, `${one.quantity}: ${one.text} is not ${value.value}`);
          assert.doesNotMatch(one.text, /-/, "a hyphen is no minus");
          compared += 1;
        }
        if (compared < 4) await page.waitForTimeout(400);
      }
      assert.ok(compared >= 4, `only ${compared} values of one telegram could be compared`);
      assert.deepEqual(faults, []);
      await close();
    });
  }

  test("prints the analyses' figures as the API gives them", async () => {
    const { page, close } = await visit(`${SERVER}/`);
    await ready(page);
    await page.waitForSelector("[data-figure=score_equilibre]");
    for (let attempt = 0; ; attempt += 1) {
      const [score, balance] = await Promise.all([
        page.getAttribute("[data-figure=score_equilibre]", "data-raw"),
        json("/api/v1/analysis/balance"),
      ]);
      if (balance.chapter25?.score === null && score === null) break;
      if (Number(score) === balance.chapter25?.score) break;
      assert.ok(attempt < 20, `the page says ${score}, the API ${balance.chapter25?.score}`);
      await page.waitForTimeout(400);
    }
    await close();
  });

  test("shows no word of the machine and no absent value as a number", async () => {
    for (const lang of ["fr", "en", "de"]) {
      const { page, close } = await visit(`${SERVER}/?lang=${lang}`, { viewport: PHONE });
      await ready(page);
      const text = await page.evaluate(() => document.body.innerText);
      assert.doesNotMatch(text, /undefined|NaN|null|Infinity|\[object/);
      assert.equal(await page.$$eval("[data-absent]", (all) => all.filter((one) => /\d/.test(one.textContent)).length), 0);
      await close();
    }
  });

  test("draws no arrow that the meter's angles do not carry", async () => {
    const { page, close } = await visit(`${SERVER}/`);
    await ready(page);
    const { meters } = await json("/api/v1/meters");
    const meter = meters.find((one) => one.role === "main") ?? meters[0];
    const { values } = await json(`/api/v1/meters/${meter.id}/latest`);
    const angles = Boolean(values.angle_u2_u1 && values.angle_u3_u1);
    const powers = Boolean(values.active_power_l1 && values.reactive_power_l1);
    const arrows = await page.locator("[data-tile=phasor] [data-arrow]").count();
    if (!angles && !powers) assert.equal(arrows, 0);
    const together = await page.locator("[data-picture=star]").count();
    if (!angles) assert.equal(together, 0);
    await close();
  });

  test("opens every view of one meter with what the server has stored", async () => {
    for (const [route, sign] of [
      ["/phases?range=1h", "[data-chart^=voltage_l1] canvas"],
      ["/reactive?range=1h", "[data-cloud] svg"],
      ["/energy", "[data-bars] [data-bar]"],
    ]) {
      const { page, faults, close } = await visit(`${SERVER}${route}`);
      await page.waitForSelector(sign, { timeout: 20_000 });
      assert.deepEqual(faults, [], route);
      await close();
    }
  });

  test("draws the series as the API answers it", async () => {
    const { page, close } = await visit(`${SERVER}/phases?range=1h`);
    let asked = null;
    page.on("response", async (response) => {
      if (response.url().includes("quantity=current_l1")) asked = await response.json();
    });
    await page.reload();
    await page.waitForSelector("[data-chart^=current_l1] canvas", { timeout: 20_000 });
    await page.click("[data-chart^=current_l1] [data-control=table]");
    const table = page.locator("[data-chart^=current_l1] table");
    assert.equal(Number(await table.getAttribute("data-rows")), asked.points.length);
    const first = await page.locator("[data-chart^=current_l1] tbody th").first().getAttribute("data-at");
    assert.equal(Number(first), Date.parse(asked.points[0].t) / 1000);
    await close();
  });
});
