// What happened to a meter, what a piece costs in energy, who draws what on the wall, and causes in
// the words of the meter's own wire.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { DESK, launch, PHONE, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";
import { analysis, GROUPS, meter, snapshot } from "./fixtures.mjs";
import { entries } from "./journal_fixture.mjs";
import { loads, MACHINES } from "./machines_fixture.mjs";
import { production } from "./production_fixture.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const WALL = { width: 1920, height: 1080 };
const params = (request) => new URL(request.url, "http://localhost").searchParams;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const workshop = (now) => [meter(now, "e450"), meter(now, "barebones", { id: "ligne_1", label: "Ligne 1", role: "machine" })];

async function on(path, work, { meters = workshop, answers = {}, viewport = DESK } = {}) {
  const server = new FixtureServer((now) => snapshot(now, meters(now)));
  Object.assign(server.answers, answers);
  const visited = await visit((await server.listen()) + path, { viewport });
  try {
    await work({ server, ...visited });
    assert.deepEqual(visited.faults, [], path);
  } finally {
    await visited.close();
    await server.close().catch(() => {});
  }
}
const text = (page, selector) => page.$eval(selector, (one) => one.innerText.replace(/\s+/g, " ").trim());
const violations = async (page) => {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), TAGS);
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`);
};
const overflow = (page) => page.evaluate(() => [document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth]);

describe("the journal of a meter", () => {
  const events = (page) => page.$$eval("[data-event]", (all) => all.map((one) => one.dataset.event));

  test("tells the newest first, page by page and back", async () => {
    await on("/devices/general", async ({ page }) => {
      await page.waitForSelector("[data-event]");
      const kinds = entries().map((one) => one.kind).reverse();
      assert.deepEqual(await events(page), kinds.slice(0, 12));
      assert.equal(await page.isDisabled("[data-page=newer]"), true);
      await page.click("[data-page=older]");
      await page.waitForFunction(() => document.querySelectorAll("[data-event]").length === 12 && document.querySelector("[data-event]").dataset.event === "counter_decrease");
      assert.deepEqual(await events(page), kinds.slice(12, 24));
      await page.click("[data-page=older]");
      await page.waitForFunction(() => document.querySelectorAll("[data-event]").length === 1);
      assert.equal(await page.isDisabled("[data-page=older]"), true);
      await page.click("[data-page=newer]");
      await page.waitForFunction(() => document.querySelectorAll("[data-event]").length === 12);
      assert.deepEqual(await events(page), kinds.slice(12, 24));
    });
  });

  test("says what changed with unit, until when, and what became of the energy, in three languages", async () => {
    for (const [lang, exchanged, gap, lost] of [
      ["fr", /Compteur échangé Identification 1 : <img src=x onerror=alert\(1\)> → 4712 Énergie active soutirée : 5 002 900 Wh → 12 Wh Consommation : comptée jusqu’à l’ancienne valeur/, /\(47 min\) Trou dans les mesures/, /Liaison perdue appareil introuvable/],
      ["en", /Meter exchanged .* Imported active energy: 5,002,900 Wh → 12 Wh Consumption: counted up to the old value/, /\(47 min\) Gap in the measurements/, /Link lost \/dev\/ttyUSB0: no such file/],
      ["de", /Zähler gewechselt Kennung 1: .* Wirkarbeit Bezug: 5\.002\.900 Wh → 12 Wh Verbrauch: bis zum alten/, /\(47 min\) Lücke in den Messungen/, /Verbindung verloren Gerät nicht gefunden/],
    ]) {
      await on(`/devices/general?lang=${lang}`, async ({ page }) => {
        await page.waitForSelector("[data-event]");
        assert.match(await text(page, "[data-event=meter_exchanged]"), exchanged);
        assert.match(await text(page, "[data-event=gap]"), gap);
        assert.match(await text(page, "[data-event=link_lost]"), lost);
        assert.match(await text(page, "[data-event=meter_clock_step]"), /0 s → −3.725 s/);
        assert.equal(await page.$("main img"), null);
        // Every kind has a name of its own, and none shows its code.
        const shown = await page.$$eval("[data-event] strong", (all) => all.map((one) => one.textContent));
        assert.ok(shown.every((one) => one && !one.includes("_")), shown.join());
      });
    }
  });

  test("says that nothing happened, and why it cannot be told", async () => {
    const empty = { "GET /api/v1/journal": () => [200, { entries: [], next: null }] };
    await on("/devices/general", async ({ page }) => {
      await page.getByText(/Rien à signaler/).waitFor();
      assert.equal(await page.$("[data-page=older]"), null);
    }, { answers: empty });
    let broken = true;
    const failing = { "GET /api/v1/journal": () => (broken ? [500, { title: "Internal", detail: "The store cannot be read." }] : [200, { entries: [], next: null }]) };
    await on("/devices/general", async ({ page, faults }) => {
      await page.waitForSelector("[data-journal] [data-answer=failed]");
      assert.match(await text(page, "[data-journal]"), /The store cannot be read/);
      broken = false;
      await page.click("[data-journal] .control");
      await page.getByText(/Rien à signaler/).waitFor();
      // The refusal itself stands in the browser's console.
      faults.length = 0;
    }, { answers: failing });
  });

  test("is accessible at a desk and in the hand", async () => {
    for (const theme of ["light", "dark"]) {
      for (const viewport of [DESK, PHONE]) {
        await on(`/devices/general?lang=de&theme=${theme}`, async ({ page }) => {
          await page.waitForSelector("[data-event]");
          assert.deepEqual(await violations(page), [], `${theme} ${viewport.width}`);
          assert.equal((await overflow(page))[1], 0);
        }, { viewport });
      }
    }
  });
});

describe("the energy of a piece", () => {
  const counted = { "GET /api/v1/analysis/production": (_body, request) => [200, production(params(request))] };

  test("stands with what was counted and by whom, by hours in a table, refused where nothing was told", async () => {
    await on("/energy", async ({ page, server }) => {
      await page.waitForSelector("[data-counter=piece]");
      assert.equal(await page.getAttribute("[data-figure=kwh_per_piece]", "data-raw"), "0.125");
      assert.match(await text(page, "[data-counter=piece]"), /kWh\/pièce 0,125 kWh\/pièce .*Pièces 3 296 compté par automate · reparti de zéro une fois/);
      assert.match(await text(page, "[data-counter=t]"), /kWh\/t — .*Masse —/);
      assert.ok(await page.locator("[data-figure=kwh_per_t][data-absent]").count());
      await page.click("[data-production] [data-control=table]");
      const cells = await page.$$eval("[data-production] tbody tr", (all) => all.map((row) => [...row.children].map((one) => one.textContent.trim())));
      const idle = cells.find((row) => row[2] === "0");
      assert.equal(idle?.[3], "—", "nothing was produced in that hour, and no energy of a piece is told");
      assert.ok(cells.some((row) => row[3] === "0,125"));
      assert.ok(server.questions.includes("GET /api/v1/analysis/production"));
      assert.deepEqual(await violations(page), []);
    }, { answers: counted });
  });

  test("is said to be unknown without a counter, with what would help", async () => {
    for (const [lang, reason] of [
      ["fr", /Aucun compteur de pièces.*counter_of/],
      ["en", /counter_of/],
      ["de", /counter_of/],
    ]) {
      await on(`/energy?lang=${lang}`, async ({ page }) => {
        await page.waitForSelector("[data-production] [data-plate]");
        assert.match(await text(page, "[data-production]"), reason);
        assert.doesNotMatch(await text(page, "[data-production]"), /\d/);
      });
    }
  });
});

describe("the machines on the wall", () => {
  const machines = (page) => page.$$eval("[data-wall-machine]", (all) => all.map((one) => [one.dataset.wallMachine, one.innerText.replace(/\s+/g, " ").trim()]));

  test("are the largest ones and all the rest, which sum up to the meter", async () => {
    await on("/wall", async ({ page }) => {
      await page.waitForSelector("[data-wall-machine]");
      assert.deepEqual(await machines(page), [
        ["ligne_1", "Ligne de production 1 15,5 kW"],
        ["ligne_2", "Ligne de production 2 12,8 kW"],
        ["eclairage", "Éclairage 0,4 kW"],
        ["rest", "Reste, 1 muette 2,6 kW"],
      ]);
      const size = await page.$eval("[data-wall-machine] .kw", (one) => Number.parseFloat(getComputedStyle(one).fontSize));
      assert.ok(size >= 72, `${size} px`);
    }, { viewport: WALL });
    await on("/wall?distance=8", async ({ page }) => {
      await page.waitForSelector("[data-wall-machine]");
      const shown = await machines(page);
      assert.deepEqual(shown.map(([id]) => id), ["ligne_1", "ligne_2", "rest"]);
      // What is not named is in the rest: 2.55 and the lamp's 0.35.
      assert.match(shown[2][1], /2,9 kW/);
    }, { viewport: WALL });
  });

  test("fit the screen at every distance and language", async () => {
    const long = MACHINES.map(([id, label, ...rest]) => [id, label.includes("<") ? label : `${label} hinten links`, ...rest]);
    const answers = { "GET /api/v1/analysis/loads": (_body, request) => [200, loads(params(request), long)] };
    for (const distance of ["3", "5", "8"]) {
      for (const lang of ["fr", "de"]) {
        await on(`/wall?distance=${distance}&lang=${lang}`, async ({ page }) => {
          await page.waitForSelector("[data-wall-machine]");
          assert.deepEqual(await overflow(page), [0, 0], `${distance} m ${lang}`);
          const clipped = await page.$$eval("[data-wall] p", (all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent));
          assert.deepEqual(clipped, [], `${distance} m ${lang}`);
        }, { viewport: WALL, answers });
      }
    }
  });

  test("give up the rest where the meter itself is not known, and everything that is old", async () => {
    const rootless = () => {
      const answer = loads();
      answer.meters[0].load_kw.value = null;
      answer.meters[0].remainder = null;
      return answer;
    };
    await on("/wall", async ({ page }) => {
      await page.waitForSelector("[data-wall-machine]");
      const shown = await machines(page);
      assert.equal(shown.at(-1)[1], "Reste, 1 muette —");
      assert.equal(shown[0][1], "Ligne de production 1 15,5 kW");
    }, { viewport: WALL, answers: { "GET /api/v1/analysis/loads": () => [200, rootless()] } });
    const old = { ...loads(), now: new Date(Date.now() - 900_000).toISOString() };
    await on("/wall", async ({ page }) => {
      await page.waitForSelector("[data-wall-machine]");
      assert.ok((await machines(page)).every(([, words]) => words.endsWith("—")));
    }, { viewport: WALL, answers: { "GET /api/v1/analysis/loads": () => [200, old] } });
  });

  test("are not there where there are none", async () => {
    await on("/wall", async ({ page, server }) => {
      await page.waitForSelector("[data-wall-phase]");
      assert.equal(await page.$(".machines"), null);
      assert.ok(!server.questions.includes("GET /api/v1/analysis/loads"));
    }, { viewport: WALL, meters: (now) => [meter(now, "e450")] });
  });
});

describe("the machines' view", () => {
  test("names the machines while their loads are on their way", async () => {
    await on("/machines", async ({ page }) => {
      await page.route("**/api/v1/analysis/loads*", async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 1500));
        await route.continue().catch(() => {});
      });
      await page.goto(page.url());
      await page.waitForSelector("[data-awaited]");
      assert.match(await text(page, "[data-awaited]"), /Ligne 1/);
      assert.equal(await page.$("main [data-plate]"), null);
      await page.waitForSelector("[data-machines]");
      assert.equal(await page.$("[data-awaited]"), null);
    });
  });

  test("has a tab in the hand where there are machines, else the energy has it", async () => {
    const tabs = (page) => page.$$eval("nav li.tab", (all) => all.map((one) => one.querySelector("a").dataset.viewLink));
    await on("/", async ({ page }) => {
      await page.waitForSelector("[data-quantity]");
      assert.deepEqual(await tabs(page), ["overview", "phases", "machines", "alarms"]);
    }, { viewport: PHONE });
    await on("/", async ({ page }) => {
      await page.waitForSelector("[data-quantity]");
      assert.deepEqual(await tabs(page), ["overview", "phases", "energy", "alarms"]);
    }, { viewport: PHONE, meters: (now) => [meter(now, "e450")] });
  });
});

describe("words", () => {
  test("of a lost link are those of the meter's own wire", async () => {
    for (const [changes, cause, expected, never] of [
      [{ way: "mqtt", port: null }, "silent", /rien n’est publié sous ce sujet/, /broches|M-Bus|octet/],
      [{ way: "mqtt", port: null }, "closed", /connexion MQTT fermée/, /autre côté/],
      [{ way: "dlms_push" }, "silent", /adaptateur M-Bus esclave sur les broches 3 et 4/, /sujet/],
      [{ way: "readout" }, "silent", /demande de données/, /M-Bus/],
      [{ way: "modbus", port: "modbus+tcp://10.0.0.12:502?unit=7" }, "broken", /connexion au réseau rompue/, /adaptateur/],
      [{ way: "modbus", port: "modbus+rtu:///dev/ttyUSB0?unit=7" }, "broken", /adaptateur débranché/, /réseau/],
    ]) {
      const meters = (now) => [
        meter(now, "e450", { ...changes, at: now - 20_000, link: { state: "disconnected", since: new Date(now - 15_000).toISOString(), cause, reason: "English particulars" } }),
      ];
      await on("/devices/general", async ({ page }) => {
        const told = await page.waitForSelector("p.cause");
        const words = await told.innerText();
        assert.match(words, expected);
        assert.doesNotMatch(words, never);
      }, { meters });
    }
  });

  test("of no alarm tell of those of other meters", async () => {
    const list = [{ key: "unbalance", type: "unbalance", severity: "major", text: "Déséquilibre des phases: 41.4 %", action: null }];
    const alarms = (now, meter, alarms) => ({ ...analysis(now, GROUPS.e450), alarms: { meter, at: new Date(now).toISOString(), level: "major", alarms, advice: [], warnings: [], reason: null } });
    const meters = (now) => [
      meter(now, "e450", { analysis: alarms(now, "general", []) }),
      meter(now, "e450", { id: "ligne_1", label: "Ligne 1", role: "machine", analysis: alarms(now, "ligne_1", list) }),
    ];
    await on("/", async ({ page }) => {
      await page.waitForSelector("[data-alarm-bar]");
      assert.match(await text(page, "[data-alarm-bar]"), /Aucune alarme de ce compteur\. 1 alarme d’un autre compteur/);
      await page.click("[data-alarm-bar] a");
      await page.waitForSelector("[data-alarm=unbalance]");
      assert.match(page.url(), /\/alarms/);
    }, { meters });
  });

  test("of a telegram's parts are the reader's", async () => {
    for (const [lang, frame, apdu] of [
      ["fr", /Trame HDLC de 1 à 103\/127, contrôle 13, 42 octets d’information, sommes de contrôle justes/, /DataNotification 40000000 sans date ni heure/],
      ["de", /HDLC-Rahmen von 1 an 103\/127, Steuerfeld 13, 42 Bytes Information, Prüfsummen richtig/, /DataNotification 40000000 ohne Datum/],
      ["en", /from 1 to 103\/127, control 13, 42 bytes of information, check sequences hold/, /DataNotification 40000000 without date-time/],
    ]) {
      await on(`/devices/general/frames?lang=${lang}`, async ({ page }) => {
        await page.waitForSelector("[data-field='1']");
        assert.match(await text(page, "[data-field='0']"), frame);
        assert.match(await text(page, "[data-field='1']"), apdu);
        const english = await page.$$eval("[data-field] .text[lang=en]", (all) => all.length);
        assert.equal(english > 0, lang === "en", lang);
      });
    }
  });
});
