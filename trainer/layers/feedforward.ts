import type { Graph } from "../ggml/graph.ts";
import type { Tensor } from "../ggml/tensor.ts";
import { type Activation, type ActivationSaved, activate, activateBack } from "./activation.ts";
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
  /** `[n_ff, n_tokens]` each */
  activated: Tensor;
  upped: Tensor;
  activation: ActivationSaved;
}

/** `[n_embd, n_tokens] -> [n_embd, n_tokens]` */
export function feedForward(
  g: Graph,
  layer: FeedForward,
  x: Tensor,
): { y: Tensor; saved: FeedForwardSaved } {
  const gate = linear(g, layer.gate, x); // [n_ff, n_tokens]
  const up = linear(g, layer.up, x);
  const { y: activated, saved: activation } = activate(g, layer.activation, gate.y);
  const down = linear(g, layer.down, g.mul(activated, up.y));
  return {
    y: down.y,
    saved: {
      gate: gate.saved,
      up: up.saved,
      down: down.saved,
      activated,
      upped: up.y,
      activation,
    },
  };
}

/** Gradient of the input, `[n_embd, n_tokens]`. */
export function feedForwardBack(
  g: Graph,
  layer: FeedForward,
  saved: FeedForwardSaved,
  dy: Tensor,
  gradients: Gradients,
): Tensor {
  const dHidden = linearBack(g, layer.down, saved.down, dy, gradients, true) as Tensor;
  const dUp = g.mul(dHidden, saved.activated);
  const dGate = activateBack(g, saved.activation, g.mul(dHidden, saved.upped));
  const viaUp = linearBack(g, layer.up, saved.up, dUp, gradients, true) as Tensor;
  const viaGate = linearBack(g, layer.gate, saved.gate, dGate, gradients, true) as Tensor;
  return g.add(viaUp, viaGate);
}
