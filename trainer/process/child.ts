/** Entry point of the trainer's process: ggml lives (and may die) here. */
import { existsSync, statSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { freeMemory } from "../devices/memory.ts";
import { Backend } from "../ggml/backend.ts";
import { type LoadedModel, loadModel } from "../model/load.ts";
import type { TokenRow } from "../model/packing.ts";
import { scorePairs } from "../scoring/pairs.ts";
import { checkJob } from "../training/check.ts";
import { type TrainHooks, trainAdapter } from "../training/train.ts";
import { type ModelInfo, type ScorePair, TrainerError, type TrainProgress } from "../types.ts";
import { type ChildProcess, serveRequests } from "./child-process.ts";
import { fitJob, fitModel } from "./fit.ts";
import type { ChildOptions, Request, Result } from "./protocol.ts";
import { chooseThreads } from "./threads.ts";
import { ModelTokenizer } from "./tokenizer.ts";

export type TrainerProcess = ChildProcess<Request, ModelInfo, TrainProgress, Result>;

serveRequests<Request, ModelInfo, TrainProgress, Result>({
  describe: (error) =>
    error instanceof TrainerError
      ? { code: error.code, message: error.message }
      : { code: "internal", message: error instanceof Error ? error.message : String(error) },
  start: async () => {
    const options = JSON.parse(process.argv[2] ?? "{}") as ChildOptions;
    const { model, memoryLimit } = options;
    standBehind(options.niceness);
    const backend = Backend.open(options.backend, options.threads ?? threadsFor(model));
    const room = freeMemory(backend, memoryLimit);
    const loaded = await loadModel(backend, model, fitModel(backend, model, room));
    const tokenizer = await ModelTokenizer.open(model);
    return {
      info: describeModel(loaded),
      handle: (request, hooks) => handle({ loaded, tokenizer, memoryLimit }, request, hooks),
    };
  },
});

/** Lets other processes go first. Before any other thread begins: on Linux each has a priority of its own. */
function standBehind(niceness = 0): void {
  try {
    if (niceness > getPriority()) setPriority(niceness);
  } catch {
    // Where the system does not let a process step back, it computes as any other.
  }
}

/** ggml's own choice for a file that is not there: opening it will say so. */
function threadsFor(model: string): number | undefined {
  return existsSync(model) ? chooseThreads(statSync(model).size) : undefined;
}

interface Context {
  loaded: LoadedModel;
  tokenizer: ModelTokenizer;
  memoryLimit: number | undefined;
}

async function handle(
  { loaded, tokenizer, memoryLimit }: Context,
  request: Request,
  hooks: TrainHooks & { cancelled: () => boolean },
): Promise<Result> {
  switch (request.kind) {
    case "train": {
      const rows = request.job.rows.map((row) => ({
        ...tokenizer.row(row),
        weight: row.weight,
        kl: row.kl,
        epoch: row.epoch,
      }));
      const job = { ...request.job, rows };
      checkJob(job, loaded.model);
      const fitting = await fitJob(loaded, job, freeMemory(loaded.backend, memoryLimit));
      const result = await trainAdapter(loaded, fitting, hooks);
      return { kind: "train", result };
    }
    case "score": {
      const { pairs, adapters } = request;
      const toRow = (pair: ScorePair): TokenRow => tokenizer.pair(pair);
      const { cancelled } = hooks;
      const room = freeMemory(loaded.backend, memoryLimit);
      const scores = await scorePairs(loaded, pairs, adapters, toRow, { cancelled, room });
      return { kind: "score", scores };
    }
    case "count":
      return {
        kind: "count",
        counts: request.texts.map((text) => tokenizer.encode(text).length),
      };
  }
}

function describeModel(loaded: LoadedModel): ModelInfo {
  const { hyper } = loaded.model;
  return {
    path: loaded.path,
    architecture: hyper.architecture,
    name: hyper.name,
    parameters: loaded.parameters,
    layers: hyper.layers,
    width: hyper.width,
    contextLength: hyper.contextLength,
    vocabulary: hyper.vocabulary,
    types: loaded.types,
    transposes: loaded.transposes,
    backend: loaded.backend.name,
    device: loaded.backend.description,
  };
}
