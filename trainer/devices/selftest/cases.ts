import type { Variant } from "../../ggml/locate.ts";
import { BF16, F16, F32 } from "../../ggml/tensor.ts";
import { ARCHITECTURES, SUPPORTED_ARCHITECTURES } from "../../model/architectures.ts";

/** How far results may lie apart; checks.ts says how each is measured. */
export interface Limits {
  logits: number;
  scores: number;
  losses: number;
  gradients: number;
}

/** A type of weights. */
export interface Base {
  name: string;
  /** ggml's number of a matrix's type. */
  typeOf: (name: string) => number;
  limits: { cpu: Limits; vulkan: Limits; other: Limits };
}

/** A model of random weights that devices are tried with. */
export interface Case {
  architecture: string;
  base: Base;
}

/** llama.cpp on the CPU looks GELU up in a table of F16 values; the trainer's graphs compute it. */
const GELU_TABLE = { logits: 8e-4, scores: 8e-6 };

/** Of gradients in F32 on the CPU, against differences of the loss: how exact those are. */
export const DIFFERENCES_LIMIT = 6e-4;

/** Quantized weights, whose activations the CPU rounds to 8 bits and Vulkan to F16: they differ by that. */
const QUANTIZED: Base["limits"] = {
  cpu: { logits: 2.5e-2, scores: 4e-4, gradients: 5e-3, losses: 5e-3 },
  vulkan: { logits: 1e-1, scores: 4e-3, gradients: 1.2e-1, losses: 6e-3 },
  other: { logits: 1e-1, scores: 4e-3, gradients: 1.2e-1, losses: 6e-3 },
};

/**
 * Limits are 3 to 8 times the largest figure that was seen: on an x86-64 CPU with two seeds, on
 * Vulkan's software device with one. CUDA and Metal, which nobody has measured yet, have Vulkan's.
 *
 * On the CPU sums in another order differ by 1e-7, and so do results in F32. With other weights
 * activations are rounded before each product (to F16 or BF16, or to 8 bits for quantized weights), and
 * where one is rounded the other way, the next layers multiply the difference until it has the size of
 * that rounding: that happens with some seeds and not with others. Other backends round the
 * activations of F32 weights, too (Vulkan to F16, CUDA to TF32).
 */
export const BASES: readonly Base[] = [
  {
    name: "F32",
    typeOf: () => F32,
    limits: {
      cpu: { logits: 2e-6, scores: 3e-8, gradients: 2e-6, losses: 3e-7 },
      vulkan: { logits: 5e-3, scores: 1e-4, gradients: 8e-3, losses: 2e-3 },
      other: { logits: 5e-3, scores: 1e-4, gradients: 8e-3, losses: 2e-3 },
    },
  },
  {
    name: "F16",
    typeOf: () => F16,
    limits: {
      cpu: { logits: 1.5e-3, scores: 1e-5, gradients: 4e-3, losses: 1e-4 },
      vulkan: { logits: 4e-3, scores: 1e-4, gradients: 1.5e-2, losses: 2e-3 },
      // CUDA sums these products in F16: without its request for F32, Vulkan's logits were 6.4e-3 off.
      other: { logits: 2e-2, scores: 5e-4, gradients: 4e-2, losses: 5e-3 },
    },
  },
  {
    name: "BF16",
    typeOf: () => BF16,
    limits: {
      cpu: { logits: 8e-3, scores: 6e-5, gradients: 5e-3, losses: 1e-3 },
      vulkan: { logits: 2e-2, scores: 4e-4, gradients: 3e-2, losses: 2e-3 },
      other: { logits: 2e-2, scores: 4e-4, gradients: 3e-2, losses: 2e-3 },
    },
  },
  { name: "Q8_0", typeOf: () => 8, limits: QUANTIZED },
  { name: "Q4_0", typeOf: () => 2, limits: QUANTIZED },
  {
    name: "Q4_K and Q6_K",
    typeOf: (name) => (/attn_v|ffn_down|token_embd/.test(name) ? 14 : 12),
    limits: QUANTIZED,
  },
];

/** Every type once, and every architecture in F32, which hides the least. */
export const CASES: readonly Case[] = SUPPORTED_ARCHITECTURES.flatMap((architecture) =>
  (architecture === "llama" ? BASES : BASES.slice(0, 1)).map((base) => ({ architecture, base })),
);

export function limitsOf({ architecture, base }: Case, variant: Variant): Limits {
  const own = base.limits[variant === "cpu" || variant === "vulkan" ? variant : "other"];
  if (ARCHITECTURES[architecture]?.activation !== "gelu") return own;
  const least = (limit: "logits" | "scores"): number => Math.max(own[limit], GELU_TABLE[limit]);
  return { ...own, logits: least("logits"), scores: least("scores") };
}

/** The name of a case's model in a folder of models. */
export function fileOf({ architecture, base }: Case): string {
  return `${architecture} ${base.name}.gguf`;
}
