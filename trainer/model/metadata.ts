import type { GgufValue } from "../ggml/gguf-writer.ts";
import type { Hyperparameters } from "./hyperparameters.ts";

/** A model's shape as GGUF metadata: what {@link readHyperparameters} reads. */
export function modelMetadata(h: Hyperparameters): Record<string, GgufValue> {
  const key = (name: string): string => `${h.architecture}.${name}`;
  return {
    "general.architecture": { string: h.architecture },
    "general.name": { string: h.name },
    [key("block_count")]: { u32: h.layers },
    [key("context_length")]: { u32: h.contextLength },
    [key("embedding_length")]: { u32: h.width },
    [key("feed_forward_length")]: { u32: h.feedForward },
    [key("attention.head_count")]: { u32: h.heads },
    [key("attention.head_count_kv")]: { u32: h.kvHeads },
    [key("attention.key_length")]: { u32: h.headDim },
    [key("attention.value_length")]: { u32: h.headDim },
    [key("attention.layer_norm_rms_epsilon")]: { f32: h.rmsEps },
    [key("rope.dimension_count")]: { u32: h.ropeDims },
    [key("rope.freq_base")]: { f32: h.ropeBase },
    ...(h.ropeScale !== 1 && {
      [key("rope.scaling.type")]: { string: "linear" },
      [key("rope.scaling.factor")]: { f32: 1 / h.ropeScale },
    }),
    ...(h.sliding && {
      [key("attention.sliding_window")]: { u32: h.sliding.window },
      // As converters do, only what differs from every sixth.
      ...(h.sliding.layers.some((slides, i) => slides !== i % 6 < 5) && {
        [key("attention.sliding_window_pattern")]: {
          i32s: Int32Array.from(h.sliding.layers, Number),
        },
      }),
      [key("rope.freq_base_swa")]: { f32: h.sliding.ropeBase },
    }),
    [key("vocab_size")]: { u32: h.vocabulary },
  };
}
