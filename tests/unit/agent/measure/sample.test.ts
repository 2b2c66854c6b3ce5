import { describe, expect, test } from "bun:test";
import {
  ageClass,
  agesOf,
  drawStratified,
  estimateTotal,
} from "../../../../agent/measure/sample.ts";
import type { Askable } from "../../../../db/retention.ts";
import { random } from "../../../../trainer/random.ts";

interface Known extends Askable {
  right: boolean;
}

/** Probes of many ages; the older, the more often they are wrong, and what was wrong mostly still is. */
function population(count: number): Known[] {
  const next = random(7);
  return Array.from({ length: count }, (_, i) => {
    const right = next() < 1 - i / (2 * count);
    return {
      probeId: i + 1,
      passageId: Math.floor(i / 4) + 1,
      role: i % 10 === 0 ? "rejected" : "learned",
      kind: i % 3 === 0 ? "cloze" : "written",
      anchorVersion: count - i,
      lastExact: next() < 0.85 ? right : !right,
      right,
    };
  });
}

const share = (probes: Known[]) => probes.filter(({ right }) => right).length;
const value = ({ right }: Known) => (right ? 1 : 0);
const unit = () => 1;

describe("a stratified sample", () => {
  const all = population(1000);

  test("stays within its budget, repeats nobody, and has two of each stratum where it can", () => {
    const strata = drawStratified(all, { budget: 100, version: 1000, seed: 1 });
    const drawn = strata.flatMap((stratum) => stratum.drawn);
    expect(drawn).toHaveLength(100);
    expect(new Set(drawn.map(({ probeId }) => probeId)).size).toBe(100);
    expect(strata.reduce((sum, stratum) => sum + stratum.population, 0)).toBe(1000);
    for (const { population, drawn } of strata) {
      expect(drawn.length).toBeGreaterThanOrEqual(Math.min(2, population));
    }
  });

  test("of fewer probes than the budget has all of them, and is exact", () => {
    const strata = drawStratified(all, { budget: 5000, version: 1000, seed: 1 });
    const estimate = estimateTotal(strata, value, unit);
    expect(estimate).toEqual({ mean: share(all), low: share(all), high: share(all) });
  });

  test("with less room than strata, puts the smallest together and loses nobody", () => {
    const strata = drawStratified(all, { budget: 8, version: 1000, seed: 1 });
    expect(strata.length).toBeLessThanOrEqual(4);
    expect(strata.reduce((sum, stratum) => sum + stratum.population, 0)).toBe(1000);
    expect(strata.flatMap((stratum) => stratum.drawn)).toHaveLength(8);
  });

  test("of nothing estimates nothing", () => {
    expect(drawStratified([], { budget: 10, version: 1, seed: 1 })).toEqual([]);
    expect(estimateTotal([], unit, unit)).toEqual({ mean: 0, low: 0, high: 0 });
  });

  test("is unbiased, and its 95% intervals hold the truth", () => {
    const truth = share(all);
    const rounds = 400;
    const estimates = Array.from({ length: rounds }, (_, seed) =>
      estimateTotal(drawStratified(all, { budget: 80, version: 1000, seed }), value, unit),
    );
    const mean = estimates.reduce((sum, it) => sum + it.mean, 0) / rounds;
    const spread = estimates.reduce((sum, it) => sum + (it.mean - mean) ** 2, 0) / rounds;
    expect(Math.abs(mean - truth)).toBeLessThan(4 * Math.sqrt(spread / rounds));
    const held = estimates.filter(({ low, high }) => low <= truth && truth <= high).length;
    expect(held / rounds).toBeGreaterThan(0.9);
  });

  test("tells more than as many probes drawn from all alike", () => {
    const errors = (estimate: (seed: number) => number) =>
      Array.from({ length: 300 }, (_, seed) => (estimate(seed) - share(all)) ** 2).reduce(
        (sum, it) => sum + it,
        0,
      );
    const simple = (seed: number) => {
      const next = random(seed + 99);
      const drawn = Array.from({ length: 80 }, () => all[Math.floor(next() * all.length)]!);
      return (share(drawn) / 80) * all.length;
    };
    const stratified = (seed: number) =>
      estimateTotal(drawStratified(all, { budget: 80, version: 1000, seed }), value, unit).mean;
    expect(errors(stratified)).toBeLessThan(0.8 * errors(simple));
  });
});

test("ages fall into classes without gaps", () => {
  let expected = 0;
  for (let at = 0; at < 5; at++) {
    const { from, to } = agesOf(at);
    expect(from).toBe(expected);
    expect([ageClass(from), ageClass(to)]).toEqual([at, at]);
    expected = to + 1;
  }
  expect(ageClass(-3)).toBe(0);
});
