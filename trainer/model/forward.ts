import { TrainerError } from "../errors.ts";
import type { Graph } from "../ggml/graph.ts";
import { F32, shape, type Tensor } from "../ggml/tensor.ts";
import {
  type AttentionInput,
  type AttentionSaved,
  attention,
  attentionBack,
} from "../layers/attention.ts";
import { type FeedForwardSaved, feedForward, feedForwardBack } from "../layers/feedforward.ts";
import { Gradients } from "../layers/gradients.ts";
import { type Norm, type NormSaved, norm, normBack } from "../layers/norm.ts";
import { type Anchor, anchoredLoss } from "./divergence.ts";
import { targetLoss } from "./head.ts";
import { type Block, EMBEDDING, type Model } from "./model.ts";
import type { PackedBatch } from "./packing.ts";
import { slidingMask } from "./sliding.ts";

interface BlockSaved {
  attentionNorm: NormSaved;
  attention: AttentionSaved;
  postAttentionNorm?: NormSaved;
  feedForwardNorm: NormSaved;
  feedForward: FeedForwardSaved;
  postFeedForwardNorm?: NormSaved;
}

/** Everything that the backward pass needs of a forward pass. */
export interface Forward {
  /** What the head makes predictions of, before the final norm: `[n_embd, n_targets]` */
  hidden: Tensor;
  tokens: Tensor;
  input: AttentionInput;
  /** By block: its input `[n_embd, n_tokens]`, and what it computed unless that is computed again. */
  blocks: Map<number, { x: Tensor; saved?: BlockSaved }>;
}

export interface ForwardOptions {
  /** Keeps each block's input alone; the backward pass computes the rest again (arXiv 1604.06174). */
  recompute?: boolean;
  /** Begins at this block, with its input `[n_embd, n_tokens]` from an earlier pass. */
  from?: { block: number; x: Float32Array };
}

/**
 * The blocks' forward pass over a packed batch. Only rows that predict a target go on to the head
 * (head.ts), whose output projection is most of the work in a small model with a large vocabulary.
 */
export function forward(
  g: Graph,
  model: Model,
  batch: PackedBatch,
  { recompute = false, from }: ForwardOptions = {},
): Forward {
  const tokens = g.ints(batch.tokens);
  const input = attentionInput(g, model, batch);
  let x = from ? stored(g, model, from.x) : embedded(g, model, tokens); // [n_embd, n_tokens]
  const blocks: Forward["blocks"] = new Map();
  for (let i = from?.block ?? 0; i < model.blocks.length; i++) {
    const { y, saved } = blockForward(g, model.blocks[i] as Block, input, x);
    blocks.set(i, recompute ? { x } : { x, saved });
    x = y;
  }
  return { hidden: g.getRows(x, g.ints(batch.targetRows)), tokens, input, blocks };
}

/** Input of a block, `[n_embd, n_tokens]`, without anything behind it. */
export function blockInput(g: Graph, model: Model, batch: PackedBatch, block: number): Tensor {
  const input = attentionInput(g, model, batch);
  let x = embedded(g, model, g.ints(batch.tokens)); // [n_embd, n_tokens]
  for (const below of model.blocks.slice(0, block)) x = blockForward(g, below, input, x).y;
  return x;
}

/**
 * The last block's output with nothing kept for a backward pass: `[n_embd, n_tokens]`, or the tokens
 * that `last`, the last block's input, asks for.
 */
export function hiddenStates(
  g: Graph,
  model: Model,
  tokens: Int32Array,
  input: AttentionInput,
  last = input,
): Tensor {
  let x = embedded(g, model, g.ints(tokens)); // [n_embd, n_tokens]
  for (const block of model.blocks) {
    x = blockForward(g, block, block === model.blocks.at(-1) ? last : input, x).y;
  }
  return x;
}

