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

/** The fast recipe, with nothing against forgetting. */
export const PLAIN: Arm = {
  merge: false,
  lora: OURS.lora,
  options: OURS.options,
  replay: { share: 0, order: "random", kl: 0 },
  rehearsal: { share: 0, kl: 0, weight: 1 },
};

export function arm(change: ArmChange = {}, from: Arm = PLAIN): Arm {
  return {
    merge: change.merge ?? from.merge,
    lora: { ...from.lora, ...change.lora },
    options: { ...from.options, ...change.options },
    replay: { ...from.replay, ...change.replay },
    rehearsal: { ...from.rehearsal, ...change.rehearsal },
  };
}

const REPLAY: ArmChange = { replay: { share: 0.5 } };
const HARDEST: ArmChange = { replay: { share: 0.5, order: "hardest" } };
const REHEARSAL: ArmChange = { rehearsal: { share: 0.3 } };

/** What is tried; the names say what each has. */
export const ARMS: Readonly<Record<string, Arm>> = {
  seal: arm({ merge: true }),
  persistent: arm(),
  replay: arm(REPLAY),
  "replay-hardest": arm(HARDEST),
  rehearsal: arm(REHEARSAL),
  "replay-rehearsal": arm({ ...HARDEST, ...REHEARSAL }),
  "replay-rehearsal-kl": arm({ ...HARDEST, rehearsal: { share: 0.3, kl: 1 } }),
  "replay-held": arm({ ...HARDEST, rehearsal: { share: 0.3, kl: 1, weight: 0 } }),
  "all-blocks": arm({
    ...HARDEST,
    ...REHEARSAL,
    lora: { layers: { from: 0 } },
    options: { cacheFrozen: false },
  }),
  "upper-half": arm({ ...HARDEST, ...REHEARSAL, lora: { layers: { from: 2 } } }),
};
