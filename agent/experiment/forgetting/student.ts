import type { ExperimentEdit } from "../../../db/experiment-results.ts";
import type { StepSeconds } from "../../../db/experiment-steps.ts";
import type { ExperimentPassage, ExperimentQuestion } from "../../../db/experiments.ts";
import type { ModelTrainer } from "../../../trainer/types.ts";
import type { BaseModel, LearnerContext } from "../../context.ts";
import type { PassageText } from "../../prompts.ts";
import type { ForgettingConfig } from "./config.ts";
import type { TrainLog } from "./train-log.ts";

/** A passage of a sequence with all that any arm learns it from, and all that is asked about it. */
export interface Lesson {
  passage: ExperimentPassage;
  questions: ExperimentQuestion[];
  /** The same for every arm; edits without usable lines are made by rule. */
  edits: { kind: ExperimentEdit["kind"]; lines: string[] }[];
  editIds: number[];
}

/** What became of a passage. */
export interface Learned {
  verdict: string;
  reason: string;
  seconds: StepSeconds;
}

/** The weights that answer: an adapter's path, or null, on a model. */
export interface Voice {
  trainer: ModelTrainer;
  adapter: string | null;
}

/** Somebody who learns the passages of one sequence, one after another. */
export interface Student {
  /** Whether what it knew after so many steps is still there: it may then go on. */
  knows(steps: number): boolean;
  /** Learns the passage of a step, counting from 1. */
  learn(step: number): Promise<Learned>;
  voice(): Promise<Voice>;
  close(): Promise<void>;
}

/** What every student works with. */
export interface StudentOptions {
  config: ForgettingConfig;
  model: BaseModel;
  /** Its own, kept between processes; what lies there is its own business. */
  folder: string;
  /** In the order in which they are learned. */
  lessons: Lesson[];
  log: TrainLog;
  /** The base model, watched. */
  trainer(): Promise<ModelTrainer>;
  /** Loads another model. */
  startTrainer(model: string): Promise<ModelTrainer>;
  generator: LearnerContext["generator"];
  signal: AbortSignal;
}

/** A lesson's passage as the learner knows one. */
export function textOf({ passage: { title, text } }: Lesson): PassageText {
  return { title, text };
}
