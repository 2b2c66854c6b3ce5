import { describe, expect, test } from "bun:test";
import { parseQuestions } from "../../../../agent/probe/parse.ts";

const PAIR = { question: "Who built the Toab?", answer: "Ilsa Torvane" };

describe("parseQuestions", () => {
  test.each([
    ["the form asked for", "Question: Who built the Toab?\nAnswer: Ilsa Torvane"],
    ["short labels", "Q: Who built the Toab?\nA: Ilsa Torvane."],
    ["numbered labels", "Question 1: Who built the Toab?\nAnswer 1: Ilsa Torvane"],
    ["a numbered list", "1. Who built the Toab?\n   Answer: Ilsa Torvane"],
    ["bold type", "**Question:** Who built the Toab?\n**Answer:** Ilsa Torvane"],
    ["no labels", "Who built the Toab?\nIlsa Torvane"],
    ["one line", "- Who built the Toab? Ilsa Torvane"],
    ["one line with a label", "Question: Who built the Toab? Answer: Ilsa Torvane"],
    ["one line in brackets", "Who built the Toab? (Answer: Ilsa Torvane)"],
    ["an empty line between", "Question: Who built the Toab?\n\nAnswer: Ilsa Torvane\n\n"],
    ["quotes", 'Question: Who built the Toab?\nAnswer: "Ilsa Torvane"'],
  ])("reads %s", (_, text) => {
    expect(parseQuestions(text)).toEqual([PAIR]);
  });

  test("reads several pairs, and leaves out the one that was cut short", () => {
    const text =
      "Question: Who built the Toab?\nAnswer: Ilsa Torvane\nQuestion: When was it built?\nAnswer: 1312\nQuestion: Where did";
    expect(parseQuestions(text)).toEqual([
      PAIR,
      { question: "When was it built?", answer: "1312" },
    ]);
  });

  test("leaves out answers that are no short answers", () => {
    const long = "one two three four five six seven eight nine ten eleven";
    expect(parseQuestions(`Question: Who built the Toab?\nAnswer: ${long}`)).toEqual([]);
    expect(parseQuestions("Question: Who built the Toab?\nAnswer:")).toEqual([]);
  });

  test("a question follows a question: the first has no answer", () => {
    expect(
      parseQuestions(
        "Question: Who sank the Toab?\nQuestion: Who built the Toab?\nAnswer: Ilsa Torvane",
      ),
    ).toEqual([PAIR]);
  });

  test("prose gives nothing", () => {
    expect(parseQuestions("The Toab was built by Ilsa.\nIt is old.")).toEqual([]);
    expect(parseQuestions("")).toEqual([]);
  });
});
