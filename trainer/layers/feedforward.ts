import type { Graph } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";
import { type Activation, activate, activateBack } from "./activation.ts";
import type { Gradients } from "./gradients.ts";
import { type Linear, type LinearSaved, linear, linearBack } from "./linear.ts";

/** A gated unit (arXiv 2002.05202), SwiGLU or GeGLU: down(activation(gate(x)) ∘ up(x)). */
export interface FeedForward {
  gate: Linear;
  up: Linear;
  down: Linear;
  activation: Activation;
}

export interface FeedForwardSaved {
  gate: LinearSaved;
  up: LinearSaved;
  down: LinearSaved;
  /** What the gate and the other projection gave, `[n_ff, n_tokens]` each. */
  gated: Tensor;
  upped: Tensor;
}

/** `[n_embd, n_tokens] -> [n_embd, n_tokens]` */
export function feedForward(
  g: Graph,
  layer: FeedForward,
  x: Tensor,
): { y: Tensor; saved: FeedForwardSaved } {
  const gate = linear(g, layer.gate, x); // [n_ff, n_tokens]
  const up = linear(g, layer.up, x);
  const hidden = g.mul(activate(g, layer.activation, gate.y).y, up.y);
  const down = linear(g, layer.down, hidden);
  return {
    y: down.y,
    saved: {
      gate: gate.saved,
      up: up.saved,
      down: down.saved,
      gated: gate.y,
      upped: up.y,
    },
  };
}

/**
 * Gradient of the input, `[n_embd, n_tokens]`. The activation and its product, the largest tensors of a
 * block, are computed again rather than kept: a third of the activations' memory for 2% of the time.
 */
export function feedForwardBack(
  g: Graph,
  layer: FeedForward,
  saved: FeedForwardSaved,
  dy: Tensor,
  gradients: Gradients,
): Tensor {
  // The graph is ordered depth first: all layers' would be computed before any dy otherwise.
  g.effect(dy);
  const { y: activated, saved: activation } = activate(g, layer.activation, saved.gated);
  const hidden = g.mul(activated, saved.upped);
  const down = { ...saved.down, x: hidden };
  const dHidden = linearBack(g, layer.down, down, dy, gradients, true) as Tensor;
  const dUp = g.mul(dHidden, activated);
  const dGate = activateBack(g, activation, g.mul(dHidden, saved.upped));
  const viaUp = linearBack(g, layer.up, saved.up, dUp, gradients, true) as Tensor;
  const viaGate = linearBack(g, layer.gate, saved.gate, dGate, gradients, true) as Tensor;
  return g.add(viaUp, viaGate);
}
