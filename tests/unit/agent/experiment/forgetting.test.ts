import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  asksControl,
  extended,
  FORGETTING_ARMS,
  isLearnerArm,
  isWhole,
  settingsOf,
} from "../../../../agent/experiment/forgetting/config.ts";
import {
  costLines,
  courseCurve,
  courseFigures,
  forgettingLines,
  meanMatrix,
} from "../../../../agent/experiment/forgetting/figures.ts";
import { inOrder } from "../../../../agent/experiment/forgetting/lessons.ts";
import { TrainLog } from "../../../../agent/experiment/forgetting/train-log.ts";
import { readForgetting } from "../../../../app/experiment/forgetting/options.ts";
import type { ExperimentStep, StepFigure } from "../../../../db/experiment-steps.ts";
import { FakeTrainer } from "../fakes/trainer.ts";

const OPTIONS = {
  worldSeed: "1",
  arms: "seal,single,full",
  sequences: "2",
  passages: "8",
  orders: "1",
  kind: "self-qa",
  edits: "1",
  lists: "3",
  recipe: "learner",
};
const read = (change: object = {}) =>
  readForgetting({ ...OPTIONS, ...change }, { embedded: true, layers: 4 });

describe("the arms", () => {
  test("differ from the learner's own settings in what they have not, and in nothing else", () => {
    const config = read();
    const full = settingsOf(config, "full");
    expect(full.replayShare).toBeGreaterThan(0);
    expect(full.rehearsal.share).toBeGreaterThan(0);
    expect(full.gate.on).toBe(true);
    expect(full.sleep.versions).toBe(4);
    const plain = settingsOf(config, "single");
    expect(plain).toEqual({
      ...full,
      replayShare: 0,
      rehearsal: { ...full.rehearsal, share: 0 },
      gate: { ...full.gate, on: false },
      sleep: { versions: 0, days: 0 },
    });
    expect(settingsOf(config, "no-gate")).toEqual({ ...full, gate: plain.gate });
    expect(settingsOf(config, "replay")).toEqual({ ...plain, replayShare: full.replayShare });
    expect(FORGETTING_ARMS.filter((arm) => !isLearnerArm(arm))).toEqual([
      "seal",
      "replay-all",
      "joint",
    ]);
  });

  test("more is asked for: what is there stays", () => {
    const grown = extended(read(), read({ arms: "joint", sequences: "1", orders: "3" }));
    expect(grown.arms).toEqual(["seal", "single", "full", "joint"]);
    expect([grown.sequences, grown.orders]).toEqual([2, 3]);
  });

  test("all passages are asked after each update of a few, and now and then of many", () => {
    const few = read();
    const many = read({ passages: "200" });
    const steps = (length: number) => Array.from({ length }, (_, i) => i + 1);
    expect(steps(8).filter((step) => isWhole(few, step))).toEqual(steps(8));
    expect(steps(8).filter((step) => asksControl(few, step))).toEqual([8]);
    expect(steps(200).filter((step) => isWhole(many, step))).toHaveLength(20);
    expect(steps(200).filter((step) => asksControl(many, step))).toEqual([50, 100, 150, 200]);
    expect(many.learner.sleepEvery).toBe(50);
  });

  test("orders are permutations, the first is the passages' own, and the same again", () => {
    const own = [...Array(20).keys()];
    expect(inOrder(own, 1, 1)).toEqual(own);
    const second = inOrder(own, 2, 1);
    expect(second).not.toEqual(own);
    expect([...second].sort((a, b) => a - b)).toEqual(own);
    expect(inOrder(own, 2, 1)).toEqual(second);
    expect(inOrder(own, 3, 1)).not.toEqual(second);
  });

  test.each([
    ["arms", "seal,most", "--arms is “seal,most”"],
    ["passages", "1", "--passages is “1”"],
    ["replay", "0.6", "--replay is “0.6”"],
    ["sleepEvery", "2", "--sleep-every is “2”"],
    ["rate", "0", "--rate is “0”"],
    ["recipe", "slow", "--recipe is “slow”"],
  ])("--%s %s is refused in a sentence", (name, value, sentence) => {
    expect(() => read({ [name]: value })).toThrow(sentence);
  });
});

