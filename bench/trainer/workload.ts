import { random, seedFor } from "../../trainer/random.ts";
import { Plan } from "../../trainer/training/plan.ts";
import { LORA_TARGETS, type LoraOptions, type TrainOptions } from "../../trainer/types.ts";
import { type PlainRow, tokenRow } from "./spec.ts";

/** SEAL's inner loop: LoRA of rank 32 on all projections, 10 epochs, batch 1 (arXiv 2506.10943). */
export const SEAL_LORA: LoraOptions = { rank: 32, alpha: 64, targets: [...LORA_TARGETS] };
export const SEAL_OPTIONS: TrainOptions = {
  epochs: 10,
  learningRate: 1e-3,
  batchTokens: 1, // every row is a step of its own
  weightDecay: 0,
  seed: 1,
};

const LINES = 15;
const LINE_TOKENS: readonly [number, number] = [30, 80];
const PASSAGE_TOKENS = 250;

/**
 * 15 study lines of 30 to 80 tokens and a passage of 250, of seeded tokens, supervised from the second
 * token on. What the tokens are changes nothing about speed and memory.
 */
export function sealRows(vocabulary: number, seed = 1): PlainRow[] {
  const next = random(seedFor(seed, "rows"));
  const [least, most] = LINE_TOKENS;
  const lengths = Array.from(
    { length: LINES },
    () => least + Math.floor(next() * (most - least + 1)),
  );
  return [...lengths, PASSAGE_TOKENS].map((length) => ({
    tokens: Array.from({ length }, () => Math.floor(next() * vocabulary)),
    loss: Array.from({ length }, (_, i) => (i > 0 ? 1 : 0)),
  }));
}

/** Rows of each step, by index, as our trainer orders them; the peer takes the same. */
export function planOf(rows: readonly PlainRow[], options: TrainOptions): number[][] {
  const plan = new Plan({ rows: rows.map(tokenRow), lora: SEAL_LORA, options, out: "" });
  return Array.from({ length: options.epochs }, (_, i) => plan.full(i + 1)).flat();
}
