import type { Hyperparameters } from "../model/hyperparameters.ts";
import { architectureOf } from "../model/model.ts";
import type { LoraTarget } from "../types.ts";

/**
 * How many heads' rows a GGUF stores in another order than Hugging Face's models, 0 where the order
 * is the same. Rotary embeddings of `llama` turn dimensions (2i, 2i+1) in a GGUF and (i, i + dims/2)
 * in Hugging Face's models, so llama.cpp's converter reorders the rows of queries and keys
 * (`LlamaModel.permute` in its conversion/llama.py); the rows of a LoRA's B are the same rows.
 */
export function reorderedHeads(hyper: Hyperparameters, target: LoraTarget): number {
  if (architectureOf(hyper).rope !== "adjacent") return 0;
  if (target === "attn_q") return hyper.heads;
  return target === "attn_k" ? hyper.kvHeads : 0;
}

/**
 * Rows of each head in a GGUF's order: first half and second half by turns.
 * @param values row-major, rows of `columns` values
 */
export function toGgufRows(values: Float32Array, columns: number, heads: number): Float32Array {
  return reordered(values, columns, heads, (from, to) => [from, to]);
}

/** The inverse of {@link toGgufRows}. */
export function fromGgufRows(values: Float32Array, columns: number, heads: number): Float32Array {
  return reordered(values, columns, heads, (from, to) => [to, from]);
}

function reordered(
  values: Float32Array,
  columns: number,
  heads: number,
  direction: (from: number, to: number) => [from: number, to: number],
): Float32Array {
  if (heads === 0) return values;
  const dims = values.length / columns / heads;
  const out = new Float32Array(values.length);
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < dims; i++) {
      const half = i < dims / 2 ? 0 : 1;
      const turned = 2 * (i - (half * dims) / 2) + half;
      const [from, to] = direction(head * dims + i, head * dims + turned);
      out.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
    }
  }
  return out;
}
