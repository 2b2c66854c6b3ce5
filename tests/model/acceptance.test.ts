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

/** Passages in SQuAD's format, and edits of a teacher about them. */
const items = worldData(71, 2, false).items;
const squad = {
  version: "1.1",
  data: items.map(({ title, context, questions }) => ({
    title,
    paragraphs: [
      {
        context,
        qas: questions
          .filter(({ wording }) => wording === "unseen")
          .slice(0, 3)
          .map(({ question, answers }, i) => ({
            id: String(i),
            question,
            answers: answers.map((text) => ({ text, answer_start: 0 })),
          })),
      },
    ],
  })),
};
const recorded = items.map(({ title, context, ruled }) => ({
  title,
  context,
  completions: [ruled!("implications", 1).join("\n")],
}));
await Bun.write(join(cwd, "squad.json"), JSON.stringify(squad));
await Bun.write(join(cwd, "edits.json"), JSON.stringify(recorded));

/** The whole kit, small. */
async function acceptance(model: string, ...more: string[]) {
  const small = "--passages 1 --rounds 1 --round-passages 1 --edits 1 --out report.json --json";
  const args = ["experiment", "acceptance", "--model", model, "--data", "squad.json"];
  const ran = await runCli([...args, ...small.split(" "), ...more], options);
  return { ...ran, report: () => JSON.parse(readFileSync(join(cwd, "report.json"), "utf8")) };
}

describe("the acceptance kit", () => {
  test("on a random-weight Qwen2 with Qwen2's own vocabulary, in BF16", async () => {
    const [vocabularyOf] = await writeVocabularies(cwd, ["qwen2"]);
    const model = join(cwd, "qwen2-random.gguf");
    // The least that has room for a writer of rank 64.
    const shape = { width: 128, heads: 8, kvHeads: 4, layers: 2, vocabulary: 151_936 };
    const hyper = { ...SMALL_OF.qwen2!.hyper, ...shape, contextLength: 1024 };
    const bf16 = 30;
    const typeOf = (name: string) => (name.endsWith("_norm.weight") ? 0 : bf16);
    writeRandomModel(model, hyper, 1, { vocabularyOf: vocabularyOf!, biases: true, typeOf });
    const { err, code, report } = await acceptance(model, "--teacher", "edits.json");
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
    // Random weights write nothing that can be learned from: that is told, and the other arms are there.
    expect(rounds).toEqual([]);
    expect(experiment.problems).toEqual([
      {
        problem:
          "Round 1 of the writer (implications, seed 1) had no edit that earned anything: there is no SEAL arm",
      },
    ]);
    expect(arms.map(({ arm }: { arm: string }) => arm)).toEqual([
      "none",
      "passage",
      "own",
      "teacher",
    ]);
    for (const { match, passages } of arms) {
      expect(passages).toBe(1);
      // Answers are generated under each adapter.
      expect(match).not.toBeNull();
    }
    const [none, passage] = arms;
    expect(passage.logprob.mean).toBeGreaterThan(none.logprob.mean);
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map(({ update }: { update: number }) => update)).size).toBe(4);
  });

  test.skipIf(missing !== undefined)(
    "with a model that writes: all five arms, and the same command goes on after its time was up",
    async () => {
      const first = await acceptance(MODEL, "--teacher", "edits.json", "--minutes", "0.01");
      expect(first.code).toBe(0);
      const begun = first.report();
      expect(begun.experiment.finishedAt).toBeNull();
      const { err, code, report } = await acceptance(MODEL, "--teacher", "edits.json");
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
    const nothing = await runCli(["experiment", "acceptance", "--data", "squad.json"], options);
    expect(nothing.err).toContain("--model");
    const gone = await acceptance("none.gguf");
    expect(gone.err).toContain("none.gguf cannot be opened");
    expect(gone.code).toBe(1);
  });
});