/** Two passages (10, 20), learned in this order in sequence 1, and in the other one in sequence 2. */
const PASSAGES: Record<number, [number, number]> = { 1: [10, 20], 2: [40, 30] };

function stepOf(arm: string, sequence: number, step: number, seconds = 1): ExperimentStep {
  const own = PASSAGES[sequence]!;
  return {
    ...{ experimentId: 1, arm, sequence, ordering: 1, step, updateId: 0, reason: "" },
    passageId: step === 0 ? null : own[step - 1]!,
    verdict: step === 0 ? "base" : "commit",
    seconds: { learn: seconds, train: seconds / 2, sleep: 0 },
    rows: 5,
    askedRows: 0,
    control: step === 2 ? { fact: 0.5, reading: 1, writing: null, perplexity: 1.2, kl: 0.1 } : null,
  };
}

function figuresOf(arm: string, sequence: number, step: number, row: number[]): StepFigure[] {
  return PASSAGES[sequence]!.map((passageId, i) => ({
    ...{ arm, sequence, ordering: 1, step, passageId, wording: "unseen", questions: 4 },
    exact: row[i]!,
    logprob: row[i]! - 2,
  }));
}

function course(arm: string, sequence: number, rows: number[][]) {
  return {
    steps: rows.map((_, t) => stepOf(arm, sequence, t + 1)),
    figures: rows.flatMap((row, t) => figuresOf(arm, sequence, t + 1, row)),
  };
}

const base = [1, 2].map((sequence) => ({
  steps: [stepOf("base", sequence, 0)],
  figures: figuresOf("base", sequence, 0, [0, 0.25]),
}));
const all = [
  ...base,
  course("seal", 1, [
    [0.75, 0.25],
    [0.25, 0.5],
  ]),
  course("seal", 2, [
    [0.75, 0.25],
    [0.25, 1],
  ]),
  course("full", 1, [
    [0.5, 0.25],
    [0.5, 0.5],
  ]),
  course("full", 2, [
    [0.75, 0.5],
    [0.5, 0.75],
  ]),
  // Not over yet.
  course("single", 1, [[0.5, 0.5]]),
];
const courses = courseFigures(
  all.flatMap(({ steps }) => steps),
  all.flatMap(({ figures }) => figures),
  "unseen",
  2,
);

