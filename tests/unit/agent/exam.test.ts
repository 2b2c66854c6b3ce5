import { describe, expect, test } from "bun:test";
import { describeProblem, ExamError, parseExam, takeExam } from "../../../agent/exam.ts";
import { FakeGenerator } from "./fakes/generator.ts";
import { FakeTrainer } from "./fakes/trainer.ts";

const GOOD = { title: "T", context: "C", questions: [{ question: "Who?", answer: "Ilsa" }] };

describe("parseExam", () => {
  test("reads texts and lists of answers", () => {
    const { items, problems } = parseExam([
      GOOD,
      { questions: [{ question: " When? ", answer: ["1312", "in 1312"] }] },
    ]);
    expect(problems).toEqual([]);
    expect(items[0]!.questions).toEqual([{ question: "Who?", answers: ["Ilsa"] }]);
    expect(items[1]).toEqual({
      title: "",
      questions: [{ question: "When?", answers: ["1312", "in 1312"] }],
    });
  });

  test("tells what is wrong, item by item, and uses the rest", () => {
    const { items, problems } = parseExam([
      GOOD,
      7,
      { title: "no questions" },
      { title: "T", questions: [] },
      {
        title: "T",
        questions: [
          { question: "", answer: "x" },
          { question: "When?" },
          { question: "When?", answer: [] },
          "When?",
          { question: "Where?", answer: "here" },
        ],
      },
    ]);
    expect(items).toHaveLength(2);
    expect(items[1]!.questions).toEqual([{ question: "Where?", answers: ["here"] }]);
    expect(problems.map(describeProblem)).toEqual([
      "item 2: is not an object.",
      "item 3: “questions” is missing.",
      "item 4: “questions” is empty.",
      "item 5, question 1: “question” is empty.",
      "item 5, question 2: “answer” is missing.",
      "item 5, question 3: “answer” is an empty list.",
      "item 5, question 4: is not an object.",
    ]);
  });

  test.each([[{}], ["x"], [null]])("refuses %p, which is no list", (data) => {
    expect(() => parseExam(data)).toThrow(ExamError);
  });

  test("refuses a list without any usable question, and says why", () => {
    expect(() => parseExam([])).toThrow("no usable question among its 0 items");
    expect(() => parseExam([{ title: "T" }])).toThrow("item 1: “questions” is missing");
  });
});

describe("takeExam", () => {
  test("scores the likeliest right answer, without its end, and grades what was said", async () => {
    const trainer = new FakeTrainer((pair) => ({
      logprob: pair.answer === " in 1312" ? -2 : -8,
      tokens: 2,
      exact: pair.answer === " in 1312",
    }));
    const generator = new FakeGenerator(({ prompt }) =>
      prompt.includes("When") ? " The 1312." : " no",
    );
    const exam = parseExam([
      GOOD,
      { title: "U", questions: [{ question: "When?", answer: ["1312", "in 1312"] }] },
      "bad",
    ]);
    const { summary, answers, problems } = await takeExam(trainer, exam, {
      generator,
      adapter: "a",
    });
    expect(trainer.scored.every(({ pair, adapter }) => pair.end === false && adapter === "a")).toBe(
      true,
    );
    expect(answers[1]).toEqual({
      item: 2,
      title: "U",
      question: "When?",
      answer: "in 1312",
      logprob: -2,
      logprobPerToken: -1,
      tokens: 2,
      exact: true,
      generated: "The 1312.",
      match: true,
    });
    expect(summary).toEqual({
      questions: 2,
      unusable: 1,
      logprob: -5,
      logprobPerToken: -2.5,
      exact: 0.5,
      match: 0.5,
    });
    expect(problems).toHaveLength(1);
  });

  test("a question longer than the context is told, not dropped", async () => {
    const trainer = new FakeTrainer(() => ({ logprob: -1, tokens: 1, exact: false }), 20);
    const exam = parseExam([
      {
        title: "T",
        questions: [
          { question: "word ".repeat(40), answer: "x" },
          { question: "Who?", answer: "x" },
        ],
      },
    ]);
    const { summary, problems } = await takeExam(trainer, exam);
    expect(summary).toMatchObject({ questions: 1, unusable: 1 });
    expect(problems).toEqual([
      { item: 1, question: 1, problem: expect.stringContaining("the model reads 18") },
    ]);
  });
});
