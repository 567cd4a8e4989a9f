// Writes a .br and a .gz beside every text file of the finished page, where they are smaller.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const OUT = process.env.TRIPHASE_WEB_OUT ?? "dist";
const TEXT = new Set([".html", ".js", ".css", ".svg", ".json", ".txt"]);

const variants = [
  [".gz", (bytes) => gzipSync(bytes, { level: 9 })],
  [
    ".br",
    (bytes) =>
      brotliCompressSync(bytes, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 11,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      }),
  ],
];

for (const entry of await readdir(OUT, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !TEXT.has(extname(entry.name))) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const bytes = await readFile(path);
  for (const [suffix, compress] of variants) {
    const smaller = compress(bytes);
    if (smaller.length < bytes.length) await writeFile(path + suffix, smaller);
  }
}
