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

test("the sentences about the parts of a telegram are translated, and the server still says them", { skip }, () => {
  const said = ["explain", "reader", "telegram", "layout", "positional"]
    .map((name) => read(`${SOURCES}/meter/src/push/${name}.rs`))
    .concat(read(`${SOURCES}/meter/src/readout/outcome.rs`))
    .join("\n")
    .replaceAll(/\\\n\s+/g, "");
  const tables = ["fr", "de"].map((language) => read(`../src/views/devices/frames/steps/${language}.ts`));
  const [french, german] = tables.map((table) => [...table.matchAll(/^ {2}"(.+?)":/gm)].map(([, sentence]) => sentence));
  assert.ok(french.length > 30, `only ${french.length} sentences`);
  assert.deepEqual(german, french);
  // Each clause between particulars.
  const lost = french.filter((sentence) => sentence.split(/\{\}|[,:;()]/).some((clause) => !said.includes(clause.trim())));
  assert.deepEqual(lost, []);
});

test("events of the journal and causes of links are named in three languages", { skip }, () => {
  const kinds = codes("reading/src/journal.rs", /Self::\w+ => "(\w+)"/g);
  const causes = codes("reading/src/link.rs", /Self::\w+ => "(\w+)"/g).filter((word) => !/^(fed|waiting|live|stale|disconnected)$/.test(word));
  assert.ok(kinds.length > 10 && causes.length > 10, `${kinds.length} ${causes.length}`);
  const ways = [...codes("outlet/src/site.rs", /Self::\w+ => "(\w+)"/g), "net"];
  for (const language of ["fr", "en", "de"]) {
    const events = read(`../src/views/devices/words/${language}.ts`);
    assert.deepEqual(kinds.filter((code) => !has(events, code)), [], language);
    const shared = read(`../src/words/${language}.ts`);
    assert.deepEqual(causes.filter((code) => !has(shared, code)), [], language);
    // A cause by its way names both as the server does.
    const list = shared.slice(shared.indexOf("causes: {"), shared.indexOf("states: {"));
    const unknown = [...list.matchAll(/^ +(\w+):/gm)].map(([, name]) => name).filter((name) => name !== "causes" && !causes.includes(name));
    assert.ok(unknown.length > 8, `${unknown}`);
    assert.deepEqual(unknown.filter((name) => !ways.some((way) => name.startsWith(`${way}_`) && causes.includes(name.slice(way.length + 1)))), [], language);
  }
});
