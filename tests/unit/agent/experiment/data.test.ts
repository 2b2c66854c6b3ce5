import { describe, expect, test } from "bun:test";
import {
  describeExperimentProblem,
  ExperimentDataError,
  parseExperimentData,
} from "../../../../agent/experiment/data.ts";

const CONTEXT = "The Vessant was built in 1832 by Pomfrey of Luskar.";
const good = {
  title: "The Vessant",
  context: CONTEXT,
  questions: [{ question: "When was the Vessant built?", answer: "1832" }],
};

/** The file's usable part, and its problems in sentences. */
function parsed(data: unknown) {
  const { items, problems } = parseExperimentData(data);
  return { items, told: problems.map(describeExperimentProblem) };
}

describe("a list of passages with questions", () => {
  test("is read with one answer, several, or SQuAD's objects", () => {
    const { items, told } = parsed([
      {
        ...good,
        questions: [
          { question: "When was it built?", answer: "1832" },
          { question: "Who built it?", answers: ["Pomfrey", "Pomfrey of Luskar"] },
          { question: "Where was Pomfrey from?", answers: [{ text: "Luskar", answer_start: 44 }] },
        ],
      },
    ]);
    expect(told).toEqual([]);
    expect(items[0]!.number).toBe(1);
    expect(items[0]!.questions).toEqual([
      { question: "When was it built?", answers: ["1832"], wording: "gold" },
      { question: "Who built it?", answers: ["Pomfrey", "Pomfrey of Luskar"], wording: "gold" },
      { question: "Where was Pomfrey from?", answers: ["Luskar"], wording: "gold" },
    ]);
  });

  test("loses what cannot be used, item by item, and nothing else", () => {
    const question = { question: "Who built it?", answer: "Pomfrey" };
    const { items, told } = parsed([
      null,
      { ...good, title: undefined },
      { ...good, context: "  " },
      { ...good, questions: [] },
      { ...good, questions: "What?" },
      good,
      { ...good, title: "The same again" },
      {
        title: "Questions",
        context: "Another passage.",
        questions: [
          question,
          { question: "who built  it", answer: "Somebody" },
          { answer: "1832" },
          { question: " ", answer: "1832" },
          { question: "When?" },
          { question: "How long?", answer: [] },
          { question: "How high?", answer: ["", "  "] },
          { question: "How wide?", answer: [7] },
          { question: "How deep?", answers: ["3 m", "3 m.", "4 m"] },
          { question: "How old?", answers: [], is_impossible: true },
        ],
      },
      { title: "None left", context: "A third passage.", questions: [{ question: "When?" }] },
    ]);
    expect(items.map(({ title, number }) => [title, number])).toEqual([
      ["The Vessant", 6],
      ["Questions", 8],
    ]);
    expect(items[1]!.questions.map(({ question }) => question)).toEqual([
      "Who built it?",
      "How deep?",
    ]);
    expect(items[1]!.questions[1]!.answers).toEqual(["3 m", "4 m"]);
    expect(told).toEqual([
      "item 1: is not an object.",
      "item 2: “title” is missing.",
      "item 3: “context” is empty.",
      "item 4: “questions” is empty.",
      "item 5: “questions” is not a list.",
      "item 7: has the same passage as item 6.",
      "item 8, question 2: asks the same as question 1.",
      "item 8, question 3: “question” is missing.",
      "item 8, question 4: “question” is empty.",
      "item 8, question 5: “answer” is missing.",
      "item 8, question 6: has no answer that can be used.",
      "item 8, question 7: answer 1 is empty.",
      "item 8, question 7: answer 2 is empty.",
      "item 8, question 7: has no answer that can be used.",
      "item 8, question 8: answer 1 is not a text.",
      "item 8, question 8: has no answer that can be used.",
      "item 8, question 9: answer 2 repeats another one.",
      "item 8, question 10: has no answer in the passage.",
      "item 9, question 1: “answer” is missing.",
      "item 9: has no question that can be asked.",
    ]);
  });

  test("is refused where nothing of it can be used", () => {
    for (const data of ["text", 7, {}, { data: "squad" }]) {
      expect(() => parseExperimentData(data)).toThrow("must be a JSON list");
    }
    expect(() => parseExperimentData([])).toThrow("no usable passage among its 0.");
    expect(() => parseExperimentData([{ title: "x" }])).toThrow(
      "no usable passage among its 1; item 1: “context” is missing.",
    );
    expect(() => parseExperimentData([null])).toThrow(ExperimentDataError);
  });
});

describe("a file in SQuAD's format", () => {
  test("is read paragraph by paragraph; what several people answered alike is one", () => {
    const answers = [{ text: "1832" }, { text: "1832" }, { text: "in 1832" }];
    const { items, told } = parsed({
      version: "1.1",
      data: [
        {
          title: "The Vessant",
          paragraphs: [
            { context: CONTEXT, qas: [{ id: "1", question: "When was it built?", answers }] },
            { context: "Another one.", qas: [{ id: "2", question: "Why?", answers: [] }] },
          ],
        },
      ],
    });
    expect(items).toHaveLength(1);
    expect(items[0]!.questions[0]!.answers).toEqual(["1832", "in 1832"]);
    expect(told).toEqual([
      "item 2, question 1: has no answer that can be used.",
      "item 2: has no question that can be asked.",
      "1 answers repeat another one of their question.",
    ]);
  });
});
