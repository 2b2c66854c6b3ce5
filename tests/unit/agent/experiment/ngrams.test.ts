import { describe, expect, test } from "bun:test";
import { commonWords, maskedWords, NgramIndex } from "../../../../agent/experiment/ngrams.ts";

const TEXTS = [
  "The Torvane Bridge was opened in 1832.",
  "When was the Torvane Bridge opened?",
  "Painters love the view from the river.",
];
const common = new Set([...commonWords(TEXTS), "when", "who", "which", "painters"]);
const run = (question: string, texts = TEXTS) => new NgramIndex(texts, common).longestRun(question);

describe("runs of words in common", () => {
  test("do not depend on names and numbers", () => {
    expect(maskedWords("When was the Upper Kolgau Fair opened, in 1901?", common)).toEqual([
      "when",
      "was",
      "the",
      "\u0000",
      "opened",
      "in",
      "\u0000",
    ]);
    // A bridge of another name is the same question, word for word.
    expect(run("When was the Upper Kolgau Fair opened?")).toEqual({ longest: 5, words: 5 });
  });

  test("are the longest there is in any one text", () => {
    expect(run("Who was opened in vain?")).toEqual({ longest: 3, words: 5 });
    expect(run("quietly nothing happened")).toEqual({ longest: 0, words: 3 });
    expect(run("river").longest).toBe(1);
    // Texts are apart: the end of one and the beginning of the next are no run.
    expect(run("opened painters love the view").longest).toBe(4);
  });

  test("survive texts without a word, and none at all", () => {
    expect(run("When?", ["", "…", "?!"]).longest).toBe(0);
    expect(run("", TEXTS)).toEqual({ longest: 0, words: 0 });
    expect(new NgramIndex([], common).longestRun("When was it opened?").longest).toBe(0);
  });
});
