import type { Shape } from "../ggml/tensor.ts";

/** One tokenized sequence; `loss[i]` is 1 where token i is a supervised target. */
export interface TokenRow {
  tokens: Int32Array;
  loss: Uint8Array;
}

/** Consecutive packed tokens among which attention is computed, block-diagonally by sequence. */
export interface Window {
  start: number;
  count: number;
  /** `[count, count]`: 0 where query row may see key column, -inf elsewhere. */
  mask: Float32Array;
}

/** Sequences laid end to end, without padding. */
export interface PackedBatch {
  /** `[n_tokens]` */
  tokens: Int32Array;
  /** Position inside its own sequence, `[n_tokens]`. */
  positions: Int32Array;
  windows: Window[];
  /** Packed index of the token whose output predicts a target, `[n_targets]`. */
  targetRows: Int32Array;
  /** The target token ids, `[n_targets]`. */
  labels: Int32Array;
  /** Which row of the input each target belongs to, `[n_targets]`. */
  owners: Int32Array;
}

/** Windows of about this many tokens keep attention's cost linear in the batch. */
export const WINDOW_TOKENS = 128;

/**
 * Packs rows end to end and groups them into attention windows of at most `windowTokens`
 * (a longer row gets a window of its own).
 */
export function pack(rows: readonly TokenRow[], windowTokens = WINDOW_TOKENS): PackedBatch {
  const total = rows.reduce((sum, row) => sum + row.tokens.length, 0);
  const tokens = new Int32Array(total);
  const positions = new Int32Array(total);
  const targetRows: number[] = [];
  const labels: number[] = [];
  const owners: number[] = [];
  const windows: Window[] = [];
  let lengths: number[] = [];
  let windowStart = 0;
  let at = 0;
  const closeWindow = (): void => {
    if (lengths.length === 0) return;
    windows.push({ start: windowStart, count: at - windowStart, mask: blockDiagonal(lengths) });
    lengths = [];
    windowStart = at;
  };
  rows.forEach((row, owner) => {
    const n = row.tokens.length;
    if (at - windowStart + n > windowTokens) closeWindow();
    tokens.set(row.tokens, at);
    for (let i = 0; i < n; i++) {
      positions[at + i] = i;
      if (i > 0 && row.loss[i]) {
        targetRows.push(at + i - 1);
        labels.push(row.tokens[i] as number);
        owners.push(owner);
      }
    }
    at += n;
    lengths.push(n);
  });
  closeWindow();
  return {
    tokens,
    positions,
    windows,
    targetRows: Int32Array.from(targetRows),
    labels: Int32Array.from(labels),
    owners: Int32Array.from(owners),
  };
}

/** Causal attention inside each of several sequences that share a window. */
function blockDiagonal(lengths: readonly number[]): Float32Array {
  const n = lengths.reduce((a, b) => a + b, 0);
  const mask = new Float32Array(n * n).fill(Number.NEGATIVE_INFINITY);
  let start = 0;
  for (const length of lengths) {
    for (let query = start; query < start + length; query++) {
      mask.fill(0, query * n + start, query * n + query + 1);
    }
    start += length;
  }
  return mask;
}

export function maskShape(window: Window): Shape {
  return [window.count, window.count, 1, 1];
}

/** How many targets a row has: its first token is never one. */
export function targetCount(row: TokenRow): number {
  let n = 0;
  for (let i = 1; i < row.loss.length; i++) n += row.loss[i] as number;
  return n;
}
