import { describe, expect, test } from "bun:test";
import { ENOUGH, Evidence } from "../../../../agent/gate/evidence.ts";
import { random } from "../../../../trainer/random.ts";

/** Losses of −1, 0 and 1 with this mean, as answers give them. */
function* losses(mean: number, churn: number, seed: number): Generator<number, never> {
  const next = random(seed);
  for (;;) {
    const draw = next();
    yield draw < (churn + mean) / 2 ? 1 : draw < churn ? -1 : 0;
  }
}

/** Looks after every value, and stops when it is enough. */
function watch(mean: number, limit: number, count: number, seed: number) {
  const evidence = new Evidence(limit);
  const values = losses(mean, 0.2, seed);
  for (let n = 1; n <= count; n++) {
    evidence.add(values.next().value);
    if (evidence.over >= ENOUGH) return { end: "over", n };
    if (evidence.under >= ENOUGH) return { end: "under", n };
  }
  return { end: "open", n: count };
}

const rate = (end: string, mean: number, limit: number, count: number) =>
  Array.from({ length: 400 }, (_, seed) => watch(mean, limit, count, seed * 7919)).filter(
    (it) => it.end === end,
  ).length / 400;

describe("evidence that one may look at after every value", () => {
  test("is wrong in at most one case of twenty, at the limit itself", () => {
    expect(rate("over", 0.05, 0.05, 400)).toBeLessThan(0.06);
    expect(rate("under", 0.05, 0.05, 400)).toBeLessThan(0.06);
  });

  test("finds a loss well above the limit, and soon", () => {
    const found = Array.from({ length: 100 }, (_, seed) => watch(0.2, 0.05, 256, seed));
    expect(found.filter(({ end }) => end === "over").length).toBeGreaterThan(85);
    expect(found.filter(({ end }) => end === "under").length).toBeLessThan(3);
  });

  test("where nothing is lost, it is sure after about a hundred answers", () => {
    const evidence = new Evidence(0.05);
    let n = 0;
    while (evidence.under < ENOUGH && n < 500) {
      evidence.add(0);
      n += 1;
    }
    expect(n).toBeGreaterThan(40);
    expect(n).toBeLessThan(160);
    expect(evidence.over).toBe(1);
    expect(evidence.mean).toBe(0);
  });

  test("a few answers leave it open", () => {
    expect(watch(0, 0.05, 8, 1).end).toBe("open");
    expect(new Evidence(0.05)).toMatchObject({ over: 1, under: 1, mean: 0 });
  });

  test("what is no loss is refused", () => {
    expect(() => new Evidence(1)).toThrow(RangeError);
    expect(() => new Evidence(0).add(1.5)).toThrow(RangeError);
    expect(() => new Evidence(0).add(Number.NaN)).toThrow(RangeError);
  });
});
