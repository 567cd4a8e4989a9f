// The diagram draws what was measured and nothing else: one test for each row of its rules.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, ready, visit } from "./chromium.mjs";
import { FixtureServer } from "./fixture_server.mjs";
import { meter, snapshot } from "./fixtures.mjs";

describe("the phasor diagram", () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  async function drawn(fixture, changes = () => ({})) {
    const server = new FixtureServer((now) => {
      const one = meter(now, fixture);
      return snapshot(now, [{ ...one, ...changes(one, now) }]);
    });
    const { page, faults, close } = await visit(await server.listen());
    await ready(page);
    const tile = page.locator("[data-tile=phasor]");
    const result = {
      picture: await tile.locator("[data-picture]").getAttribute("data-picture", { timeout: 500 }).catch(() => null),
      arrows: (await tile.locator("[data-arrow]").evaluateAll((all) => all.map((one) => one.dataset.arrow))).sort(),
      arcs: await tile.locator("[data-arc]").count(),
      bars: await tile.locator("[data-bar]").count(),
      text: await tile.textContent(),
    };
    assert.deepEqual(faults, []);
    await close();
    await server.close();
    return result;
  }

  const with_values = (change) => (one) => ({
    latest: { ...one.latest, values: change({ ...one.latest.values }) },
  });
  const ALL = ["il1", "il2", "il3", "ul1", "ul2", "ul3"];

  test("angles measured: one star, and the same in words", async () => {
    const { picture, arrows, text } = await drawn("full");
    assert.equal(picture, "star");
    assert.deepEqual(arrows, ALL);
    assert.match(text, /angles mesurés/);
    assert.match(text, /U2 −119,6°, U3 120,3°, I1 34,9° en retard sur U1/);
    assert.match(text, /échelle U 230\sV/);
  });

  test("angles of the voltages only: the currents follow from P and Q, and it says so", async () => {
    const { arrows, text } = await drawn(
      "full",
      with_values((values) => {
        for (const name of ["angle_i1_u1", "angle_i2_u2", "angle_i3_u3"]) delete values[name];
        return values;
      }),
    );
    assert.deepEqual(arrows, ALL);
    assert.match(text, /I : calculé de P et Q/);
  });

  test("reversed order: a plate says so", async () => {
    const { text } = await drawn("full", (one) => {
      one.analysis.balance.voltage.sequence = { value: "reversed", method: "measured", reason: null };
      return with_values((values) => {
        values.angle_u2_u1 = { ...values.angle_u2_u1, value: 119.6 };
        values.angle_u3_u1 = { ...values.angle_u3_u1, value: -120.3 };
        return values;
      })(one);
    });
    assert.match(text, /ordre inverse L1-L3-L2/);
    assert.match(text, /U2 119,6°/);
  });

  test("a meter that counts its angles the other way round is drawn in the normal order", async () => {
    const { text } = await drawn(
      "full",
      with_values((values) => {
        values.angle_u2_u1 = { ...values.angle_u2_u1, value: 119.6 };
        values.angle_u3_u1 = { ...values.angle_u3_u1, value: 239.7 };
        return values;
      }),
    );
    assert.match(text, /U2 −119,6°, U3 120,3°/);
    assert.match(text, /I1 34,9° en retard/);
    assert.doesNotMatch(text, /ordre inverse/);
  });

  test("line and phase magnitudes: a triangle without arrows and without an order", async () => {
    const { picture, arrows, text } = await drawn("triangle");
    assert.equal(picture, "triangle");
    assert.deepEqual(arrows, []);
    assert.match(text, /ordre des phases non mesuré/);
  });

  test("P and Q of each phase: three separate diagrams, never one circle", async () => {
    const { picture, arrows, text } = await drawn("halves");
    assert.equal(picture, "halves");
    assert.deepEqual(arrows, ALL);
    assert.match(text, /angles entre phases non mesurés/);
    assert.match(text, /I1 34,9° en retard sur U1/);
  });

  test("a power factor without sign: both sides dashed, no arrow", async () => {
    const { picture, arrows, arcs, text } = await drawn("arcs");
    assert.equal(picture, "arcs");
    assert.deepEqual(arrows, []);
    assert.equal(arcs, 3);
    assert.match(text, /signe inconnu/);
  });

  test("magnitudes only: bars to ±10 %, nothing that looks like an angle", async () => {
    const { picture, arrows, arcs, bars, text } = await drawn("e450");
    assert.equal(picture, "bars");
    assert.deepEqual(arrows, []);
    assert.equal(arcs, 0);
    assert.equal(bars, 3);
    assert.match(text, /angles non mesurés ; rien à dessiner/);
  });

  test("assumed angles are never drawn", async () => {
    const { arrows } = await drawn(
      "full",
      with_values((values) => {
        for (const name of Object.keys(values)) {
          if (name.startsWith("angle_")) values[name] = { ...values[name], method: "assumed_120" };
          if (/_power_l/.test(name)) delete values[name];
        }
        return values;
      }),
    );
    assert.deepEqual(arrows, []);
  });

  test("a current below the threshold has no direction", async () => {
    const { arrows, text } = await drawn(
      "full",
      with_values((values) => {
        values.current_l2 = { ...values.current_l2, value: 0.2, raw: 20 };
        return values;
      }),
    );
    assert.ok(!arrows.includes("il2"));
    assert.match(text, /courant < seuil : L2/);
  });

  test("no voltage: a plate with the reason and what would help", async () => {
    const { picture, arrows, text } = await drawn("barebones");
    assert.equal(picture, null);
    assert.deepEqual(arrows, []);
    assert.match(text, /Non mesuré[^]*32\.7\.0/);
  });
});
