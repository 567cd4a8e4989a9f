// Alarms, quality, devices, the wall, settings and about: what each says when all is well, when
// something is missing, and when nothing is known.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DESK, launch, PHONE, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";
import { analysis, GROUPS, meter, reading, snapshot } from "./fixtures.mjs";

const WALL = { width: 1920, height: 1080 };
const alarm = (key, severity, text) => ({ key, type: key, severity, text, action: null });
const alarms = (now, list) => ({ ...analysis(now, GROUPS.e450), alarms: { meter: "general", at: new Date(now).toISOString(), level: "major", alarms: list, advice: [], warnings: [], reason: null } });
const THREE = [
  alarm("distortion", "minor", "Distorsion harmonique de tension: 8.5 %"),
  alarm("overload", "critical", "Risque de déclenchement protection"),
  alarm("power_factor_low", "major", "Facteur de puissance faible: 0.820"),
];

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function on(path, make, work, options = {}) {
  const server = new FixtureServer((now) => snapshot(now, make(now)));
  Object.assign(server, options.server ?? {});
  Object.assign(server.answers, options.answers ?? {});
  const address = await server.listen();
  const visited = await visit(`${address}${path}`, options.page ?? {});
  try {
    await visited.page.waitForSelector("h1", { state: "attached" });
    await work({ server, address, ...visited });
    assert.deepEqual(visited.faults, []);
  } finally {
    await visited.close();
    await server.close().catch(() => {});
  }
}
const one = (fixture, changes = () => ({})) => (now) => [meter(now, fixture, changes(now))];

describe("alarms", () => {
  test("stand in order of priority, each with shape, digit, word, cause, check and act", async () => {
    await on("/alarms", one("e450", (now) => ({ analysis: alarms(now, THREE) })), async ({ page }) => {
      await page.waitForSelector("[data-alarm]");
      const shown = await page.$$eval("[data-alarm]", (all) =>
        all.map((one) => [one.dataset.alarm, one.querySelector("svg text").textContent, one.querySelector(".word").textContent]),
      );
      assert.deepEqual(shown, [["overload", "1", "CRITIQUE"], ["power_factor_low", "2", "MAJEUR"], ["distortion", "3", "MINEUR"]]);
      const text = await page.innerText("[data-alarm=power_factor_low]");
      assert.match(text, /Facteur de puissance faible\s+0,820[^]*Cause probable[^]*Vérifier[^]*Agir/);
      assert.match(text, /déjà active à l’ouverture de la page/);
      assert.equal(await page.locator("main button").count(), 0, "nothing to press that does nothing");
    });
  });

  test("say since when those are active that began under the reader's eyes, and what ended", async () => {
    await on("/alarms", one("e450", (now) => ({ analysis: alarms(now, []) })), async ({ page, server }) => {
      await page.getByText("Aucune alarme active.").first().waitFor();
      server.send("alarm", { meter: "general", now: new Date().toISOString(), alarms: { alarms: [THREE[2]], advice: [], level: "major" } });
      await page.waitForSelector("[data-alarm=power_factor_low] [data-since=at]");
      assert.match(await page.innerText("[data-since=at]"), /^depuis \d\d:\d\d:\d\d \(\d\ss\)$/);
      assert.match(await page.innerText("[data-history]"), /Vu depuis l’ouverture[^]*Facteur de puissance faible\s?: apparue/);
      server.send("alarm", { meter: "general", now: new Date().toISOString(), alarms: { alarms: [], advice: [], level: "normal" } });
      await page.getByText(/Dernière : Facteur de puissance faible, terminée à/).waitFor();
      assert.match(await page.innerText("[data-history]"), /disparue/);
    });
  });

  test("that began while the page heard nothing are dated no closer than that", async () => {
    let list = [];
    await on("/alarms", (now) => [meter(now, "e450", { analysis: alarms(now, list) })], async ({ page, server }) => {
      await page.getByText("Aucune alarme active.").first().waitFor();
      list = [THREE[2]];
      server.cut();
      await page.waitForSelector("[data-since=between]", { timeout: 15_000 });
      assert.match(await page.innerText("[data-since=between]"), /apparue entre .* et .*, pendant une coupure/);
    });
  });

  test("of an unknown state are not called none", async () => {
    await on("/alarms", one("empty", () => ({ analysis: {} })), async ({ page }) => {
      await page.getByText(/pas de donnée, alarmes inconnues/).waitFor();
      assert.equal(await page.locator("main").getByText("Aucune alarme active.").count(), 0);
    });
  });
});

