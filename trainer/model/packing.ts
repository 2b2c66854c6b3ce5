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

/** Sequences laid end to end; each window ends in a few filler tokens, see {@link ALIGNMENT}. */
export interface PackedBatch {
  /** `[n_tokens]`, filler included */
  tokens: Int32Array;
  /** Position inside its own sequence, `[n_tokens]`. */
  positions: Int32Array;
  /** Packed index of each row's first token, `[n_rows]`. */
  starts: Int32Array;
  windows: Window[];
  /** Tokens of the rows, without filler. */
  rowTokens: number;
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
 * Windows are filled up to a multiple of this: tokens are the inner dimension of half the products in
 * attention, and ggml's fast CPU kernels take 16 F32 values at a time; other lengths are 5 times slower.
 */
export const ALIGNMENT = 16;
/**
 * Batches that train whole matrices are filled up to a multiple of this: tokens are the inner dimension
 * of every weight's gradient, in BF16, of which the kernels take 32 values at a time.
 */
export const MATRIX_ALIGNMENT = 32;

/**
 * Packs rows into attention windows of at most `windowTokens` (a longer row gets a window of its
 * own) by first fit decreasing, and lays the windows end to end.
 */
export function pack(
  rows: readonly TokenRow[],
  windowTokens = WINDOW_TOKENS,
  alignment = ALIGNMENT,
  batchAlignment = alignment,
): PackedBatch {
  const bins = fill(rows, windowTokens);
  const counts = bins.map((bin) => roundUp(bin.tokens, alignment));
  const all = counts.reduce((sum, n) => sum + n, 0);
  if (counts.length > 0) {
    counts[counts.length - 1] = (counts.at(-1) as number) + (roundUp(all, batchAlignment) - all);
  }
  const total = counts.reduce((sum, n) => sum + n, 0);
  const tokens = new Int32Array(total);
  const positions = new Int32Array(total);
  const starts = new Int32Array(rows.length);
  const targetRows: number[] = [];
  const labels: number[] = [];
  const owners: number[] = [];
  const windows: Window[] = [];
  let start = 0;
  bins.forEach((bin, b) => {
    const count = counts[b] as number;
    let at = start;
    for (const owner of bin.rows) {
      const row = rows[owner] as TokenRow;
      tokens.set(row.tokens, at);
      starts[owner] = at;
      for (let i = 0; i < row.tokens.length; i++) {
        positions[at + i] = i;
        if (i > 0 && row.loss[i]) {
          targetRows.push(at + i - 1);
          labels.push(row.tokens[i] as number);
          owners.push(owner);
        }
      }
      at += row.tokens.length;
    }
    const lengths = bin.rows.map((owner) => (rows[owner] as TokenRow).tokens.length);
    windows.push({ start, count, mask: blockDiagonal(lengths, count) });
    start += count;
  });
  return {
    tokens,
    positions,
    starts,
    windows,
    rowTokens: bins.reduce((sum, bin) => sum + bin.tokens, 0),
    targetRows: Int32Array.from(targetRows),
    labels: Int32Array.from(labels),
    owners: Int32Array.from(owners),
  };
}

/** Rows of one window, by index. */
interface Bin {
  rows: number[];
  tokens: number;
}

/** First fit decreasing: the longest row first, each into the first window with room for it. */
function fill(rows: readonly TokenRow[], windowTokens: number): Bin[] {
  const length = (row: number): number => (rows[row] as TokenRow).tokens.length;
  const order = rows.map((_, i) => i).sort((a, b) => length(b) - length(a) || a - b);
  const bins: Bin[] = [];
  for (const row of order) {
    const n = length(row);
    if (n === 0) continue;
    let bin = bins.find((b) => b.tokens + n <= windowTokens);
    if (!bin) {
      bin = { rows: [], tokens: 0 };
      bins.push(bin);
    }
    bin.rows.push(row);
    bin.tokens += n;
  }
  return bins;
}

function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple;
}

/** Causal attention inside each of several sequences that share a window; filler sees itself. */
function blockDiagonal(lengths: readonly number[], n: number): Float32Array {
  const mask = new Float32Array(n * n).fill(Number.NEGATIVE_INFINITY);
  let start = 0;
  for (const length of lengths) {
    for (let query = start; query < start + length; query++) {
      mask.fill(0, query * n + start, query * n + query + 1);
    }
    start += length;
  }
  for (let filler = start; filler < n; filler++) mask[filler * n + filler] = 0;
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