/** Index of the lowest block that has something to train; the number of blocks where none has. */
export function lowestTrained(model: Model): number {
  const lowest = model.blocks.findIndex(({ attention: a, feedForward: f }) =>
    [a.q, a.k, a.v, a.output, f.gate, f.up, f.down].some((p) => p.trainable || p.lora?.trainable),
  );
  return lowest < 0 ? model.blocks.length : lowest;
}

/**
 * The hand-derived backward pass: gradients of Σ weight · -log p(target) for every trainable
 * parameter, and log p(target), `[1, n_targets]`. It ends at the lowest block with such a parameter.
 * @param weights one per target, `[n_targets]`
 * @param anchor holds the last targets of the batch to the base's predictions; their
 *   KL(base || model) is returned, too
 */
export function backward(
  g: Graph,
  model: Model,
  batch: PackedBatch,
  pass: Forward,
  weights: Float32Array,
  anchor?: Anchor,
): { gradients: Gradients; logprob: Tensor; kl?: Tensor } {
  const gradients = new Gradients(g);
  const loss = batchLoss(g, model, pass.hidden, batch.labels, weights, anchor, gradients);
  let dx: Tensor | undefined = scatterRows(g, loss.dHidden, batch);
  const lowest = model.embeddingTrainable ? 0 : lowestTrained(model);
  for (let i = model.blocks.length - 1; i >= lowest; i--) {
    const block = model.blocks[i] as Block;
    const kept = pass.blocks.get(i);
    if (!kept) throw new TrainerError("internal", `Block ${i} is trained but was not computed.`);
    const needsInput = i > lowest || model.embeddingTrainable;
    // Whatever comes before it in the graph is computed before this block's second forward pass.
    g.effect(dx as Tensor);
    const saved = kept.saved ?? blockForward(g, block, pass.input, kept.x).saved;
    dx = blockBackward(g, block, pass.input, saved, dx as Tensor, gradients, needsInput);
  }
  if (model.embeddingTrainable) {
    const dEmbedded = scaled(g, dx as Tensor, model.embeddingScale);
    gradients.add(EMBEDDING, g.getRowsBack(dEmbedded, pass.tokens, model.embedding));
  }
  return { gradients, logprob: loss.logprob, kl: loss.kl };
}

/** The loss of a batch whose last targets are anchored: {@link targetLoss}, {@link anchoredLoss}. */
function batchLoss(
  g: Graph,
  model: Model,
  hidden: Tensor,
  labels: Int32Array,
  weights: Float32Array,
  anchor: Anchor | undefined,
  gradients: Gradients,
): { logprob: Tensor; kl?: Tensor; dHidden: Tensor } {
  if (!anchor) return targetLoss(g, model, hidden, labels, weights, gradients);
  const anchored = anchor.weights.length;
  const free = labels.length - anchored;
  const held = anchoredLoss(
    g,
    model,
    g.slice(hidden, 1, free, anchored),
    labels.subarray(free),
    weights.subarray(free),
    anchor,
    gradients,
  );
  if (free === 0) return held;
  const plain = targetLoss(
    g,
    model,
    g.slice(hidden, 1, 0, free),
    labels.subarray(0, free),
    weights.subarray(0, free),
    gradients,
  );
  return {
    logprob: g.concat(plain.logprob, held.logprob, 1),
    kl: held.kl,
    dHidden: g.concat(plain.dHidden, held.dHidden, 1),
  };
}

/** Pre-norm residual block: `[n_embd, n_tokens] -> [n_embd, n_tokens]`, or the tokens asked for. */
function blockForward(
  g: Graph,
  block: Block,
  input: AttentionInput,
  x: Tensor,
): { y: Tensor; saved: BlockSaved } {
  const attentionNorm = norm(g, block.attentionNorm, x);
  const attended = attention(g, block.attention, input, attentionNorm.y);
  const postAttentionNorm = postNorm(g, block.postAttentionNorm, attended.y);
  const rows = input.branches?.rows;
  const middle = g.add(rows ? g.getRows(x, rows) : x, postAttentionNorm.y);
  const feedForwardNorm = norm(g, block.feedForwardNorm, middle);
  const fed = feedForward(g, block.feedForward, feedForwardNorm.y);
  const postFeedForwardNorm = postNorm(g, block.postFeedForwardNorm, fed.y);
  return {
    y: g.add(middle, postFeedForwardNorm.y),
    saved: {
      attentionNorm: attentionNorm.saved,
      attention: attended.saved,
      postAttentionNorm: postAttentionNorm.saved,
      feedForwardNorm: feedForwardNorm.saved,
      feedForward: fed.saved,
      postFeedForwardNorm: postFeedForwardNorm.saved,
    },
  };
}