describe("quality", () => {
  const ALWAYS = "Dépistage, pas un verdict EN 50160";

  test("always says that it is a screening", async () => {
    for (const fixture of ["e450", "barebones", "full", "vienna"]) {
      await on("/quality", one(fixture), async ({ page }) => {
        await page.locator("[data-screening]").getByText(ALWAYS).waitFor();
      });
    }
  });

  test("shows each voltage with its range, its limits, how much is known, and one sentence", async () => {
    await on("/quality", one("e450"), async ({ page }) => {
      await page.waitForSelector("[data-screened=voltage_l1][data-verdict=inside]");
      const row = await page.innerText("[data-screened=voltage_l1]");
      assert.match(row, /229,8\sV/);
      assert.match(row, /207,0\sV à 253,0\sV/);
      assert.match(row, /\d+ sur \d+ intervalles, couverture/);
      assert.match(row, /Dépistage : dans les limites/);
    });
  });

  test("says too little is known rather than all is well, and what is out even so", async () => {
    const noon = Math.floor(Date.now() / 1000);
    const server = { curves: { gaps: [[noon - 70_000, noon - 3000]] } };
    await on("/quality", one("e450"), async ({ page }) => {
      await page.waitForSelector("[data-screened=voltage_l2][data-verdict=thin]");
      assert.match(await page.innerText("[data-screened=voltage_l2]"), /Données insuffisantes : \d+\s% de la période \(il faut 90\s%\)/);
    }, { server });
    const low = (_, request) => {
      const quantity = new URL(request.url, "http://x").searchParams.get("quantity");
      const points = [{ t: new Date(Date.now() - 3_600_000).toISOString(), min: 180.5, mean: 229, max: 231, coverage: 1 }];
      return [200, { meter: "general", quantity, unit: "V", resolution: 900, points }];
    };
    await on("/quality", one("e450"), async ({ page }) => {
      await page.waitForSelector("[data-screened=voltage_l1][data-verdict=below]");
      assert.match(await page.innerText("[data-screened=voltage_l1]"), /sous la limite \(180,5\sV\)/);
    }, { answers: { "GET /api/v1/series": low } });
  });

  test("says what cannot be measured, why, and what would help", async () => {
    await on("/quality", one("barebones"), async ({ page }) => {
      await page.waitForSelector("[data-quality=impossible]");
      assert.match(await page.innerText("main"), /Non mesuré : ce compteur n’envoie pas les tensions/);
      assert.match(await page.innerText("[data-quality=impossible]"), /Distorsion harmonique[^]*Pour y remédier[^]*Papillotement/);
      assert.equal(await page.locator("[data-screened]").count(), 0);
      assert.doesNotMatch(await page.innerText("main"), /NaN|undefined|null|Infinity/);
    });
  });

  test("keeps its period in the address", async () => {
    await on("/quality", one("e450"), async ({ page, server }) => {
      await page.getByLabel("7 jours").check();
      assert.match(page.url(), /range=7d/);
      await page.waitForSelector("[data-screened=voltage_l1][data-verdict]");
      assert.ok(server.asked.length >= 3);
    });
  });
});

