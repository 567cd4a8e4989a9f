// The machines: who draws what now and over the day, a silent one, the remainder, one of them in
// detail, and the wiring doctor beside the devices.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { DESK, launch, PHONE, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";
import { meter, snapshot } from "./fixtures.mjs";
import { apart, diagnosis, loads, MACHINES } from "./machines_fixture.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

describe("the machines", () => {
  let browser;
  const server = new FixtureServer((now) => snapshot(now, [meter(now, "e450")]));
  let address;
  before(async () => {
    browser = await launch();
    address = await server.listen();
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  async function on(path, work, options) {
    const visited = await visit(address + path, options);
    try {
      await visited.page.waitForSelector(path.startsWith("/machines") ? "[data-ribbons]" : "[data-doctor]");
      await work(visited.page);
      assert.deepEqual(visited.faults, [], path);
    } finally {
      await visited.close();
    }
  }
  const texts = (page, selector) => page.$$eval(selector, (all) => all.map((one) => one.innerText.replace(/\s+/g, " ").trim()));

  test("stand by their load, what is behind one under it, the silent one last and hatched", async () => {
    await on("/machines", async (page) => {
      const order = await page.$$eval("[data-machine]", (all) => all.map((one) => one.dataset.machine));
      assert.deepEqual(order, ["ligne_1", "presse", "ligne_2", "eclairage", "froid", "divers"]);
      assert.equal(await page.$$eval("[data-machine=froid] .silent", (all) => all.length), 1);
      const [cold] = await texts(page, "[data-machine=froid]");
      assert.match(cold, /— muet depuis [23]\smin · dernière valeur 2,40\skW à/);
      assert.doesNotMatch(cold, /\b0,00/);
      const [rest] = await texts(page, "[data-machine=divers]");
      assert.match(rest, /2,55 kW .*± 0,41 kW/);
      assert.match((await texts(page, "[data-sum]"))[0], /31,20 kW = mesuré 28,65 kW \+ divers 2,55 kW/);
      assert.match((await texts(page, "[data-contains]"))[0], /Froid/);
      assert.match((await texts(page, "[data-machine=ligne_2]"))[0], /ralenti depuis/);
    });
  });

  test("have names that are text, whatever is in them", async () => {
    await on("/machines", async (page) => {
      assert.equal(await page.$("main img"), null);
      assert.match((await texts(page, "[data-machine=presse]"))[0], /<img src=x onerror=alert\(1\)>/);
    });
  });

  test("show their day: bands that leave the gap open, ribbons, hours, and the same in a table", async () => {
    await on("/machines", async (page) => {
      const bands = await page.$$eval("[data-band]", (all) => all.map((one) => one.dataset.band));
      assert.deepEqual([...new Set(bands)], ["Ligne de production 1", "Ligne de production 2", "Éclairage", "divers"]);
      assert.equal(bands.length, 8, "two runs of each band, with the gap between");
      assert.deepEqual(await page.$$eval("[data-ribbon=ligne_1] [data-stretch]", (all) => all.map((one) => one.dataset.stretch)), ["off", "running", "unknown", "running", "idle"]);
      assert.match((await texts(page, "[data-ribbon=ligne_1]"))[0], /5,2 h 1,4 h 2,1 h 93,0 kWh 2,7 kWh/);
      assert.match((await texts(page, "[data-ribbon=froid]"))[0], /pas de donnée/);
      await page.click("[data-control=table]");
      const rows = await page.getAttribute("table[data-rows]", "data-rows");
      const shown = await page.$$eval("table[data-rows] tbody tr", (all) => all.length);
      assert.ok(Number(rows) === 96 && shown === 25, `${rows} ${shown}`);
    });
  });

  test("can be walked through by keyboard", async () => {
    await on("/machines", async (page) => {
      await page.focus("[data-bands] [role=slider]");
      await page.keyboard.press("End");
      await page.keyboard.press("ArrowLeft");
      assert.match((await texts(page, "[data-readout]"))[0], /Ligne de production 1 .*kW/);
      await page.focus("[data-ribbon=ligne_1] [role=slider]");
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowRight");
      const spoken = await page.getAttribute("[data-ribbon=ligne_1] [role=slider]", "aria-valuetext");
      assert.match(spoken, /^marche · .* – /);
      await page.focus("[data-machine=ligne_2] button");
      await page.keyboard.press("Enter");
      await page.waitForSelector("[data-detail=ligne_2]");
      assert.match(page.url(), /machine=ligne_2/);
      await page.keyboard.press("Escape");
      await page.waitForSelector("[data-detail]", { state: "detached" });
      assert.doesNotMatch(page.url(), /machine=/);
    });
  });

  test("keep yesterday and the week in the address", async () => {
    await on("/machines?period=yesterday", async (page) => {
      assert.equal(await page.getAttribute("[data-period=yesterday]", "aria-pressed"), "true");
      await page.click("[data-period=week]");
      await page.waitForFunction(() => !document.querySelector("[data-ribbon] [data-cell=Marche]"));
      assert.match(page.url(), /period=week/);
      assert.match((await texts(page, "[data-ribbon=ligne_1]"))[0], /620,0 kWh/);
    });
  });

  test("say what is wrong where the sub-meters exceed the main meter, and what to do where there are none", async () => {
    const other = new FixtureServer((now) => snapshot(now, [meter(now, "e450")]));
    const rest = { kw: -3.1, uncertainty_kw: 0.4, skew_s: 1, share_pct: -10, verdict: "sub_exceeds_main", contains: [] };
    let machines = MACHINES;
    other.answers["GET /api/v1/analysis/loads"] = (_body, request) => [200, loads(new URL(request.url, "http://localhost").searchParams, machines, rest)];
    const at = await other.listen();
    const wrong = await visit(`${at}/machines`);
    await wrong.page.waitForSelector("[data-verdict=sub_exceeds_main]");
    assert.match(await wrong.page.innerText("[data-machines]"), /dépassent le compteur en amont de 3,10\skW/);
    await wrong.close();
    machines = [];
    const none = await visit(`${at}/machines`);
    await none.page.waitForSelector("main [data-plate]");
    assert.match(await none.page.innerText("main"), /Aucun sous-compteur configuré/);
    assert.equal(await none.page.$("[data-bands]"), null);
    await none.close();
    other.answers["GET /api/v1/analysis/loads"] = () => [200, apart()];
    const scanned = await visit(`${at}/machines`);
    await scanned.page.waitForSelector("[data-no-main]");
    const listed = await scanned.page.$$eval("[data-machine]", (all) => all.map((one) => one.dataset.machine));
    assert.deepEqual(listed, ["unit_1", "unit_2", "unit_3"]);
    assert.match(await scanned.page.innerText("[data-sum]"), /14,77\skW mesurés/);
    assert.match(await scanned.page.innerText("[data-without]"), /unit_3/);
    assert.doesNotMatch(await scanned.page.innerText("main"), /Aucun sous-compteur/);
    await scanned.close();
    other.answers["GET /api/v1/analysis/loads"] = () => [500, { title: "Internal", detail: "The store cannot be read." }];
    const failed = await visit(`${at}/machines`);
    await failed.page.waitForSelector("[data-answer=failed]");
    assert.match(await failed.page.innerText("main"), /The store cannot be read/);
    await failed.close();
    await other.close();
  });

  test("wiring faults are told with what to do, in the reader's language", async () => {
    for (const [lang, sentence, remedy] of [
      ["fr", /TC monté à l'envers sur L2 .*sûr/, /À faire : Intervertir/],
      ["en", /the CT on L2 is reversed .*sure/, /To do: Swap/],
      ["de", /Wandler auf L2 verpolt .*sicher/, /Zu tun: S1 und S2/],
    ]) {
      await on(`/devices?lang=${lang}`, async (page) => {
        await page.waitForSelector("[data-finding=ct_reversed]");
        const [text] = await texts(page, "[data-finding]");
        assert.match(text, sentence);
        assert.match(text, remedy);
        await page.click("[data-doctor] summary");
        assert.match(await page.innerText("[data-doctor] details"), /U2–U1/);
      });
    }
    const sound = diagnosis();
    sound.meters[0].findings = [];
    server.answers["GET /api/v1/analysis/doctor"] = () => [200, sound];
    await on("/devices/general", async (page) => {
      await page.waitForSelector("[data-sound]");
      assert.match(await page.innerText("[data-doctor]"), /Aucun défaut de raccordement trouvé/);
    });
    delete server.answers["GET /api/v1/analysis/doctor"];
  });

  test("are accessible with the table and the detail open, in both themes, at a desk and in the hand", async () => {
    for (const theme of ["light", "dark"]) {
      for (const viewport of [DESK, PHONE]) {
        await on(`/machines?theme=${theme}&lang=de`, async (page) => {
          const violations = async () => {
            await page.evaluate(AXE);
            const { violations } = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), TAGS);
            return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`);
          };
          await page.click("[data-control=table]");
          assert.deepEqual(await violations(), [], `${theme} ${viewport.width}`);
          await page.click("[data-machine=ligne_1] button");
          await page.waitForSelector("[data-detail]");
          assert.deepEqual(await violations(), [], `detail ${theme} ${viewport.width}`);
        }, { viewport });
      }
    }
  });
});
