import * as v from "valibot";
import { DEFAULT_SETTINGS, type LearnerSettings } from "../agent/settings.ts";
import { KIND_CHOICES } from "../agent/study/kinds.ts";
import { parseHours } from "../agent/triage/hours.ts";
import type { HourRange } from "../agent/triage/settings.ts";
import { MIN_TRAIN, MIN_TRY } from "../agent/writer/settings.ts";
import type { Database } from "../db/open.ts";
import { PROMPT_KINDS } from "../db/schema.ts";
import { allSettings } from "../db/settings.ts";
import { LORA_TARGETS } from "../trainer/types.ts";
import type { Environment } from "./config.ts";
import { type Knob, listOf, numeric, oneOf, readKnob, whole } from "./knob.ts";

/** A setting of the learner: its key in the database is `learner.` and this key. */
export interface LearnerKnob {
  key: string;
  env: string;
  /** What it may be, in words. */
  expected: string;
  read(name: string, value: unknown): (settings: LearnerSettings) => void;
}

function knob<T>(
  key: string,
  env: string,
  check: Knob<T>,
  apply: (settings: LearnerSettings, value: T) => void,
): LearnerKnob {
  const read = (name: string, value: unknown) => {
    const checked = readKnob(name, value, check);
    return (settings: LearnerSettings) => apply(settings, checked);
  };
  return { key, env, expected: check.expected, read };
}

/** The most that a seed may be: what the native library takes. */
const MAX_SEED = 0x7fffffff;

/** `22:00-07:00`, `8-18, 20-21`, or `none`. */
const hours: Knob<HourRange[]> = {
  schema: v.pipe(
    v.string(),
    v.transform((text) => (/^\s*(?:none)?\s*$/i.test(text) ? [] : parseHours(text))),
    v.custom<HourRange[]>((ranges) => ranges !== undefined),
  ),
  expected:
    "hours like 22:00-07:00, several separated by commas, or “none”; some of the day must be left",
};

