import type { PromptKind } from "../../db/candidates.ts";
import type {
  Experiment,
  ExperimentPassage,
  ExperimentProblem,
  ExperimentQuestion,
} from "../../db/experiments.ts";
import { listQuestions } from "../../db/experiments.ts";
import type { Database } from "../../db/open.ts";
import type { ModelTrainer } from "../../trainer/types.ts";
import type { TextGenerator } from "../generator/types.ts";
import type { Home } from "../home.ts";
import type { WrittenEdit } from "../study/written.ts";
import type { ExperimentConfig } from "./config.ts";
import type { ExperimentItem } from "./data.ts";

/** Somebody else who writes edits; without one he has told why by `onProblem`. */
export type Teach = (
  passage: ExperimentPassage & { item: ExperimentItem },
  kind: PromptKind,
  options: { seed: number; onProblem: (problem: string) => void; signal: AbortSignal },
) => Promise<WrittenEdit | undefined>;

/** What every part of an experiment works with. */
export interface Lab {
  db: Database;
  home: Home;
  /** Folder for adapters that nobody keeps, inside the adapters folder. */
  scratch: string;
  experiment: Experiment;
  config: ExperimentConfig;
  /** In their order. */
  passages: (ExperimentPassage & { item: ExperimentItem })[];
  trainer(): Promise<ModelTrainer>;
  generator(): Promise<TextGenerator>;
  teach?: Teach;
  /** Records something that could not be used. */
  onProblem(problem: ExperimentProblem): void;
  /** So many passages have been learned (or found learned already), or will never be. */
  onProgress(work: { phase: string; learned?: number; found?: number }): void;
  /** Whether the time for a part is up; a round of the writer has its share of it. */
  isLate(
    part: "rounds" | "report",
    place?: { seed: number; kind: PromptKind; round: number },
  ): boolean;
  signal: AbortSignal;
}

export type LabPassage = Lab["passages"][number];

/** The passages with one part, of one round of the writer if one is given. */
export function passagesFor(
  { passages }: Pick<Lab, "passages">,
  role: ExperimentPassage["role"],
  round: number | null = null,
): LabPassage[] {
  return passages.filter((it) => it.role === role && (role !== "write" || it.round === round));
}

/** Questions that the report asks: no edit may have one in its own words. */
export function reportQuestions(lab: Pick<Lab, "db">, passageId: number): ExperimentQuestion[] {
  return listQuestions(lab.db, passageId, "report");
}
