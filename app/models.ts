import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  type Hardware,
  hardwareWords,
  RECOMMENDED_MODELS,
  type RecommendedModel,
  recommendModel,
} from "../agent/hardware.ts";
import { totalSeconds } from "../agent/measure/timing.ts";
import { describeModel } from "../agent/model.ts";
import {
  describeFile,
  findModelFile,
  listModels,
  type ModelFile,
  removeModelFile,
} from "../agent/models/store.ts";
import type { Database } from "../db/open.ts";
import { countPassagesSince } from "../db/passages.ts";
import { getSetting, setSetting } from "../db/settings.ts";
import { latestUpdates } from "../db/updates.ts";
import { type Config, EMBEDDED_MODEL } from "./config.ts";
import type { Instance } from "./instance.ts";

/** The setting that says which model people chose. */
const CHOSEN = "model.path";
/** Updates whose time is looked at, and over how many days passages are counted. */
const LATEST = 50;
const DAYS = 7;
const DAY_MS = 24 * 3_600_000;

/** The configuration with the model that was chosen here, where the environment names none. */
export function withChosenModel(config: Config, db: Database): Config {
  const path = config.modelNamed ? undefined : getSetting(db, CHOSEN);
  if (typeof path !== "string" || !existsSync(path)) return config;
  return { ...config, model: describeModel(path, path === resolve(EMBEDDED_MODEL)) };
}

/** A model cannot be chosen or removed, in a sentence that says what to do. */
export class ModelChoiceError extends Error {
  constructor(
    readonly code: "no-model" | "unusable" | "named" | "in-use",
    message: string,
  ) {
    super(message);
    this.name = "ModelChoiceError";
  }
}

/**
 * Lets a model be the base from the next start on.
 * @param name that of a model of the folder or of the embedded one, or a file's path
 * @throws ModelChoiceError
 */
export function takeModel({ db, config }: Instance, name: string): ModelFile {
  const embedded = describeFile(EMBEDDED_MODEL);
  const path =
    findModelFile(config.models, name) ?? (name === embedded.name ? embedded.path : undefined);
  if (path === undefined) throw noModel(name);
  const model = describeFile(path);
  if (model.problem) throw new ModelChoiceError("unusable", model.problem);
  if (config.modelNamed) {
    throw new ModelChoiceError(
      "named",
      `SELKIE_MODEL names the model: set it to the file of ${model.name}, or unset it.`,
    );
  }
  setSetting(db, CHOSEN, path);
  return model;
}

/** Removes a model of the folder, and says how many bytes are free. @throws ModelChoiceError */
export function dropModel({ config }: Instance, name: string): number {
  if (findModelFile(config.models, name) === config.model.path) {
    throw new ModelChoiceError("in-use", `${name} is the model in use: choose another one first.`);
  }
  const freed = removeModelFile(config.models, name);
  if (freed === undefined) throw noModel(name);
  return freed;
}

function noModel(name: string): ModelChoiceError {
  return new ModelChoiceError(
    "no-model",
    `There is no model “${name}”: \`selkie models\` lists them.`,
  );
}

/** A model with what it would take here. */
export interface ModelLine extends ModelFile {
  /** The base of this process. */
  current: boolean;
  /** The base from the next start on, where that is another one. */
  chosen: boolean;
  embedded: boolean;
  /** Whether this machine's memory can hold it for training: well, only just, or not. */
  fits: "well" | "just" | "no" | "unknown";
  /** Hours of learning a day at the pace at which passages came lately; nothing before there is a pace. */
  hoursPerDay?: number;
}

/** The models that there are, and the one that suits this machine. */
export interface ModelsFacts {
  folder: string;
  /** Whether the environment names the model, so that choosing another one here does nothing. */
  named: boolean;
  models: ModelLine[];
  partial: string[];
  hardware: string;
  recommended: RecommendedModel & { uri: string };
  suggestions: (RecommendedModel & { uri: string })[];
}

export function modelsFacts({ db, config }: Instance, hardware: Hardware): ModelsFacts {
  const { models, partial } = listModels(config.models);
  const elsewhere = [config.model.path, EMBEDDED_MODEL]
    .map((path) => resolve(path))
    .filter((path, i, all) => all.indexOf(path) === i)
    .filter((path) => !models.some((model) => model.path === path))
    .map(describeFile);
  const chosen = config.modelNamed ? undefined : getSetting(db, CHOSEN);
  const pace = paceOf(db);
  const all = [...elsewhere, ...models];
  const current = all.find(({ path }) => path === config.model.path)?.outline;
  return {
    folder: config.models,
    named: config.modelNamed,
    models: all.map((model) => {
      const share = current && model.outline && model.outline.parameters / current.parameters;
      return {
        ...model,
        current: model.path === config.model.path,
        chosen: model.path === chosen && model.path !== config.model.path,
        embedded: model.path === resolve(EMBEDDED_MODEL),
        fits: fitOf(model, hardware),
        ...(pace !== undefined && share !== undefined && { hoursPerDay: (pace * share) / 3600 }),
      };
    }),
    partial,
    hardware: hardwareWords(hardware),
    recommended: withUri(recommendModel(hardware)),
    suggestions: RECOMMENDED_MODELS.map(withUri),
  };
}

/** Seconds of learning for a day's passages, on the present model; nothing before some were learned. */
function paceOf(db: Database): number | undefined {
  const seconds = latestUpdates(db, LATEST)
    .map(({ timing }) => totalSeconds(timing))
    .filter((n) => n > 0);
  if (seconds.length === 0) return undefined;
  const mean = seconds.reduce((sum, n) => sum + n, 0) / seconds.length;
  return (mean * countPassagesSince(db, Date.now() - DAYS * DAY_MS)) / DAYS;
}

function fitOf({ outline }: ModelFile, { memoryBytes, gpu }: Hardware): ModelLine["fits"] {
  if (!outline) return "unknown";
  const room = Math.max(memoryBytes, gpu?.memoryBytes ?? 0);
  // Chat, activations and everything else need memory, too.
  if (outline.memory.fast * 1.5 <= room * 0.8) return "well";
  return outline.memory.least * 1.5 <= room * 0.8 ? "just" : "no";
}

function withUri(model: RecommendedModel): RecommendedModel & { uri: string } {
  const [, owner, repository, file] =
    /^https:\/\/huggingface\.co\/([^/]+)\/([^/]+)\/resolve\/[^/]+\/(.+)$/.exec(model.url) ?? [];
  return { ...model, uri: `hf:${owner}/${repository}/${file}` };
}
