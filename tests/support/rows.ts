import type { TokenRow } from "../../trainer/model/packing.ts";
import { random } from "../../trainer/random.ts";

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
