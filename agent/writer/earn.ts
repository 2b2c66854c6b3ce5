import { rmSync } from "node:fs";
import {
  type LoraOptions,
  type ModelTrainer,
  TrainerError,
  type TrainOptions,
} from "../../trainer/types.ts";
import type { PassageText } from "../prompts.ts";
import {
  type Reward,
  type RewardProbe,
  rewardOf,
  type Standing,
  standings,
} from "../reward/reward.ts";
import { editRows } from "../study/rows.ts";

/** How the student learns an edit in order to reward it. */
export interface EarnOptions {
  /** The student's adapter; none is the untouched base. */
  from?: string;
  lora: LoraOptions;
  train: TrainOptions;
  /** Path for the adapter, which is removed again. */
  scratch: string;
  signal?: AbortSignal;
}

export interface Earned extends Reward {
  /** How the probes stand afterwards. */
  after: readonly Standing[];
  trainTokens: number;
  seconds: number;
  losses: number[];
  /** Training diverged: nothing was learned, and nothing earned. */
  diverged: boolean;
}

/**
 * SEAL's inner loop for one edit: trains an adapter on the passage and the edit's lines, asks the
 * reward probes closed-book, and forgets the adapter.
 * @param before how the probes stand under the student as it is: {@link standings} of `from`
 * @throws TrainerError, except where training diverges
 */
export async function earn(
  trainer: ModelTrainer,
  passage: PassageText,
  lines: string[],
  probes: readonly RewardProbe[],
  before: readonly Standing[],
  { from, lora, train, scratch, signal }: EarnOptions,
): Promise<Earned> {
  const rows = await editRows(trainer, passage, lines);
  try {
    const job = { rows, lora, options: train, from, out: scratch };
    const { tokens: trainTokens, seconds, losses } = await trainer.train(job, { signal });
    const after = await standings(trainer, probes, { adapter: scratch, signal });
    return { ...rewardOf(before, after), after, trainTokens, seconds, losses, diverged: false };
  } catch (error) {
    if (!(error instanceof TrainerError && error.code === "diverged")) throw error;
    return {
      ...rewardOf(before, before),
      after: before,
      trainTokens: 0,
      seconds: 0,
      losses: [],
      diverged: true,
    };
  } finally {
    rmSync(scratch, { force: true });
  }
}
