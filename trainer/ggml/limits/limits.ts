import type { Variant } from "../locate.ts";
import type { GraphNode } from "../node.ts";
import { CPU } from "./cpu.ts";
import { CUDA } from "./cuda.ts";
import { METAL } from "./metal.ts";
import type { Requirement } from "./requirement.ts";
import { VULKAN } from "./vulkan.ts";

/** What a backend computes, of the operations that the trainer's graphs have. */
export interface Limits {
  variant: Variant;
  /** By operation, what it asks of its tensors; the backend lacks operations that are not there. */
  operations: Readonly<Record<string, readonly Requirement[]>>;
  /** Operations that it has, but that are slower than others which come to the same. */
  slow: readonly string[];
  /** Products are asked to sum in F32, where the backend would sum them in F16. */
  asksForF32Sums: boolean;
}

/**
 * The limits of llama.cpp v0.5.0's backends, read from their `supports_op` and, where that says less
 * than the kernels assert or take for granted, from the kernels.
 */
export const LIMITS: Readonly<Record<Variant, Limits>> = {
  cpu: { variant: "cpu", operations: CPU, slow: [], asksForF32Sums: false },
  cuda: {
    variant: "cuda",
    operations: CUDA,
    // One product per matrix of a batch, where the product of transposes is batched.
    slow: ["OUT_PROD"],
    // F16 weights alone are summed in F16; asked for F32, it would convert all weights for each product.
    asksForF32Sums: false,
  },
  metal: { variant: "metal", operations: METAL, slow: [], asksForF32Sums: false },
  vulkan: {
    variant: "vulkan",
    operations: VULKAN,
    // A loop per cell of the result.
    slow: ["OUT_PROD"],
    // Else F16 and quantized weights, and strided operands (keys and values), are summed in F16.
    asksForF32Sums: true,
  },
};

/** Operations for which graph.ts has another form, of operations that every backend has. */
export const COMPOSABLE = ["OUT_PROD", "RMS_NORM_BACK", "SOFT_MAX_BACK"] as const;
export type Composable = (typeof COMPOSABLE)[number];

/** Whether graphs for a backend have this operation itself, and not its other form. */
export function usesDirectly({ operations, slow }: Limits, op: Composable): boolean {
  return op in operations && !slow.includes(op);
}

/** Operations that graphs for a backend are composed without. */
export function composedOperations(limits: Limits): Composable[] {
  return COMPOSABLE.filter((op) => !usesDirectly(limits, op));
}

/** What a node breaks of a backend's limits, in words; undefined where it can be computed. */
export function breach({ operations }: Limits, node: GraphNode): string | undefined {
  const requirements = operations[node.op];
  if (!requirements) return `${node.op} is not there`;
  const broken = requirements.find((requirement) => !requirement.holds(node));
  return broken && `${node.op} needs that ${broken.says}`;
}
