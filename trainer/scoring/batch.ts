import type { TokenRow } from "../model/packing.ts";
import { type PrefixTree, pathOf, type TreeNode } from "./prefix-tree.ts";

/** Runs of a batch whose attention is computed side by side, padded to one size. */
export interface RunGroup {
  keys: number;
  queries: number;
  runs: Run[];
}

/** A node's tokens, and all from the beginning of the text to its last one, by place in the batch. */
export interface Run {
  own: Int32Array;
  path: Int32Array;
}

/** Distinct tokens that are computed together, and what is read off them. */
export interface ScoringBatch {
  /** `[n_tokens]`, filled up to a multiple of {@link ROW_STEP} */
  tokens: Int32Array;
  /** In the text that a token belongs to, `[n_tokens]` */
  positions: Int32Array;
  groups: RunGroup[];
  /** The tokens that predict something, by place in the batch, `[n_rows]`, filled up alike */
  rows: Int32Array;
  /** What they predict, ordered by row: several continuations may follow one token. */
  targets: Target[];
}

export interface Target {
  /** Index into the batch's `rows`. */
  row: number;
  label: number;
  /** The input row that it belongs to. */
  owner: number;
}

/**
 * Tokens and predictions come in multiples of this: for a single column, and on some processors for
 * an odd number of them, ggml has other kernels, and a result's last bits would tell of its company.
 */
export const ROW_STEP = 4;
/** Elements of the widest vector: a sum padded by zeros to a multiple of this keeps all its bits. */
const KEY_STEP = 16;
/** Attention cells of one group, over all heads; bounds its memory. */
const GROUP_CELLS = 8 * 1024 * 1024;

/**
 * Cuts rows into batches of at most `maxTokens` distinct tokens (a longer row stands alone), those
 * with a common prefix together.
 */
export function* batches(
  rows: readonly TokenRow[],
  { ends, order }: PrefixTree,
  maxTokens: number,
  heads: number,
): Generator<ScoringBatch> {
  let batch = new BatchBuilder();
  for (const owner of order) {
    const path = pathOf(ends[owner] as TreeNode);
    if (batch.size > 0 && batch.size + batch.missing(path) > maxTokens) {
      yield batch.build(heads);
      batch = new BatchBuilder();
    }
    batch.add(path, rows[owner] as TokenRow, owner);
  }
  if (batch.size > 0) yield batch.build(heads);
}

class BatchBuilder {
  size = 0;
  /** Where each node's tokens begin, in the order in which they were added. */
  private readonly starts = new Map<TreeNode, number>();
  private readonly targets: { at: number; label: number; owner: number }[] = [];

  /** How many tokens of a path are not in the batch yet. */
  missing(path: readonly TreeNode[]): number {
    return path.reduce((n, node) => n + (this.starts.has(node) ? 0 : node.tokens.length), 0);
  }

  add(path: readonly TreeNode[], { tokens, loss }: TokenRow, owner: number): void {
    for (const node of path) {
      const known = this.starts.get(node);
      const start = known ?? this.size;
      if (known === undefined) {
        this.starts.set(node, start);
        this.size += node.tokens.length;
      }
      for (let i = 0; i < node.tokens.length; i++) {
        const next = node.depth + i + 1;
        if (loss[next]) this.targets.push({ at: start + i, label: tokens[next] as number, owner });
      }
    }
  }

  build(heads: number): ScoringBatch {
    const tokens = new Int32Array(roundUp(this.size, ROW_STEP));
    const positions = new Int32Array(tokens.length);
    for (const [node, start] of this.starts) {
      tokens.set(node.tokens, start);
      for (let i = 0; i < node.tokens.length; i++) positions[start + i] = node.depth + i;
    }
    const rows: number[] = [];
    const targets = this.targets
      .sort((a, b) => a.at - b.at)
      .map(({ at, label, owner }) => {
        if (rows.at(-1) !== at) rows.push(at);
        return { row: rows.length - 1, label, owner };
      });
    while (rows.length % ROW_STEP !== 0) rows.push(rows.at(-1) as number);
    return {
      tokens,
      positions,
      groups: this.groups(heads),
      rows: Int32Array.from(rows),
      targets,
    };
  }

  private groups(heads: number): RunGroup[] {
    const open = new Map<string, RunGroup>();
    const all: RunGroup[] = [];
    for (const node of this.starts.keys()) {
      const path = Int32Array.from(pathOf(node).flatMap((n) => this.places(n)));
      const keys = padded(path.length);
      const queries = padded(node.tokens.length);
      const size = `${keys}x${queries}`;
      let group = open.get(size);
      if (!group || (group.runs.length + 1) * keys * queries * heads > GROUP_CELLS) {
        group = { keys, queries, runs: [] };
        open.set(size, group);
        all.push(group);
      }
      group.runs.push({ path, own: path.subarray(node.depth) });
    }
    return all;
  }

  private places(node: TreeNode): number[] {
    const start = this.starts.get(node) as number;
    return Array.from(node.tokens, (_, i) => start + i);
  }
}

/** Few sizes make few groups: steps grow with the length, at most an eighth of it is waste. */
function padded(n: number): number {
  let step = KEY_STEP;
  while (n > 16 * step) step *= 2;
  return roundUp(n, step);
}

function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple;
}
