import { describe, expect, test } from "bun:test";
import type { ExperimentData } from "../../../../agent/experiment/data.ts";
import { deal } from "../../../../agent/experiment/deal.ts";
import { upTo } from "../../../../agent/experiment/edits.ts";
import { normaliseAnswer } from "../../../../agent/probe/answers.ts";
import { worldData } from "../../../../app/experiment/world.ts";

const config = {
  arms: ["own", "seal"] as ("own" | "seal")[],
  regimes: ["single", "together"] as ("single" | "together")[],
  passages: 3,
  sets: 2,
  together: 2,
  tune: 2,
  rounds: 2,
  writePassages: 2,
  reward: "gold" as const,
};

function file(count: number): ExperimentData {
  const items = Array.from({ length: count }, (_, i) => ({
    number: i + 1,
    title: `T${i}`,
    context: `Passage ${i}.`,
    questions: [{ question: `Q${i}?`, answers: [`A${i}`], wording: "gold" as const }],
  }));
  return { name: "file", hash: "x", items, problems: [] };
}

describe("passages are dealt", () => {
  test("one part each, the same ones every time", () => {
    const dealt = deal(file(12), config);
    expect(dealt.map(({ role, round }) => `${role} ${round}`)).toEqual([
      ...Array(4).fill("report null"),
      ...Array(2).fill("tune null"),
      ...Array(2).fill("write 1"),
      ...Array(2).fill("write 2"),
    ]);
    expect(new Set(dealt.map(({ item }) => item)).size).toBe(10);
    expect(deal(file(12), config)).toEqual(dealt);
  });

  test("what is reported has report questions, what is not has questions that choose", () => {
    for (const { role, questions } of deal(file(12), config)) {
      expect(questions.map(({ use }) => use)).toEqual([role === "report" ? "report" : "reward"]);
    }
  });

  test("rewards that are to be written leave the rounds' passages without questions", () => {
    const dealt = deal(file(12), { ...config, reward: "written" });
    expect(dealt.filter(({ questions }) => questions.length === 0).map(({ role }) => role)).toEqual(
      Array(4).fill("write"),
    );
  });

  test("too few are refused with what is missing", () => {
    expect(() => deal(file(9), config)).toThrow("9 usable passages, and 10 are needed");
  });
});

describe("the invented world", () => {
  const data = worldData(5, 10, false);
  const dealt = deal(data, config);

  test("asks report questions in wordings that no question has that chooses", () => {
    const masked = (passage: (typeof dealt)[number], question: string) => {
      const name = passage.title.replace(/^The /, "");
      return normaliseAnswer(question.replaceAll(name, "N"));
    };
    const asked = (use: "reward" | "report") =>
      new Set(
        dealt.flatMap((passage) =>
          passage.questions
            .filter((it) => it.use === use)
            .map(({ question }) => masked(passage, question)),
        ),
      );
    const reward = asked("reward");
    for (const wording of asked("report")) expect(reward.has(wording)).toBe(false);
  });

  test("lets rewards ask about half of the facts of a reported passage", () => {
    for (const { role, questions, item } of dealt) {
      const facts = new Set(data.items[item]!.questions.map(({ answers }) => answers[0]));
      const chosen = new Set(
        questions.filter(({ use }) => use === "reward").map(({ answers }) => answers[0]),
      );
      const half = Math.ceil(facts.size / 2);
      expect(chosen.size).toBe(role === "report" ? half : facts.size);
    }
  });

  test("gives wrong answers to questions that choose, and none to those that measure", () => {
    for (const { questions } of dealt) {
      for (const { use, distractors, answers } of questions) {
        if (use === "report") expect(distractors).toEqual([]);
        else expect(distractors.length).toBeGreaterThan(0);
        expect(distractors).not.toContain(answers[0]!);
      }
    }
  });

  test("writes edits by rule, of what the passage states alone", () => {
    for (const { ruled, context, title } of data.items) {
      const lines = ruled!("implications", 3);
      expect(lines).toEqual(ruled!("implications", 3));
      expect(lines.length).toBeGreaterThanOrEqual(4);
      expect(lines.some((line) => line.toLowerCase().includes(title.toLowerCase()))).toBe(true);
      expect(context.length).toBeGreaterThan(0);
    }
  });
});

describe("as many lines as come nearest to a length", () => {
  test.each([
    [[5, 5, 5], 10, 2],
    [[5, 5, 5], 11, 2],
    [[5, 5, 5], 13, 3],
    [[5, 5, 5], 100, 3],
    [[9, 1], 3, 0],
    [[], 10, 0],
  ])("%p up to %p", (tokens, wanted, count) => {
    const lines = tokens.map((_, i) => `line ${i}`);
    expect(upTo(lines, tokens, wanted)).toEqual(lines.slice(0, count));
  });
});
