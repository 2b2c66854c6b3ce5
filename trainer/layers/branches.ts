import type { Graph } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";

/**
 * Attention of some runs of tokens, side by side. The queries of a run are its own tokens, its keys
 * those of its whole path from the beginning of the text, which other runs may share. Both are
 * gathered by index and padded to the group's size.
 */
export interface BranchGroup {
  /** n_key and n_query, padding included */
  keys: number;
  queries: number;
  runs: number;
  /** Among the key heads of all tokens, i32 `[n_key * kv_heads * runs]` */
  keyRows: Tensor;
  /** Among the query heads of all tokens, i32 `[n_query * heads * runs]` */
  queryRows: Tensor;
  /** `[n_key, n_query, 1, runs]` */
  mask: Tensor;
  /** The same for layers that see only a sliding window. */
  slidingMask: Tensor;
}

/** All runs of a batch, and where each token's result lies among theirs. */
export interface BranchInput {
  groups: BranchGroup[];
  /** Among the groups' results end to end, i32 `[heads * n_rows]` */
  resultRows: Tensor;
  /** The tokens whose results are wanted, i32 `[n_rows]`; all tokens without it. */
  rows?: Tensor;
}

/** softmax(scale · K·q + mask) · V of every run: `[head_dim, heads, n_rows]`. No backward pass. */
export function branchAttention(
  g: Graph,
  { groups, resultRows }: BranchInput,
  q: Tensor, // [head_dim, heads, n_tokens]
  k: Tensor, // [head_dim, kv_heads, n_tokens]
  v: Tensor, // [head_dim, kv_heads, n_tokens]
  scale: number,
  sliding: boolean,
): Tensor {
  const [headDim, heads] = q.ne;
  const kvHeads = k.ne[1];
  const flat = (t: Tensor): Tensor => g.reshape(t, headDim, t.ne[1] * t.ne[2]);
  const [allQueries, allKeys, allValues] = [flat(q), flat(k), flat(v)];
  const parts = groups.map(({ keys, queries, runs, keyRows, queryRows, mask, slidingMask }) => {
    const gather = (t: Tensor, rows: Tensor, n: number, h: number): Tensor =>
      g.reshape(g.getRows(t, rows), headDim, n, h, runs);
    const qs = gather(allQueries, queryRows, queries, heads); // [head_dim, n_query, heads, runs]
    const ks = gather(allKeys, keyRows, keys, kvHeads); // [head_dim, n_key, kv_heads, runs]
    const vs = gather(allValues, keyRows, keys, kvHeads);
    // [n_key, n_query, heads, runs]
    const p = g.softmax(g.mulMat(ks, qs), sliding ? slidingMask : mask, scale);
    const y = g.mulMat(g.transposed(vs), p); // [head_dim, n_query, heads, runs]
    return g.reshape(y, headDim, queries * heads * runs);
  });
  const wanted = g.getRows(g.concatAll(parts, 1), resultRows); // [head_dim, heads * n_rows]
  return g.reshape(wanted, headDim, heads, resultRows.ne[0] / heads);
}
