// Every code that the server may send has its words on the page.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => readFileSync(here(path), "utf8");
const SOURCES = "../../crates";
const skip = existsSync(here(`${SOURCES}/analysis`)) ? false : "the server's sources are not here";
if (skip) console.log("SKIPPED words.test.mjs: the server's sources are not here");

/** The first capture of each match, without repeats. */
const codes = (path, pattern) => [...new Set([...read(`${SOURCES}/${path}`).matchAll(pattern)].map(([, code]) => code))];
const has = (dictionary, code) => new RegExp(`^\\s+${code}:`, "m").test(dictionary);

test("reasons, methods, analyses and alarms are named in three languages", { skip }, () => {
  const sent = [
    ...codes("analysis/src/figure.rs", /^ {4}[A-Z]\w+ = "(\w+)", "/gm),
    ...codes("analysis/src/figure.rs", /Self::\w+ => "(\w+)"/g),
    ...codes("analysis/src/availability/mod.rs", /^ {4}[A-Z]\w+ = "(\w+)", "/gm),
    ...codes("alarm/src/condition.rs", /Self::[A-Z]\w+ => "((?:overload|power_factor|voltage|unbalance|distortion)\w*)"/g),
  ];
  assert.ok(sent.length > 40, `only ${sent.length} codes were found`);
  for (const language of ["fr", "en", "de"]) {
    const dictionary = read(`../src/words/${language}.ts`);
    assert.deepEqual(sent.filter((code) => !has(dictionary, code)), [], language);
  }
});

test("sentences of the availability sheet are translated", { skip }, () => {
  const sent = codes("analysis/src/availability/sentence.rs", /= "(\w+)", "/g);
  assert.ok(sent.length > 30, `only ${sent.length} codes were found`);
  for (const language of ["fr", "de"]) {
    const dictionary = read(`../src/words/sentences.${language}.ts`);
    assert.deepEqual(sent.filter((code) => !has(dictionary, code)), [], language);
  }
});

test("defects of a telegram are explained in three languages", { skip }, () => {
  const sent = codes("meter/src/push/defect.rs", /= "(\w+)",/g);
  assert.ok(sent.length > 30, `only ${sent.length} codes were found`);
  for (const language of ["fr", "en", "de"]) {
    const dictionary = read(`../src/views/devices/frames/defects/${language}.ts`);
    assert.deepEqual(sent.filter((code) => !has(dictionary, code)), [], language);
  }
});
