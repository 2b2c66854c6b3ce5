import type { PromptKind } from "../db/candidates.ts";
import type { LoraOptions, TrainOptions } from "../trainer/types.ts";
import { LORA_TARGETS } from "../trainer/types.ts";
import type { KindChoice } from "./study/kinds.ts";
import { DEFAULT_WRITER, type WriterSettings } from "./writer/settings.ts";

/** How the learner learns. */
export interface LearnerSettings {
  /** M: self-edits sampled per passage, one candidate adapter each. */
  candidates: number;
  /** The kinds of edit that are written, where somebody writes them. */
  editKinds: PromptKind[];
  /** How the candidates' kinds are chosen among them. */
  kindChoice: KindChoice;
  /** Lists sampled for one edit, whose lines are those of all: one of a small model is short. */
  editLists: number;
  /** Probes asked of one passage, over both splits. */
  maxProbes: number;
  /** Open-book answers sampled per probe; all must agree. */
  openBookSamples: number;
  /** Share of a passage's probes answered closed-book from which it counts as known. */
  knownAccuracy: number;
  /** Share of the training rows that replay earlier study lines. */
  replayShare: number;
  /** Replayed rows per candidate at most, so that an update costs no more as versions add up. */
  maxReplayRows: number;
  lora: LoraOptions;
  train: TrainOptions;
  /** The outer loop. */
  writer: WriterSettings;
  seed: number;
}

export const DEFAULT_SETTINGS: LearnerSettings = {
  candidates: 3,
  editKinds: ["self-qa", "implications", "rewrite"],
  kindChoice: "turns",
  editLists: 3,
  maxProbes: 12,
  openBookSamples: 3,
  knownAccuracy: 0.8,
  replayShare: 0.5,
  maxReplayRows: 32,
  lora: { rank: 16, alpha: 32, targets: [...LORA_TARGETS] },
  train: { epochs: 15, learningRate: 3e-3, batchTokens: 512, weightDecay: 0, seed: 1 },
  writer: DEFAULT_WRITER,
  seed: 1,
};
