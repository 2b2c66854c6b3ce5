import type { LoraOptions, TrainOptions } from "../../trainer/types.ts";
import { OURS } from "../trainer/recipes.ts";

/** A way to learn passages one after another. */
export interface Arm {
  /** SEAL's: a new adapter at each step, merged into the weights. Otherwise one adapter goes on. */
  merge: boolean;
  lora: LoraOptions;
  options: TrainOptions;
  /** Earlier study lines, as a share of the update's tokens, drawn at random or the least known first. */
  replay: { share: number; order: "random" | "hardest"; kl: number };
  /** What the base wrote about what it knows and can do, as a share of the update's tokens. */
  rehearsal: { share: number; kl: number; weight: number };
}

export interface ArmChange {
  merge?: boolean;
  lora?: Partial<LoraOptions>;
  options?: Partial<TrainOptions>;
  replay?: Partial<Arm["replay"]>;
  rehearsal?: Partial<Arm["rehearsal"]>;
}

/**
 * What every arm shares: the last block alone, as in the fast recipe, at the rate at which new passages
 * are still learned and what the base knows is still kept.
 */
const SHARED: Pick<Arm, "lora" | "options"> = {
  lora: OURS.lora,
  options: { ...OURS.options, learningRate: 2.5e-3, epochs: 10, batchTokens: 128 },
};

/** Nothing against forgetting. */
export const PLAIN: Arm = {
  merge: false,
  ...SHARED,
  replay: { share: 0, order: "random", kl: 0 },
  rehearsal: { share: 0, kl: 0, weight: 1 },
};

/** Changes of an arm; what is not said stays. */
export function arm(change: ArmChange = {}, from: Arm = PLAIN): Arm {
  return {
    merge: change.merge ?? from.merge,
    lora: { ...from.lora, ...change.lora },
    options: { ...from.options, ...change.options },
    replay: { ...from.replay, ...change.replay },
    rehearsal: { ...from.rehearsal, ...change.rehearsal },
  };
}

/** Every defence: the least known earlier lines, and the base's own rows, held to it by KL alone. */
const FULL = arm({
  replay: { share: 0.5, order: "hardest" },
  rehearsal: { share: 0.3, kl: 5, weight: 0 },
});

/** What is reported: SEAL's protocol, one adapter that goes on, every defence, and each of them left out. */
export const ARMS: Readonly<Record<string, Arm>> = {
  seal: arm({ merge: true }),
  persistent: PLAIN,
  full: FULL,
  "full-no-replay": arm({ replay: { share: 0 } }, FULL),
  "full-no-rehearsal": arm({ rehearsal: { share: 0 } }, FULL),
  "full-words-not-kl": arm({ rehearsal: { kl: 0, weight: 1 } }, FULL),
  "full-replay-at-random": arm({ replay: { order: "random" } }, FULL),
  "full-all-blocks": arm(
    { lora: { layers: { from: 0 } }, options: { learningRate: 1e-3, cacheFrozen: false } },
    FULL,
  ),
};
