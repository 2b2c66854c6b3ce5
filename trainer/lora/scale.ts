import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { TrainerError } from "../errors.ts";
import { GgufFile } from "../ggml/gguf.ts";
import { F32 } from "../ggml/tensor.ts";
import { OutputFile } from "../output.ts";

/** An adapter of which a part is wanted. */
export interface AdapterScaling {
  /** An adapter GGUF as training writes it: F32. */
  adapter: string;
  /** The adapter whose training was continued to it; without one, the untouched base. */
  parent?: string;
  /** From 0, the parent, to 1, the adapter. */
  scale: number;
  out: string;
}

/**
 * Writes the adapter that lies so far on the way from its parent to it: A and B of each matrix are
 * mixed, so the rank stays what it was, as WiSE-FT mixes weights (Wortsman et al., arXiv 2109.01903).
 * From the untouched base, B alone is scaled, which scales the update itself. Works on the files, in
 * this process: no model is needed.
 *
 * @example
 * scaleAdapter({ adapter: "adapter.gguf", scale: 0.5, out: "half.gguf" });
 *
 * @returns hex SHA-256 of the file
 * @throws TrainerError `invalid-job` where the scale is not within 0 and 1, `adapter-unreadable`,
 *   `adapter-mismatch` where the two are not of one form, `write-failed`, `output-busy`
 */
export function scaleAdapter({ adapter, parent, scale, out }: AdapterScaling): string {
  if (!(scale >= 0 && scale <= 1)) {
    throw new TrainerError(
      "invalid-job",
      `An adapter cannot be scaled by ${scale}. Choose from 0 to 1.`,
    );
  }
  const target = GgufFile.open(adapter, "adapter-unreadable");
  const origin = parent === undefined ? undefined : GgufFile.open(parent, "adapter-unreadable");
  const bytes = new Uint8Array(readFileSync(adapter));
  try {
    for (const tensor of target.tensors.values()) {
      if (tensor.type !== F32) throw mismatch(adapter, `stores ${tensor.name} in another type`);
      const values = new Float32Array(bytes.buffer, tensor.offset, tensor.bytes / 4);
      if (!origin) {
        if (tensor.name.endsWith(".lora_b")) scaleValues(values, scale);
        continue;
      }
      const own = origin.tensors.get(tensor.name);
      if (!own || own.type !== F32 || own.bytes !== tensor.bytes) {
        throw mismatch(parent!, `has no matrix like ${tensor.name} of ${adapter}`);
      }
      mixValues(values, new Float32Array(origin.read(own).buffer), scale);
    }
  } finally {
    target.close();
    origin?.close();
  }
  const file = OutputFile.create(out);
  try {
    file.write(bytes);
    file.publish();
  } finally {
    file.discard();
  }
  return createHash("sha256").update(bytes).digest("hex");
}

function scaleValues(values: Float32Array, scale: number): void {
  for (let i = 0; i < values.length; i++) values[i] = values[i]! * scale;
}

function mixValues(values: Float32Array, from: Float32Array, scale: number): void {
  for (let i = 0; i < values.length; i++) {
    values[i] = from[i]! + scale * (values[i]! - from[i]!);
  }
}

function mismatch(path: string, what: string): TrainerError {
  return new TrainerError("adapter-mismatch", `${path} ${what}: they cannot be mixed.`);
}
