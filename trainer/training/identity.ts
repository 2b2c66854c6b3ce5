import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import type { JobIdentity } from "./checkpoint.ts";
import type { TokenJob } from "./token-job.ts";

/** Pieces of a model's file that stand for all of it: hashing gigabytes would delay every job. */
const SAMPLES = 64;
const SAMPLE_BYTES = 16 * 1024;

/** What a checkpoint's job must have in common with the one that takes it up. */
export function jobIdentity(job: TokenJob, modelPath: string): JobIdentity {
  return {
    "base model": sampledDigest(modelPath),
    rows: digest(
      ...job.rows.flatMap(({ tokens, loss, weight = 1, kl = 0, epoch = 0 }) => [
        new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength),
        loss,
        `${weight} ${kl} ${epoch}`,
      ]),
    ),
    "LoRA options": digest(canonical(job.lora)),
    // How large the graphs are follows from the memory at hand; the step is the same.
    "training options": digest(canonical({ ...job.options, microBatchTokens: undefined })),
    "starting adapter": job.from ? digest(readFileSync(job.from)) : "none",
  };
}

function digest(...parts: (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex");
}

/** JSON whose keys are in order. */
function canonical(value: object): string {
  return JSON.stringify(value, (_, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** A digest of a file's length and of pieces from all over it. */
function sampledDigest(path: string): string {
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    const pieces = Array.from({ length: SAMPLES }, (_, i) => {
      const piece = new Uint8Array(SAMPLE_BYTES);
      const at = Math.floor((i * Math.max(0, size - SAMPLE_BYTES)) / (SAMPLES - 1));
      return piece.subarray(0, readSync(fd, piece, 0, SAMPLE_BYTES, at));
    });
    return digest(`${size}`, ...pieces);
  } finally {
    closeSync(fd);
  }
}
