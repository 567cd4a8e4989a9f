// The README's pictures, taken from a running `triphase demo`: TRIPHASE_URL names it, the first
// argument the folder (docs/ of the project without one). Motion is off, the time is the demo's.
//   node scripts/screenshots.mjs [FOLDER]
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const SERVER = (process.env.TRIPHASE_URL ?? "http://127.0.0.1:8330").replace(/\/$/, "");
const FOLDER = process.argv[2] ?? fileURLToPath(new URL("../../docs", import.meta.url));
/** A README must load quickly. **Unit** bytes. */
const SIZE_MAX = 200_000;
const PATIENCE_MS = 20_000;
const DESK = { width: 1440, height: 900 };
/** The inspector is dense: a smaller picture of it stays light. */
const SMALL = { width: 1340, height: 740 };
const PHONE = { width: 390, height: 844 };

/** Chooses a voltage in the explanation, which brings its bytes into sight. */
async function explained(page) {
  await page.focus("[data-field]:nth-last-child(4)");
  await page.evaluate(() => scrollTo(0, 0));
}

/** Name, address, window, theme, what must be there before the picture, what to do then. */
const PICTURES = [
  ["overview", "/", DESK, "light", "[data-tile=power][data-freshness=fresh] [data-raw]"],
  ["phases", "/phases", DESK, "light", "[data-view=phases] canvas, [data-view=phases] figure"],
  ["energy", "/energy", DESK, "dark", "[data-view=energy] [data-answer=there], [data-view=energy] figure"],
  ["frames", "/devices/general/frames", SMALL, "light", "[data-byte]", explained],
  ["phone", "/", PHONE, "dark", "[data-tile=power][data-freshness=fresh] [data-raw]"],
];

await mkdir(FOLDER, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
});
let heavy = false;
for (const [name, path, viewport, theme, there, act] of PICTURES) {
  const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(`${SERVER}${path}?lang=en&theme=${theme}`);
  await page.waitForSelector(there, { timeout: PATIENCE_MS });
  // Curves and sheets that come after the first values.
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"), null, { timeout: PATIENCE_MS });
  if (act) await act(page);
  const file = join(FOLDER, `${name}.png`);
  await page.screenshot({ path: file, animations: "disabled" });
  const { size } = await stat(file);
  heavy ||= size > SIZE_MAX;
  console.log(`${file}: ${(size / 1000).toFixed(0)} kB${size > SIZE_MAX ? `, more than ${SIZE_MAX / 1000} kB` : ""}`);
  await context.close();
}
await browser.close();
if (heavy) process.exitCode = 1;
