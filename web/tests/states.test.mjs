// What the page shows when things are late, absent or broken, held against fixtures.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DESK, launch, PHONE, ready, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";
import { changed, GROUPS, meter, snapshot, values } from "./fixtures.mjs";

const link = (now, state, seconds, cause = null, reason = null) => ({
  state,
  since: new Date(now - seconds * 1000).toISOString(),
  cause,
  reason,
});

describe("the overview", () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  /** Opens the page on a fixture, and closes both afterwards. */
  async function on(first, work, query = "", options = {}) {
    const server = new FixtureServer(first);
    const address = await server.listen();
    const visited = await visit(`${address}/${query}`, options);
    try {
      await work({ server, address, ...visited });
    } finally {
      await visited.close();
      await server.close().catch(() => {});
    }
  }
  const one = (fixture, changes) => (now) =>
    snapshot(now, [meter(now, fixture, typeof changes === "function" ? changes(now) : changes)]);
  const freshness = (page, tile = "power") => page.getAttribute(`[data-tile=${tile}]`, "data-freshness");

  test("says it is loading in the page's final shape", async () => {
    await on(
      () => null,
      async ({ page }) => {
        await page.getByText("Chargement…").waitFor();
        assert.equal(await page.getAttribute(".grid", "aria-busy"), "true");
      },
    );
  });

  test("says what to do when no meter is configured", async () => {
    await on(
      (now) => snapshot(now, []),
      async ({ page, faults }) => {
        await page.getByText("Aucun compteur configuré.").waitFor();
        assert.deepEqual(faults, []);
      },
    );
  });

  test("waits aloud for the first telegram and invents nothing meanwhile", async () => {
    const waiting = one("empty", (now) => ({ analysis: {}, link: link(now, "waiting", 12) }));
    await on(waiting, async ({ page, server }) => {
      await page.getByText(/En attente de la première trame \(1\d\ss\)/).waitFor();
      assert.equal(await page.locator("[data-raw]").count(), 0);
      server.send("sample", { meter: "general", period_s: 5, values: values(Date.now(), GROUPS.e450, 2) });
      await page.waitForSelector("[data-quantity=active_power][data-raw='31230']");
    });
  });

  test("keeps currents and power when the meter sends no voltage", async () => {
    await on(one("barebones"), async ({ page, faults }) => {
      await ready(page);
      assert.equal(await page.getAttribute("[data-quantity=current_l1]", "data-raw"), "61.2");
      assert.equal(await page.getAttribute("[data-quantity=active_power]", "data-raw"), "31230");
      assert.ok(await page.locator("[data-quantity=voltage_l1][data-absent]").count());
      assert.match(await page.innerText("[data-tile=phasor]"), /Non mesuré[^]*Aucune tension/);
      assert.match(await page.innerText("[data-tile=phases]"), /n’envoie pas la tension/);
      const absent = await page.$$eval("[data-absent]", (all) => all.map((each) => each.textContent));
      assert.ok(absent.length && absent.every((text) => !/\d/.test(text)));
      assert.doesNotMatch(await page.evaluate(() => document.body.innerText), /NaN|undefined|null|Infinity/);
      assert.deepEqual(faults, []);
    });
  });

  test("says which numbers a meter without currents cannot give", async () => {
    await on(one("no_current"), async ({ page }) => {
      await ready(page);
      assert.equal(await page.getAttribute("[data-quantity=voltage_l2]", "data-raw"), "231");
      assert.ok(await page.locator("[data-figure=current_dev_max_pct][data-absent]").count());
      assert.match(await page.innerText("[data-tile=balance]"), /Au moins un des trois courants manque/);
    });
  });

  test("ages by the server's clock through fresh, late, stale and lost", async () => {
    for (const [age, expected] of [
      [0, "fresh"],
      [9, "late"],
      [30, "stale"],
      [400, "lost"],
    ]) {
      const aged = one("e450", (now) => ({ at: now - age * 1000 }));
      await on(aged, async ({ page }) => {
        await ready(page);
        assert.equal(await freshness(page), expected, `${age} s`);
        const text = await page.innerText("[data-tile=power]");
        if (expected === "lost") assert.doesNotMatch(text, /31,23/);
        else assert.match(text, /31,23/);
      });
    }
  });

  test("passes each step at 1.5, 3 and 10 periods while the meter is silent", async () => {
    await on(one("e450", { period: 1 }), async ({ page, server }) => {
      await ready(page);
      const seen = [];
      const began = performance.now();
      const beats = setInterval(() => server.beat(), 1000);
      while (performance.now() - began < 5000) {
        const step = await freshness(page);
        if (seen.at(-1)?.step !== step) seen.push({ step, at: (performance.now() - began) / 1000 });
        await page.waitForTimeout(100);
      }
      clearInterval(beats);
      assert.deepEqual(seen.map(({ step }) => step), ["fresh", "late", "stale"]);
      assert.ok(Math.abs(seen[1].at - 1.5) <= 1.1 && Math.abs(seen[2].at - 3) <= 1.1, JSON.stringify(seen));
    });
  });

  test("does not call a value of a slow list late", async () => {
    const slow = one("e450", (now) => {
      const at = new Date(now - 40_000).toISOString();
      const all = values(now, GROUPS.e450);
      for (const name of ["voltage_l1", "voltage_l2", "voltage_l3"]) {
        all[name] = { ...all[name], received_at: at, measured_at: at, period_s: 60 };
      }
      return { values: all };
    });
    await on(slow, async ({ page }) => {
      await ready(page);
      assert.equal(await freshness(page, "phases"), "fresh");
    });
  });

  test("learns the period of a list that the server does not tell", async () => {
    await on(one("e450", { period: 1 }), async ({ page, server }) => {
      await ready(page);
      const now = Date.now();
      for (const [i, at] of [now + 6000, now + 12_000].entries()) {
        server.send("sample", { meter: "general", period_s: 1, values: values(at, GROUPS.e450, i + 2) });
      }
      await page.waitForSelector("[data-quantity=voltage_l1][data-reading='3']");
      server.send("beat", { now: new Date(now + 16_000).toISOString() });
      await page.waitForFunction(() => /4\ss/.test(document.querySelector("[data-age]").textContent));
      assert.equal(await freshness(page, "phases"), "fresh");
    });
  });

  test("does not ask the device for the time", async () => {
    await on(one("e450"), async ({ page, address, close }) => {
      await ready(page);
      await page.clock.install({ time: Date.now() + 7_200_000 });
      await page.goto(`${address}/`);
      await ready(page);
      assert.equal(await freshness(page), "fresh");
      assert.match(await page.innerText("[data-age]"), /^\s?[0-2]\ss$/);
      await close();
    });
  });

  test("one silent meter leaves the other fresh", async () => {
    const two = (now) =>
      snapshot(now, [
        meter(now, "e450", { at: now - 60_000, link: link(now, "stale", 50, "stopped", "No telegram for 60 s.") }),
        meter(now, "e450", { id: "froid", label: "Froid" }),
      ]);
    await on(two, async ({ page }) => {
      await ready(page);
      assert.equal(await freshness(page), "stale");
      assert.match(await page.innerText("[data-silent]"), /Compteur muet depuis 5\d\ss\. Cause : le compteur n’envoie plus rien/);
      await page.selectOption("header .picker select", "froid");
      assert.equal(await freshness(page), "fresh");
      assert.match(page.url(), /meter=froid/);
    });
  });

  test("gives values up with the cause when the link is down", async () => {
    const down = one("e450", (now) => ({
      at: now - 20_000,
      link: link(now, "disconnected", 15, "no_device", "/dev/ttyUSB0: no such file or directory"),
    }));
    await on(down, async ({ page }) => {
      await ready(page);
      assert.equal(await freshness(page), "lost");
      assert.doesNotMatch(await page.innerText("main"), /31,23|229,8/);
      assert.match(await page.innerText("[data-tile=power]"), /appareil introuvable/);
      assert.equal(await page.locator("[data-tile=phasor] [data-bar]").count(), 0);
    });
  });

  test("says why a link is not healthy in the reader's language, else in the server's words", async () => {
    for (const [lang, cause, expected] of [
      ["fr", "no_device", /appareil introuvable/],
      ["de", "no_device", /Gerät/],
      ["en", "no_device", /ttyUSB0: no such file/],
      ["fr", "a_later_word", /ttyUSB0: no such file/],
    ]) {
      for (const state of ["stale", "disconnected"]) {
        const down = one("e450", (now) => ({
          at: now - 20_000,
          link: link(now, state, 15, cause, "/dev/ttyUSB0: no such file or directory"),
        }));
        await on(
          down,
          async ({ page }) => {
            await ready(page);
            for (const place of ["[data-silent]", "[data-link]"]) {
              assert.match(await page.innerText(place), expected, `${lang} ${state} ${place}`);
            }
          },
          `?lang=${lang}`,
        );
      }
    }
  });

  test("gives a row that was posted late the age of its measurement", async () => {
    const posted = (delay) =>
      one("e450", (now) => ({
        values: changed(values(now, GROUPS.e450), { measured_at: new Date(now - delay).toISOString() }),
        link: { state: "fed" },
      }));
    await on(posted(2 * 3_600_000), async ({ page }) => {
      await ready(page);
      for (const tile of ["power", "factor", "phases", "phasor", "balance"]) {
        assert.equal(await freshness(page, tile), "lost", tile);
      }
      assert.match(await page.innerText("[data-age]"), /120\smin|2\sh\s00|119\smin/);
      assert.match(await page.innerText("[data-tile=power]"), /dernière valeur[^]*mesurée il y a/);
      assert.doesNotMatch(await page.innerText("[data-tile=power]"), /31,23|\b\d+\ss\b/);
      assert.match(await page.innerText("[data-tile=link]"), /Valeurs mesurées/);
      assert.match(await page.innerText("[data-alarm-bar]"), /à confirmer/);
      await page.click("[data-quantity=active_power]");
      assert.match(await page.getByRole("dialog").innerText(), /Mesurée[^]*Reçue[^]*Âge\s+2\sh|Âge\s+1\d\d\smin/);
    });
    const slow = one("e450", (now) => ({
      period: 600,
      values: changed(values(now, GROUPS.e450), { measured_at: new Date(now - 2_400_000).toISOString() }),
    }));
    await on(slow, async ({ page }) => {
      await ready(page);
      assert.equal(await freshness(page), "stale");
      assert.match(await page.innerText("[data-tile=power]"), /31,23/);
    });
  });

  test("dates the values of another day", async () => {
    const replayed = one("e450", (now) => ({
      values: changed(values(now, GROUPS.e450), { measured_at: "2022-02-21T16:37:03.000000Z" }),
    }));
    for (const [lang, expected] of [
      ["fr", /dernière valeur 21 févr\. 2022(,| à) 17:37/],
      ["en", /21 Feb 2022, 17:37/],
      ["de", /21\. Feb\.? 2022, 17:37/],
    ]) {
      await on(
        replayed,
        async ({ page }) => {
          await ready(page);
          assert.equal(await freshness(page), "lost");
          assert.match(await page.textContent("[data-tile=power] .age"), expected);
        },
        `?lang=${lang}`,
      );
    }
    await on(
      replayed,
      async ({ page }) => {
        await ready(page);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(overflow, 0);
      },
      "",
      { viewport: { width: 320, height: 640 } },
    );
  });

  test("does not take a drifting meter clock for old or future values", async () => {
    for (const drift of [-240_000, 240_000, 7_200_000]) {
      const drifting = one("e450", (now) => ({
        values: changed(values(now, GROUPS.e450), { measured_at: new Date(now + drift).toISOString() }),
      }));
      await on(drifting, async ({ page }) => {
        await ready(page);
        for (const tile of ["power", "factor", "phases", "phasor", "balance"]) {
          assert.equal(await freshness(page, tile), "fresh", `${tile} ${drift}`);
        }
        assert.match(await page.innerText("[data-age]"), /^\s?[0-3]\ss$/);
      });
    }
  });

  test("keeps its values when an older row comes late", async () => {
    await on(one("e450"), async ({ page, server }) => {
      await ready(page);
      const old = values(Date.now(), GROUPS.e450, 7);
      old.active_power = { ...old.active_power, value: 1000 };
      server.send("sample", {
        meter: "general",
        period_s: 5,
        values: changed({ active_power: old.active_power }, { measured_at: new Date(Date.now() - 7_200_000).toISOString() }),
      });
      server.send("sample", { meter: "general", period_s: 5, values: { voltage_l1: values(Date.now(), ["u"], 8).voltage_l1 } });
      await page.waitForSelector("[data-quantity=voltage_l1][data-reading='8']");
      assert.equal(await page.getAttribute("[data-quantity=active_power]", "data-raw"), "31230");
    });
  });

  test("shows unusable voltages as unusable, never as absent", async () => {
    const unusable = one("e450", (now) => {
      const has = GROUPS.e450;
      const all = values(now, has);
      for (const [name, value] of [["voltage_l1", 230], ["voltage_l2", 230], ["voltage_l3", 0]]) {
        all[name] = { ...all[name], value, raw: value * 10, quality: "bad" };
      }
      const { analysis } = meter(now, "barebones");
      analysis.balance.advice = [
        { code: "perte_de_phase", text: "A phase is missing.", text_fr: "Une phase manque.", from: null, to: null, amps_to_move: null },
      ];
      return { values: all, analysis };
    });
    await on(unusable, async ({ page, faults }) => {
      await ready(page);
      const tile = await page.innerText("[data-tile=phasor]");
      assert.match(tile, /Valeur inutilisable[^]*U1 230,0[^]*U3 0,0[^]*Une phase manque/);
      assert.doesNotMatch(tile, /Aucune tension|32\.7\.0|Non mesuré/);
      assert.match(await page.innerText("[data-tile=balance]"), /marquées inutilisables/);
      assert.match(await page.innerText("[data-tile=phases] [data-advice]"), /Une phase manque/);
      const number = page.locator("[data-tile=phases] [data-quantity=voltage_l3] .number");
      assert.match(await number.evaluate((each) => getComputedStyle(each).textDecorationLine), /line-through/);
      await page.setViewportSize({ width: 320, height: 640 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0);
      assert.deepEqual(faults, []);
    });
  });

  test("draws the usable voltages and names the unusable one", async () => {
    const mixed = one("e450", (now) => ({
      values: { voltage_l3: { ...values(now, ["u"]).voltage_l3, value: 0, raw: 0, quality: "bad" } },
    }));
    await on(mixed, async ({ page }) => {
      await ready(page);
      assert.equal(await page.locator("[data-tile=phasor] [data-bar]").count(), 2);
      assert.match(await page.innerText("[data-tile=phasor]"), /U3 : valeur inutilisable/);
    });
  });

  test("screens u2 without numbers where the server gives no range", async () => {
    const unranged = one("e450", (now) => {
      const { analysis } = meter(now, "e450");
      analysis.balance.voltage.u2_range_pct = null;
      return { analysis };
    });
    await on(unranged, async ({ page }) => {
      await ready(page);
      assert.match(await page.innerText("[data-tile=balance]"), /120° supposés : dépistage, pas de verdict/);
    });
  });

  test("says the warnings it knows in its own words, and the others in the server's", async () => {
    const warned = one("e450", (now) => {
      const { analysis } = meter(now, "e450");
      analysis.balance.warnings = [
        { code: "score_mele_tensions_et_courants", text: "The score mixes voltages and currents." },
        { code: "a_later_warning", text: "Something new." },
      ];
      return { analysis };
    });
    await on(warned, async ({ page }) => {
      await ready(page);
      assert.match(await page.innerText("[data-warning=score_mele_tensions_et_courants]"), /Mêle U et I/);
      assert.match(await page.innerText("[data-warning=a_later_warning]"), /Something new/);
    });
  });

  test("makes every value stale when the server is gone, and comes back by itself", async () => {
    const server = new FixtureServer(one("e450"));
    const address = await server.listen();
    const { page, close } = await visit(`${address}/`);
    await ready(page);
    await server.close();
    await page.waitForSelector("[data-server-lost]", { timeout: 15_000 });
    assert.match(await page.innerText("[data-server-lost]"), /Liaison avec triphase coupée\. Nouvel essai dans \d+\ss\./);
    for (const tile of ["power", "factor", "phases", "phasor", "balance"]) {
      assert.equal(await freshness(page, tile), "stale", tile);
    }
    assert.match(await page.innerText("[data-tile=power]"), /31,23/);
    assert.equal(await page.innerText("[data-announcer]"), "Liaison avec triphase coupée.");
    const again = new FixtureServer(one("e450"));
    await again.listen(Number(new URL(address).port));
    await page.waitForSelector("[data-tile=power][data-freshness=fresh]", { timeout: 20_000 });
    assert.equal(await page.locator("[data-server-lost]").count(), 0);
    assert.equal(await page.innerText("[data-announcer]"), "Liaison avec triphase rétablie.");
    await close();
    await again.close();
  });

  test("gives its stream back half a minute after it is hidden, and asks again when it is seen", async () => {
    const server = new FixtureServer(one("e450"));
    const address = await server.listen();
    const { page, close } = await visit("about:blank");
    await page.clock.install();
    await page.goto(address);
    await ready(page);
    const look = (state) =>
      page.evaluate((state) => {
        Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    const until = async (streams) => {
      for (let i = 0; i < 50 && server.streams !== streams; i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(server.streams, streams);
    };
    await until(1);
    await look("hidden");
    const beats = setInterval(() => server.beat(), 500);
    await page.clock.runFor(25_000);
    await until(1);
    await page.clock.runFor(6_000);
    clearInterval(beats);
    await until(0);
    await look("visible");
    await until(1);
    await close();
    await server.close();
  });

  test("notices a server that went silent without closing", async () => {
    await on(one("e450"), async ({ page }) => {
      await ready(page);
      await page.waitForSelector("[data-server-lost]", { timeout: 15_000 });
    });
  });

  test("announces an alarm once and moves nothing for it", async () => {
    const calm = one("e450", (now) => {
      const base = meter(now, "e450");
      base.analysis.alarms = { ...base.analysis.alarms, level: "normal", alarms: [], advice: [] };
      return { analysis: base.analysis };
    });
    await on(calm, async ({ page, server }) => {
      await ready(page);
      assert.match(await page.innerText("[data-alarm-bar]"), /Aucune alarme active/);
      await page.evaluate(() => {
        window.shifts = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shifts += entry.value;
        }).observe({ type: "layout-shift" });
      });
      const { alarms } = meter(Date.now(), "e450").analysis;
      server.send("alarm", { meter: "general", now: new Date().toISOString(), alarms });
      await page.waitForSelector("button[data-alarm-bar]");
      assert.match(await page.innerText("[data-alarm-bar]"), /faible: 0,820/, "not as the reader writes numbers");
      assert.match(await page.title(), /^\(1\)/);
      assert.match(await page.innerText("[data-announcer]"), /Nouvelle alarme : Facteur de puissance/);
      await page.waitForTimeout(300);
      assert.equal(await page.evaluate(() => window.shifts), 0);
    });
  });

  test("shifts nothing over sixty updates, nor from 9.99 to 10.0", async () => {
    await on(one("e450"), async ({ page, server }) => {
      await ready(page);
      await page.waitForTimeout(500);
      await page.evaluate(() => {
        window.shifts = 0;
        window.long = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shifts += entry.value;
        }).observe({ type: "layout-shift" });
        new PerformanceObserver((list) => (window.long += list.getEntries().length)).observe({ type: "longtask" });
      });
      for (let i = 0; i < 60; i += 1) {
        const next = values(Date.now(), GROUPS.e450, i + 2);
        const amps = i % 2 ? 9.99 : 10;
        next.current_l1 = { ...next.current_l1, value: amps, raw: amps * 100 };
        next.active_power = { ...next.active_power, value: i % 2 ? 9_990 : 10_000 };
        server.send("sample", { meter: "general", period_s: 5, values: next });
        await page.waitForTimeout(25);
      }
      await page.waitForSelector("[data-quantity=current_l1][data-reading='61']");
      assert.equal(await page.evaluate(() => window.shifts), 0);
      assert.equal(await page.evaluate(() => window.long), 0);
    });
  });

  test("marks a doubtful value beside its number", async () => {
    const doubtful = one("e450", (now) => ({
      values: { voltage_l1: { ...values(now, ["u"]).voltage_l1, quality: "suspect" } },
    }));
    await on(doubtful, async ({ page }) => {
      await ready(page);
      const name = await page.getAttribute("[data-quantity=voltage_l1]", "aria-label");
      assert.match(name, /douteuse/);
      assert.match(await page.innerText("[data-quantity=voltage_l1]"), /\?/);
    });
  });

  test("shows a name with markup as text", async () => {
    const label = "<img src=x onerror=alert(1)>";
    await on(one("e450", { label }), async ({ page, faults }) => {
      await ready(page);
      assert.equal(await page.innerText("header .single"), label);
      assert.equal(await page.locator("img").count(), 0);
      assert.deepEqual(faults, []);
    });
  });

  test("tells where a value comes from, by keyboard, and gives the focus back", async () => {
    await on(one("e450"), async ({ page }) => {
      await ready(page);
      await page.focus("[data-quantity=voltage_l2]");
      await page.keyboard.press("Enter");
      const sheet = page.getByRole("dialog", { name: "Tension L2" });
      await sheet.waitFor();
      const text = await sheet.innerText();
      assert.match(text, /231,0\sV/);
      assert.match(text, /1-0:52\.7\.0\*255/);
      assert.match(text, /2310 × 10\s*−1/);
      assert.match(text, /UTC\+0[12]:00/);
      await page.keyboard.press("Escape");
      await sheet.waitFor({ state: "detached" });
      assert.equal(await page.evaluate(() => document.activeElement.dataset.quantity), "voltage_l2");
    });
  });

  test("says why a figure is missing when it is asked", async () => {
    await on(one("e450"), async ({ page }) => {
      await ready(page);
      await page.click("[data-figure=lvur_pct]");
      assert.match(await page.getByRole("dialog").innerText(), /tensions composées ou les angles mesurés/);
    });
  });

  test("keeps language, theme and meter in the address", async () => {
    await on(one("e450"), async ({ page }) => {
      await ready(page);
      assert.equal(await page.getAttribute("html", "lang"), "fr");
      await page.selectOption("[data-control=language]", "de");
      await page.getByRole("heading", { name: "Wirkleistung", exact: true }).waitFor();
      assert.equal(await page.getAttribute("html", "lang"), "de");
      assert.match(page.url(), /lang=de/);
      await page.click("[data-control=theme]");
      await page.click("[data-control=theme]");
      assert.equal(await page.getAttribute("html", "data-theme"), "dark");
      assert.match(page.url(), /theme=dark/);
      const pasted = await page.context().newPage();
      await pasted.goto(page.url());
      await ready(pasted);
      await pasted.getByRole("heading", { name: "Wirkleistung", exact: true }).waitFor();
      assert.equal(await pasted.getAttribute("html", "data-theme"), "dark");
    });
  });

  test("writes numbers as each place does", async () => {
    const big = one("e450", (now) => ({
      values: { active_power: { ...values(now, ["p"]).active_power, value: -12_345_600 } },
    }));
    for (const [lang, expected] of [
      ["fr", "−12\u202f345,60"],
      ["fr-CH", "−12\u202f345,60"],
      ["de", "−12.345,60"],
      ["de-CH", "−12'345.60"],
      ["en", "−12,345.60"],
    ]) {
      await on(
        big,
        async ({ page }) => {
          await ready(page);
          const text = await page.textContent("[data-quantity=active_power] .number");
          // Newer tables of the locale have the typographic apostrophe.
          assert.equal(text.replace("’", "'"), expected, lang);
          assert.equal(await page.textContent("[data-quantity=active_power] .unit"), "\u00a0kW");
        },
        `?lang=${lang}`,
      );
    }
  });

  test("fits a phone, a narrow phone and 400 % zoom without scrolling sideways", async () => {
    for (const viewport of [PHONE, { width: 320, height: 640 }, { width: 1280, height: 720 }, DESK]) {
      for (const lang of ["fr", "en", "de"]) {
        for (const fixture of ["e450", "full", "barebones"]) {
          await on(
            one(fixture),
            async ({ page }) => {
              await ready(page);
              const overflow = await page.evaluate(
                () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
              );
              assert.equal(overflow, 0, `${viewport.width} ${lang} ${fixture}`);
              const clipped = await page.$$eval("main *, header *", (all) =>
                all
                  .filter((each) => {
                    const style = getComputedStyle(each);
                    const hidden = each.closest(".hidden, .wide") || style.overflowX === "visible";
                    return !hidden && each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1;
                  })
                  .map((each) => `${each.className}: ${each.textContent.trim()}`),
              );
              assert.deepEqual(clipped, [], `${viewport.width} ${lang} ${fixture}`);
              const outside = await page.$$eval("main section", (tiles) =>
                tiles.flatMap((tile) => {
                  const edge = tile.getBoundingClientRect().right - 15;
                  return [...tile.querySelectorAll("p, dd, dt, td, th, button, li")]
                    .filter((each) => !each.closest(".hidden, .wide") && each.getBoundingClientRect().right > edge)
                    .map((each) => each.textContent.trim());
                }),
              );
              assert.deepEqual(outside, [], `${viewport.width} ${lang} ${fixture}`);
            },
            `?lang=${lang}`,
            { viewport },
          );
        }
      }
    }
  });

  test("answers its three questions on a phone without scrolling", async () => {
    await on(
      one("e450"),
      async ({ page }) => {
        await ready(page);
        for (const selector of ["[data-alarm-bar]", "[data-quantity=active_power]", "[data-quantity=current_l3]", "[data-age]"]) {
          const box = await page.locator(selector).first().boundingBox();
          assert.ok(box && box.y + box.height <= PHONE.height, selector);
        }
      },
      "",
      { viewport: PHONE },
    );
  });
});
