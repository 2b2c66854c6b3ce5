import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Llama } from "node-llama-cpp";
import { GgufFile } from "../../../trainer/ggml/gguf.ts";
import type { Hyperparameters } from "../../../trainer/model/hyperparameters.ts";
import { loadModel } from "../../../trainer/model/load.ts";
import { ModelTokenizer } from "../../../trainer/process/tokenizer.ts";
import { llamaLogits, openLlama } from "../../support/llama-cpp.ts";
import { SMALL, SMALL_OF, writeRandomModel } from "../../support/random-model.ts";
import { argmax, cpu, logitsOf, PASSAGE, relativeDifference, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("vocabulary");
let llama: Llama;

/** llama.cpp's own vocabularies lie in the source that node-llama-cpp brings along, a git bundle. */
const bundle = join(
  dirname(createRequire(import.meta.url).resolve("node-llama-cpp")),
  "../llama/gitRelease.bundle",
);

async function git(...args: string[]): Promise<Uint8Array> {
  const child = Bun.spawn({
    cmd: ["git", "-C", file(""), ...args],
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = await new Response(child.stdout).bytes();
  if ((await child.exited) !== 0) throw new Error(`git ${args.join(" ")} failed`);
  return output;
}

let commit = "";

beforeAll(async () => {
  await git("init", "--quiet", "--bare", ".");
  const heads = new TextDecoder().decode(await git("bundle", "unbundle", bundle));
  commit = heads.split(" ")[0] as string;
  llama = await openLlama();
});
afterAll(async () => {
  await llama.dispose();
  remove();
});

const VOCABULARIES: [string, Hyperparameters, number][] = [
  ["llama-spm", SMALL, 32_000],
  ["qwen2", { ...SMALL_OF.qwen2!.hyper, width: 32, heads: 2, kvHeads: 1 }, 151_936],
];

for (const [name, hyper, tokens] of VOCABULARIES) {
  test(`${name}, ${tokens} tokens`, async () => {
    const vocabulary = file(`${name}.gguf`);
    writeFileSync(
      vocabulary,
      await git("cat-file", "blob", `${commit}:models/ggml-vocab-${name}.gguf`),
    );
    const header = GgufFile.open(vocabulary);
    expect(header.arrayLength("tokenizer.ggml.tokens")).toBe(tokens);
    header.close();
    const path = file(`${name}-model.gguf`);
    writeRandomModel(path, { ...hyper, vocabulary: tokens, layers: 1 }, 1, {
      vocabularyOf: vocabulary,
      biases: true,
    });
    const tokenizer = await ModelTokenizer.open(path);
    const segments = [{ text: PASSAGE, loss: true }];
    const row = tokenizer.row({ segments, end: true });
    expect(row.tokens.length).toBeLessThan(PASSAGE.length / 2);
    const ours = await loadModel(cpu(), path);
    const theirs = await llama.loadModel({ modelPath: path });
    const [got] = await logitsOf(ours, [row]);
    const expected = await llamaLogits(theirs, row);
    expect(got?.length).toBe(row.tokens.length - 1);
    got?.forEach((logits, i) => {
      expect(logits.length).toBe(tokens);
      expect(relativeDifference(logits, expected[i]!)).toBeLessThan(2e-4);
      expect(argmax(logits)).toBe(argmax(expected[i]!));
    });
    ours.free();
    await theirs.dispose();
  });
}
