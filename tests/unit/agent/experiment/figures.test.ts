import { describe, expect, test } from "bun:test";
import { ARMS } from "../../../../agent/experiment/config.ts";
import { armLines, comparisons, groupArms } from "../../../../agent/experiment/figures.ts";
import type { ArmFigure } from "../../../../db/experiment-results.ts";

const config = { arms: [...ARMS], samples: 2 };
let updates = 0;

function figure(
  arm: string,
  passageId: number,
  exact: number,
  more: Partial<ArmFigure> = {},
): ArmFigure {
  updates += 1;
  return {
    arm,
    kind: arm === "none" || arm === "passage" ? "" : "implications",
    regime: "single",
    budget: "epochs",
    seed: 1,
    unit: passageId,
    ordinal: 0,
    updateId: updates,
    passageId,
    role: "report",
    round: null,
    use: "report",
    wording: "unseen",
    questions: 4,
    exact,
    match: null,
    logprob: exact - 1,
    supervisedTokens: 100,
    epochs: 10,
    learningRate: 0.005,
    diverged: false,
    ...more,
  };
}

describe("an arm's figure", () => {
  test("averages edits and seeds before passages, which count alike", () => {
    const groups = groupArms(
      [
        figure("own", 1, 1, { ordinal: 0 }),
        figure("own", 1, 0, { ordinal: 1 }),
        // A third sample was only for the reward to choose among.
        figure("own", 1, 0, { ordinal: 2 }),
        figure("own", 1, 1, { seed: 2 }),
        figure("own", 2, 0),
      ],
      config,
    );
    const [line] = armLines(groups, 1);
    // Passage 1: seed 1 has 0.5, seed 2 has 1; passage 2 has 0.
    expect(line!.exact.mean).toBeCloseTo(0.375, 9);
    expect(line!.passages).toBe(2);
    expect(line!.exact.low).toBe(0);
    expect(line!.exact.high).toBe(0.75);
    expect(line!.bySeed).toEqual([
      { seed: 1, mean: 1 / 3 },
      { seed: 2, mean: 1 },
    ]);
  });

  test("leaves out what is not reported: other parts, other uses, arms that were not asked for", () => {
    const groups = groupArms(
      [
        figure("own", 1, 1, { role: "write", round: 1 }),
        figure("own", 2, 1, { role: "tune" }),
        figure("own", 3, 1, { use: "reward" }),
        figure("seal-1", 4, 1),
        figure("own", 5, 0),
      ],
      config,
    );
    expect(groups).toHaveLength(1);
    expect([...groups[0]!.cells.keys()]).toEqual([5]);
  });

  test("is of generated answers only where all have one", () => {
    const some = [figure("own", 1, 1, { match: 0.5 }), figure("own", 2, 1)];
    expect(armLines(groupArms(some, config), 1)[0]!.match).toBeNull();
    const all = some.map((it) => ({ ...it, match: 0.5 }));
    expect(armLines(groupArms(all, config), 1)[0]!.match!.mean).toBe(0.5);
  });
});

describe("a comparison", () => {
  const passages = Array.from({ length: 12 }, (_, i) => i + 1);

  test("pairs passages that both arms have, and keeps forms apart", () => {
    const figures = [
      ...passages.map((id) => figure("passage", id, 0.25)),
      ...passages.slice(0, 10).map((id) => figure("own", id, id % 2 ? 0.5 : 0.75)),
      ...passages.map((id) => figure("own", id, 0, { budget: "tokens" })),
    ];
    const all = comparisons(groupArms(figures, config), 1);
    expect(all.map(({ arm, over, budget }) => `${arm} ${over} ${budget}`)).toEqual([
      "own passage epochs",
    ]);
    const [own] = all;
    expect(own!.passages).toBe(10);
    expect(own!.difference.mean).toBeCloseTo(0.375, 9);
    expect(own!.difference.low).toBeGreaterThanOrEqual(0.25);
    expect(own!.difference.high).toBeLessThanOrEqual(0.5);
    // Ten pairs of one sign.
    expect(own!.difference.p).toBeCloseTo(2 ** -10, 9);
  });

  test("of arms that do not differ has an interval around nothing", () => {
    const figures = passages.flatMap((id) => [
      figure("own", id, 0.5),
      figure("seal", id, id % 2 ? 0.25 : 0.75),
    ]);
    const [seal] = comparisons(groupArms(figures, config), 1);
    expect(seal!.difference.mean).toBe(0);
    expect(seal!.difference.low).toBeLessThan(0);
    expect(seal!.difference.high).toBeGreaterThan(0);
    expect(seal!.difference.p).toBeGreaterThan(0.3);
  });

  test("takes an arm without edits against each kind of edits", () => {
    const figures = [
      figure("passage", 1, 0.25),
      figure("own", 1, 0.5),
      figure("own", 1, 0.75, { kind: "rewrite" }),
    ];
    const all = comparisons(groupArms(figures, config), 1);
    expect(all.map(({ kind, difference }) => [kind, difference.mean])).toEqual([
      ["implications", 0.25],
      ["rewrite", 0.5],
    ]);
  });
});
