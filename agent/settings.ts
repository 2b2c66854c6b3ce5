import type { PromptKind } from "../db/candidates.ts";
import type { LoraOptions, TrainOptions } from "../trainer/types.ts";
import { LORA_TARGETS } from "../trainer/types.ts";
import { DEFAULT_SLEEP, type SleepSettings } from "./refit/settings.ts";
import type { KindChoice } from "./study/kinds.ts";
import { DEFAULT_TRIAGE, type TriageSettings } from "./triage/settings.ts";
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
  /** Times the typical surprise of a text up to which it can count as known. */
  knownSurprise: number;
  /** Times the typical surprise from which a person is asked before it is learned; 0 for never. */
  reviewSurprise: number;
  /** Share of an update's tokens that replay earlier study lines, from 0 to 0.5. */
  replayShare: number;
  /** Replayed rows per candidate at most, so that an update costs no more as versions add up. */
  maxReplayRows: number;
  /** Practice of what the base knows and can do. */
  rehearsal: RehearsalSettings;
  control: ControlSettings;
  gate: GateSettings;
  /** Report probes that are asked after an update at most. */
  measureProbes: number;
  /** After so many versions every report probe is asked; 0 for only when somebody asks for it. */
  sweepEvery: number;
  lora: LoraOptions;
  train: TrainOptions;
  /** When one adapter is fitted anew from the untouched base. */
  sleep: SleepSettings;
  /** Megabytes that the adapters of versions may take; older ones are removed and can be made again. 0 for no limit. */
  adaptersMb: number;
  /** The outer loop. */
  writer: WriterSettings;
  /** When it may learn, and how much. */
  triage: TriageSettings;
  /** Whether what people ask is looked up, and what only a passage could answer becomes a probe of it. */
  learnFromUse: boolean;
  seed: number;
}

export interface RehearsalSettings {
  /** Share of an update's tokens that practise what the base wrote itself; 0 for none. */
  share: number;
  /**
   * How strongly its rows are held to the base's predictions (KL), and what their own words count beside
   * that: the base's distribution says more than one text drawn from it.
   */
  kl: number;
  weight: number;
  /** Texts and questions that the base is asked to write, once. */
  texts: number;
  questions: number;
}

export interface ControlSettings {
  /** Items of each kind for the gate, and as many for the report; 0 for no control set. */
  items: number;
}

/** What an update may cost before it is refused. */
export interface GateSettings {
  /** Whether there is one. */
  on: boolean;
  /** Share of right answers to old probes that may be lost, since each was learned. */
  loss: number;
  /** The same of what the base knew and could do. */
  control: number;
  /** Perplexity of general text at most, as a multiple of the base's. */
  perplexity: number;
  /** Draws of old probes at most, and how many are scored at a time. */
  draws: number;
  batch: number;
  /** What a candidate that is refused is scaled down to, one after another. */
  scales: number[];
  /** So many updates refused one after another, and learning pauses. */
  patience: number;
}

export const DEFAULT_SETTINGS: LearnerSettings = {
  candidates: 3,
  editKinds: ["self-qa", "implications", "rewrite"],
  kindChoice: "turns",
  editLists: 3,
  maxProbes: 12,
  openBookSamples: 3,
  knownAccuracy: 0.8,
  knownSurprise: 1.5,
  reviewSurprise: 2,
  replayShare: 0.5,
  maxReplayRows: 64,
  rehearsal: { share: 0.3, kl: 5, weight: 0, texts: 100, questions: 300 },
  control: { items: 30 },
  gate: {
    on: true,
    loss: 0.05,
    control: 0.05,
    perplexity: 1.5,
    draws: 256,
    batch: 32,
    scales: [0.75, 0.5, 0.25],
    patience: 3,
  },
  measureProbes: 100,
  sweepEvery: 0,
  lora: { rank: 16, alpha: 32, targets: [...LORA_TARGETS] },
  train: { epochs: 10, learningRate: 1e-3, batchTokens: 128, weightDecay: 0, seed: 1 },
  sleep: DEFAULT_SLEEP,
  adaptersMb: 5000,
  writer: DEFAULT_WRITER,
  triage: DEFAULT_TRIAGE,
  learnFromUse: true,
  seed: 1,
};