function blockBackward(
  g: Graph,
  block: Block,
  input: AttentionInput,
  saved: BlockSaved,
  dy: Tensor,
  gradients: Gradients,
  needsInput: boolean,
): Tensor | undefined {
  const dPost = postNormBack(
    g,
    block.postFeedForwardNorm,
    saved.postFeedForwardNorm,
    dy,
    gradients,
  );
  const dFed = feedForwardBack(g, block.feedForward, saved.feedForward, dPost, gradients);
  const dMiddle = g.add(
    dy,
    normBack(g, block.feedForwardNorm, saved.feedForwardNorm, dFed, gradients),
  );
  const dAttended = attentionBack(
    g,
    block.attention,
    input,
    saved.attention,
    postNormBack(g, block.postAttentionNorm, saved.postAttentionNorm, dMiddle, gradients),
    gradients,
    needsInput,
  );
  if (!dAttended) return undefined;
  return g.add(
    dMiddle,
    normBack(g, block.attentionNorm, saved.attentionNorm, dAttended, gradients),
  );
}

function postNorm(
  g: Graph,
  layer: Norm | undefined,
  x: Tensor,
): { y: Tensor; saved: NormSaved | undefined } {
  return layer ? norm(g, layer, x) : { y: x, saved: undefined };
}

function postNormBack(
  g: Graph,
  layer: Norm | undefined,
  saved: NormSaved | undefined,
  dy: Tensor,
  gradients: Gradients,
): Tensor {
  return layer && saved ? normBack(g, layer, saved, dy, gradients) : dy;
}

function attentionInput(g: Graph, model: Model, batch: PackedBatch): AttentionInput {
  const span = model.hyper.sliding?.window;
  const windows = batch.windows.map(({ start, count, mask }) => ({
    start,
    count,
    mask: g.input(mask, F32, shape(count, count)),
  }));
  const slidingWindows = batch.windows.map((window, i) => {
    const known = windows[i] as (typeof windows)[number];
    // Without a row longer than the span, a sliding window hides nothing.
    if (!span || window.count <= span) return known;
    const mask = slidingMask(window, batch.positions, span);
    return { ...known, mask: g.input(mask, F32, shape(window.count, window.count)) };
  });
  return { positions: g.ints(batch.positions), windows, slidingWindows };
}

function embedded(g: Graph, model: Model, tokens: Tensor): Tensor {
  return scaled(g, g.getRows(model.embedding, tokens), model.embeddingScale);
}

function stored(g: Graph, { hyper: { width } }: Model, x: Float32Array): Tensor {
  return g.input(x, F32, shape(width, x.length / width));
}

function scaled(g: Graph, x: Tensor, factor: number): Tensor {
  return factor === 1 ? x : g.scale(x, factor);
}

/**
 * Puts the targets' gradients back in their tokens' places, zero elsewhere. Gathering from a table
 * that ends in a zero row needs no scatter, which some backends lack.
 */
function scatterRows(g: Graph, d: Tensor, batch: PackedBatch): Tensor {
  const [width, targets] = d.ne;
  const zero = g.input(new Float32Array(width), F32, [width, 1, 1, 1]);
  const table = g.concat(d, zero, 1); // [n_embd, n_targets + 1]
  const source = new Int32Array(batch.tokens.length).fill(targets);
  batch.targetRows.forEach((row, i) => {
    source[row] = i;
  });
  return g.getRows(table, g.ints(source));
}
