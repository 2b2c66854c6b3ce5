import { describe, expect, test } from "bun:test";
import { matchTokens, tokensOf } from "../../../../agent/measure/placebo/match.ts";
import { choosePassages } from "../../../../agent/measure/placebo/select.ts";
import { lineRow } from "../../../../agent/study/rows.ts";
import { FakeTrainer } from "../fakes/trainer.ts";

const trainer = new FakeTrainer(() => ({ logprob: 0, tokens: 1, exact: false }));
/** A title of one token, words of one each, and the end: `words` + 3 with a begin token. */
const row = (words: number) =>
  lineRow("T", Array.from({ length: words }, (_, i) => `w${i}`).join(" "));
const total = async (rows: Parameters<typeof tokensOf>[1]) =>
  (await tokensOf(trainer, rows, 2)).reduce((a, b) => a + b, 0);

describe("matchTokens", () => {
  test("repeats rows that are too few, and cuts the last", async () => {
    const matched = await matchTokens(trainer, [row(3), row(5)], 34, 2);
    expect(await tokensOf(trainer, matched, 2)).toEqual([6, 8, 6, 8, 6]);
    expect(await total(await matchTokens(trainer, [row(8)], 18, 2))).toBe(18);
  });

  test("cuts rows that are too many", async () => {
    const matched = await matchTokens(trainer, [row(20), row(20)], 32, 2);
    expect(await tokensOf(trainer, matched, 2)).toEqual([23, 9]);
    expect(matched[1]!.segments[1]!.text).toBe("w0 w1 w2 w3 w4 w5");
  });

  test("a row whose question is too long for what is left makes way for the next", async () => {
    const question = lineRow("T", "Question: w0 w1 w2 w3 w4 w5 w6?\nAnswer: w7");
    const matched = await matchTokens(trainer, [question, row(2)], 18, 2);
    expect(await tokensOf(trainer, matched, 2)).toEqual([12, 5]);
  });

  test("nothing to repeat gives nothing", async () => {
    expect(await matchTokens(trainer, [], 10, 2)).toEqual([]);
  });
});

describe("choosePassages", () => {
  const questions = ["a", "b", "c"].map((question) => ({ question, answers: ["x"] }));
  const items = ["A", "B", "C"].flatMap((title) =>
    [1, 2, 3].map((n) => ({ title, context: `${title}${n}`, questions })),
  );

  test("takes articles in turn, the placebo's is always another", () => {
    const cases = choosePassages(items, 7, 1);
    expect(cases.map(({ passage }) => passage.title)).toEqual(["A", "B", "C", "A", "B", "C", "A"]);
    expect(new Set(cases.map(({ passage }) => passage.context)).size).toBe(7);
    for (const { passage, other } of cases) {
      expect(other.title).not.toBe(passage.title);
      expect(other.texts.every((text) => text.startsWith(other.title))).toBe(true);
    }
  });

  test("the same seed chooses the same, and no more than there are", () => {
    expect(choosePassages(items, 4, 1)).toEqual(choosePassages(items, 4, 1));
    expect(choosePassages(items, 99, 1)).toHaveLength(9);
  });

  test("passages without a context or with too few questions are not taken", () => {
    const poor = [
      { title: "D", questions },
      { title: "E", context: "E", questions: questions.slice(1) },
    ];
    expect(choosePassages([...items, ...poor], 99, 1)).toHaveLength(9);
    expect(() => choosePassages(poor, 1, 1)).toThrow("two articles");
  });
});
