import { describe, expect, test } from "bun:test";
import { buildControl } from "../../../../agent/control/build.ts";
import { GENERAL } from "../../../../agent/control/general.ts";
import { controlFigures } from "../../../../agent/control/measure.ts";
import { containsAnswer } from "../../../../agent/probe/answers.ts";
import { writeRehearsal } from "../../../../agent/replay/rehearsal.ts";
import { FakeGenerator } from "../fakes/generator.ts";
import { FakeTrainer } from "../fakes/trainer.ts";

const OWN =
  "Harbour news\nThe old pier at Kolm was closed on Monday, since three of its piles had rotted through and the council has no money to mend them before the spring comes.";

/** Says something of its own when nobody asks, and knows that the capital of France is Paris. */
const generator = () =>
  new FakeGenerator(({ prompt, seed = 0 }) => {
    if (prompt === "") return seed % 2 === 0 ? OWN : "Too short.";
    if (prompt === "Question:") return " What is the capital of France?\nAnswer: Paris";
    if (prompt.endsWith("Questions:\nQuestion:")) return " Where is the old pier?\nAnswer: Kolm";
    if (prompt.includes("capital of France")) return "Paris";
    return "The pier is closed.\nIt will be mended.";
  });

const trainer = new FakeTrainer(({ context, answer }) => ({
  logprob: -2,
  tokens: 2,
  exact: answer === " Paris" || context.includes("Implications"),
}));

const options = { items: 4, seed: 1, ends: false };

describe("a control set", () => {
  test("has only what the base can do, and texts whatever it makes of them", async () => {
    const items = await buildControl({ generator: generator(), trainer }, GENERAL, options);
    const of = (kind: string) => items.filter((item) => item.kind === kind);
    expect(of("fact").map(({ answer }) => answer)).toEqual([" Paris"]);
    expect(of("reading")).toEqual([]);
    expect(of("text")).toHaveLength(4);
    expect(of("sample").length).toBeGreaterThan(0);
    expect(of("writing").every(({ context }) => context.includes("Implications"))).toBe(true);
    for (const { context, answer } of of("sample")) expect(OWN).toBe(context + answer);
  });

  test("writing is asked line by line, each behind the lines before it", async () => {
    const items = await buildControl({ generator: generator(), trainer }, GENERAL, options);
    const [first, second] = items.filter(({ kind }) => kind === "writing");
    expect(second!.context).toBe(`${first!.context}${first!.answer}\n`);
  });

  test("the shipped questions about texts are answered in them, word for word", () => {
    expect(GENERAL.passages.length).toBeGreaterThanOrEqual(8);
    for (const { text, questions } of GENERAL.passages) {
      for (const { answer } of questions) expect(containsAnswer(text, answer)).toBe(true);
    }
    const asked = GENERAL.questions.map(({ question }) => question);
    expect(new Set(asked).size).toBe(asked.length);
  });
});

describe("the control set's figures", () => {
  const item = (kind: "text" | "sample" | "fact", now: number, exact = true) => ({
    kind,
    base: { logprob: -10, tokens: 5 },
    now: { logprob: now, tokens: 5, exact },
  });

  test("perplexity, KL and shares, by hand", () => {
    const figures = controlFigures([
      item("text", -12),
      item("text", -13),
      item("sample", -10.5),
      item("fact", -10),
      item("fact", -30, false),
    ]);
    expect(figures.perplexity).toBeCloseTo(Math.exp(5 / 10), 12);
    expect(figures.kl).toBeCloseTo(0.1, 12);
    expect(figures.fact!.mean).toBe(0.5);
    expect(figures.reading).toBeNull();
  });

  test("of nothing there is nothing", () => {
    expect(controlFigures([])).toEqual({
      perplexity: null,
      kl: null,
      fact: null,
      reading: null,
      writing: null,
    });
  });
});

describe("what the base rehearses", () => {
  const write = (forbidden: string[]) =>
    writeRehearsal(generator(), { texts: 4, questions: 3, seed: 2, forbidden });

  test("is its own text, what it answers alike when asked again, reading and writing", async () => {
    const rows = await write([]);
    const forms = Map.groupBy(rows, ({ form }) => form);
    expect(forms.get("question")).toEqual([
      {
        form: "question",
        prompt: "Question: What is the capital of France?\nAnswer:",
        output: " Paris",
      },
    ]);
    expect(forms.get("text")!.map(({ output }) => output)).toContain(OWN);
    expect(forms.get("reading")![0]).toMatchObject({ output: " Kolm" });
    expect(forms.get("writing")!.length).toBeGreaterThan(0);
  });

  test("never mentions what is forbidden", async () => {
    const rows = await write(["capital of france", "The Old Pier"]);
    expect(JSON.stringify(rows)).not.toMatch(/capital of France|old pier/i);
    expect(rows.length).toBeGreaterThan(0);
  });
});
