import { LORA_TARGETS } from "../../lora/options.ts";
import type { TokenRow } from "../../model/packing.ts";
import { random } from "../../random.ts";
import type { TokenJob } from "../../training/token-job.ts";

/** A row of seeded tokens of which all but the first `open` are supervised. */
export function randomRow(length: number, seed: number, vocabulary: number, open = 1): TokenRow {
  const next = random(seed);
  return {
    tokens: Int32Array.from({ length }, () => Math.floor(next() * vocabulary)),
    loss: Uint8Array.from({ length }, (_, i) => (i >= open ? 1 : 0)),
  };
}

/** A row of text in the byte vocabulary of random-model.ts, all of it supervised. */
export function byteRow(text: string): TokenRow {
  const bytes = new TextEncoder().encode(text);
  const tokens = Int32Array.from([1, ...[...bytes].map((b) => b + 2), 0]);
  return { tokens, loss: new Uint8Array(tokens.length).fill(1) };
}

/** The selftest's rows: short ones and one that is longer than an attention window. */
export function selftestRows(vocabulary: number): TokenRow[] {
  return [
    randomRow(21, 1, vocabulary, 9),
    randomRow(30, 2, vocabulary),
    randomRow(150, 3, vocabulary, 100),
  ];
}

/** A few steps over some rows, on every projection. */
export function jobOf(rows: TokenRow[], out: string): TokenJob {
  return {
    rows,
    lora: { rank: 4, alpha: 8, targets: [...LORA_TARGETS] },
    options: { epochs: 4, learningRate: 0.01, batchTokens: 256, weightDecay: 0, seed: 7 },
    out,
  };
}