describe("devices", () => {
  const down = (now) => ({
    at: now - 20_000,
    link: { state: "disconnected", since: new Date(now - 15_000).toISOString(), cause: "no_device", reason: "/dev/ttyUSB0: no such file" },
  });

  test("name the state of each link and its cause in words", async () => {
    const two = (now) => [meter(now, "e450"), meter(now, "e450", { id: "froid", label: "Froid", ...down(now) })];
    await on("/devices", two, async ({ page }) => {
      assert.match(await page.innerText("[data-device=general]"), /en direct/);
      assert.match(await page.innerText("[data-device=froid]"), /liaison coupée[^]*appareil introuvable/);
      await page.locator("[data-device=froid]").getByRole("link", { name: "Froid", exact: true }).click();
      assert.match(page.url(), /\/devices\/froid/);
      await page.getByText("/dev/ttyUSB0: no such file").waitFor();
    });
  });

  test("show a day of a link: covered, in part and empty quarters, by keyboard too", async () => {
    const hour = Math.floor(Date.now() / 3_600_000) * 3600;
    const server = { curves: { gaps: [[hour - 7200, hour - 3600]] } };
    await on("/devices/general", one("e450"), async ({ page }) => {
      const strip = page.getByRole("slider", { name: "Mesures des dernières 24 heures" });
      await page.getByText(/quarts d’heure couverts, .* 4 sans mesure/).first().waitFor();
      await strip.focus();
      await page.keyboard.press("Home");
      assert.match(await strip.getAttribute("aria-valuetext"), / à .* : couvert à 95/);
      const seen = [];
      for (let i = 0; i < 96; i += 1) {
        await page.keyboard.press("ArrowRight");
        seen.push(await strip.getAttribute("aria-valuetext"));
      }
      assert.equal(seen.filter((text) => /aucune mesure/.test(text)).length, 4);
    }, { server });
  });

  test("say what a meter can prove, with reasons and remedies", async () => {
    await on("/devices/general", one("e450"), async ({ page }) => {
      assert.equal(await page.getAttribute("[data-proof=thd]", "data-state"), "impossible");
      assert.match(await page.innerText("[data-proof=thd]"), /Pour y remédier/);
    });
  });

  test("say so when there is no such device", async () => {
    await on("/devices/nobody", one("e450"), async ({ page }) => {
      await page.getByText("Aucun compteur ne porte l’identifiant « nobody ».").waitFor();
    });
  });
});

describe("the wall", () => {
  const view = { page: { viewport: WALL } };

  test("has nothing to press and the figures of the meter in large", async () => {
    await on("/wall", one("e450"), async ({ page }) => {
      await page.waitForSelector("[data-wall]");
      assert.equal(await page.locator("button, a, input, select").count(), 0);
      assert.equal(await page.getAttribute("[data-wall] [data-quantity=active_power]", "data-raw"), "31230");
      const size = await page.$eval("[data-quantity=active_power]", (one) => Number.parseFloat(getComputedStyle(one).fontSize));
      assert.ok(size >= 160, `${size} px`);
      assert.equal(await page.getAttribute("[data-alarm-band]", "data-alarm-band"), "major");
      const band = await page.locator("[data-alarm-band]").boundingBox();
      assert.ok(band.height >= 120);
      const overflow = await page.evaluate(() => [document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth]);
      assert.deepEqual(overflow, [0, 0]);
    }, view);
  });

  test("fits its screen at every distance and language", async () => {
    for (const distance of ["3", "5", "8"]) {
      for (const lang of ["fr", "de"]) {
        await on(`/wall?distance=${distance}&lang=${lang}`, one("e450", (now) => ({ analysis: alarms(now, THREE) })), async ({ page, server }) => {
          await page.waitForSelector("[data-wall]");
          // The longest name of a condition, alone.
          server.send("alarm", { meter: "general", now: new Date().toISOString(), alarms: { alarms: [THREE[2]], advice: [], level: "major" } });
          await page.waitForSelector("[data-alarm-band=major]");
          const overflow = await page.evaluate(() => [document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth]);
          assert.deepEqual(overflow, [0, 0], `${distance} m ${lang}`);
          const clipped = await page.$$eval("[data-wall] p", (all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent));
          assert.deepEqual(clipped, [], `${distance} m ${lang}`);
        }, view);
      }
    }
  });

  test("gives up the figures of a meter whose link is down, and says why in large", async () => {
    const lost = one("e450", (now) => ({
      at: now - 20_000,
      analysis: {},
      link: { state: "disconnected", since: new Date(now - 15_000).toISOString(), cause: "no_device", reason: "gone" },
    }));
    await on("/wall", lost, async ({ page }) => {
      await page.waitForSelector("[data-wall][data-freshness=lost]");
      const text = await page.innerText("[data-wall]");
      assert.doesNotMatch(text, /31,23|61,2/);
      assert.match(text, /Compteur muet depuis[^]*appareil introuvable/);
    }, view);
  });

  test("invents nothing for a meter without voltages", async () => {
    await on("/wall", one("barebones"), async ({ page }) => {
      await page.waitForSelector("[data-wall-phase=l1]");
      assert.match(await page.innerText("[data-wall-phase=l1]"), /61,2[^]*—/);
    }, view);
  });
});

