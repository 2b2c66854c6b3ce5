import type { Graph, RopeOptions } from "../ggml/graph.ts";
import { elements, type Tensor } from "../ggml/tensor.ts";
import { type BranchInput, branchAttention } from "./branches.ts";
import type { Gradients } from "./gradients.ts";
import { type Linear, type LinearSaved, linear, linearBack } from "./linear.ts";
import { type Norm, type NormSaved, norm, normBack } from "./norm.ts";
import {
  type WindowInput,
  type WindowSaved,
  windowAttention,
  windowAttentionBack,
} from "./window.ts";

/**
 * Grouped-query attention (arXiv 2305.13245) with rotary positions (arXiv 2104.09864), and in some
 * models RMS norms of each query and key head before they are turned (arXiv 2302.05442).
 */
export interface Attention {
  q: Linear;
  k: Linear;
  v: Linear;
  output: Linear;
  /** Both or neither; their weights are `[head_dim]`. */
  qNorm?: Norm;
  kNorm?: Norm;
  heads: number;
  kvHeads: number;
  headDim: number;
  /** Of queries times keys. */
  scale: number;
  rope: RopeOptions;
  /** Sees only a sliding window of its sequence. */
  sliding: boolean;
}

/** What attention needs to know of the batch. */
export interface AttentionInput {
  /** i32 `[n_tokens]` */
  positions: Tensor;
  windows: WindowInput[];
  /** The same windows with the masks of the layers that see only a sliding window. */
  slidingWindows: WindowInput[];
  /** Takes the windows' place in scoring, which has no backward pass. */
  branches?: BranchInput;
}

export interface AttentionSaved {
  q: LinearSaved;
  k: LinearSaved;
  v: LinearSaved;
  output: LinearSaved;
  qNorm?: NormSaved;
  kNorm?: NormSaved;
  windows: WindowSaved[];
}

/** `[n_embd, n_tokens] -> [n_embd, n_tokens]`, or as many columns as `input.branches` has rows. */
export function attention(
  g: Graph,
  layer: Attention,
  input: AttentionInput,
  x: Tensor,
): { y: Tensor; saved: AttentionSaved } {
  const tokens = x.ne[1];
  const { headDim, heads, kvHeads } = layer;
  const q = linear(g, layer.q, x); // [head_dim * heads, n_tokens]
  const k = linear(g, layer.k, x); // [head_dim * kv_heads, n_tokens]
  const v = linear(g, layer.v, x);
  const qn = headNorm(g, layer.qNorm, q.y);
  const kn = headNorm(g, layer.kNorm, k.y);
  const qs = g.rope(g.reshape(qn.y, headDim, heads, tokens), input.positions, layer.rope);
  const ks = g.rope(g.reshape(kn.y, headDim, kvHeads, tokens), input.positions, layer.rope);
  const vs = g.reshape(v.y, headDim, kvHeads, tokens);
  const windows = layer.sliding ? input.slidingWindows : input.windows;
  const parts = windows.map((window) => windowAttention(g, window, qs, ks, vs, layer.scale));
  const mixed = input.branches
    ? branchAttention(g, input.branches, qs, ks, vs, layer.scale, layer.sliding)
    : g.concatAll(
        parts.map((part) => part.y),
        2,
      ); // [head_dim, heads, n_tokens]
  const out = linear(g, layer.output, g.reshape(mixed, headDim * heads, mixed.ne[2]));
  return {
    y: out.y,
    saved: {
      q: q.saved,
      k: k.saved,
      v: v.saved,
      output: out.saved,
      qNorm: qn.saved,
      kNorm: kn.saved,
      windows: parts.map((part) => part.saved),
    },
  };
}

/** Gradient of the input, `[n_embd, n_tokens]`, unless nobody needs it. */
export function attentionBack(
  g: Graph,
  layer: Attention,
  input: AttentionInput,
  saved: AttentionSaved,
  dy: Tensor,
  gradients: Gradients,
  needsInput: boolean,
): Tensor | undefined {
  const tokens = dy.ne[1];
  const { headDim, heads, kvHeads } = layer;
  const dMixed = linearBack(g, layer.output, saved.output, dy, gradients, true) as Tensor;
  const dHeads = g.reshape(dMixed, headDim, heads, tokens);
  const parts = saved.windows.map((window) => windowAttentionBack(g, window, dHeads, layer.scale));
  const join = (pick: (part: (typeof parts)[number]) => Tensor): Tensor =>
    g.concatAll(parts.map(pick), 2);
  const dq = g.ropeBack(
    join((part) => part.dq),
    input.positions,
    layer.rope,
  );
  const dk = g.ropeBack(
    join((part) => part.dk),
    input.positions,
    layer.rope,
  );
  const dv = join((part) => part.dv);
  const flat = (t: Tensor, n: number): Tensor => g.reshape(t, headDim * n, tokens);
  const dQueries = flat(headNormBack(g, layer.qNorm, saved.qNorm, dq, gradients), heads);
  const dKeys = flat(headNormBack(g, layer.kNorm, saved.kNorm, dk, gradients), kvHeads);
  const viaQ = linearBack(g, layer.q, saved.q, dQueries, gradients, needsInput);
  const viaK = linearBack(g, layer.k, saved.k, dKeys, gradients, needsInput);
  const viaV = linearBack(g, layer.v, saved.v, flat(dv, kvHeads), gradients, needsInput);
  return viaQ && viaK && viaV ? g.add(g.add(viaQ, viaK), viaV) : undefined;
}

/** Norms each head by itself, if at all: `[head_dim * heads, n_tokens]`. */
function headNorm(
  g: Graph,
  layer: Norm | undefined,
  x: Tensor,
): { y: Tensor; saved: NormSaved | undefined } {
  if (!layer) return { y: x, saved: undefined };
  const headDim = layer.weight.ne[0];
  return norm(g, layer, g.reshape(x, headDim, elements(x) / headDim));
}

function headNormBack(
  g: Graph,
  layer: Norm | undefined,
  saved: NormSaved | undefined,
  dy: Tensor, // [head_dim, heads, n_tokens]
  gradients: Gradients,
): Tensor {
  if (!layer || !saved) return dy;
  const [headDim, heads, tokens] = dy.ne;
  return normBack(g, layer, saved, g.reshape(dy, headDim, heads * tokens), gradients);
}
