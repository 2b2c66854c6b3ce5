import type { Graph } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";

/** One attention window of a packed batch: tokens `[start, start + count)` and their mask. */
export interface WindowInput {
  start: number;
  count: number;
  /** `[n_key, n_query]` with n_key = n_query = count */
  mask: Tensor;
}

export interface WindowSaved {
  window: WindowInput;
  /** `[head_dim, n, heads or kv_heads]`; k and v are strided views */
  q: Tensor;
  k: Tensor;
  v: Tensor;
  /** softmax(qk), `[n_key, n_query, heads]` */
  p: Tensor;
}

/** softmax(scale · K·q + mask) · V within one window: `[head_dim, heads, n]`. */
export function windowAttention(
  g: Graph,
  window: WindowInput,
  q: Tensor, // [head_dim, heads, n_tokens]
  k: Tensor, // [head_dim, kv_heads, n_tokens]
  v: Tensor, // [head_dim, kv_heads, n_tokens]
  scale: number,
): { y: Tensor; saved: WindowSaved } {
  const cut = (t: Tensor): Tensor => g.permute(g.slice(t, 2, window.start, window.count), 0, 2, 1); // [head_dim, n, heads]
  // ggml's fast CPU product wants its second operand contiguous.
  const qw = g.contiguous(cut(q));
  const kw = cut(k);
  const vw = cut(v);
  const p = g.softmax(g.mulMat(kw, qw), window.mask, scale); // [n_key, n_query, heads]
  const y = g.mulMat(g.transposed(vw), p); // [head_dim, n_query, heads]
  return { y: swapped(g, y), saved: { window, q: qw, k: kw, v: vw, p } };
}

/**
 * With s = scale · qk: dV = dy·pᵀ, dp = Vᵀ·dy, ds by the softmax's Jacobian, dq = K·ds, dk = q·dsᵀ,
 * and the heads that share a key head summed. Each result is `[head_dim, heads or kv_heads, n]`.
 */
export function windowAttentionBack(
  g: Graph,
  saved: WindowSaved,
  dHeads: Tensor, // [head_dim, heads, n_tokens]
  scale: number,
): { dq: Tensor; dk: Tensor; dv: Tensor } {
  const { window, q, k, v, p } = saved;
  const kvHeads = k.ne[2];
  const dy = g.contiguous(g.permute(g.slice(dHeads, 2, window.start, window.count), 0, 2, 1)); // [head_dim, n, heads]
  const dp = g.mulMat(v, dy); // [n_key, n_query, heads]
  const ds = g.softmaxBack(dp, p, scale); // [n_key, n_query, heads]
  const dv = g.outerSum(dy, p); // [head_dim, n_key, heads]
  const dq = g.mulMat(g.transposed(k), ds); // [head_dim, n_query, heads]
  const dk = g.outerSum(q, ds); // [head_dim, n_key, heads]
  return {
    dq: swapped(g, dq),
    dk: swapped(g, sumGroups(g, dk, kvHeads)),
    dv: swapped(g, sumGroups(g, dv, kvHeads)),
  };
}

/** `[d, n, heads] -> [d, heads, n]`, contiguous. */
function swapped(g: Graph, t: Tensor): Tensor {
  return g.contiguous(g.permute(t, 0, 2, 1));
}

/** Sums the consecutive query heads that share a key head: `[d, n, heads] -> [d, n, kv_heads]`. */
function sumGroups(g: Graph, t: Tensor, kvHeads: number): Tensor {
  const [d, n, heads] = t.ne;
  const group = heads / kvHeads;
  if (group === 1) return t;
  const headBytes = d * n * 4;
  const member = (i: number): Tensor =>
    g.view(t, [d, n, kvHeads, 1], d * 4, headBytes * group, headBytes * i);
  let sum = g.contiguous(member(0));
  for (let i = 1; i < group; i++) sum = g.add(sum, member(i));
  return sum;
}
