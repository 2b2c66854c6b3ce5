import type { PromptKind } from "../../db/candidates.ts";
import type { Budget, Regime } from "../../db/experiment-results.ts";
import type { ExperimentPassage } from "../../db/experiments.ts";
import { LORA_TARGETS, type LoraOptions, type TrainOptions } from "../../trainer/types.ts";

/**
 * What is compared:
 * - `none`: the untouched base
 * - `passage`: trained on the passage alone
 * - `own`: on the passage and an edit by the untouched base, as it comes
 * - `random`: the same with lines of other own edits, as many tokens as the best one has
 * - `best`: with that own edit, of all that were sampled, which earned the highest reward
 * - `teacher`: with an edit that somebody else wrote
 * - `seal`: with an edit, as it comes, by the writer that the outer loop has trained
 */
export const ARMS = ["none", "passage", "own", "random", "best", "teacher", "seal"] as const;
export type Arm = (typeof ARMS)[number];

/** Where the questions come from that choose edits. */
export const REWARD_SOURCES = ["gold", "written"] as const;
export type RewardSource = (typeof REWARD_SOURCES)[number];

type Shared = Omit<TrainOptions, "epochs" | "learningRate" | "seed">;

/** How an update is trained, apart from what the search chooses. */
export interface Recipe {
  lora: LoraOptions;
  train: Shared;
  /** Epochs of every arm where arms are compared at equal epochs; others follow from it. */
  epochs: number;
  /** The grid of the search; where it has one point, nothing is searched. */
  rates: number[];
  epochGrid: number[];
}

/** All that an experiment's figures depend on, besides its data and its model. */
export interface ExperimentConfig {
  arms: Arm[];
  /** Each is an experiment of its own on the same passages: own edits, own writer. */
  kinds: PromptKind[];
  regimes: Regime[];
  budgets: Budget[];
  seeds: number[];
  /** Passages that are reported one at a time, and sets of so many passages learned at once. */
  passages: number;
  sets: number;
  together: number;
  /** Passages on which hyperparameters are searched. */
  tune: number;
  /** Rounds of the outer loop, and passages of each. */
  rounds: number;
  writePassages: number;
  /** M: edits of a passage among which the reward chooses. */
  edits: number;
  /** Edits as they come over which the figures of `own` and `seal` are averaged. */
  samples: number;
  /** Lists sampled for one edit. */
  lists: number;
  reward: RewardSource;
  /** Whether answers are generated, too, and compared after SQuAD's normalisation. */
  answers: boolean;
  /** Whether an answer's end token is part of it: for models that end their answers. */
  end: boolean;
  recipe: Recipe;
  writer: { lora: LoraOptions; train: TrainOptions };
  /** Who the teacher is, where there is one. */
  teacher?: string;
}

/** The recipe that was chosen for the embedded model: its last block alone, in small packed steps. */
export function quickRecipe(layers: number): Recipe {
  return {
    lora: { rank: 16, alpha: 32, targets: [...LORA_TARGETS], layers: { from: layers - 1 } },
    train: { batchTokens: 128, weightDecay: 0, cacheFrozen: true },
    epochs: 10,
    rates: [2e-3, 5e-3, 1e-2, 2e-2],
    epochGrid: [5, 10, 20],
  };
}

/** SEAL's inner loop: LoRA of rank 32 on all projections, 10 epochs at 1e-3, batch 1 (arXiv 2506.10943). */
export const PAPER_RECIPE: Recipe = {
  lora: { rank: 32, alpha: 64, targets: [...LORA_TARGETS] },
  // Every row is a step of its own.
  train: { batchTokens: 1, weightDecay: 0 },
  epochs: 10,
  rates: [1e-3],
  epochGrid: [10],
};

/** SEAL's M-step: rank 64, two epochs at 3e-4; its batches of 10 sequences are about so many tokens. */
export const PAPER_WRITER: ExperimentConfig["writer"] = {
  lora: { rank: 64, alpha: 128, targets: [...LORA_TARGETS] },
  train: { epochs: 2, learningRate: 3e-4, batchTokens: 4096, weightDecay: 0, seed: 1 },
};

/** Arms whose training data are an edit of some kind. */
export function hasEdits(arm: Arm): boolean {
  return arm !== "none" && arm !== "passage";
}

/** The kinds that an arm comes in: one without edits has none. */
export function kindsOf({ kinds }: Pick<ExperimentConfig, "kinds">, arm: Arm): (PromptKind | "")[] {
  return hasEdits(arm) ? kinds : [""];
}

/** Whether the reward has to choose among own edits of passages that are reported. */
export function selects({ arms }: Pick<ExperimentConfig, "arms">): boolean {
  return arms.includes("best") || arms.includes("random");
}

/** Whether anything is rewarded at all. */
export function rewards(config: Pick<ExperimentConfig, "arms">): boolean {
  return selects(config) || config.arms.includes("seal");
}

/** Passages that are reported in either regime. */
export function reportPassages(
  config: Pick<ExperimentConfig, "regimes" | "passages" | "sets" | "together">,
): number {
  const { regimes, passages, sets, together } = config;
  return Math.max(
    regimes.includes("single") ? passages : 0,
    regimes.includes("together") ? sets * together : 0,
  );
}

/** How many passages an experiment takes, by what for. */
export function wantedPassages(
  config: Pick<
    ExperimentConfig,
    "regimes" | "passages" | "sets" | "together" | "tune" | "rounds" | "writePassages" | "arms"
  >,
): Record<ExperimentPassage["role"], number> {
  return {
    report: reportPassages(config),
    tune: config.tune,
    write: config.arms.includes("seal") ? config.rounds * config.writePassages : 0,
  };
}

/** How an arm is trained; epochs follow from the budget where they are not said. */
export interface Setting {
  learningRate: number;
  epochs: number | null;
}

/** The settings that are tried for every arm alike. */
export function gridOf({ rates, epochs, epochGrid }: Recipe, budget: Budget): Setting[] {
  const all = budget === "epochs" ? [epochs] : budget === "tokens" ? [null] : epochGrid;
  return all.flatMap((epochs) => rates.map((learningRate) => ({ learningRate, epochs })));
}
