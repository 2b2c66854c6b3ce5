import { describe, expect, test } from "bun:test";
import { pairedTest } from "../../../../agent/measure/paired.ts";
import { normal, random } from "../../../../trainer/random.ts";

describe("pairedTest", () => {
  test("p of few pairs is counted: all differences positive is one way of 2^n", () => {
    expect(pairedTest([1, 2, 3, 4, 5], 1).p).toBe(1 / 32);
    expect(pairedTest([-1, -2, -3], 1).p).toBe(1);
    // Of the 8 ways, 3 + 2 - 1 and 3 + 2 + 1 reach the observed 4.
    expect(pairedTest([3, 2, -1], 1).p).toBe(2 / 8);
  });

  test("nothing is no evidence", () => {
    expect(pairedTest([], 1)).toEqual({ mean: 0, low: 0, high: 0, p: 1 });
    expect(pairedTest([0, 0, 0, 0], 1)).toEqual({ mean: 0, low: 0, high: 0, p: 1 });
  });

  test("drawn ways agree with counted ones", () => {
    const differences = [...normal(14, 1, random(3))].map((it) => it + 0.4);
    const counted = pairedTest(differences, 1).p;
    // A pair without a difference has no sign to flip: only the way of counting changes.
    const drawn = pairedTest([...differences, 0], 1).p;
    expect(drawn).toBeCloseTo(counted, 1);
    expect(Math.abs(drawn - counted)).toBeLessThan(0.015);
  });

  test("where there is no difference, p is below 0.05 about once in twenty", () => {
    const trials = 400;
    const next = random(11);
    let found = 0;
    for (let i = 0; i < trials; i++) if (pairedTest([...normal(10, 1, next)], i).p < 0.05) found++;
    expect(found / trials).toBeGreaterThan(0.02);
    expect(found / trials).toBeLessThan(0.09);
  });

  test("the interval holds the mean, narrows with more pairs, and is the same again", () => {
    const next = random(5);
    const few = pairedTest(
      [...normal(12, 1, next)].map((it) => it + 1),
      1,
    );
    const many = pairedTest(
      [...normal(300, 1, next)].map((it) => it + 1),
      1,
    );
    for (const { mean, low, high } of [few, many]) {
      expect(low).toBeLessThan(mean);
      expect(high).toBeGreaterThan(mean);
    }
    expect(many.high - many.low).toBeLessThan((few.high - few.low) / 3);
    expect(pairedTest([1, 2, 0.5], 9)).toEqual(pairedTest([1, 2, 0.5], 9));
  });
});
