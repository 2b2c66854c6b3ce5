import { rmSync } from "node:fs";
import { join } from "node:path";
import type { PromptKind } from "../../db/candidates.ts";
import {
  addProblem,
  type Experiment,
  finishExperiment,
  forgetTeacherProblems,
  getExperiment,
} from "../../db/experiments.ts";
import type { Database } from "../../db/open.ts";
import type { ModelTrainer } from "../../trainer/types.ts";
import type { TextGenerator } from "../generator/types.ts";
import type { Home } from "../home.ts";
import { auditQuestions } from "./audit.ts";
import type { ExperimentConfig } from "./config.ts";
import type { ExperimentData } from "./data.ts";
import type { Lab, Teach } from "./lab.ts";
import { workOf } from "./plan.ts";
import { prepare } from "./prepare.ts";
import { Progress, type ProgressLine, timeAccount } from "./progress.ts";
import { runAll } from "./run.ts";
import { openScratch } from "./scratch.ts";

export type { ProgressLine } from "./progress.ts";

/** The share of a limited time that rounds of the writer may take. */
const ROUNDS_SHARE = 0.6;

export interface ExperimentRequest {
  db: Database;
  home: Home;
  kind: Experiment["kind"];
  config: ExperimentConfig;
  data: ExperimentData;
  model: { name: string; hash: string };
  machine: Record<string, unknown>;
  trainer(): Promise<ModelTrainer>;
  generator(): Promise<TextGenerator>;
  teach?: Teach;
  /** Ends it after so much time, with what there is; the same request goes on from there. */
  limitMs?: number;
  onProgress?: (line: ProgressLine) => void;
  signal: AbortSignal;
}

/**
 * Runs an experiment, or goes on with it: everything that was learned is a row, and no row is made twice.
 * @returns its record, with `finishedAt` where all was done
 * @throws ExperimentDataError, TrainerError, GeneratorError; the abort reason when asked to stop
 */
export async function runExperiment(request: ExperimentRequest): Promise<Experiment> {
  const { db, config, data, limitMs, onProgress } = request;
  const { experiment, passages } = await prepare(db, request, request.trainer);
  const { id } = experiment;
  if (experiment.finishedAt !== null && !mayHaveMore(experiment)) return experiment;
  forgetTeacherProblems(db, id);
  const progress = new Progress(workOf(config), onProgress);
  const started = performance.now();
  const spend = timeAccount(db, id);
  const scratch = openScratch(request.home);
  const lab: Lab = {
    ...request,
    scratch,
    experiment,
    passages,
    onProblem: (problem) => addProblem(db, id, problem),
    onProgress: (work) => {
      if (work.learned) spend();
      progress.report(work);
    },
    isLate: (part, place) => {
      if (limitMs === undefined) return false;
      const share = part === "report" ? 1 : ROUNDS_SHARE * shareOf(config, place!);
      return performance.now() - started > limitMs * share;
    },
  };
  try {
    const complete = await runAll(lab);
    if (complete) finishExperiment(db, id, auditQuestions(db, id, data.pretraining));
  } finally {
    spend();
    rmSync(join(request.home.adapters, scratch), { recursive: true, force: true });
  }
  return getExperiment(db, id)!;
}

/** A teacher who was away may be there now. */
function mayHaveMore({ problems }: Experiment): boolean {
  return problems.some(({ by }) => by === "teacher");
}

/** How much of all rounds is over when one is. */
function shareOf(
  { seeds, kinds, rounds }: ExperimentConfig,
  { seed, kind, round }: { seed: number; kind: PromptKind; round: number },
): number {
  const before = kinds.indexOf(kind) * seeds.length + seeds.indexOf(seed);
  return (before * rounds + round) / (kinds.length * seeds.length * rounds);
}
