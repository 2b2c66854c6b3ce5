import { rmSync } from "node:fs";
import { type ModelTrainer, TrainerError, type TrainJob } from "../trainer/types.ts";

/** What a candidate's training took, and how it went. */
export interface TrainingFigures {
  /** Over all epochs. */
  tokens: number;
  supervisedTokens: number;
  steps: number;
  firstLoss: number | null;
  lastLoss: number | null;
  diverged: boolean;
  seconds: number;
}

/** Of the untouched base. */
export const UNTRAINED: TrainingFigures = {
  tokens: 0,
  supervisedTokens: 0,
  steps: 0,
  firstLoss: null,
  lastLoss: null,
  diverged: false,
  seconds: 0,
};

/** A trained candidate: its adapter, or none where the training diverged and the base answers. */
export interface Candidate {
  adapter: string | null;
  figures: TrainingFigures;
}

/**
 * Trains a candidate adapter. That it diverges is an outcome, not an error.
 * @throws TrainerError, but not `diverged`
 */
export async function trainCandidate(
  trainer: ModelTrainer,
  job: TrainJob,
  signal: AbortSignal,
): Promise<Candidate> {
  try {
    const result = await trainer.train(job, { signal });
    const { tokens, supervisedTokens, steps, losses, seconds } = result;
    const [firstLoss = null, lastLoss = firstLoss] = [losses[0], losses.at(-1)];
    const figures = { tokens, supervisedTokens, steps, firstLoss, lastLoss, seconds };
    return { adapter: job.out, figures: { ...figures, diverged: false } };
  } catch (error) {
    rmSync(job.out, { force: true });
    if (!(error instanceof TrainerError && error.code === "diverged")) throw error;
    return { adapter: null, figures: { ...UNTRAINED, diverged: true } };
  }
}
