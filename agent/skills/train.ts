import type { LoraOptions, ModelTrainer, TrainOptions } from "../../trainer/types.ts";
import { LORA_TARGETS } from "../../trainer/types.ts";
import { type Candidate, trainCandidate, UNTRAINED } from "../candidate.ts";
import type { Recipe } from "./recipe.ts";
import type { Task } from "./task.ts";
import { planTraining, type Training } from "./training.ts";

/** How recipes are trained, apart from what they say themselves. */
export interface TaskTraining {
  lora: LoraOptions;
  training: Pick<TrainOptions, "batchTokens" | "weightDecay">;
  /** A training has the tokens of so many full optimizer steps at most: a recipe that asks for more is cut. */
  steps: number;
}

export const DEFAULT_TRAINING: TaskTraining = {
  lora: { rank: 16, alpha: 32, targets: [...LORA_TARGETS] },
  training: { batchTokens: 512, weightDecay: 0 },
  steps: 32,
};

/** A candidate with what it was trained on. */
export interface TrainedTask extends Candidate {
  training: Training;
}

/** The base without any recipe. */
export const IN_CONTEXT: TrainedTask = {
  training: { rows: [], epochs: 0, bounded: false, unreadable: 0 },
  adapter: null,
  figures: UNTRAINED,
};

/**
 * Trains an adapter on a task's examples by a recipe, from the untouched base. Where the model can read no
 * row, nothing is trained.
 * @throws TrainerError, but not `diverged`
 */
export async function trainTask(
  trainer: ModelTrainer,
  task: Pick<Task, "format" | "train">,
  recipe: Recipe,
  options: TaskTraining & { seed: number; out: string; signal: AbortSignal },
): Promise<TrainedTask> {
  const { lora, training: own, steps, seed, out, signal } = options;
  const maxTokens = steps * own.batchTokens;
  const training = await planTraining(trainer, task, recipe, { seed, maxTokens });
  const { rows, epochs } = training;
  if (rows.length === 0) return { ...IN_CONTEXT, training };
  const job = { rows, lora, options: { ...own, learningRate: recipe.rate, epochs, seed }, out };
  return { training, ...(await trainCandidate(trainer, job, signal)) };
}
