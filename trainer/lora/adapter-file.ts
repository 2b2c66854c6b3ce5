import { GgufFile, type GgufTensor } from "../ggml/gguf.ts";
import type { Library } from "../ggml/library.ts";
import { dequantize } from "../ggml/quantize.ts";
import { TrainerError } from "../types.ts";

/** What an adapter does to one matrix: W + scale · B·A. */
export interface AdaptedMatrix {
  /** Name of the base's tensor, e.g. `blk.0.attn_q.weight`. */
  name: string;
  /** `[n_in, rank]` */
  a: GgufTensor;
  /** `[rank, n_out]` */
  b: GgufTensor;
  rank: number;
  /** alpha / rank */
  scale: number;
}

/**
 * A LoRA adapter's GGUF, as training writes it or llama.cpp's convert_lora_to_gguf.py: tensors of
 * any type that converts to F32, and of several ranks.
 */
export class AdapterFile {
  private constructor(
    private readonly library: Library,
    private readonly file: GgufFile,
    readonly architecture: string,
    readonly alpha: number,
    readonly matrices: AdaptedMatrix[],
  ) {}

  /** @throws TrainerError `adapter-unreadable` */
  static open(library: Library, path: string): AdapterFile {
    const file = GgufFile.open(path, "adapter-unreadable");
    try {
      if (file.string("general.type") !== "adapter" || file.string("adapter.type") !== "lora") {
        throw refuse(path, "is no LoRA adapter");
      }
      if (file.has("adapter.alora.invocation_tokens")) {
        throw refuse(
          path,
          "adapts only what follows certain tokens (aLoRA), which is not supported",
        );
      }
      const alpha = file.number("adapter.lora.alpha") ?? 0;
      const matrices = pair(file, alpha);
      return new AdapterFile(
        library,
        file,
        file.string("general.architecture") ?? "unknown",
        alpha,
        matrices,
      );
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get path(): string {
    return this.file.path;
  }

  /** A tensor's values as F32. */
  values(tensor: GgufTensor): Float32Array {
    return dequantize(this.library, tensor.type, this.file.read(tensor));
  }

  close(): void {
    this.file.close();
  }
}

/** The factor of B·A, as llama.cpp has it: an alpha of 0 means none. */
export function scaleOf(alpha: number, rank: number): number {
  return alpha === 0 ? 1 : alpha / rank;
}

/** Finds the A and B of each matrix. */
function pair(file: GgufFile, alpha: number): AdaptedMatrix[] {
  const matrices: AdaptedMatrix[] = [];
  for (const [name, tensor] of file.tensors) {
    const part = /^(.+)\.lora_([ab])$/.exec(name);
    if (!part) throw refuse(file.path, `holds ${name}, which is no part of a LoRA update`);
    const [, base = "", which] = part;
    const other = file.tensors.get(`${base}.lora_${which === "a" ? "b" : "a"}`);
    if (!other) throw refuse(file.path, `has only one half of the update of ${base}`);
    if (which === "b") continue;
    const rank = tensor.ne[1];
    const flat = [tensor, other].every(({ ne }) => ne[2] === 1 && ne[3] === 1);
    if (!flat || other.ne[0] !== rank || rank < 1) {
      throw refuse(
        file.path,
        `has matrices of [${tensor.ne}] and [${other.ne}] for ${base}, which do not fit each other`,
      );
    }
    matrices.push({ name: base, a: tensor, b: other, rank, scale: scaleOf(alpha, rank) });
  }
  return matrices;
}

function refuse(path: string, what: string): TrainerError {
  return new TrainerError("adapter-unreadable", `${path} ${what}.`);
}
