import { afterEach, describe, expect, test } from "bun:test";
import {
  type Asked,
  answerFromWeights,
  answerWithPassages,
} from "../../../../agent/answer/index.ts";
import { type GenerateRequest, GeneratorError } from "../../../../agent/generator/types.ts";
import { closedBook } from "../../../../agent/prompts.ts";
import { addProbes, listProbes, supersedeProbe } from "../../../../db/probes.ts";
import { saveScores } from "../../../../db/scores.ts";
import { addVersion } from "../../../../db/versions.ts";
import { FakeGenerator } from "../fakes/generator.ts";
import { Bench } from "../learn/bench.ts";

let bench: Bench;
afterEach(() => bench.close());

const asked = (question: string, more: Partial<Asked> = {}): Asked => ({
  ...{ question, history: [], versionId: 0 },
  ...more,
});

/** A model that says `closed` with every passage closed, and `open` with one open. */
function says(closed: string, open: (prompt: string) => string = () => closed): FakeGenerator {
  return new FakeGenerator(({ prompt }) => (prompt.startsWith("Passage:") ? open(prompt) : closed));
}

describe("with passages open", () => {
  const answer = (
    generator: FakeGenerator,
    closed: string,
    question = "What did the Toab carry?",
  ) => answerWithPassages(bench.db, generator, asked(question), { text: closed, logprob: null });

  test("an answer comes from the passage that it stands in", async () => {
    bench = new Bench();
    const { passage } = bench.learnable("Toab");
    const found = await answer(
      says("", () => " saltToab"),
      "silver",
    );
    expect(found).toMatchObject({ text: "saltToab", origin: "passages" });
    expect(found.passages).toEqual([{ passageId: passage.id, title: "The Toab", source: true }]);
    expect(
      await answer(
        says("", () => "saltToab"),
        "It was saltToab.",
      ),
    ).toMatchObject({
      origin: "both",
    });
  });

  test("the next passage is opened until one has the answer in it", async () => {
    bench = new Bench();
    for (const name of ["Toab", "Varn"]) bench.learnable(name);
    // Names of neither are in the question, so that both fit.
    const generator = says("", (prompt) => (prompt.includes("saltVarn") ? "saltVarn" : "gold"));
    const opened: string[] = [];
    const found = await answerWithPassages(
      bench.db,
      generator,
      asked("what was carried and built and sank?"),
      { text: "gold", logprob: null },
      { onOpen: () => opened.push("opened") },
    );
    expect(found.text).toBe("saltVarn");
    expect(found.passages.find(({ source }) => source)!.title).toBe("The Varn");
    expect(opened).toHaveLength(found.passages.length);
  });

  test("what stands in none of them comes from the weights, and so does what none names", async () => {
    bench = new Bench();
    bench.learnable("Toab");
    const unsaid = await answer(
      says("", () => "gold"),
      "silver",
    );
    expect(unsaid).toMatchObject({
      text: "gold",
      origin: "weights",
      passages: [{ source: false }],
    });
    const generator = says("never asked");
    const unnamed = await answer(generator, "silver", "What did the Kestrel carry?");
    expect(unnamed).toMatchObject({ text: "silver", origin: "weights", passages: [] });
    expect(generator.asked).toEqual([]);
  });

  test("a passage that does not fit beside the question is left out", async () => {
    bench = new Bench();
    bench.learnable("Toab");
    const generator = says("", () => {
      throw new GeneratorError("prompt-too-long", "Too long.");
    });
    expect(await answer(generator, "silver")).toMatchObject({ text: "silver", passages: [] });
  });
});

describe("what was said before", () => {
  const history = [1, 2, 3, 4].map((n) => ({ question: `Q${n}?`, answer: `A${n}.` }));

  test("stands before the question, as far as it fits", async () => {
    bench = new Bench();
    const prompts: string[] = [];
    const generator = new FakeGenerator(({ prompt }: GenerateRequest) => {
      prompts.push(prompt);
      if (prompt.length > 90) throw new GeneratorError("prompt-too-long", "Too long.");
      return " Yes.";
    });
    const { text } = await answerFromWeights(bench.db, generator, asked("And then?", { history }));
    expect(text).toBe("Yes.");
    expect(prompts).toEqual([
      `${[1, 2, 3, 4].map((n) => `Question: Q${n}?\nAnswer: A${n}.`).join("\n")}\n${closedBook("And then?")}`,
      `${[3, 4].map((n) => `Question: Q${n}?\nAnswer: A${n}.`).join("\n")}\n${closedBook("And then?")}`,
    ]);
  });

  test("a question that does not fit by itself is refused", async () => {
    bench = new Bench();
    const generator = new FakeGenerator(() => {
      throw new GeneratorError("prompt-too-long", "Too long.");
    });
    const answer = answerFromWeights(bench.db, generator, asked("x", { history }));
    await expect(answer).rejects.toMatchObject({ code: "prompt-too-long" });
  });
});

describe("the exam questions that cover a question", () => {
  test("are the nearest ones, with what these weights last answered", async () => {
    bench = new Bench();
    const { passage } = bench.learnable("Toab");
    bench.learnable("Varn");
    const probe = { passageId: passage.id, kind: "written", split: "report", prompt: "p" } as const;
    addProbes(bench.db, [
      { ...probe, question: "Where did the Toab sink?", answer: "KolmToab" },
      { ...probe, question: "Which goods did the Toab carry?", answer: "saltToab" },
      { ...probe, question: "What cargo did the Toab have?", answer: "old news" },
    ]);
    const [sunk, goods, old] = listProbes(bench.db, passage.id);
    supersedeProbe(bench.db, old!.id, { passageId: 2, at: 1, answer: "new" });
    const version = (parentId: number | null) =>
      addVersion(bench.db, { parentId, file: `${parentId}.gguf`, sha256: "x" }).id;
    const first = version(null);
    const second = version(first);
    const aside = version(first);
    const score = { probeId: goods!.id, tokens: 2 };
    saveScores(bench.db, 0, [{ ...score, logprob: -8, exact: false }]);
    saveScores(bench.db, first, [{ ...score, logprob: -1, exact: true }]);
    saveScores(bench.db, aside, [{ ...score, logprob: -9, exact: false }]);
    const cover = async (versionId: number, text = "gold") =>
      (
        await answerFromWeights(
          bench.db,
          says(text),
          asked("What goods did the Toab carry?", { versionId }),
        )
      ).probes;
    const covering = { passageId: passage.id, title: "The Toab", question: goods!.question };
    expect(await cover(second)).toEqual([
      {
        ...{ ...covering, answer: "saltToab" },
        result: { versionId: first, exact: true, logprob: -0.5 },
      },
    ]);
    expect((await cover(0))[0]!.result).toMatchObject({ versionId: 0, exact: false });
    // One that asks something else counts where it has the answer that was given.
    const questions = (await cover(0, "KolmToab")).map(({ question }) => question);
    expect(questions).toEqual([goods!.question, sunk!.question]);
  });
});
