import type { Database } from "../db/open.ts";
import type { ModelTrainer, TrainProgress } from "../trainer/types.ts";
import type { ControlMaterial } from "./control/types.ts";
import type { TextGenerator } from "./generator/types.ts";
import type { Home } from "./home.ts";
import type { LearnerSettings } from "./settings.ts";
import type { Teacher } from "./teacher/types.ts";

/** The base model that this instance's adapters belong to. */
export interface BaseModel {
  path: string;
  name: string;
  /** The repository's own small model: it reads the synthetic world, not the real one. */
  embedded: boolean;
}

/** What the running job is doing right now, for people who watch. */
export interface Progress {
  jobId: number;
  passageId?: number;
  title: string;
  /** A stage of `updates.stage`, `read`, `triage`, or `round`. */
  stage: string;
  /** One short sentence: "Training candidate 2 of 3". */
  detail: string;
  training?: TrainProgress;
}

/** Everything a job needs, handed down by the process that runs the loop. */
export interface LearnerContext {
  db: Database;
  home: Home;
  model: BaseModel;
  settings: LearnerSettings;
  /** Started on first use, and again after a crash: a job that only reads needs no model. */
  trainer(): Promise<ModelTrainer>;
  generator(): Promise<TextGenerator>;
  /** Another model that writes in the student's place, where the instance has one. */
  teacher?(): Promise<Teacher>;
  /** What the control set is made of, where it is not general knowledge. */
  controlMaterial?(): Promise<ControlMaterial>;
  onProgress(progress: Progress): void;
  /** Aborted when the loop is asked to stop; the job is then left to be resumed. */
  signal: AbortSignal;
}
