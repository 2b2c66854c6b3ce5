import { GgufWriter } from "../../trainer/ggml/gguf-writer.ts";
import { loadLibrary } from "../../trainer/ggml/library.ts";
import { F16, F32 } from "../../trainer/ggml/tensor.ts";
import { bytesOf } from "../../trainer/ggml/tensor-types.ts";
import type { Hyperparameters } from "../../trainer/model/hyperparameters.ts";
import { modelMetadata } from "../../trainer/model/metadata.ts";
import { expectedTensors } from "../../trainer/model/model.ts";
import { byteTokenizer, SMALL } from "./random-model.ts";

/** 100 million parameters as F16: 203 MB, 13 MB a layer. */
export const LARGE: Hyperparameters = {
  ...SMALL,
  layers: 16,
  width: 768,
  feedForward: 2048,
  heads: 12,
  kvHeads: 4,
  headDim: 64,
  ropeDims: 64,
};

/** Writes a model of that shape quickly: one block of noise over and over. */
export function writeLargeModel(path: string): void {
  const library = loadLibrary("cpu");
  const tensors = [...expectedTensors(LARGE)].map(([name, ne]) => ({
    name,
    ne,
    type: ne[1] > 1 ? F16 : F32,
  }));
  const metadata = { ...modelMetadata(LARGE), ...byteTokenizer() };
  const writer = GgufWriter.create(library, path, { metadata, tensors });
  const noise = new Uint16Array(1024 * 1024).map(() => 0x2000 + Math.floor(Math.random() * 0x800));
  const block = new Uint8Array(noise.buffer);
  for (const { type, ne } of tensors) {
    for (let left = bytesOf(type, ne[0] * ne[1]); left > 0; left -= block.length) {
      writer.append(block.subarray(0, Math.min(left, block.length)));
    }
  }
  writer.publish();
}
