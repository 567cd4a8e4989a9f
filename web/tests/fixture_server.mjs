// A server of the page and of fixed events, for tests that need a state no real server would hold
// still. `node tests/fixture_server.mjs e450 8400` serves one fixture to a browser.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { analysis, GROUPS, meter, SITE, snapshot, values } from "./fixtures.mjs";
import { frames } from "./frames_fixture.mjs";
import { journal } from "./journal_fixture.mjs";
import { diagnosis, loads } from "./machines_fixture.mjs";
import { NO_PRODUCTION } from "./production_fixture.mjs";
import { energy, series } from "./series_fixture.mjs";

const DIST = process.env.TRIPHASE_WEB_OUT ?? fileURLToPath(new URL("../dist", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
export const POLICY =
  "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/** What a server says that a test did not care about. */
const DEFAULTS = {
  "GET /api/v1/session": () => [200, { open: true, signed_in: false, name: null, scope: "admin" }],
  "GET /api/v1/site": () => [200, SITE],
  "GET /readyz": () => [
    200,
    {
      status: "ready",
      version: "0.1.0",
      store: { writable: true, queue: 3, queue_max: 10_000, last_id: 123_456, reason: null },
      meters: [],
    },
  ],
  "GET /api/v1/meters/general/frames": () => [200, frames()],
  "GET /api/v1/analysis/loads": (_body, request) => [200, loads(new URL(request.url, "http://localhost").searchParams)],
  "GET /api/v1/analysis/doctor": () => [200, diagnosis()],
  "GET /api/v1/analysis/production": () => [200, NO_PRODUCTION],
  "GET /api/v1/journal": (_body, request) => [200, journal(new URL(request.url, "http://localhost").searchParams)],
};

export class FixtureServer {
  /** Questions after curves, as they were asked. */
  asked = [];
  /** What `series` of the fixtures leaves out. */
  curves = {};
  /**
   * Answers that a test gives itself: `"POST /api/v1/session": (body, request) => [status, json, headers]`.
   * They come before all others.
   */
  answers = {};
  /** Whether the API refuses everybody (401) but for `answers`. */
  locked = false;
  /** Every question of the API, as `METHOD path`. */
  questions = [];
  #clients = new Set();
  #first;
  #server = createServer((request, response) => this.#answer(request, response));

  /** `first` makes the snapshot for the time of the connection. */
  constructor(first) {
    this.#first = first;
  }

  async listen(port = 0) {
    await new Promise((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  send(name, data) {
    for (const client of this.#clients) client.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  beat() {
    this.send("beat", { now: new Date().toISOString() });
  }

  /** Streams open now. */
  get streams() {
    return this.#clients.size;
  }

  /** Ends the streams and nothing else. */
  cut() {
    for (const client of this.#clients) client.end();
  }

  /** Ends as a killed server does. */
  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#clients.clear();
  }

  /** Whether a test or the door answered. */
  async #own(request, response, pathname) {
    const name = `${request.method} ${pathname}`;
    if (/^\/(api|readyz)/.test(pathname)) this.questions.push(name);
    let given = null;
    if (this.answers[name]) {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      given = this.answers[name](Buffer.concat(chunks).toString(), request);
    } else if (this.locked && /^\/(api|readyz)/.test(pathname)) {
      given = [401, { type: "about:blank", title: "Unauthorized", status: 401, code: "token_missing", detail: "This address needs a token." }];
    } else if (DEFAULTS[name]) given = DEFAULTS[name]("", request);
    if (!given) return false;
    const [status, body, headers = {}] = given;
    response.writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json", ...headers });
    response.end(body === null ? undefined : JSON.stringify(body));
    return true;
  }

  async #answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    if (await this.#own(request, response, pathname)) return;
    if (pathname === "/api/v1/events") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.flushHeaders();
      this.#clients.add(response);
      response.on("close", () => this.#clients.delete(response));
      const first = this.#first(Date.now());
      if (first) response.write(`id: 1\nevent: snapshot\ndata: ${JSON.stringify(first)}\n\n`);
      return;
    }
    const computed = { "/api/v1/series": series, "/api/v1/analysis/energy": energy }[pathname];
    if (computed) {
      this.asked.push(request.url);
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(computed(searchParams, this.curves)));
      return;
    }
    const part = /^\/api\/v1\/analysis\/(\w+)$/.exec(pathname);
    if (part) {
      const body = this.#first(Date.now())?.meters[0]?.analysis[part[1]];
      response.writeHead(body ? 200 : 404, { "content-type": "application/json" });
      response.end(JSON.stringify(body ?? null));
      return;
    }
    // As the real server does: any other address that a browser navigates to gets the index.
    const navigated = !pathname.startsWith("/api") && (request.headers.accept ?? "").includes("text/html");
    const path = normalize(join(DIST, pathname === "/" || navigated ? "index.html" : pathname));
    try {
      if (!path.startsWith(DIST)) throw new Error("outside");
      const bytes = await readFile(path);
      response.writeHead(200, {
        "content-type": TYPES[extname(path)] ?? "application/octet-stream",
        "content-security-policy": POLICY,
      });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [fixture = "e450", port = "8400"] = process.argv.slice(2);
  const server = new FixtureServer((now) => snapshot(now, [meter(now, fixture)]));
  const noon = Math.floor(Date.now() / 3_600_000) * 3600;
  server.curves = { gaps: [[noon - 9000, noon - 5400]], thin: [[noon - 3600, noon - 1800]] };
  let sample = 1;
  setInterval(() => {
    const at = Date.now();
    sample += 1;
    server.send("sample", { meter: "general", period_s: 5, values: values(at, GROUPS[fixture], sample) });
    const { balance, reactive, alarms } = analysis(at, GROUPS[fixture]);
    server.send("analysis", { meter: "general", balance, reactive, alarms });
    server.beat();
  }, 5000);
  console.log(await server.listen(Number(port)));
}
