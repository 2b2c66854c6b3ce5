/** A run of tokens that one or more sequences share; its queries see its ancestors and itself. */
export interface TreeNode {
  parent: TreeNode | undefined;
  /** How many tokens come before it: its first token's position. */
  depth: number;
  tokens: Int32Array;
}

/** Sequences laid out as a tree of shared prefixes. */
export interface PrefixTree {
  /** For each sequence of the input, the node it ends in. */
  ends: TreeNode[];
  /** The sequences in an order in which those with a common prefix are neighbours. */
  order: number[];
}

/** A branching that saves fewer tokens than this costs more in attention than it spares. */
const MIN_SAVED = 4;

/** Longer runs are cut, so that attention's cost and memory stay linear in a long text's length. */
export const MAX_RUN = 128;

/**
 * Finds what token sequences have in common from their beginning, at any token. Every sequence must
 * have one token at least.
 */
export function prefixTree(sequences: readonly Int32Array[], minSaved = MIN_SAVED): PrefixTree {
  const order = sequences.map((_, i) => i).sort((a, b) => compare(sequences[a]!, sequences[b]!));
  const ends: TreeNode[] = new Array(sequences.length);
  const at = (i: number): Int32Array => sequences[order[i] as number] as Int32Array;

  /** Sequences [from, to) agree in their first `agreed` tokens, of which the parent ends at `depth`. */
  const grow = (from: number, to: number, parent: TreeNode | undefined, agreed: number): void => {
    const first = at(from);
    const shared = to - from === 1 ? first.length : commonPrefix(first, at(to - 1), agreed);
    const depth = parent ? parent.depth + parent.tokens.length : 0;
    const saved = (shared - depth) * (to - from - 1);
    const node =
      shared > depth && (to - from === 1 || saved >= minSaved)
        ? chain(first.subarray(depth, shared), parent, depth)
        : parent;
    let i = from;
    // Sorted, those that end here come first.
    for (; i < to && at(i).length === shared; i++) {
      ends[order[i] as number] =
        node && node.depth + node.tokens.length === shared
          ? node
          : (chain(at(i).subarray(depth), parent, depth) as TreeNode);
    }
    while (i < to) {
      const token = at(i)[shared];
      let end = i + 1;
      while (end < to && at(end)[shared] === token) end++;
      grow(i, end, node, shared);
      i = end;
    }
  };
  if (sequences.length > 0) grow(0, sequences.length, undefined, 0);
  return { ends, order };
}

/** The nodes from the root to this one. */
export function pathOf(node: TreeNode): TreeNode[] {
  const path: TreeNode[] = [];
  for (let n: TreeNode | undefined = node; n; n = n.parent) path.push(n);
  return path.reverse();
}

/** A run as nodes of at most {@link MAX_RUN} tokens, one below the other; the last of them. */
function chain(run: Int32Array, parent: TreeNode | undefined, depth: number): TreeNode {
  let node = parent;
  for (let i = 0; i < run.length; i += MAX_RUN) {
    node = { parent: node, depth: depth + i, tokens: run.subarray(i, i + MAX_RUN) };
  }
  return node as TreeNode;
}

/** Length of the common prefix of two sequences that agree in their first `from` tokens. */
function commonPrefix(a: Int32Array, b: Int32Array, from: number): number {
  const limit = Math.min(a.length, b.length);
  let n = from;
  while (n < limit && a[n] === b[n]) n++;
  return n;
}

function compare(a: Int32Array, b: Int32Array): number {
  const n = commonPrefix(a, b, 0);
  return n === a.length || n === b.length
    ? a.length - b.length
    : (a[n] as number) - (b[n] as number);
}
