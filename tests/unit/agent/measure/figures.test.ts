import { describe, expect, test } from "bun:test";
import { type Asked, memoryFigures } from "../../../../agent/measure/figures.ts";
import { halfLife } from "../../../../agent/measure/half-life.ts";
import { interval } from "../../../../agent/measure/interval.ts";
import type { Role } from "../../../../db/retention.ts";
import { random } from "../../../../trainer/random.ts";

let id = 0;
/** right under the base, right after its update, ever right since, right now */
function probe(
  passageId: number,
  role: Role,
  version: number,
  [base, anchor, ever, now]: number[],
): Asked {
  const standing = (right: number | undefined) => ({
    exact: right === 1,
    logprob: right ? -0.1 : -2,
  });
  return {
    probeId: ++id,
    passageId,
    role,
    kind: "written",
    anchorVersion: version,
    lastExact: ever === 1,
    base: standing(base),
    anchor: standing(anchor),
    now: standing(now),
    everExact: ever === 1,
  };
}

/** Everything was asked. */
function census(probes: Asked[], version: number) {
  return memoryFigures(probes, [{ key: "all", population: probes.length, drawn: probes }], version);
}

describe("the figures, by hand", () => {
  const probes = [
    // Passage 1: both right after its update, one of them lost since.
    probe(1, "learned", 1, [0, 1, 1, 1]),
    probe(1, "learned", 1, [0, 1, 1, 0]),
    // Passage 2: wrong after its update, then right at some look, and wrong again.
    probe(2, "learned", 2, [0, 0, 1, 0]),
    // Passage 3: learned just now.
    probe(3, "learned", 3, [0, 1, 1, 1]),
    // Known before, and not kept.
    probe(4, "known", 1, [1, 1, 1, 1]),
    probe(5, "rejected", 2, [0, 0, 0, 0]),
  ];
  const figures = census(probes, 3);

  test("ACC: (1/2 + 0 + 1) / 3 over what was learned", () => {
    expect(figures.acc).toEqual({ mean: 0.5, low: 0.5, high: 0.5 });
  });

  test("BWT: ((1/2 − 1) + (0 − 0)) / 2 over what was learned earlier", () => {
    expect(figures.bwt!.mean).toBeCloseTo(-0.25, 12);
  });

  test("forgetting: (1/2 + 1) / 2, question by question from the best look", () => {
    expect(figures.forgetting!.mean).toBeCloseTo(0.75, 12);
  });

  test("what was known or not kept counts in what was examined: (1/2 + 0 + 1 + 1 + 0) / 5", () => {
    expect(figures.all!.mean).toBeCloseTo(0.5, 12);
    expect(figures.netGain!.mean).toBeCloseTo(0.3, 12);
    expect(figures.passages).toEqual({ learned: 3, known: 1, rejected: 1 });
  });

  test("retention counts only what was right after its update", () => {
    expect(figures.ages.map(({ from, to, kept }) => [from, to, kept.mean])).toEqual([
      [0, 0, 1],
      [1, 3, 0.5],
    ]);
  });

  test("of nothing there is nothing", () => {
    expect(census([], 1)).toMatchObject({
      acc: null,
      bwt: null,
      all: null,
      ages: [],
      halfLife: null,
    });
  });
});

describe("half-life", () => {
  const looks = (life: number, count: number) => {
    const next = random(3);
    return Array.from({ length: count }, () => {
      const age = 1 + Math.floor(next() * 40);
      return { age, kept: next() < 2 ** (-age / life), weight: 1 };
    });
  };

  test("is found again, within its interval", () => {
    for (const life of [5, 20, 80]) {
      const found = halfLife(looks(life, 2000))!;
      expect(found.mean / life).toBeGreaterThan(0.85);
      expect(found.mean / life).toBeLessThan(1.18);
      expect(found.low).toBeLessThan(life * 1.1);
      expect(found.high).toBeGreaterThan(life * 0.9);
    }
  });

  test("fewer looks say less", () => {
    const width = (count: number) => {
      const { low, high } = halfLife(looks(20, count))!;
      return Math.log(high / low);
    };
    expect(width(60)).toBeGreaterThan(2 * width(2000));
  });

  test("there is none where nothing fades", () => {
    expect(halfLife([{ age: 9, kept: true, weight: 1 }])).toBeNull();
    expect(halfLife([])).toBeNull();
  });
});

test("Wilson's interval: 8 of 10 is 0.49 to 0.94, and all of few is not certain", () => {
  const { mean, low, high } = interval([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
  expect(mean).toBeCloseTo(0.8, 12);
  expect(low).toBeCloseTo(0.4902, 3);
  expect(high).toBeCloseTo(0.9433, 3);
  expect(interval([1, 1]).low).toBeLessThan(0.5);
  expect(interval([])).toEqual({ mean: 0, low: 0, high: 1 });
});
