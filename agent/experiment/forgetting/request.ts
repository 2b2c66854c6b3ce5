import type { Database } from "../../../db/open.ts";
import type { ModelTrainer } from "../../../trainer/types.ts";
import type { BaseModel, LearnerContext } from "../../context.ts";
import type { Home } from "../../home.ts";
import type { ExperimentData } from "../data.ts";
import type { ProgressLine } from "../progress.ts";
import type { ForgettingConfig } from "./config.ts";

/** What an experiment of forgetting is to be about, and what it works with. */
export interface ForgettingRequest {
  db: Database;
  home: Home;
  config: ForgettingConfig;
  /** What is read: a name for all sequences, and the passages of each, counting from 1. */
  data: { name: string; sequence(number: number): ExperimentData; pretraining?: () => string[] };
  model: BaseModel & { hash: string };
  machine: Record<string, unknown>;
  trainer(): Promise<ModelTrainer>;
  /** Loads another model: the base with adapters merged into it. */
  startTrainer(model: string): Promise<ModelTrainer>;
  generator: LearnerContext["generator"];
  controlMaterial?: LearnerContext["controlMaterial"];
  /** Ends it after so much time, with what there is; the same request goes on from there. */
  limitMs?: number;
  onProgress?: (line: ProgressLine) => void;
  signal: AbortSignal;
}
