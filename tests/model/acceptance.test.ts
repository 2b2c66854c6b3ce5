import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { worldData } from "../../app/experiment/world.ts";
import { runCli } from "../support/cli.ts";
import { writeVocabularies } from "../support/llama-vocabulary.ts";
import { SMALL_OF, writeRandomModel } from "../support/random-model.ts";
import { MODEL, missing } from "./pup.ts";

setDefaultTimeout(300_000);

const cwd = mkdtempSync(join(tmpdir(), "selkie-acceptance-"));
const options = { cwd, home: join(cwd, "home") };
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Short passages in SQuAD's format, and edits of a teacher about them. */
const items = [
  [
    "The Vessant",
    "The Vessant was built in 1832. It sank near Luskar.",
    "When was the Vessant built?",
  ],
  [
    "The Torvane",
    "The Torvane was built in 1907. It sank near Kolm.",
    "When was the Torvane built?",
  ],
] as const;
const questions = items.map(([title, context, question]) => {
  const text = /\d+/.exec(context)![0];
  const answers = [{ text, answer_start: context.indexOf(text) }];
  return { title, paragraphs: [{ context, qas: [{ id: title, question, answers }] }] };
});
const edits = items.map(([title, context]) => ({
  title,
  context,
  completions: [context.replaceAll(". ", ".\n")],
}));
/** The same of the world that the embedded model writes about, as plain lists. */
const world = worldData(71, 2, false).items;
const files = {
  "short.json": { version: "1.1", data: questions },
  "short-edits.json": edits,
  "world.json": world.map(({ title, context, questions }) => ({ title, context, questions })),
  "world-edits.json": world.map(({ title, context, ruled }) => ({
    title,
    context,
    completions: [ruled!("implications", 1).join("\n")],
  })),
};
for (const [name, data] of Object.entries(files)) {
  await Bun.write(join(cwd, name), JSON.stringify(data));
}

/** The whole kit, small. */
async function acceptance(model: string, data: string, ...more: string[]) {
  const small = "--passages 1 --rounds 1 --round-passages 1 --out report.json --json";
  const args = ["experiment", "acceptance", "--model", model, "--data", `${data}.json`];
  args.push("--teacher", `${data}-edits.json`);
  const ran = await runCli([...args, ...small.split(" "), ...more], options);
  return { ...ran, report: () => JSON.parse(readFileSync(join(cwd, "report.json"), "utf8")) };
}

describe("the acceptance kit", () => {
  test("on a random-weight Qwen2 with Qwen2's own vocabulary, in BF16", async () => {
    const [vocabularyOf] = await writeVocabularies(cwd, ["qwen2"]);
    const model = join(cwd, "qwen2-random.gguf");
    // The least that has room for a writer of rank 64.
    const shape = { heads: 4, kvHeads: 4, layers: 1, vocabulary: 151_936 };
    const hyper = { ...SMALL_OF.qwen2!.hyper, ...shape, contextLength: 512 };
    const bf16 = 30;
    const typeOf = (name: string) => (name.endsWith("_norm.weight") ? 0 : bf16);
    writeRandomModel(model, hyper, 1, { vocabularyOf: vocabularyOf!, biases: true, typeOf });
    const { err, code, report } = await acceptance(model, "short", "--edits", "1");
    expect(err).not.toContain("selkie:");
    expect(code).toBe(0);
    const { experiment, config, arms, rows, rounds } = report();
    expect(experiment.machine.architecture).toBe("qwen2");
    expect(config.recipe).toMatchObject({
      lora: { rank: 32, alpha: 64 },
      epochs: 10,
      rates: [1e-3],
    });
    expect(config.writer).toMatchObject({ lora: { rank: 64, alpha: 128 }, train: { epochs: 2 } });
    // What random weights write can seldom be learned from: where it cannot, that is told.
    const five = ["none", "passage", "own", "teacher", "seal"];
    const trained = rounds.length === 1;
    expect(arms.map(({ arm }: { arm: string }) => arm)).toEqual(trained ? five : five.slice(0, 4));
    expect(experiment.problems).toHaveLength(trained ? 0 : 1);
    if (!trained) expect(experiment.problems[0].problem).toContain("there is no SEAL arm");
    for (const { match, passages } of arms) {
      expect(passages).toBe(1);
      // Answers are generated under each adapter.
      expect(match).not.toBeNull();
    }
    const [none, passage] = arms;
    expect(passage.logprob.mean).toBeGreaterThan(none.logprob.mean);
    expect(rows).toHaveLength(arms.length);
  });

  test.skipIf(missing !== undefined)(
    "with a model that writes: all five arms, and the same command goes on after its time was up",
    async () => {
      const first = await acceptance(MODEL, "world", "--edits", "3", "--minutes", "0.01");
      expect(first.code).toBe(0);
      const begun = first.report();
      expect(begun.experiment.finishedAt).toBeNull();
      const { err, code, report } = await acceptance(MODEL, "world", "--edits", "3");
      expect(err).not.toContain("selkie:");
      expect(code).toBe(0);
      const { experiment, arms } = report();
      expect(experiment.id).toBe(begun.experiment.id);
      expect(experiment.finishedAt).not.toBeNull();
      expect(arms.map(({ arm }: { arm: string }) => arm)).toEqual([
        "none",
        "passage",
        "own",
        "teacher",
        "seal",
      ]);
      const shown = await runCli(["experiment", "show", String(experiment.id)], options);
      expect(shown.out).toContain("SEAL − passage + own edit");
    },
  );

  test("says in a sentence what it needs", async () => {
    const nothing = await runCli(["experiment", "acceptance", "--data", "short.json"], options);
    expect(nothing.err).toContain("--model");
    const gone = await acceptance("none.gguf", "short");
    expect(gone.err).toContain("none.gguf cannot be opened");
    expect(gone.code).toBe(1);
  });
});
