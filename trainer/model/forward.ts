import type { Graph } from "../ggml/graph.ts";
import { F32, type Tensor } from "../ggml/tensor.ts";
import {
  type AttentionInput,
  type AttentionSaved,
  attention,
  attentionBack,
} from "../layers/attention.ts";
import { type FeedForwardSaved, feedForward, feedForwardBack } from "../layers/feedforward.ts";
import { Gradients } from "../layers/gradients.ts";
import { type LinearSaved, linear, linearBack } from "../layers/linear.ts";
import { type TargetScores, targetLossBack, targetScores } from "../layers/loss.ts";
import { type NormSaved, norm, normBack } from "../layers/norm.ts";
import { type Block, EMBEDDING, type Model } from "./model.ts";
import { maskShape, type PackedBatch } from "./packing.ts";

interface BlockSaved {
  attentionNorm: NormSaved;
  attention: AttentionSaved;
  feedForwardNorm: NormSaved;
  feedForward: FeedForwardSaved;
}

/** Everything that the backward pass needs of a forward pass. */
export interface Forward {
  /** `[n_vocab, n_targets]` */
  logits: Tensor;
  scores: TargetScores;
  tokens: Tensor;
  input: AttentionInput;
  blocks: BlockSaved[];
  finalNorm: NormSaved;
  output: LinearSaved;
  /** Packed index of each target's predecessor, i32 `[n_targets]` */
  targetRows: Tensor;
}

/**
 * The model's forward pass over a packed batch. Only rows that predict a target meet the output
 * projection, which in a small model with a large vocabulary is most of the work.
 */
export function forward(g: Graph, model: Model, batch: PackedBatch): Forward {
  const tokens = g.ints(batch.tokens);
  const input: AttentionInput = {
    positions: g.ints(batch.positions),
    windows: batch.windows.map((w) => ({
      start: w.start,
      count: w.count,
      mask: g.input(w.mask, F32, maskShape(w)),
    })),
  };
  let x = g.getRows(model.embedding, tokens); // [n_embd, n_tokens]
  const blocks: BlockSaved[] = [];
  for (const block of model.blocks) {
    const step = blockForward(g, block, input, x);
    blocks.push(step.saved);
    x = step.y;
  }
  const targetRows = g.ints(batch.targetRows);
  const chosen = g.getRows(x, targetRows); // [n_embd, n_targets]
  const finalNorm = norm(g, model.finalNorm, chosen);
  const output = linear(g, model.output, finalNorm.y); // [n_vocab, n_targets]
  return {
    logits: output.y,
    scores: targetScores(g, output.y, batch.labels),
    tokens,
    input,
    blocks,
    finalNorm: finalNorm.saved,
    output: output.saved,
    targetRows,
  };
}

/**
 * The hand-derived backward pass: gradients of Σ weight · -log p(target) for every trainable
 * parameter.
 * @param weights one per target, `[n_targets]`
 */
export function backward(
  g: Graph,
  model: Model,
  batch: PackedBatch,
  pass: Forward,
  weights: Float32Array,
): Gradients {
  const gradients = new Gradients(g);
  const dLogits = targetLossBack(g, pass.scores, weights); // [n_vocab, n_targets]
  const dNormed = linearBack(g, model.output, pass.output, dLogits, gradients, true) as Tensor;
  const dChosen = normBack(g, model.finalNorm, pass.finalNorm, dNormed, gradients);
  let dx: Tensor | undefined = scatterRows(g, dChosen, batch);
  for (let i = model.blocks.length - 1; i >= 0; i--) {
    const needsInput = i > 0 || model.embeddingTrainable;
    dx = blockBackward(
      g,
      model.blocks[i] as Block,
      pass.input,
      pass.blocks[i] as BlockSaved,
      dx as Tensor,
      gradients,
      needsInput,
    );
  }
  if (model.embeddingTrainable) {
    gradients.add(EMBEDDING, g.getRowsBack(dx as Tensor, pass.tokens, model.embedding));
  }
  return gradients;
}

/** Pre-norm residual block: `[n_embd, n_tokens] -> [n_embd, n_tokens]`. */
function blockForward(
  g: Graph,
  block: Block,
  input: AttentionInput,
  x: Tensor,
): { y: Tensor; saved: BlockSaved } {
  const attentionNorm = norm(g, block.attentionNorm, x);
  const attended = attention(g, block.attention, input, attentionNorm.y);
  const middle = g.add(x, attended.y);
  const feedForwardNorm = norm(g, block.feedForwardNorm, middle);
  const fed = feedForward(g, block.feedForward, feedForwardNorm.y);
  return {
    y: g.add(middle, fed.y),
    saved: {
      attentionNorm: attentionNorm.saved,
      attention: attended.saved,
      feedForwardNorm: feedForwardNorm.saved,
      feedForward: fed.saved,
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
  const dFed = feedForwardBack(g, block.feedForward, saved.feedForward, dy, gradients);
  const dMiddle = g.add(
    dy,
    normBack(g, block.feedForwardNorm, saved.feedForwardNorm, dFed, gradients),
  );
  const dAttended = attentionBack(
    g,
    block.attention,
    input,
    saved.attention,
    dMiddle,
    gradients,
    needsInput,
  );
  if (!dAttended) return undefined;
  return g.add(
    dMiddle,
    normBack(g, block.attentionNorm, saved.attentionNorm, dAttended, gradients),
  );
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