describe("the figures, by hand", () => {
  test("of one course: the matrix in the order of learning", () => {
    const seal = courses.find(({ arm, sequence }) => arm === "seal" && sequence === 2)!;
    expect(seal.matrix).toEqual([
      [0.75, 0.25],
      [0.25, 1],
    ]);
    expect(seal.base).toEqual([0, 0.25]);
    expect(seal.right).toBeCloseTo(0.875, 12);
    expect(seal.final).toBeCloseTo(0.625, 12);
    expect(seal.metrics).toEqual({
      acc: 0.625,
      bwt: -0.5,
      fwt: 0,
      forgetting: 0.5,
      netGain: 0.5,
    });
  });

  test("of an arm: means over sequences, ratios of means, and pairs with SEAL's", () => {
    const [seal, full, ...rest] = forgettingLines(courses, ["seal", "single", "full"], "unseen");
    expect(rest).toEqual([]);
    expect([seal!.arm, full!.arm]).toEqual(["seal", "full"]);
    expect(seal!.right!.mean).toBeCloseTo(0.75, 12);
    expect(seal!.final.mean).toBeCloseTo(0.5, 12);
    expect(seal!.kept!.mean).toBeCloseTo(2 / 3, 12);
    expect(seal!.rightOfSeal!.mean).toBe(1);
    expect(full!.right!.mean).toBeCloseTo(0.625, 12);
    expect(full!.rightOfSeal!.mean).toBeCloseTo(0.625 / 0.75, 12);
    // (0.5 − 0.375 + 0.625 − 0.625) / 2
    expect(full!.finalOverSeal!.mean).toBeCloseTo(0.0625, 12);
    expect(full!.bwt!.mean).toBeCloseTo(-0.125, 12);
    expect(full!.bwt!.low).toBeCloseTo(-0.25, 12);
    expect(full!.bwt!.high).toBeCloseTo(0, 12);
    expect(full!.units).toBe(2);
  });

  test("curves and mean matrices; costs, and no quarters of two updates", () => {
    const seal = courses.filter(({ arm }) => arm === "seal");
    expect(courseCurve(seal)).toEqual([0.75, 0.5]);
    expect(meanMatrix(seal)).toEqual([
      [0.75, 0.25],
      [0.25, 0.75],
    ]);
    const [cost] = costLines(courses, ["seal"]);
    expect(cost).toMatchObject({
      updates: 4,
      rejected: 0,
      seconds: 1,
      trainSeconds: 0.5,
      rows: 20,
    });
    expect(cost!.fact!.mean).toBe(0.5);
    expect(cost!.writing).toBeNull();
    expect(cost!.slowdown).toBeNull();
  });

  test("of everything at once: one row, and nothing right after", () => {
    const joint = { ...stepOf("joint", 1, 2), passageId: null };
    const [only] = courseFigures(
      [...base.flatMap(({ steps }) => steps), joint],
      [...base.flatMap(({ figures }) => figures), ...figuresOf("joint", 1, 2, [1, 0.5])],
      "unseen",
      2,
    );
    expect(only).toMatchObject({ matrix: [[1, 0.5]], right: null, final: 0.75 });
    expect(only!.metrics).toMatchObject({ bwt: null, netGain: 0.625 });
    expect(courseCurve([only!])).toEqual([]);
    const [line] = forgettingLines([only!], ["joint"], "unseen");
    expect(line).toMatchObject({ right: null, kept: null, rightOfSeal: null });
  });

  test("seconds: the last quarter over the first", () => {
    const rows = Array.from({ length: 8 }, (_, t) =>
      stepOf("seal", 1, 1, t < 2 ? 1 : t < 6 ? 9 : 3),
    );
    const [cost] = costLines([{ ...courses[0]!, arm: "seal", steps: rows }], ["seal"]);
    expect(cost!.quarters).toEqual([1, 9, 9, 3]);
    expect(cost!.slowdown!.mean).toBe(3);
  });
});

describe("the audit", () => {
  const folder = mkdtempSync(join(tmpdir(), "selkie-audit-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const row = (context: string, text: string) => ({
    segments: [
      { text: context, loss: false },
      { text, loss: true },
    ],
    end: true,
  });

  test("finds a report question in any row that is trained on, however it is spelled", async () => {
    const log = new TrainLog(join(folder, "a.jsonl"), ["Who built the Tolma Bridge?"]);
    const trainer = log.watch(new FakeTrainer(() => ({ logprob: 0, tokens: 1, exact: true })));
    const train = (step: number, rows: ReturnType<typeof row>[]) => {
      log.step = step;
      const lora = { rank: 1, alpha: 1, targets: [] };
      const options = { epochs: 1, learningRate: 1, batchTokens: 1, weightDecay: 0, seed: 1 };
      return trainer.train({ rows, lora, options, out: join(folder, "a.gguf") });
    };
    await train(1, [
      row("Question: Who built the Tolma Bridge?\nAnswer:", " Ana"),
      row("Question: Who built the Tolma Bridges?\nAnswer:", " Ana"),
      row("", "They asked: who built the  Tolma bridge"),
    ]);
    await train(2, [row("", "The Tolma Bridge was built by Ana.")]);
    await train(2, [row("", "Ana.")]);
    // Another process finds what this one wrote down.
    const again = new TrainLog(join(folder, "a.jsonl"), []);
    expect(again.of(1)).toMatchObject([{ rows: 3, asked: 2 }]);
    expect(again.of(2)).toMatchObject([
      { rows: 1, asked: 0 },
      { rows: 1, asked: 0 },
    ]);
    expect(again.of(3)).toEqual([]);
  });
});
