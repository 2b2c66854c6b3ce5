import { describe, expect, test } from "bun:test";
import { ARMS, arm, PLAIN } from "../../../bench/forgetting/arms.ts";
import { makeSequence } from "../../../bench/forgetting/lessons.ts";
import { figures, table } from "../../../bench/forgetting/render.ts";
import { mixRows, type SizedRehearsal } from "../../../bench/forgetting/rows.ts";
import type { SequenceResult } from "../../../bench/forgetting/sequence.ts";
import type { TrainingRow } from "../../../trainer/types.ts";
import { FakeTrainer } from "../agent/fakes/trainer.ts";

const lessons = makeSequence(5, 3);
const [first, second, third] = lessons as [
  (typeof lessons)[0],
  (typeof lessons)[0],
  (typeof lessons)[0],
];
const textOf = ({ segments }: TrainingRow) => segments.map(({ text }) => text).join("");
const rehearsal: SizedRehearsal[] = Array.from({ length: 200 }, (_, i) => ({
  form: i % 2 === 0 ? "text" : "question",
  prompt: "",
  output: `own ${i}`,
  tokens: 4,
}));

describe("the sequences", () => {
  test("ask nothing in words that are trained on, and are the same for the same seed", () => {
    const trained = lessons.flatMap(({ rows }) => rows.map(textOf)).join("\n");
    for (const { context } of lessons.flatMap(({ probes }) => probes)) {
      expect(trained).not.toContain(context);
    }
    expect(makeSequence(5, 3)).toEqual(lessons);
    expect(makeSequence(6, 1)[0]!.title).not.toBe(first.title);
  });
});

describe("the rows of an update", () => {
  /** Knows everything but what the second lesson says. */
  const trainer = new FakeTrainer(({ context }) => ({
    logprob: context.startsWith(second.title) ? -9 : -0.1,
    tokens: 1,
    exact: true,
  }));
  const mix = (name: string, earlier = [first, second]) =>
    mixRows(trainer, ARMS[name]!, { now: third, earlier }, { rehearsal, adapter: "a", seed: 1 });

  test("are the new ones alone where nothing is done against forgetting", async () => {
    expect((await mix("persistent")).rows).toEqual(third.rows);
    expect((await mix("seal")).tokens).toMatchObject({ replay: 0, rehearsal: 0 });
  });

  test("replay at most half of the tokens, the least known lines first", async () => {
    const { rows, tokens } = await mix("full");
    const all = tokens.fresh + tokens.replay + tokens.rehearsal;
    expect(tokens.replay).toBeGreaterThan(0);
    expect(tokens.replay).toBeLessThanOrEqual(all / 2);
    expect(textOf(rows[third.rows.length]!)).toStartWith(second.title);
  });

  test("hold what is rehearsed to the base without learning its words", async () => {
    const own = (await mix("full")).rows.filter((row) => textOf(row).startsWith("own"));
    expect(own.length).toBeGreaterThan(10);
    expect(own.every(({ weight, kl }) => weight === 0 && kl === 5)).toBe(true);
    const without = await mix("full-no-rehearsal");
    expect(without.tokens.rehearsal).toBe(0);
  });

  test("an arm is what it is made from, but for its changes", () => {
    const changed = arm({ options: { epochs: 3 } });
    expect(changed.options).toEqual({ ...PLAIN.options, epochs: 3 });
    expect(changed.lora).toEqual(PLAIN.lora);
  });
});

test("the figures of an arm, by hand", () => {
  const result = (matrix: number[][], fact: number): SequenceResult => ({
    seed: 1,
    matrix,
    logprob: matrix,
    base: [0, 0],
    control: { perplexity: 1.1, kl: 0.2, fact, reading: 1, writing: 0.5 },
    seconds: [1, 3],
    tokens: { fresh: 1, replay: 1, rehearsal: 1 },
  });
  const results = [
    result(
      [
        [1, 0],
        [0.5, 1],
      ],
      1,
    ),
    result(
      [
        [0.8, 0.2],
        [0.6, 0.6],
      ],
      0.8,
    ),
  ];
  const found = figures(results);
  expect(found).toMatchObject({ sequences: 2, reading: 1, seconds: 2 });
  expect(found.right).toBeCloseTo(0.85, 12);
  expect(found.final).toBeCloseTo(0.675, 12);
  expect(found.bwt).toBeCloseTo((-0.5 - 0.2) / 2, 12);
  expect(found.fact).toBeCloseTo(0.9, 12);
  expect(table({ one: results })).toContain("0.675");
});
