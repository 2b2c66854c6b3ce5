import { TrainerError } from "../errors.ts";
import type { Guard } from "./job.ts";

/** Steps of whose losses the lowest is what later ones are compared with. */
const EARLY_STEPS = 3;

const DEFAULTS = { factor: 3, steps: 10 };

/** Ends a job that has gone wrong, with the reason. */
export class LossGuard {
  private readonly options: typeof DEFAULTS & Partial<Guard>;

  /**
   * @param steps of the whole job
   * @param guess loss of a model that knows nothing: the log of the vocabulary's size
   * @param advice what the person can do, a sentence
   */
  constructor(
    options: Partial<Guard> | undefined,
    private readonly steps: number,
    private readonly guess: number,
    private readonly advice: string,
  ) {
    this.options = { ...DEFAULTS, ...options };
  }

  /**
   * @param losses of all steps so far
   * @param gradientNorm of the last one, where it is known
   * @throws TrainerError `diverged`
   */
  check(losses: readonly number[], gradientNorm?: number): void {
    const loss = losses.at(-1) ?? 0;
    if (!Number.isFinite(loss)) throw this.diverged(`The loss became ${loss}`, losses);
    if (gradientNorm !== undefined && !Number.isFinite(gradientNorm)) {
      throw this.diverged(`The gradient's norm became ${gradientNorm}`, losses);
    }
    const { factor, steps, gradientNorm: limit } = this.options;
    if (limit !== undefined && gradientNorm !== undefined && gradientNorm > limit) {
      throw this.diverged(
        `The gradient's norm ${gradientNorm.toPrecision(3)} went above ${limit}`,
        losses,
      );
    }
    if (losses.length < EARLY_STEPS + steps) return;
    const early = Math.min(...losses.slice(0, EARLY_STEPS));
    const ceiling = Math.max(factor * early, this.guess);
    if (losses.slice(-steps).every((l) => l > ceiling)) {
      throw this.diverged(
        `The loss went from ${early.toFixed(2)} to ${loss.toFixed(2)} and stayed above ${ceiling.toFixed(2)} for ${steps} steps`,
        losses,
      );
    }
  }

  private diverged(what: string, { length }: readonly number[]): TrainerError {
    return new TrainerError(
      "diverged",
      `${what} at step ${length} of ${this.steps}. ${this.advice}`,
    );
  }
}
