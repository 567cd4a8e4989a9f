// What the charts promise: gaps stay gaps, a table says the same, every way to zoom leads to one
// address, and days of 23 and 25 hours have their marks where the clocks stand.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";
import { meter, snapshot } from "./fixtures.mjs";

const HOUR = 3600;
const at = (text) => Date.parse(text) / 1000;
const span = (from, to) => `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;

describe("a chart", () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  async function on(query, work, { curves = {}, fixture = "full", view = "phases", ...options } = {}) {
    const server = new FixtureServer((now) => snapshot(now, [meter(now, fixture)]));
    server.curves = curves;
    const address = await server.listen();
    const visited = await visit(`${address}/${view}?${query}`, options);
    try {
      await visited.page.waitForSelector("[data-chart] canvas", { timeout: 15_000 });
      await work({ server, address, ...visited });
    } finally {
      await visited.close();
      await server.close().catch(() => {});
    }
  }
  const params = (page) => page.evaluate(() => Object.fromEntries(new URLSearchParams(location.search)));
  const currents = "[data-chart^=current_l1]";

  /** The picture's colours between two instants, a column of pixels for each. */
  const inked = (page, chart, range, [from, to]) =>
    page.evaluate(
      ([chart, range, from, to]) => {
        const canvas = document.querySelector(`${chart} canvas`);
        const over = document.querySelector(`${chart} .u-over`).getBoundingClientRect();
        const own = canvas.getBoundingClientRect();
        const scale = canvas.width / own.width;
        const pixels = canvas.getContext("2d", { willReadFrequently: true });
        const x = (time) => Math.round((over.left - own.left + ((time - range[0]) / (range[1] - range[0])) * over.width) * scale);
        const [left, right] = [x(from), x(to)];
        const token = getComputedStyle(document.documentElement).getPropertyValue("--l1").trim();
        const wanted = [1, 3, 5].map((part) => Number.parseInt(token.slice(part, part + 2), 16));
        const { data } = pixels.getImageData(left, 0, right - left, canvas.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) {
          if (data[i + 3] > 200 && wanted.every((part, index) => Math.abs(data[i + index] - part) < 12)) count += 1;
        }
        return count;
      },
      [chart, range, from, to],
    );

  test("draws no line across a gap, hatches it and says how long it is", async () => {
    const [from, to] = ["2026-05-04T08:00:00Z", "2026-05-04T14:00:00Z"];
    const gap = [at("2026-05-04T10:00:00Z"), at("2026-05-04T11:00:00Z")];
    await on(
      span(from, to),
      async ({ page, faults }) => {
        await page.waitForSelector(`${currents}[data-gaps="1"]`);
        // Before the probe: Chromium warns of reading a canvas back.
        assert.deepEqual(faults, []);
        const range = [at(from), at(to)];
        assert.equal(await inked(page, currents, range, [gap[0] + 60, gap[1] - 60]), 0, "ink inside the gap");
        assert.ok((await inked(page, currents, range, [gap[0] - HOUR, gap[0] - 60])) > 20, "no line before the gap");
        assert.ok((await inked(page, currents, range, [gap[1] + 60, gap[1] + HOUR])) > 20, "no line after the gap");
        const summary = await page.$eval(currents, (chart) => document.getElementById(chart.getAttribute("aria-describedby")).textContent);
        assert.match(summary, /un trou de 60\smin/);
      },
      { curves: { gaps: [gap] } },
    );
  });

  test("takes no telegram's pause for a gap", async () => {
    // The chart has an interval each 15 s, the meter speaks every minute.
    const [from, to] = ["2026-05-04T08:00:00Z", "2026-05-04T08:30:00Z"];
    const gaps = Array.from({ length: 30 }, (_one, minute) => [at(from) + minute * 60 + 5, at(from) + minute * 60 + 60]);
    const server = new FixtureServer((now) => snapshot(now, [meter(now, "full", { period: 60 })]));
    server.curves = { gaps };
    const { page, close } = await visit(`${await server.listen()}/phases?${span(from, to)}`);
    await page.waitForSelector(`${currents} canvas`);
    assert.equal(await page.getAttribute(currents, "data-gaps"), "0");
    await close();
    await server.close();
  });

  test("asks once for each curve and range, for as many points as it is wide", async () => {
    await on(span("2026-05-04T08:00:00Z", "2026-05-04T14:00:00Z"), async ({ page, server }) => {
      assert.equal(server.asked.length, 6, server.asked.join("\n"));
      const width = await page.$eval(`${currents} .u-wrap`, (one) => one.getBoundingClientRect().width);
      for (const url of server.asked) {
        const points = Number(new URL(url, "http://localhost").searchParams.get("points"));
        assert.ok(Math.abs(points - width) <= 20, `${points} points on ${width} px`);
      }
      server.asked.length = 0;
      await page.click("[data-move=in]");
      await page.waitForTimeout(600);
      assert.equal(server.asked.length, 6, server.asked.join("\n"));
    });
  });

  test("has a table of the same points, a page of 25 at a time", async () => {
    const gaps = [[at("2026-05-04T09:00:00Z"), at("2026-05-04T09:30:00Z")]];
    await on(
      span("2026-05-04T08:00:00Z", "2026-05-04T10:00:00Z"),
      async ({ page, server }) => {
        await page.click(`${currents} [data-control=table]`);
        await page.waitForSelector(`${currents} table`);
        const asked = new URL(server.asked.find((url) => url.includes("current_l1")), "http://localhost").searchParams;
        const { series } = await import("./series_fixture.mjs");
        const { points } = series(asked, server.curves);
        assert.equal(Number(await page.getAttribute(`${currents} table`, "data-rows")), points.length);
        const seen = [];
        for (;;) {
          const rows = await page.$$eval(`${currents} tbody tr`, (all) => all.map((row) => row.innerText));
          assert.ok(rows.length <= 25);
          seen.push(...rows);
          const next = page.locator(`${currents} [data-page=next]`);
          if ((await next.count()) === 0 || (await next.isDisabled())) break;
          await next.click();
        }
        assert.equal(seen.length, points.length);
        const mean = new Intl.NumberFormat("fr-FR", { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(points[3].mean);
        assert.ok(seen[3].includes(mean), `${seen[3]} without ${mean}`);
      },
      { curves: { gaps } },
    );
  });

  test("zooms to one address by mouse, by fingers and by keyboard", async () => {
    const [from, to] = ["2026-05-04T08:00:00Z", "2026-05-04T16:00:00Z"];
    const wanted = { from: "2026-05-04T10:00:00Z", to: "2026-05-04T14:00:00Z" };
    const zoomed = async (page) => {
      await page.waitForFunction(() => new URLSearchParams(location.search).get("from")?.includes("T10:"));
      const { from: begin, to: end } = await params(page);
      return { from: begin, to: end };
    };
    const overlay = async (page) => (await page.locator(`${currents} .u-over`).scrollIntoViewIfNeeded(), page.locator(`${currents} .u-over`).boundingBox());

    await on(span(from, to), async ({ page }) => {
      const box = await overlay(page);
      const y = box.y + box.height / 2;
      await page.mouse.move(box.x + box.width * 0.25, y);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, y, { steps: 4 });
      await page.mouse.move(box.x + box.width * 0.75, y, { steps: 4 });
      await page.mouse.up();
      assert.deepEqual(await zoomed(page), wanted, "mouse");
    });
    await on(span(from, to), async ({ page }) => {
      await page.focus("[data-move=in]");
      await page.keyboard.press("Enter");
      assert.deepEqual(await zoomed(page), wanted, "keyboard");
    });
    await on(
      span(from, to),
      async ({ page }) => {
        const box = await overlay(page);
        const touch = await page.context().newCDPSession(page);
        const y = box.y + box.height / 2;
        const points = (a, b) => [
          { x: box.x + box.width * a, y, id: 0 },
          { x: box.x + box.width * b, y, id: 1 },
        ];
        const send = (type, touchPoints) => touch.send("Input.dispatchTouchEvent", { type, touchPoints });
        await send("touchStart", points(0.375, 0.625));
        for (const apart of [0.15, 0.2, 0.25]) await send("touchMove", points(0.5 - apart, 0.5 + apart));
        await send("touchEnd", []);
        assert.deepEqual(await zoomed(page), wanted, "fingers");
      },
      { hasTouch: true },
    );
  });

  test("moves and widens by its buttons, and Back undoes it", async () => {
    const [from, to] = ["2026-05-04T08:00:00Z", "2026-05-04T16:00:00Z"];
    await on(span(from, to), async ({ page }) => {
      await page.click("[data-move=earlier]");
      assert.equal((await params(page)).from, "2026-05-04T04:00:00Z");
      await page.click("[data-move=later]");
      assert.equal((await params(page)).from, from);
      await page.click("[data-move=out]");
      assert.deepEqual(await params(page), { from: "2026-05-04T04:00:00Z", to: "2026-05-04T20:00:00Z" });
      await page.goBack();
      assert.equal((await params(page)).from, from);
      await page.click("[data-span='1h']");
      assert.deepEqual(await params(page), { range: "1h" });
      assert.equal(await page.getAttribute("[data-span='1h']", "aria-pressed"), "true");
    });
  });

  /** The marks under the currents, read back from what uPlot was told to write. */
  const marks = (page) => page.$eval(currents, (chart) => chart.dataset.marks.split(" "));

  test("marks days of 23 and of 25 hours by their clocks", async () => {
    // Europe/Paris: 29 March 2026 has no 02:00, 25 October 2026 has it twice.
    for (const [day, from, to, hours] of [
      ["spring", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23],
      ["autumn", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25],
    ]) {
      await on(
        span(from, to),
        async ({ page }) => {
          await page.click(`${currents} [data-control=table]`);
          const rows = Number(await page.getAttribute(`${currents} table`, "data-rows"));
          const resolution = Number(await page.getAttribute(currents, "data-resolution"));
          assert.equal((rows * resolution) / HOUR, hours, day);
          const local = (await marks(page)).map((mark) =>
            new Intl.DateTimeFormat("fr-FR", { timeZone: "Europe/Paris", hour: "2-digit", minute: "2-digit" }).format(Number(mark) * 1000),
          );
          assert.ok(local.length > 4 && local.every((time) => /^\d\d:00$/.test(time) && Number(time.slice(0, 2)) % 2 === 0), `${day}: ${local}`);
        },
        { curves: { now: at("2026-12-01T00:00:00Z") } },
      );
    }
  });

  test("tells both passes of the doubled hour apart", async () => {
    await on(
      span("2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"),
      async ({ page }) => {
        await page.click(`${currents} [data-control=table]`);
        const text = await page.innerText(`${currents} tbody`);
        assert.match(text, /02:00 \(été\)/);
        for (let i = 0; i < 20 && !/02:00 \(hiver\)/.test(await page.innerText(`${currents} tbody`)); i += 1) {
          await page.click(`${currents} [data-page=next]`);
        }
        assert.match(await page.innerText(`${currents} tbody`), /02:00 \(hiver\)/);
      },
      { curves: { now: at("2026-12-01T00:00:00Z") } },
    );
  });

  test("says that nothing was measured, instead of an empty picture", async () => {
    const server = new FixtureServer((now) => snapshot(now, [meter(now, "full")]));
    server.curves = { now: at("2020-01-01T00:00:00Z") };
    const { page, faults, close } = await visit(`${await server.listen()}/phases?range=1h`);
    await page.getByText("Aucune mesure dans cette période.").first().waitFor();
    assert.equal(await page.locator("[data-chart] canvas").count(), 0);
    assert.deepEqual(faults, []);
    await close();
    await server.close();
  });

  test("comes back with the server and doubles no point", async () => {
    let server = new FixtureServer((now) => snapshot(now, [meter(now, "full")]));
    const address = await server.listen();
    const { page, close } = await visit(`${address}/phases?range=1h`);
    await page.waitForSelector(`${currents} canvas`);
    await page.click(`${currents} [data-control=table]`);
    await server.close();
    await page.waitForSelector("[data-server-lost]");
    await page.click("[data-move=out]");
    await page.waitForSelector("[data-answer=old]");
    server = new FixtureServer((now) => snapshot(now, [meter(now, "full")]));
    await server.listen(Number(new URL(address).port));
    await page.click("[data-server-lost] button");
    await page.waitForFunction(() => !document.querySelector("[data-answer=old]"), null, { timeout: 20_000 });
    const times = await page.$$eval(`${currents} tbody th`, (all) => all.map((one) => one.dataset.at));
    assert.ok(times.length > 0);
    assert.equal(new Set(times).size, times.length);
    assert.ok(times.every((time, index) => index === 0 || Number(time) > Number(times[index - 1])));
    await close();
    await server.close();
  });
});