describe("settings", () => {
  test("hold over a reload: phase names, contrast, motion, keys", async () => {
    await on("/settings", one("e450"), async ({ page, address }) => {
      await page.getByLabel("U V W").check();
      await page.getByLabel("Fort").check();
      await page.getByLabel("Aucun").check();
      await page.getByLabel(/puis une lettre/).uncheck();
      await page.goto(`${address}/wall`);
      assert.match(await page.innerText("[data-wall-phase=l2]"), /^V\s/);
      await page.goto(`${address}/settings`);
      assert.ok(await page.getByLabel("U V W").isChecked());
      assert.equal(await page.getByLabel(/puis une lettre/).isChecked(), false);
      const { contrast, motion } = await page.evaluate(() => ({ ...document.documentElement.dataset }));
      assert.deepEqual([contrast, motion], ["more", "off"]);
      await page.keyboard.press("g");
      await page.keyboard.press("a");
      assert.match(page.url(), /\/settings/);
    });
  });

  test("write numbers as each country does, in the address and after a reload", async () => {
    await on("/settings", one("e450"), async ({ page, address }) => {
      await page.getByLabel(/Deutsch \(Schweiz\)/).check();
      assert.match(page.url(), /lang=de-CH/);
      await page.getByRole("heading", { name: "Sprache und Zahlen" }).waitFor();
      await page.goto(`${address}/settings`);
      await page.getByRole("heading", { name: "Sprache und Zahlen" }).waitFor();
      assert.equal(await page.getAttribute("html", "lang"), "de-CH");
      assert.ok(await page.getByLabel(/Deutsch \(Schweiz\)/).isChecked());
    });
  });
});

describe("about", () => {
  test("tells version, contracts, the state of the store and whose work it is", async () => {
    await on("/about", one("e450"), async ({ page }) => {
      await page.waitForSelector("[data-ready=ready]");
      const text = await page.innerText("main");
      assert.match(text, /0\.1\.0/);
      assert.match(text, /3 sur 10\s000 trames/);
      assert.match(text, /123\s456/);
      assert.ok(await page.locator("a[href='/openapi.json']").count());
      await page.locator("summary").first().click();
      assert.match(await page.innerText("details[open]"), /svelte \d/);
    });
  });

  test("says when the store does not write, and why", async () => {
    const stuck = () => [503, { status: "not_ready", version: "0.1.0", store: { writable: false, queue: 9000, queue_max: 10_000, last_id: 5, reason: "No space left on device" }, meters: [] }];
    const server = new FixtureServer((now) => snapshot(now, one("e450")(now)));
    server.answers["GET /readyz"] = stuck;
    const { page, close } = await visit(`${await server.listen()}/about`);
    await page.waitForSelector("[data-ready=not_ready]");
    assert.match(await page.innerText("[data-ready]"), /Pas prêt[^]*n’écrit pas[^]*No space left on device/);
    await close();
    await server.close();
  });
});

test("a suspect voltage keeps its mark among the qualities", async () => {
  const doubtful = one("e450", (now) => ({ values: { voltage_l1: reading(612.3, "V", { at: now, quality: "suspect", obis: "1-0:32.7.0*255" }) } }));
  await on("/quality", doubtful, async ({ page }) => {
    await page.waitForSelector("[data-screened=voltage_l1] .doubt");
  }, { page: { viewport: DESK } });
});

test("no view of the site shows a word of the machine, in any language", async () => {
  for (const lang of ["fr", "en", "de"]) {
    for (const path of ["/alarms", "/quality", "/devices", "/devices/general", "/devices/general/frames", "/settings", "/about", "/wall"]) {
      await on(`${path}?lang=${lang}`, one("barebones"), async ({ page }) => {
        await page.waitForTimeout(300);
        assert.doesNotMatch(await page.evaluate(() => document.body.innerText), /undefined|NaN|\bnull\b|Infinity|\[object/, `${path} ${lang}`);
      }, { page: { viewport: PHONE } });
    }
  }
});
