// The telegram inspector: bytes and their explanation point at each other, what is wrong stands where
// it is wrong, and nothing that a wire says becomes more than text.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { DESK, launch, PHONE, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";
import { meter, snapshot } from "./fixtures.mjs";
import { bad, frames, good, HOSTILE, hostile } from "./frames_fixture.mjs";

const FRAMES = "GET /api/v1/meters/general/frames";

describe("the telegram inspector", () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  async function on(work, { answers = {}, query = "", ...options } = {}) {
    const server = new FixtureServer((now) => snapshot(now, [meter(now, "e450")]));
    Object.assign(server.answers, answers);
    const visited = await visit(`${await server.listen()}/devices/general/frames${query}`, options);
    try {
      await visited.page.waitForSelector("[data-frames]");
      await work({ server, ...visited });
      assert.deepEqual(visited.faults, []);
    } finally {
      await visited.close();
      await server.close().catch(() => {});
    }
  }
  const marked = (page) => page.$$eval("[data-byte].on", (all) => all.map((one) => Number(one.dataset.byte)));

  test("lists good and refused telegrams with time, size and cause, and opens the newest", async () => {
    await on(async ({ page }) => {
      await page.waitForSelector("[data-frame='3'][aria-current]");
      const rows = await page.$$eval("[data-frame]", (all) => all.map((one) => one.innerText.replaceAll(/\s+/g, " ")));
      assert.equal(rows.length, 3);
      assert.match(rows[0], /^✓ \d\d:\d\d:\d\d acceptée 43 o HDLC · authentifiée$/);
      assert.match(rows[1], /^✕ \d\d:\d\d:\d\d refusée 43 o Somme de contrôle FCS fausse, octet 40$/);
      assert.equal(await page.getAttribute("article[data-telegram]", "data-telegram"), "3");
    });
  });

  test("asks the server for the refused ones alone, and keeps that in the address", async () => {
    const asked = [];
    await on(
      async ({ page }) => {
        await page.getByLabel("Refusées").check();
        await page.waitForFunction(() => document.querySelectorAll("[data-frame]").length === 1);
        assert.match(page.url(), /only=bad/);
        assert.ok(asked.some((url) => /only=bad/.test(url)));
      },
      {
        answers: {
          [FRAMES]: (_, request) => {
            asked.push(request.url);
            const now = Date.now();
            return [200, /only=bad/.test(request.url) ? frames([bad(2, now)]) : frames(null, now)];
          },
        },
      },
    );
  });

  test("marks exactly the bytes of the part that is pointed at or focused", async () => {
    await on(async ({ page }) => {
      await page.hover("[data-field='2']");
      assert.deepEqual(await marked(page), [26, 27, 28]);
      assert.match(await page.innerText("[data-line]"), /octets 26 à 28 · valeur\s+12 08 FC\s+1-0:32\.7\.0\*255 Tension L1 = 230,0\sV \(brut 2300\s×\s10\^−1\)/);
      await page.mouse.move(0, 0);
      await page.focus("[data-field='0']");
      await page.keyboard.press("End");
      assert.equal(await page.evaluate(() => document.activeElement.dataset.field), "3");
      assert.deepEqual(await marked(page), [37, 38, 39]);
      await page.keyboard.press("Home");
      assert.equal((await marked(page)).length, 43, "the whole frame");
    });
  });

  test("names the part of the byte that is pointed at, pressed, or under the cursor", async () => {
    await on(async ({ page }) => {
      await page.hover("[data-byte='38']");
      assert.equal(await page.getAttribute("[data-field='3']", "aria-selected"), "true");
      await page.mouse.move(0, 0);
      await page.focus("[data-hex]");
      for (let i = 0; i < 26; i += 1) await page.keyboard.press("ArrowRight");
      assert.equal(await page.getAttribute("[data-field='2']", "aria-selected"), "true");
      const cell = await page.getAttribute("[data-hex]", "aria-activedescendant");
      assert.equal(await page.getAttribute(`[id="${cell}"]`, "aria-label"), "octet 26\u00a0: 12, valeur");
      await page.keyboard.press("ArrowDown");
      assert.deepEqual(await page.$$eval(".cursor[data-byte]", (all) => all.map((one) => one.dataset.byte)), ["42"]);
    });
  });

  test("shows a defect in the byte where it is, with its cause", async () => {
    await on(
      async ({ page }) => {
        const defect = page.locator("[data-defect=fcs_mismatch]");
        assert.match(await defect.innerText(), /octet 40\s+Somme de contrôle FCS fausse\s+frame check sequence ab cd, computed 12 34/);
        assert.deepEqual(await page.$$eval(".defect[data-byte]", (all) => all.map((one) => one.textContent)), ["AB"]);
        const [ink, ground] = await page.$eval(".defect[data-byte]", (one) => {
          const style = getComputedStyle(one);
          return [style.color, style.backgroundColor];
        });
        assert.notEqual(ink, ground);
      },
      { query: "?frame=2" },
    );
  });

  test("shows what a hostile wire says as text", async () => {
    await on(
      async ({ page }) => {
        await page.waitForSelector("article[data-telegram='9']");
        const text = await page.innerText("article[data-telegram]");
        assert.ok(text.split(HOSTILE).length > 4, "the markup is readable");
        assert.equal(await page.locator("main img").count(), 0);
        assert.doesNotMatch(await page.title(), /owned/);
      },
      { answers: { [FRAMES]: () => [200, frames([hostile(9, Date.now())])] } },
    );
  });

  test("shows a hostile label of a meter as text, on every view of devices", async () => {
    const server = new FixtureServer((now) => snapshot(now, [meter(now, "e450", { label: HOSTILE })]));
    const address = await server.listen();
    for (const path of ["/devices", "/devices/general", "/devices/general/frames", "/alarms", "/wall"]) {
      const { page, faults, close } = await visit(`${address}${path}`);
      await page.waitForSelector("h1");
      await page.waitForFunction((label) => document.body.innerText.includes(label), HOSTILE);
      assert.equal(await page.locator("img").count(), 0, path);
      assert.deepEqual(faults, [], path);
      await close();
    }
    await server.close();
  });

  test("holds still when it is frozen, and goes on afterwards", async () => {
    let newest = 3;
    const list = () => [200, frames(Array.from({ length: newest }, (_, i) => good(newest - i, Date.now() - i * 5000)))];
    await on(
      async ({ page, server }) => {
        await page.waitForSelector("[data-frame='3']");
        await page.click("[data-freeze]");
        assert.equal(await page.getAttribute("[data-freeze]", "aria-pressed"), "true");
        newest = 5;
        const before = server.questions.filter((one) => one === FRAMES).length;
        const deadline = Date.now() + 15_000;
        while (server.questions.filter((one) => one === FRAMES).length === before && Date.now() < deadline) {
          await page.waitForTimeout(200);
        }
        assert.equal(await page.locator("[data-frame]").count(), 3);
        await page.click("[data-freeze]");
        await page.waitForSelector("[data-frame='5']");
        assert.equal(await page.getAttribute("article[data-telegram]", "data-telegram"), "3", "what is read stays");
      },
      { answers: { [FRAMES]: list } },
    );
  });

  test("saves the bytes in a form that decode reads", async () => {
    await on(
      async ({ page }) => {
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.locator("article[data-telegram]").getByRole("button", { name: "Enregistrer .hex" }).click(),
        ]);
        assert.match(download.suggestedFilename(), /^general-\d{14}\.hex$/);
        const text = await readFile(await download.path(), "utf8");
        const bytes = text.replaceAll(/#.*$/gm, "").replaceAll(/\s/g, "").toLowerCase();
        assert.equal(bytes, good(1, 0).hex);
        assert.match(text, /^# fcs_mismatch at byte 40: /m);
      },
      { query: "?frame=2" },
    );
  });

  test("keeps few elements however long a telegram is", async () => {
    const hex = "7e".repeat(65_536);
    const explanation = [{ layer: "hdlc", offset: 0, length: 65_536, text: "one long frame" }];
    const long = () => [200, frames([good(7, Date.now(), { hex, length: 65_536, values: [], explanation })])];
    await on(
      async ({ page }) => {
        await page.waitForSelector("[data-byte]");
        assert.ok((await page.locator("[data-byte]").count()) < 1500);
        await page.focus("[data-hex]");
        await page.keyboard.press("End");
        await page.waitForSelector("[data-byte='65535'].cursor");
        assert.ok((await page.locator("[data-byte]").count()) < 1500);
      },
      { answers: { [FRAMES]: long } },
    );
  });

  test("explains pasted bytes, and neither shows nor keeps their key", async () => {
    const key = "00112233445566778899aabbccddeeff";
    let sent = null;
    const decode = (body) => {
      sent = JSON.parse(body);
      return [200, [{ ...good(1, Date.now()), id: undefined, received_at: undefined }]];
    };
    await on(
      async ({ page }) => {
        await page.click("[data-paste-open]");
        await page.getByLabel("Octets en hexadécimal").fill("7e a0 # mine");
        await page.getByText("Clés et réglages").click();
        await page.getByLabel(/GUEK/).fill(key);
        assert.equal(await page.getAttribute("[data-paste] input >> nth=0", "type"), "password");
        await page.keyboard.press("Enter");
        await page.waitForSelector("article[data-telegram=pasted]");
        assert.deepEqual(sent, { data: "7e a0 # mine", guek: key });
        const kept = await page.evaluate(() => document.documentElement.outerHTML + JSON.stringify(localStorage) + location.href);
        assert.ok(!kept.includes(key));
      },
      { answers: { "POST /api/v1/decode": decode } },
    );
  });

  test("says in words why pasted bytes cannot be explained", async () => {
    const problem = (status, detail) => [status, { type: "about:blank", title: "No", status, detail }];
    for (const [answer, expected] of [
      [[200, []], /Aucune trame dans ces octets/],
      [problem(403, "This token may only read."), /ce jeton est en lecture seule/],
      [problem(429, "Too many."), /Trop de demandes/],
      [problem(400, "`guek` is no 32 hex digits"), /Réponse impossible[^]*`guek` is no 32 hex digits/],
    ]) {
      const server = new FixtureServer((now) => snapshot(now, [meter(now, "e450")]));
      server.answers["POST /api/v1/decode"] = () => answer;
      const { page, close } = await visit(`${await server.listen()}/devices/general/frames`);
      await page.click("[data-paste-open]");
      await page.getByLabel("Octets en hexadécimal").fill("7e");
      await page.getByRole("button", { name: "Expliquer" }).click();
      await page.waitForFunction((source) => new RegExp(source).test(document.querySelector("[data-paste] [role=alert]").innerText), expected.source);
      await close();
      await server.close();
    }
  });

  test("offers no sending to a token that may only read", async () => {
    const session = () => [200, { open: false, signed_in: true, name: "bureau", scope: "read" }];
    await on(
      async ({ page }) => {
        await page.click("[data-paste-open]");
        await page.locator("[data-paste]").getByText("Action refusée : ce jeton est en lecture seule.").waitFor();
        assert.equal(await page.getByRole("button", { name: "Expliquer" }).count(), 0);
      },
      { answers: { "GET /api/v1/session": session } },
    );
  });

  test("gives the whole screen of a phone to one telegram, eight bytes a line", async () => {
    await on(
      async ({ page }) => {
        await page.waitForSelector("[data-frame='2']");
        assert.equal(await page.locator("article[data-telegram]").count(), 0);
        await page.click("[data-frame='2']");
        await page.waitForSelector("article[data-telegram='2']");
        assert.equal(await page.isVisible("[data-frame='2']"), false);
        assert.equal(await page.locator("[role=row] >> nth=0 >> [data-byte]").count(), 8);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
        await page.goBack();
        await page.waitForSelector("[data-frame='2']:visible");
        await page.click("[data-frame='3']");
        await page.getByText("Retour à la liste").click();
        await page.waitForSelector("[data-frame='3']:visible");
      },
      { viewport: PHONE },
    );
  });

  test("says why there are none", async () => {
    for (const [reason, expected] of [
      ["fed", /alimenté par HTTP/],
      ["no_telegram", /Aucune trame reçue/],
    ]) {
      await on(
        async ({ page }) => {
          assert.match(await page.innerText("[data-frames] [data-plate]"), expected);
        },
        { answers: { [FRAMES]: () => [200, { ...frames([]), reason: { code: reason, text: "…" } }] }, viewport: DESK },
      );
    }
  });

  test("keeps what it has when the server stops answering, and says so", async () => {
    let fails = false;
    const answer = () => (fails ? [500, { title: "Internal Server Error", status: 500, detail: "The ring is gone." }] : [200, frames()]);
    const server = new FixtureServer((now) => snapshot(now, [meter(now, "e450")]));
    server.answers[FRAMES] = answer;
    const { page, close } = await visit(`${await server.listen()}/devices/general/frames`);
    await page.waitForSelector("[data-frame='3']");
    fails = true;
    await page.waitForSelector("[data-answer=old]", { timeout: 15_000 });
    assert.equal(await page.locator("[data-frame]").count(), 3);
    await close();
    await server.close();
  });
});
