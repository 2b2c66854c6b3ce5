import type { PromptKind } from "../../../db/candidates.ts";
import { DEFAULT_SETTINGS, type LearnerSettings } from "../../settings.ts";

/** What the learner has against forgetting; each can be left out. */
const DEFENCES = ["replay", "rehearsal", "gate", "sleep"] as const;
type Defence = (typeof DEFENCES)[number];

/** Arms that are the learner itself, with some of its defences: one adapter that goes on. */
const LEARNER_ARMS = {
  single: [],
  replay: ["replay"],
  rehearsal: ["rehearsal"],
  gate: ["gate"],
  sleep: ["sleep"],
  full: DEFENCES,
  "no-replay": ["rehearsal", "gate", "sleep"],
  "no-rehearsal": ["replay", "gate", "sleep"],
  "no-gate": ["replay", "rehearsal", "sleep"],
  "no-sleep": ["replay", "rehearsal", "gate"],
} as const satisfies Record<string, readonly Defence[]>;

/**
 * What is compared when passages are learned one after another:
 * - `seal`: a new adapter on the passage and its edit at each step, merged into the weights
 * - `single`: one adapter that goes on, without replay
 * - `replay`, `rehearsal`, `gate`, `sleep`: the same with one of the learner's defences
 * - `full`: with all of them; `no-replay` and so on, with all but one
 * - `replay-all`: one adapter that goes on with everything so far in every update (a ceiling)
 * - `joint`: everything at once, from the untouched base (a ceiling)
 */
export const FORGETTING_ARMS = [
  "seal",
  "single",
  "replay",
  "rehearsal",
  "gate",
  "sleep",
  "full",
  "replay-all",
  "joint",
  "no-replay",
  "no-rehearsal",
  "no-gate",
  "no-sleep",
] as const;
export type ForgettingArm = (typeof FORGETTING_ARMS)[number];
export type LearnerArm = keyof typeof LEARNER_ARMS;

/** The arm of the rows of the untouched base. */
export const BASE_ARM = "base";

/** Those that are compared where nothing else is said: without the ones that leave one defence out. */
export const USUAL_ARMS: readonly ForgettingArm[] = FORGETTING_ARMS.slice(0, 9);

/** Sequences up to so many passages are asked about completely after each update. */
const SHORT = 16;

/** All that the figures depend on, besides the model. */
export interface ForgettingConfig {
  /** How much of it there is: more of either goes on with what there is. */
  arms: ForgettingArm[];
  sequences: number;
  /** Orders in which the passages of each sequence are learned; the first is their own. */
  orders: number;
  /** Passages of a sequence. */
  length: number;
  /** Passages are drawn, edits written and adapters begun with it. */
  seed: number;
  /** Of the edits. */
  kind: PromptKind;
  /** Edits of a passage, one candidate each, of which the reward chooses where there are several. */
  candidates: number;
  /** Lists sampled for one edit. */
  lists: number;
  /** After so many updates all passages of a sequence are asked about; after the others two of them. */
  every: number;
  /** Whether an answer's end token is part of it: for models that end their answers. */
  end: boolean;
  /** How it learns, with every defence. */
  learner: LearnerChoice;
}

/** The learner's settings that matter here. */
export type LearnerChoice = Pick<
  LearnerSettings,
  | "replayShare"
  | "maxReplayRows"
  | "rehearsal"
  | "control"
  | "gate"
  | "measureProbes"
  | "lora"
  | "train"
> & { sleepEvery: number };

export function isLearnerArm(arm: ForgettingArm): arm is LearnerArm {
  return arm in LEARNER_ARMS;
}

/** The learner's settings under an arm: its own, without the defences that the arm has not. */
export function settingsOf({ learner, seed }: ForgettingConfig, arm: LearnerArm): LearnerSettings {
  const has = (defence: Defence) => (LEARNER_ARMS[arm] as readonly Defence[]).includes(defence);
  const { sleepEvery, ...own } = learner;
  return {
    ...DEFAULT_SETTINGS,
    ...own,
    ...(!has("replay") && { replayShare: 0 }),
    rehearsal: has("rehearsal") ? own.rehearsal : { ...own.rehearsal, share: 0 },
    gate: { ...own.gate, on: has("gate") },
    sleep: { versions: has("sleep") ? sleepEvery : 0, days: 0 },
    // As many as there are recorded edits.
    candidates: 1,
    // Nobody is there to be asked, no round of the writer comes in between, and edits are the same for all.
    reviewSurprise: 0,
    sweepEvery: 0,
    writer: { ...DEFAULT_SETTINGS.writer, rounds: false },
    seed,
  };
}

/** What makes an experiment another one; more sequences, orders or arms do not. */
export function identityOf({ arms: _, sequences: __, orders: ___, ...rest }: ForgettingConfig) {
  return rest;
}

/** The larger of two extents: what is there stays, whatever is asked for next. */
export function extended(there: ForgettingConfig, wanted: ForgettingConfig): ForgettingConfig {
  return {
    ...wanted,
    arms: FORGETTING_ARMS.filter((arm) => there.arms.includes(arm) || wanted.arms.includes(arm)),
    sequences: Math.max(there.sequences, wanted.sequences),
    orders: Math.max(there.orders, wanted.orders),
  };
}

/** Whether all passages are asked about after an update. */
export function isWhole({ every, length }: ForgettingConfig, step: number): boolean {
  return step === length || step % every === 0;
}

/** Whether the base's facts and skills are asked after an update: at the end, and at the quarters of long sequences. */
export function asksControl({ length }: ForgettingConfig, step: number): boolean {
  return step === length || (length > SHORT && step % Math.ceil(length / 4) === 0);
}

/** How often all passages are asked about, where nothing is said. */
export function usualEvery(length: number): number {
  return length <= SHORT ? 1 : 10;
}
