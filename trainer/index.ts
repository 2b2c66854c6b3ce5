import { resolve } from "node:path";
import { chooseVariant } from "./devices/devices.ts";
import type { Variant } from "./ggml/locate.ts";
import { ChildProcess } from "./process/child-process.ts";
import type { ChildOptions, Request, Result } from "./process/protocol.ts";
import { checkOptions, checkRowParts } from "./training/check-options.ts";
import {
  type ModelInfo,
  type ModelTrainer,
  type Score,
  type ScorePair,
  TrainerError,
  type TrainerErrorCode,
  type TrainJob,
  type TrainProgress,
  type TrainResult,
} from "./types.ts";

export * from "./convert.ts";
export { type DeviceReport, isSoftware, probeDevices } from "./devices/devices.ts";
export { FILE_TYPES, type FileType } from "./ggml/file-type.ts";
export type { Variant } from "./ggml/locate.ts";
export { type AdapterScaling, scaleAdapter } from "./lora/scale.ts";
export { SUPPORTED_ARCHITECTURES } from "./model/architectures.ts";
export { inspectModel, type ModelOutline } from "./model/inspect.ts";
export * from "./types.ts";

/** Outputs of the jobs that this process has asked for: they would overwrite each other one by one. */
const underWay = new Set<string>();

/**
 * LoRA training and teacher-forced scoring of a GGUF model, in a child process.
 *
 * @example
 * const trainer = await Trainer.start({ model: "models/pup/pup.gguf" });
 * const [score] = await trainer.score([{ context: "Question: …\nAnswer:", answer: " 1832" }]);
 * const { sha256 } = await trainer.train({ rows, lora, options, out: "adapter.gguf" });
 * await trainer.close();
 */
export class Trainer implements ModelTrainer {
  private constructor(
    private readonly child: ChildProcess<Request, ModelInfo, TrainProgress, Result>,
    readonly info: ModelInfo,
  ) {}

  /**
   * Loads a model on a device: the one named, or the best that works. `threads` are the CPU's; where
   * they are not given, as many as the model's size and the machine's load make worth while.
   * `memoryLimit` is how many bytes of memory this process and its children may take together, where
   * that is less than what the device or the machine has free. `niceness` (0 to 19) lets other processes go
   * before its own.
   * @throws TrainerError when the model cannot be read, is not supported or does not fit into memory
   *   (`not-enough-memory`), or the device is missing
   */
  static async start(options: {
    model: string;
    backend?: Variant;
    threads?: number;
    memoryLimit?: number;
    niceness?: number;
  }): Promise<Trainer> {
    const backend = options.backend ?? (await chooseVariant());
    const child = new ChildProcess<Request, ModelInfo, TrainProgress, Result>(
      `${import.meta.dir}/process/child.ts`,
      { ...options, backend } satisfies ChildOptions,
      (code, message) => new TrainerError(code as TrainerErrorCode, message),
    );
    return new Trainer(child, await child.ready);
  }

  /** Process id of the child. */
  get pid(): number {
    return this.child.pid;
  }

  async train(
    job: TrainJob,
    options: { onProgress?: (progress: TrainProgress) => void; signal?: AbortSignal } = {},
  ): Promise<TrainResult> {
    checkOptions(job);
    checkRowParts(job.rows, job.options);
    const out = resolve(job.out);
    if (underWay.has(out)) {
      throw new TrainerError(
        "output-busy",
        `Another job of this process is to write ${job.out}. Wait for it, or choose another name.`,
      );
    }
    underWay.add(out);
    try {
      const result = await this.child.request({ kind: "train", job }, options);
      if (result.kind !== "train") throw unexpected(result);
      return result.result;
    } finally {
      underWay.delete(out);
    }
  }

  async score(
    pairs: ScorePair[],
    options: { adapter?: string; signal?: AbortSignal } = {},
  ): Promise<Score[]> {
    const { adapter = null, signal } = options;
    const [scores] = await this.scoreUnder([adapter], pairs, { ...(signal && { signal }) });
    return scores as Score[];
  }

  async scoreUnder(
    adapters: (string | null)[],
    pairs: ScorePair[],
    options: { signal?: AbortSignal } = {},
  ): Promise<Score[][]> {
    if (pairs.length === 0) return adapters.map(() => []);
    const result = await this.child.request({ kind: "score", pairs, adapters }, options);
    if (result.kind !== "score") throw unexpected(result);
    return result.scores;
  }

  async countTokens(texts: string[]): Promise<number[]> {
    const result = await this.child.request({ kind: "count", texts });
    if (result.kind !== "count") throw unexpected(result);
    return result.counts;
  }

  async close(): Promise<void> {
    await this.child.kill();
  }
}

function unexpected(result: Result): TrainerError {
  return new TrainerError("internal", `The trainer answered with "${result.kind}".`);
}