export const KNOBS: readonly LearnerKnob[] = [
  knob("candidates", "SELKIE_CANDIDATES", whole(1, 64), (s, n) => {
    s.candidates = n;
  }),
  knob("max-probes", "SELKIE_MAX_PROBES", whole(2, 200), (s, n) => {
    s.maxProbes = n;
  }),
  knob("open-book-samples", "SELKIE_OPEN_BOOK_SAMPLES", whole(1, 32), (s, n) => {
    s.openBookSamples = n;
  }),
  knob("known-accuracy", "SELKIE_KNOWN_ACCURACY", numeric(0, 1), (s, n) => {
    s.knownAccuracy = n;
  }),
  knob("known-surprise", "SELKIE_KNOWN_SURPRISE", numeric(0, 1000), (s, n) => {
    s.knownSurprise = n;
  }),
  knob("review-surprise", "SELKIE_REVIEW_SURPRISE", numeric(0, 1000), (s, n) => {
    s.reviewSurprise = n;
  }),
  knob("pause", "SELKIE_PAUSE", oneOf("on", "off"), (s, choice) => {
    s.triage.paused = choice === "on";
  }),
  knob("daily-updates", "SELKIE_DAILY_UPDATES", whole(0, 1_000_000), (s, n) => {
    s.triage.dailyUpdates = n;
  }),
  knob("daily-minutes", "SELKIE_DAILY_MINUTES", numeric(0, 1440), (s, n) => {
    s.triage.dailyMinutes = n;
  }),
  knob("quiet-hours", "SELKIE_QUIET_HOURS", hours, (s, ranges) => {
    s.triage.quietHours = ranges;
  }),
  knob("niceness", "SELKIE_NICENESS", whole(0, 19), (s, n) => {
    s.triage.niceness = n;
  }),
  knob("together", "SELKIE_TOGETHER", whole(1, 64), (s, n) => {
    s.triage.together = n;
  }),
  knob("learn-from-use", "SELKIE_LEARN_FROM_USE", oneOf("on", "off"), (s, choice) => {
    s.learnFromUse = choice === "on";
  }),
  knob("replay-share", "SELKIE_REPLAY_SHARE", numeric(0, 0.5), (s, n) => {
    s.replayShare = n;
  }),
  knob("max-replay-rows", "SELKIE_MAX_REPLAY_ROWS", whole(0, 100_000), (s, n) => {
    s.maxReplayRows = n;
  }),
  knob("rehearsal-share", "SELKIE_REHEARSAL_SHARE", numeric(0, 0.9), (s, n) => {
    s.rehearsal.share = n;
  }),
  knob("rehearsal-kl", "SELKIE_REHEARSAL_KL", numeric(0, 100), (s, n) => {
    s.rehearsal.kl = n;
  }),
  knob("rehearsal-weight", "SELKIE_REHEARSAL_WEIGHT", numeric(0, 100), (s, n) => {
    s.rehearsal.weight = n;
  }),
  knob("control-items", "SELKIE_CONTROL_ITEMS", whole(0, 1000), (s, n) => {
    s.control.items = n;
  }),
  knob("measure-probes", "SELKIE_MEASURE_PROBES", whole(2, 100_000), (s, n) => {
    s.measureProbes = n;
  }),
  knob("sweep-every", "SELKIE_SWEEP_EVERY", whole(0, 1_000_000), (s, n) => {
    s.sweepEvery = n;
  }),
  knob("gate", "SELKIE_GATE", oneOf("on", "off"), (s, choice) => {
    s.gate.on = choice === "on";
  }),
  knob("gate-loss", "SELKIE_GATE_LOSS", numeric(0, 0.99), (s, n) => {
    s.gate.loss = n;
  }),
  knob("gate-control", "SELKIE_GATE_CONTROL", numeric(0, 1), (s, n) => {
    s.gate.control = n;
  }),
  knob("gate-perplexity", "SELKIE_GATE_PERPLEXITY", numeric(1, 1000), (s, n) => {
    s.gate.perplexity = n;
  }),
  knob("gate-draws", "SELKIE_GATE_DRAWS", whole(1, 100_000), (s, n) => {
    s.gate.draws = n;
  }),
  knob("gate-patience", "SELKIE_GATE_PATIENCE", whole(1, 1000), (s, n) => {
    s.gate.patience = n;
  }),
  knob("lora-rank", "SELKIE_LORA_RANK", whole(1, 1024), (s, n) => {
    s.lora.rank = n;
  }),
  knob("lora-alpha", "SELKIE_LORA_ALPHA", numeric(0.001, 4096), (s, n) => {
    s.lora.alpha = n;
  }),
  knob("lora-targets", "SELKIE_LORA_TARGETS", listOf(LORA_TARGETS), (s, targets) => {
    s.lora.targets = [...new Set(targets)];
  }),
  knob("epochs", "SELKIE_EPOCHS", whole(1, 1000), (s, n) => {
    s.train.epochs = n;
  }),
  knob("learning-rate", "SELKIE_LEARNING_RATE", numeric(1e-8, 1), (s, n) => {
    s.train.learningRate = n;
  }),
  knob("batch-tokens", "SELKIE_BATCH_TOKENS", whole(16, 1_000_000), (s, n) => {
    s.train.batchTokens = n;
  }),
  knob("weight-decay", "SELKIE_WEIGHT_DECAY", numeric(0, 1), (s, n) => {
    s.train.weightDecay = n;
  }),
  knob("sleep-versions", "SELKIE_SLEEP_VERSIONS", whole(0, 1_000_000), (s, n) => {
    s.sleep.versions = n;
  }),
  knob("sleep-days", "SELKIE_SLEEP_DAYS", numeric(0, 36_500), (s, n) => {
    s.sleep.days = n;
  }),
  knob("adapters-mb", "SELKIE_ADAPTERS_MB", numeric(0, 1e9), (s, n) => {
    s.adaptersMb = n;
  }),
  knob("edit-kinds", "SELKIE_EDIT_KINDS", listOf(PROMPT_KINDS), (s, kinds) => {
    s.editKinds = [...new Set(kinds)];
  }),
  knob("kind-choice", "SELKIE_KIND_CHOICE", oneOf(...KIND_CHOICES), (s, choice) => {
    s.kindChoice = choice;
  }),
  knob("edit-lists", "SELKIE_EDIT_LISTS", whole(1, 32), (s, n) => {
    s.editLists = n;
  }),
  knob("writer-rounds", "SELKIE_WRITER_ROUNDS", oneOf("on", "off"), (s, choice) => {
    s.writer.rounds = choice === "on";
  }),
  knob("writer-passages", "SELKIE_WRITER_PASSAGES", whole(MIN_TRAIN, 100_000), (s, n) => {
    s.writer.trainPassages = n;
  }),
  knob("writer-trials", "SELKIE_WRITER_TRIALS", whole(MIN_TRY, 100_000), (s, n) => {
    s.writer.tryPassages = n;
  }),
  knob("writer-edits", "SELKIE_WRITER_EDITS", whole(1, 64), (s, n) => {
    s.writer.tryEdits = n;
  }),
  knob("writer-max-age", "SELKIE_WRITER_MAX_AGE", whole(1, 1_000_000), (s, n) => {
    s.writer.maxAge = n;
  }),
  knob("writer-significance", "SELKIE_WRITER_SIGNIFICANCE", numeric(0, 1), (s, n) => {
    s.writer.significance = n;
  }),
  knob("writer-epochs", "SELKIE_WRITER_EPOCHS", whole(1, 1000), (s, n) => {
    s.writer.train.epochs = n;
  }),
  knob("writer-learning-rate", "SELKIE_WRITER_LEARNING_RATE", numeric(1e-8, 1), (s, n) => {
    s.writer.train.learningRate = n;
  }),
  knob("seed", "SELKIE_SEED", whole(0, MAX_SEED), (s, n) => {
    s.seed = n;
    s.train.seed = n;
    s.writer.train.seed = n;
  }),
];

/**
 * How the learner learns here: the defaults, changed by what the instance's database says, changed
 * by the environment.
 * @throws ConfigError for the first value that cannot be used
 */
export function loadSettings(db: Database, env: Environment = process.env): LearnerSettings {
  const settings = structuredClone(DEFAULT_SETTINGS);
  const stored = allSettings(db);
  for (const { key, env: variable, read } of KNOBS) {
    const name = `learner.${key}`;
    if (stored[name] !== undefined) read(`The setting ${name}`, stored[name])(settings);
    const value = env[variable]?.trim();
    if (value) read(variable, value)(settings);
  }
  return settings;
}
