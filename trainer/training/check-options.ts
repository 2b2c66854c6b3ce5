import { TrainerError } from "../errors.ts";
import type { TrainingRow, TrainJob, TrainOptions } from "./job.ts";
import type { Schedule } from "./schedule.ts";

/**
 * Checks what can be checked without a model: before a job goes to another process, too, because
 * JSON knows neither NaN nor infinity.
 * @throws TrainerError `invalid-job`
 */
export function checkOptions({
  lora: { rank, alpha },
  options,
  checkpoint,
  onStop,
}: Pick<TrainJob, "lora" | "options" | "checkpoint" | "onStop">): void {
  if (!Number.isFinite(rank)) complain(`LoRA rank ${rank} is not a whole number.`);
  if (!(alpha > 0 && Number.isFinite(alpha))) {
    complain(`LoRA alpha ${alpha} is not a positive number.`);
  }
  const { epochs, learningRate, batchTokens, weightDecay } = options;
  if (!Number.isInteger(epochs) || epochs < 1) complain(`${epochs} epochs: give 1 or more.`);
  if (!(learningRate > 0 && learningRate <= 1)) {
    complain(`The learning rate ${learningRate} is not above 0 and at most 1.`);
  }
  if (!(batchTokens >= 1)) complain(`${batchTokens} tokens per step: give 1 or more.`);
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay))) {
    complain(`The weight decay ${weightDecay} is not a number from 0 up.`);
  }
  if (!Number.isSafeInteger(options.seed)) complain(`The seed ${options.seed} is no whole number.`);
  checkMore(options);
  if (options.schedule) checkSchedule(options.schedule);
  checkSaving(checkpoint, onStop);
}

/** @throws TrainerError `invalid-job` naming the row */
export function checkRowParts(
  rows: readonly Pick<TrainingRow, "weight" | "kl" | "epoch">[],
  { epochs }: Pick<TrainOptions, "epochs">,
): void {
  rows.forEach(({ weight = 1, kl = 0, epoch = 1 }, i) => {
    if (!isFrom(0, weight)) {
      complain(`Training row ${i + 1} has the weight ${weight}, which is not a number from 0 up.`);
    }
    if (!isFrom(0, kl)) {
      complain(`Training row ${i + 1} has the KL weight ${kl}, which is not a number from 0 up.`);
    }
    if (weight === 0 && kl === 0) {
      complain(`Training row ${i + 1} has the weight 0 and no KL: leave it out.`);
    }
    if (!(Number.isInteger(epoch) && epoch >= 1 && epoch <= epochs)) {
      complain(`Training row ${i + 1} is for epoch ${epoch}: there are epochs 1 to ${epochs}.`);
    }
  });
}

function checkMore(options: TrainOptions): void {
  const { microBatchTokens, clipNorm, rateRatio, dropout = 0, order, skipLearned, guard } = options;
  if (microBatchTokens !== undefined && !(microBatchTokens >= 1)) {
    complain(`${microBatchTokens} tokens per graph: give 1 or more.`);
  }
  if (clipNorm !== undefined && !isAbove(0, clipNorm)) {
    complain(`The gradient's norm cannot be clipped to ${clipNorm}: give a number above 0.`);
  }
  if (rateRatio !== undefined && !isAbove(0, rateRatio)) {
    complain(`The ratio of learning rates ${rateRatio} is not a number above 0.`);
  }
  if (!(dropout >= 0 && dropout < 1)) {
    complain(`The dropout ${dropout} is not a share from 0 to below 1.`);
  }
  const { stopWhenLearned } = options;
  if (stopWhenLearned !== undefined && !isAbove(0, stopWhenLearned)) {
    complain(`No loss is below ${stopWhenLearned}: stop at a number above 0.`);
  }
  if (skipLearned) {
    const { below, epochs } = skipLearned;
    if (!isAbove(0, below)) complain(`No loss is below ${below}: skip rows at a number above 0.`);
    if (!Number.isInteger(epochs) || epochs < 1) {
      complain(`Learned rows cannot be skipped for ${epochs} epochs: give 1 or more.`);
    }
  }
  if (order !== undefined && order !== "shuffled" && order !== "hardest") {
    complain(`The order "${order}" is not known: choose "shuffled" or "hardest".`);
  }
  for (const [name, value] of Object.entries(guard ?? {})) {
    if (!isAbove(0, value)) complain(`The guard's ${name} ${value} is not a number above 0.`);
  }
}

function checkSchedule({ kind, warmupSteps, warmupShare, floor = 0 }: Schedule): void {
  if (!["constant", "linear", "cosine"].includes(kind)) {
    complain(`The schedule "${kind}" is not known: choose "constant", "linear" or "cosine".`);
  }
  if (warmupSteps !== undefined && warmupShare !== undefined) {
    complain("Warm-up is given in steps and as a share: give one of them.");
  }
  if (warmupSteps !== undefined && !(Number.isInteger(warmupSteps) && warmupSteps >= 0)) {
    complain(`Warm-up of ${warmupSteps} steps: give a whole number from 0 up.`);
  }
  if (warmupShare !== undefined && !(warmupShare >= 0 && warmupShare <= 1)) {
    complain(`The warm-up's share ${warmupShare} is not from 0 to 1.`);
  }
  if (!(floor >= 0 && floor <= 1)) complain(`The schedule's floor ${floor} is not from 0 to 1.`);
}

function checkSaving(checkpoint: TrainJob["checkpoint"], onStop: TrainJob["onStop"]): void {
  if (onStop !== undefined && !["discard", "checkpoint", "keep"].includes(onStop)) {
    complain(`"${onStop}" is not known for a stop: choose "discard", "checkpoint" or "keep".`);
  }
  if (onStop === "checkpoint" && !checkpoint) {
    complain('A stop can only leave a checkpoint where the job has "checkpoint" options.');
  }
  const { everySteps, everySeconds } = checkpoint ?? {};
  if (everySteps !== undefined && !(Number.isInteger(everySteps) && everySteps >= 1)) {
    complain(`A checkpoint every ${everySteps} steps: give a whole number from 1 up.`);
  }
  if (everySeconds !== undefined && !isAbove(0, everySeconds)) {
    complain(`A checkpoint every ${everySeconds} seconds: give a number above 0.`);
  }
}

function isFrom(least: number, value: number): boolean {
  return value >= least && Number.isFinite(value);
}

function isAbove(bound: number, value: number): boolean {
  return value > bound && Number.isFinite(value);
}

function complain(message: string): never {
  throw new TrainerError("invalid-job", message);
}
