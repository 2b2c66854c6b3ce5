import type { Experiment, ExperimentProblem } from "../../../db/experiments.ts";
import type { Database } from "../../../db/open.ts";
import type { ExperimentTask } from "../../../db/tasks.ts";
import type { ModelTrainer } from "../../../trainer/types.ts";
import type { TextGenerator } from "../../generator/types.ts";
import type { Home } from "../../home.ts";
import type { FewShotConfig } from "./config.ts";

/** What every part of an experiment of few examples works with. */
export interface TaskLab {
  db: Database;
  home: Home;
  /** Folder for adapters that nobody keeps, inside the adapters folder. */
  scratch: string;
  experiment: Experiment;
  config: FewShotConfig;
  /** In their order. */
  tasks: ExperimentTask[];
  trainer(): Promise<ModelTrainer>;
  generator(): Promise<TextGenerator>;
  /** Records something that could not be used. */
  onProblem(problem: ExperimentProblem): void;
  /** So many recipes have been tried (or found tried already). */
  onProgress(work: { phase: string; learned?: number; found?: number }): void;
  isLate(): boolean;
  signal: AbortSignal;
}

/** The tasks with one part. */
export function tasksFor({ tasks }: Pick<TaskLab, "tasks">, role: ExperimentTask["role"]) {
  return tasks.filter((task) => task.role === role);
}
