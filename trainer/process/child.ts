/** Entry point of the trainer's process: ggml lives (and may die) here. */
import { existsSync, statSync } from "node:fs";
import { Backend } from "../ggml/backend.ts";
import { type LoadedModel, loadModel } from "../model/load.ts";
import type { TokenRow } from "../model/packing.ts";
import { scorePairs } from "../scoring/pairs.ts";
import { type TrainHooks, trainAdapter } from "../training/train.ts";
import { type ModelInfo, type ScorePair, TrainerError, type TrainProgress } from "../types.ts";
import { type ChildProcess, serveRequests } from "./child-process.ts";
import type { ChildOptions, Request, Result } from "./protocol.ts";
import { ModelTokenizer } from "./tokenizer.ts";

/**
 * A model file below this many bytes is computed by one thread: ggml's threads meet by spinning
 * after every operation, and beside other work that waiting costs a small model far more than its
 * arithmetic.
 */
const ONE_THREAD_BYTES = 100_000_000;

export type TrainerProcess = ChildProcess<Request, ModelInfo, TrainProgress, Result>;

serveRequests<Request, ModelInfo, TrainProgress, Result>({
  describe: (error) =>
    error instanceof TrainerError
      ? { code: error.code, message: error.message }
      : { code: "internal", message: error instanceof Error ? error.message : String(error) },
  start: async () => {
    const options = JSON.parse(process.argv[2] ?? "{}") as ChildOptions;
    const backend = Backend.open(options.backend, options.threads ?? threadsFor(options.model));
    const loaded = await loadModel(backend, options.model);
    const tokenizer = await ModelTokenizer.open(options.model);
    return {
      info: describeModel(loaded),
      handle: (request, hooks) => handle(loaded, tokenizer, request, hooks),
    };
  },
});

function threadsFor(model: string): number | undefined {
  const small = existsSync(model) && statSync(model).size < ONE_THREAD_BYTES;
  return small ? 1 : undefined;
}

async function handle(
  loaded: LoadedModel,
  tokenizer: ModelTokenizer,
  request: Request,
  hooks: TrainHooks & { cancelled: () => boolean },
): Promise<Result> {
  switch (request.kind) {
    case "train": {
      const rows = request.job.rows.map((row) => ({
        ...tokenizer.row(row),
        weight: row.weight,
        kl: row.kl,
      }));
      const result = await trainAdapter(loaded, { ...request.job, rows }, hooks);
      return { kind: "train", result };
    }
    case "score": {
      const { pairs, adapters } = request;
      const toRow = (pair: ScorePair): TokenRow => tokenizer.pair(pair);
      const scores = await scorePairs(loaded, pairs, adapters, toRow, hooks.cancelled);
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
    backend: loaded.backend.name,
    device: loaded.backend.description,
  };
}
