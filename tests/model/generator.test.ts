import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Generator, GeneratorError } from "../../agent/generator/index.ts";
import { implicationsPrompt } from "../../agent/prompts.ts";
import { MODEL, missing, news } from "./pup.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(120_000);

const prompts = news(6).map(implicationsPrompt);

describe.skipIf(missing !== undefined)("the generator on the embedded model", () => {
  let generator: Generator;
  beforeAll(async () => {
    generator = await Generator.start({ model: MODEL, backend: "cpu" });
  });
  afterAll(() => generator.close());

  const request = (prompt: string, changes = {}) => ({
    prompt,
    maxTokens: 60,
    temperature: 0,
    stop: ["\n\n"],
    ...changes,
  });

  test("greedy text is the same alone and in a batch", async () => {
    const batch = await generator.generate(prompts.map((prompt) => request(prompt)));
    const alone = await generator.generate([request(prompts[3]!)]);
    expect(batch).toHaveLength(prompts.length);
    expect(alone[0]).toBe(batch[3]!);
    expect(alone[0]!.length).toBeGreaterThan(10);
  });

  test("a seed gives the same sample, another seed another one", async () => {
    const sample = (seed: number) => request(prompts[0]!, { temperature: 1, seed });
    const [a, b, c] = await generator.generate([sample(1), sample(1), sample(2)]);
    expect(b).toBe(a!);
    expect(c).not.toBe(a!);
  });

  test("streams what it returns, piece by piece", async () => {
    const pieces: string[] = [];
    const [text] = await generator.generate([request(prompts[1]!)], {
      onText: (_, piece) => pieces.push(piece),
    });
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join("")).toBe(text!);
  });

  test("stops before a stop string", async () => {
    const [whole] = await generator.generate([request(prompts[0]!)]);
    const stop = whole!.slice(8, 12);
    const [cut] = await generator.generate([request(prompts[0]!, { stop: [stop] })]);
    expect(cut).toBe(whole!.slice(0, whole!.indexOf(stop)));
  });

  test("is cancelled between tokens", async () => {
    const stop = new AbortController();
    const work = generator.generate(
      [request(prompts[0]!, { maxTokens: 400, temperature: 1.5, stop: [] })],
      {
        signal: stop.signal,
        onText: () => stop.abort(),
      },
    );
    await expect(work).rejects.toMatchObject({ code: "cancelled" });
  });

  test("a prompt longer than the context is refused", async () => {
    await expect(generator.generate([request("word ".repeat(20_000))])).rejects.toMatchObject({
      code: "prompt-too-long",
    });
  });

  test("an adapter that is not there is told by its name", async () => {
    const work = generator.generate([request("x", { adapter: "/nowhere/a.gguf" })]);
    await expect(work).rejects.toThrow("/nowhere/a.gguf");
  });

  test("survives its process: what was asked fails, what is asked next works", async () => {
    const work = generator.generate(
      [request(prompts[0]!, { maxTokens: 400, temperature: 1.5, stop: [] })],
      {
        onText: () => generator.pid && process.kill(generator.pid, "SIGKILL"),
      },
    );
    await expect(work).rejects.toMatchObject({ code: "child-died" });
    const [text] = await generator.generate([request(prompts[0]!)]);
    expect(text!.length).toBeGreaterThan(0);
  });
});

describe("a model that cannot be read", () => {
  test.each([
    ["is not there", "/nowhere/model.gguf", "there is no such file"],
    ["is no GGUF", import.meta.path, "magic"],
  ])("%s: the message says so", async (_, model, reason) => {
    const start = Generator.start({ model, backend: "cpu" });
    await expect(start).rejects.toBeInstanceOf(GeneratorError);
    await expect(start).rejects.toMatchObject({
      code: "model-unreadable",
      message: expect.stringContaining(reason),
    });
  });
});
