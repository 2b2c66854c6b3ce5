import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { answerFromWeights, answerWithPassages } from "../../agent/answer/index.ts";
import { answerText, closedBook } from "../../agent/prompts.ts";
import type { Passage } from "../../db/passages.ts";
import { demoPassages } from "../../models/demo.ts";
import { learnable, missing, openLearner } from "./pup.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(120_000);

const texts = demoPassages(7, 4);

describe.skipIf(missing !== undefined)("questions to the embedded model", () => {
  let learner: ReturnType<typeof openLearner>;
  let passages: Passage[];
  beforeAll(() => {
    learner = openLearner();
    passages = texts.map((text) => learnable(learner.db, text).passage);
  });
  afterAll(() => learner.close());

  test("about news are answered from the passage, of which the weights know nothing", async () => {
    const { db, context } = learner;
    const generator = await context.generator();
    for (const [i, { questions }] of texts.entries()) {
      const { question, answer } = questions[0]!;
      const asked = { question, history: [], versionId: 0 };
      const closed = await answerFromWeights(db, generator, asked);
      expect(closed).toMatchObject({ origin: "weights", passages: [] });
      const open = await answerWithPassages(db, generator, asked, closed);
      const said = closed.text === answer ? "both" : "passages";
      expect(open).toMatchObject({ text: answer, origin: said });
      expect(open.passages.find(({ source }) => source)!.passageId).toBe(passages[i]!.id);
      expect(open.logprob!).toBeGreaterThan(closed.logprob!);
    }
  });

  test("say how likely the weights find their answer, as the trainer does", async () => {
    const { db, context } = learner;
    const { question } = texts[0]!.questions[0]!;
    const asked = { question, history: [], versionId: 0 };
    const { text, logprob } = await answerFromWeights(db, await context.generator(), asked);
    const pair = { context: closedBook(question), answer: answerText(text), end: false };
    const [score] = await (await context.trainer()).score([pair]);
    // Two sets of kernels multiply the same quantized weights.
    expect(Math.abs(logprob! - score!.logprob / score!.tokens)).toBeLessThan(0.05);
  });

  test("that are longer than its context are refused with a sentence", async () => {
    const { db, context } = learner;
    const asked = { question: "word ".repeat(2000), history: [], versionId: 0 };
    const answer = answerFromWeights(db, await context.generator(), asked);
    await expect(answer).rejects.toMatchObject({ code: "prompt-too-long" });
  });
});
