// A browser for the tests: Debian's Chromium without a network of its own. Every page notes what it
// must not do: log an error or a warning, or ask anybody but its own server.
import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];
export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

let browser;

/** Starts the browser once for a test file. */
export async function launch() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  return browser;
}

/** A page of its own at `address`, with the faults it committed. */
export async function visit(address, { viewport = DESK, ...options } = {}) {
  const context = await browser.newContext({ viewport, ...options });
  const page = await context.newPage();
  const faults = [];
  const origin = address.startsWith("http") ? new URL(address).origin : "";
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (origin && !url.startsWith(`${origin}/`) && !url.startsWith("data:")) faults.push(`foreign request: ${url}`);
  });
  await page.goto(address);
  return { page, faults, close: () => context.close() };
}

/** Waits until the page shows values. */
export async function ready(page) {
  await page.waitForSelector("[data-tile=power]", { timeout: 20_000 });
}
