import { afterAll, describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { encodeRow } from "../../../models/corpus.ts";
import { GridCorpus } from "../../../models/grid/corpus.ts";
import { PLANS } from "../../../models/plans.ts";
import { tokenizerMetadata } from "../../../models/tokenizer/file.ts";
import { loadTokenizer, readTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { ModelTokenizer } from "../../../trainer/process/tokenizer.ts";
import { Pretrainer } from "../../../trainer/training/pretrain.ts";
import { cpu, scratch } from "../trainer/fixture.ts";

const folder = scratch("plans");
afterAll(folder.remove);

describe.each([...PLANS])("%s", (_, plan) => {
  const tokenizer = loadTokenizer(plan.tokenizer);
  const { shape } = plan;

  test("rows are within the vocabulary and the context", () => {
    const { rows, tokens } = plan.corpus(tokenizer, 1).batch(3);
    expect(rows.length).toBeGreaterThan(0);
    expect(tokens).toBe(rows.reduce((sum, row) => sum + row.tokens.length, 0));
    for (const { tokens } of rows) {
      expect(tokens.length).toBeLessThanOrEqual(shape.contextLength);
      expect(tokens.every((token) => token < tokenizer.size)).toBe(true);
    }
  });
});

test("llama.cpp reads a grid model that is written, and its tokens are the ones trained on", async () => {
  const plan = PLANS.get("grid")!;
  const tokenizer = loadTokenizer(plan.tokenizer);
  const path = folder.file("grid.gguf");
  const pretrainer = new Pretrainer(cpu(), { ...plan.shape, vocabulary: tokenizer.size }, 1);
  await pretrainer.export(path, tokenizerMetadata(readTokenizer(plan.tokenizer)));
  expect(statSync(path).size).toBeLessThan(16e6);
  const theirs = await ModelTokenizer.open(path);
  for (const row of new GridCorpus(tokenizer).texts(1)) {
    const { tokens, loss } = encodeRow(tokenizer, row);
    expect(theirs.row(row)).toEqual({ tokens, loss });
  }
});
