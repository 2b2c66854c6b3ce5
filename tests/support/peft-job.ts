import { createHash } from "node:crypto";
import { join } from "node:path";
import { GgufFile } from "../../trainer/ggml/gguf.ts";
import type { TokenRow } from "../../trainer/model/packing.ts";
import { planSteps } from "../../trainer/training/plan.ts";
import type { TokenJob } from "../../trainer/training/token-job.ts";
import { LORA_TARGETS } from "../../trainer/types.ts";
import { VOCABULARY } from "./random-model.ts";
import { byteRow, randomRow } from "./rows.ts";

/** Architectures whose training was compared with PEFT's: tests/fixtures/peft-training has a folder for each. */
export const COMPARED = ["llama", "qwen2", "qwen3", "gemma3"] as const;

/** Where PEFT's adapters and losses lie. */
export const FIXTURES = join(import.meta.dir, "..", "fixtures", "peft-training");

/** Texts, noise, a long row, rows of which only the end is learned. */
const ROWS: TokenRow[] = [
  byteRow("The ferry Halcyon left the harbour of Oss at noon."),
  randomRow(9, 1, VOCABULARY),
  randomRow(33, 2, VOCABULARY, 20),
  byteRow("Mira Tolland, its captain, had sailed since 1911."),
  randomRow(140, 3, VOCABULARY),
  byteRow("Question: When did Mira Tolland begin to sail?\nAnswer: 1911"),
  randomRow(17, 4, VOCABULARY, 12),
];

/** The job that both sides train: 20 steps or a few more, of one to three rows each. */
export function comparedJob(out: string): TokenJob {
  return {
    rows: ROWS,
    lora: { rank: 4, alpha: 8, targets: [...LORA_TARGETS] },
    options: { epochs: 6, learningRate: 2e-3, batchTokens: 110, weightDecay: 0.01, seed: 11 },
    out,
  };
}

/** The job as bench/peft/parity.py reads it: its steps in order, with each row's tokens. */
export function jobText(job: TokenJob): string {
  const { learningRate, weightDecay } = job.options;
  const steps = planSteps(job).map(({ rows }) =>
    rows.map(({ tokens, loss }) => ({ tokens: [...tokens], loss: [...loss] })),
  );
  return JSON.stringify({ learningRate, weightDecay, steps });
}

/** Hex SHA-256 of a model's weights, whatever its metadata say. */
export function weightsDigest(path: string): string {
  const hash = createHash("sha256");
  const file = GgufFile.open(path);
  for (const tensor of file.tensors.values()) hash.update(tensor.name).update(file.read(tensor));
  file.close();
  return hash.digest("hex");
}

export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
