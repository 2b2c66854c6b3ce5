import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { GgufFile } from "../../trainer/ggml/gguf.ts";
import { OutputFile } from "../../trainer/output.ts";
import { TrainerError } from "../../trainer/types.ts";

/** ggml's number for 32-bit floats: what training writes adapters in. */
const F32 = 0;

/**
 * Writes the adapter that lies so far on the way from its parent to a candidate: A and B of each matrix
 * are mixed, so the rank stays what it was, as WiSE-FT mixes weights (Wortsman et al., arXiv 2109.01903).
 * From the untouched base, B alone is scaled, which scales the update itself.
 * @param scale from 0, the parent, to 1, the candidate
 * @returns hex SHA-256 of the file
 * @throws TrainerError `adapter-unreadable`, `adapter-mismatch` where the two are not of one form,
 *   `write-failed`
 */
export function rescaleAdapter(job: {
  candidate: string;
  parent?: string;
  scale: number;
  out: string;
}): string {
  const { candidate, parent, scale, out } = job;
  const bytes = new Uint8Array(readFileSync(candidate));
  const target = GgufFile.open(candidate, "adapter-unreadable");
  const origin = parent === undefined ? undefined : GgufFile.open(parent, "adapter-unreadable");
  try {
    for (const tensor of target.tensors.values()) {
      if (tensor.type !== F32) throw mismatch(candidate, `stores ${tensor.name} in another type`);
      const values = new Float32Array(bytes.buffer, tensor.offset, tensor.bytes / 4);
      if (!origin) {
        if (tensor.name.endsWith(".lora_b")) scaleValues(values, scale);
        continue;
      }
      const own = origin.tensors.get(tensor.name);
      if (!own || own.type !== F32 || own.bytes !== tensor.bytes) {
        throw mismatch(parent!, `has no matrix like ${tensor.name} of ${candidate}`);
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
