/** A learning rate's course: up from nothing in a line, then constant, or down in a line or half a cosine. */
export interface Schedule {
  kind: "constant" | "linear" | "cosine";
  /** Steps until the full rate is reached; or their share of all steps, from 0 to 1. Not both. */
  warmupSteps?: number;
  warmupShare?: number;
  /** Where the decay ends, as a share of the full rate, from 0 (default) to 1. */
  floor?: number;
}

/**
 * The factor of the learning rate at a step. Warm-up reaches 1 with its last step; the decay (the
 * cosine is arXiv 1608.03983's) begins at 1 after it and would reach `floor` one step after the last.
 * @param step from 0
 * @param steps of the whole job
 */
export function rateFactor(schedule: Schedule | undefined, step: number, steps: number): number {
  if (!schedule) return 1;
  const { kind, floor = 0 } = schedule;
  const warmup = Math.min(warmupSteps(schedule, steps), steps);
  if (step < warmup) return (step + 1) / warmup;
  if (kind === "constant") return 1;
  const done = (step - warmup) / (steps - warmup);
  const falling = kind === "linear" ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
  return floor + (1 - floor) * falling;
}

function warmupSteps({ warmupSteps, warmupShare = 0 }: Schedule, steps: number): number {
  return warmupSteps ?? Math.ceil(warmupShare * steps);
}
