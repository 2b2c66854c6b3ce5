import { describe, expect, test } from "bun:test";
import { GeneratorError } from "../../../../agent/generator/types.ts";
import { screen, writtenProbes } from "../../../../agent/probe/written.ts";
import { closedBook } from "../../../../agent/prompts.ts";
import { FakeGenerator } from "../fakes/generator.ts";

const PASSAGE = {
  title: "The Toab",
  text: "The Toab was built in Port Varnel in 1312. Ilsa Torvane built it. It carried salt.",
};
const OPTIONS = { openBookSamples: 3, max: 12, seed: 1 };

describe("screen", () => {
  const good = { question: "Who built the Toab?", answer: "Ilsa Torvane" };

  test("lets a sound question pass", () => {
    expect(screen(good, PASSAGE)).toBeUndefined();
  });

  test.each([
    [{ ...good, answer: "Elsa Torvane" }, "answer-not-in-passage"],
    [{ ...good, question: "Did Ilsa Torvane build the Toab?" }, "answer-in-question"],
    [{ ...good, question: "Who built the Toja?" }, "foreign-name"],
  ] as const)("drops %o", (pair, reason) => {
    expect(screen(pair, PASSAGE)).toBe(reason);
  });
});

describe("writtenProbes", () => {
  const list = [
    " Who built the Toab?\nAnswer: Ilsa Torvane",
    "Question: What did the Toab carry?\nAnswer: salt",
    "Question: What did the Toab carry?\nAnswer: the salt",
    "Question: When was the Toab built?\nAnswer: 1312",
    "Question: Where was the Toja built?\nAnswer: Port Varnel",
  ].join("\n");
  const book: Record<string, string> = { built: "Ilsa Torvane", carry: "Salt.", When: "1312" };

  /** Knows the book; whoever asks when, by chance, is told another year. */
  function model(waversAt?: string) {
    return new FakeGenerator(({ prompt, temperature }) => {
      if (prompt.includes("Questions:")) return list;
      const key = Object.keys(book).find((word) => prompt.split("Question:")[1]?.includes(word));
      if (key === "built" && prompt.includes("When was"))
        return temperature > 0 && waversAt === "When" ? "1313" : "1312";
      return book[key ?? ""] ?? "";
    });
  }

  test("keeps what the open book answers alike each time, once", async () => {
    const { drafts, asked } = await writtenProbes(model(), PASSAGE, OPTIONS);
    expect(asked).toBe(4);
    expect(drafts.map(({ question, answer }) => [question, answer])).toEqual([
      ["Who built the Toab?", "Ilsa Torvane"],
      ["What did the Toab carry?", "salt"],
      ["When was the Toab built?", "1312"],
    ]);
    expect(drafts[0]).toMatchObject({ kind: "written", prompt: closedBook("Who built the Toab?") });
  });

  test("drops what one sampled answer denies", async () => {
    const { drafts } = await writtenProbes(model("When"), PASSAGE, OPTIONS);
    expect(drafts.map((draft) => draft.answer)).toEqual(["Ilsa Torvane", "salt"]);
  });

  test("the first open-book answer is greedy, the others are sampled with their own seeds", async () => {
    const generator = model();
    await writtenProbes(generator, PASSAGE, OPTIONS);
    const asked = generator.asked.filter((r) => r.prompt.endsWith("Who built the Toab?\nAnswer:"));
    expect(asked.map((r) => r.temperature > 0)).toEqual([false, true, true]);
    expect(new Set(asked.slice(1).map((r) => r.seed)).size).toBe(2);
  });

  test("a passage that leaves no room for a question gives none", async () => {
    const generator = new FakeGenerator(() => {
      throw new GeneratorError("prompt-too-long", "too long");
    });
    const { drafts } = await writtenProbes(generator, PASSAGE, OPTIONS);
    expect(drafts).toEqual([]);
  });
});
