// The door: a server that wants a token, a reader with nothing but a keyboard, and no knocking in a
// loop.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";
import { meter, snapshot } from "./fixtures.mjs";

const TOKEN = "tri_0123456789abcdef";
const problem = (status, code, headers) => [
  status,
  { type: "about:blank", title: code, status, code, detail: `English for ${code}.` },
  headers,
];

describe("the sign-in", () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  /** A server with one token; without a session everything is refused. */
  function guarded() {
    const server = new FixtureServer((now) => snapshot(now, [meter(now, "e450")]));
    server.locked = true;
    const told = () => ({ open: false, signed_in: !server.locked, name: server.locked ? null : "bureau", scope: server.locked ? null : "read" });
    server.answers["GET /api/v1/session"] = () => [200, told()];
    server.answers["POST /api/v1/session"] = (body) => {
      if (JSON.parse(body).token !== TOKEN) return problem(401, "token_unknown", { "www-authenticate": "Bearer" });
      server.locked = false;
      return [200, told()];
    };
    server.answers["DELETE /api/v1/session"] = () => {
      server.locked = true;
      return [204, null];
    };
    return server;
  }
  async function on(work, path = "/") {
    const server = guarded();
    const visited = await visit(`${await server.listen()}${path}`);
    try {
      await work({ server, ...visited });
      // What the browser itself says of a refusal is no fault of the page.
      assert.deepEqual(visited.faults.filter((one) => !/status of (401|403|429|503)/.test(one)), []);
    } finally {
      await visited.close();
      await server.close().catch(() => {});
    }
  }

  test("lets a reader in by keyboard alone, and the stream begins", async () => {
    await on(async ({ page, server }) => {
      await page.waitForSelector("[data-sign-in]");
      assert.equal(await page.evaluate(() => document.activeElement.name), "token");
      assert.equal(await page.evaluate(() => document.activeElement.type), "password");
      await page.keyboard.type(TOKEN);
      await page.keyboard.press("Enter");
      await page.waitForSelector("[data-tile=power] [data-quantity=active_power]");
      assert.equal(await page.locator("[data-sign-in], [data-sign-in-bar]").count(), 0);
      assert.equal(server.streams, 1);
      const kept = await page.evaluate(() => JSON.stringify(localStorage) + document.cookie + location.href + document.documentElement.outerHTML);
      assert.ok(!kept.includes(TOKEN), "the token is kept nowhere");
    });
  });

  test("does not knock again and again while nobody signs in", async () => {
    await on(async ({ page, server }) => {
      await page.waitForSelector("[data-sign-in]");
      await page.waitForTimeout(500);
      const before = server.questions.length;
      await page.waitForTimeout(4000);
      assert.ok(server.questions.length - before <= 1, server.questions.slice(before).join());
    });
  });

  test("says what is wrong with a token, and leaves the cursor in the field", async () => {
    await on(async ({ page, server }) => {
      await page.waitForSelector("[data-sign-in]");
      const error = (pattern) => page.locator("[data-sign-in] [role=alert]").filter({ hasText: pattern }).waitFor();
      await page.keyboard.press("Enter");
      await error(/Saisir le jeton/);
      await page.keyboard.type("tri_wrong");
      await page.keyboard.press("Enter");
      await error(/Jeton inconnu ou révoqué/);
      assert.equal(await page.evaluate(() => document.activeElement.name), "token");
      assert.equal(await page.getAttribute("[name=token]", "aria-invalid"), "true");
      server.answers["POST /api/v1/session"] = () => problem(429, "too_many_attempts", { "retry-after": "30" });
      await page.keyboard.press("Enter");
      await error(/Trop d’essais\. Réessayer dans 30\ss/);
      server.answers["POST /api/v1/session"] = () => problem(503, "tokens_unreadable");
      await page.keyboard.press("Enter");
      await error(/English for tokens_unreadable/);
    });
  });

  test("can be put off; a bar keeps the way in", async () => {
    await on(async ({ page }) => {
      await page.waitForSelector("[data-sign-in]");
      await page.keyboard.press("Escape");
      const bar = page.locator("[data-sign-in-bar]");
      await bar.getByRole("button", { name: "Se connecter" }).click();
      await page.waitForSelector("[data-sign-in]");
    });
  });

  test("ends the session in the settings, and asks again", async () => {
    await on(async ({ page, server }) => {
      await page.waitForSelector("[data-sign-in]");
      await page.keyboard.type(TOKEN);
      await page.keyboard.press("Enter");
      const card = page.locator("[data-session]");
      await card.getByText("Connecté avec le jeton « bureau ».").waitFor();
      assert.match(await card.innerText(), /lecture seule/);
      await card.getByRole("button", { name: "Se déconnecter" }).click();
      await page.waitForSelector("[data-sign-in]");
      assert.ok(server.questions.includes("DELETE /api/v1/session"));
    }, "/settings");
  });

  test("asks when a session ends under an open page", async () => {
    await on(async ({ page, server }) => {
      await page.waitForSelector("[data-sign-in]");
      await page.keyboard.type(TOKEN);
      await page.keyboard.press("Enter");
      await page.waitForSelector("[data-tile=power] [data-quantity=active_power]");
      server.locked = true;
      server.cut();
      await page.waitForSelector("[data-sign-in]", { timeout: 15_000 });
      await page.keyboard.type(TOKEN);
      await page.keyboard.press("Enter");
      await page.waitForSelector("[data-tile=power][data-freshness=fresh]");
    });
  });

  test("needs nobody on an open server", async () => {
    const server = new FixtureServer((now) => snapshot(now, [meter(now, "e450")]));
    const { page, faults, close } = await visit(`${await server.listen()}/settings`);
    await page.getByText("aucun jeton n’est demandé").waitFor();
    assert.equal(await page.getByRole("button", { name: "Se déconnecter" }).count(), 0);
    assert.deepEqual(faults, []);
    await close();
    await server.close();
  });
});
