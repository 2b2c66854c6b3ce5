/** Projections of a transformer block that LoRA can adapt, by their GGUF tensor names. */
export const LORA_TARGETS = [
  "attn_q",
  "attn_k",
  "attn_v",
  "attn_output",
  "ffn_gate",
  "ffn_up",
  "ffn_down",
] as const;
export type LoraTarget = (typeof LORA_TARGETS)[number];

export interface LoraOptions {
  rank: number;
  /** The update is scaled by alpha / rank. */
  alpha: number;
  targets: LoraTarget[];
  /** rsLoRA (arXiv 2312.03732): the update is scaled by alpha / sqrt(rank) instead. */
  rsLora?: boolean;
  /**
   * The blocks that are adapted, counted from 0: a list, or a range with both ends in it. All where it
   * is not said.
   */
  layers?: number[] | { from?: number; to?: number };
}

/**
 * The alpha that an adapter's file names, which readers divide by the rank: with rsLoRA alpha ·
 * sqrt(rank), so that they arrive at the same scale. In the file's precision.
 */
export function fileAlpha({ alpha, rank, rsLora }: LoraOptions): number {
  return Math.fround(rsLora ? alpha * Math.sqrt(rank) : alpha);
}

/** Whether a block is among those that are adapted. */
export function includesLayer({ layers }: Pick<LoraOptions, "layers">, block: number): boolean {
  if (layers === undefined) return true;
  if (Array.isArray(layers)) return layers.includes(block);
  return block >= (layers.from ?? 0) && block <= (layers.to ?? Number.POSITIVE_INFINITY);
}
