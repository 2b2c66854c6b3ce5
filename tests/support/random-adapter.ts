import { writeGguf } from "../../trainer/ggml/gguf-writer.ts";
import { loadLibrary } from "../../trainer/ggml/library.ts";
import { quantize } from "../../trainer/ggml/quantize.ts";
import { F32, shape } from "../../trainer/ggml/tensor.ts";
import type { Hyperparameters } from "../../trainer/model/hyperparameters.ts";
import { expectedTensors } from "../../trainer/model/model.ts";
import { normal, random, seedFor } from "../../trainer/random.ts";
import { LORA_TARGETS, type LoraTarget } from "../../trainer/types.ts";

/** How {@link writeRandomAdapter} differs from an F32 adapter of rank 4 on everything. */
export interface AdapterOptions {
  /** Of a matrix, by its name. */
  rank?: (name: string) => number;
  alpha?: number;
  targets?: readonly LoraTarget[];
  /** ggml's number of the tensors' type. */
  type?: number;
  seed?: number;
}

/** Writes an adapter with seeded normal A and B, large enough to be felt. */
export async function writeRandomAdapter(
  path: string,
  hyper: Hyperparameters,
  options: AdapterOptions = {},
): Promise<void> {
  const { rank = () => 4, alpha = 8, targets = LORA_TARGETS, type = F32, seed = 1 } = options;
  const library = loadLibrary("cpu");
  const tensors = [];
  for (const [name, [nIn, nOut]] of expectedTensors(hyper)) {
    if (!targets.some((target) => name.endsWith(`.${target}.weight`))) continue;
    const r = rank(name);
    for (const [part, ne, deviation] of [
      ["lora_a", shape(nIn, r), 1 / Math.sqrt(nIn)],
      ["lora_b", shape(r, nOut), 0.1],
    ] as const) {
      const next = random(seedFor(seed, `${name}.${part}`));
      const values = normal(ne[0] * ne[1], deviation, next);
      const data = await quantize(library, type, values, ne[0], { name });
      tensors.push({ name: `${name}.${part}`, type, ne, data });
    }
  }
  writeGguf(library, path, {
    metadata: {
      "general.type": { string: "adapter" },
      "general.architecture": { string: hyper.architecture },
      "general.name": { string: "random adapter" },
      "adapter.type": { string: "lora" },
      "adapter.lora.alpha": { f32: alpha },
    },
    tensors,
  });
}
