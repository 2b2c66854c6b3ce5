import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { TrainerError } from "../errors.ts";
import { GgufFile } from "../ggml/gguf.ts";
import { writeGguf } from "../ggml/gguf-writer.ts";
import type { Library } from "../ggml/library.ts";
import { F32, shape } from "../ggml/tensor.ts";
import type { StepRows } from "./plan.ts";

/** How far a job has come. Random numbers are drawn from its seed and step: there is no other state. */
export interface JobState {
  /** Counts from 1. */
  epoch: number;
  /** Steps of this epoch that are still to be done. */
  pending: StepRows[];
  /** Steps done, and steps of the full plan that were not needed. */
  step: number;
  saved: number;
  losses: number[];
  tokens: number;
  supervisedTokens: number;
  /** Of each row: its last mean loss, and the epoch in which it was seen. */
  rows: { losses: (number | null)[]; epochs: number[] };
}

/** A saved job: its state, and the values of the adapter and of the optimizer's moments. */
export interface Checkpoint {
  state: JobState;
  tensors: Map<string, Float32Array>;
}

/** Digests of what makes a job this one, by what a person would call it. */
export type JobIdentity = Record<string, string>;

const TYPE = "selkie-training-checkpoint";
/** The losses of all steps, as float64 in the bytes of a tensor: metadata are for short texts. */
const LOSSES = "job.losses";

/** A job's checkpoint: a GGUF beside its output, replaced in one go. */
export class CheckpointFile {
  constructor(
    private readonly library: Library,
    readonly path: string,
    private readonly identity: JobIdentity,
  ) {}

  /** @throws TrainerError `write-failed`; the former checkpoint is then as it was */
  write({ state: full, tensors: values }: Checkpoint): void {
    const state = JSON.stringify({ ...full, losses: [] });
    const tensors = [...values, [LOSSES, words(full.losses)] as const];
    writeGguf(this.library, this.path, {
      metadata: {
        "general.type": { string: TYPE },
        "job.identity": { string: JSON.stringify(this.identity) },
        "job.state": { string: state },
        "job.digest": { string: digest(state, tensors) },
      },
      tensors: tensors.map(([name, values]) => ({
        name,
        type: F32,
        ne: shape(values.length),
        data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      })),
    });
  }

  /**
   * This job's checkpoint, or undefined where there is no file.
   * @throws TrainerError `checkpoint-mismatch` for one of another job, or for a file that is none
   */
  read(): Checkpoint | undefined {
    if (!existsSync(this.path)) return undefined;
    const file = GgufFile.open(this.path, "checkpoint-mismatch");
    try {
      const identity = file.string("job.identity");
      const state = file.string("job.state");
      if (file.string("general.type") !== TYPE || !identity || !state) {
        throw this.mismatch("is no checkpoint");
      }
      this.compare(this.parse(identity) as JobIdentity);
      const tensors = new Map<string, Float32Array>();
      for (const [name, tensor] of file.tensors) {
        tensors.set(name, new Float32Array(file.read(tensor).buffer));
      }
      // A damaged moment or weight would train on without a sign of it.
      if (file.string("job.digest") !== digest(state, tensors)) throw this.mismatch("is damaged");
      const losses = [...new Float64Array((tensors.get(LOSSES)?.buffer ?? []) as ArrayBuffer)];
      tensors.delete(LOSSES);
      return { state: { ...(this.parse(state) as JobState), losses }, tensors };
    } finally {
      file.close();
    }
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }

  private parse(json: string): unknown {
    try {
      return JSON.parse(json);
    } catch {
      throw this.mismatch("is damaged");
    }
  }

  private compare(found: JobIdentity): void {
    const different = Object.keys(this.identity).filter((k) => this.identity[k] !== found[k]);
    if (different.length === 0) return;
    throw this.mismatch(`is the checkpoint of a job with other ${different.join(", other ")}`);
  }

  private mismatch(what: string): TrainerError {
    return new TrainerError(
      "checkpoint-mismatch",
      `${this.path} ${what}. Delete it to begin anew, or choose another name.`,
    );
  }
}

/** SHA-256 of a job's state and values. */
function digest(state: string, tensors: Iterable<readonly [string, Float32Array]>): string {
  const hash = createHash("sha256").update(state);
  for (const [name, { buffer, byteOffset, byteLength }] of tensors) {
    hash.update(`\0${name}\0`).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

/** float64 values as the float32 words that they are made of. */
function words(values: readonly number[]): Float32Array {
  return new Float32Array(Float64Array.from(values).buffer);
}
