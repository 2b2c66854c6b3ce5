import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  addExperiment,
  addProblem,
  type Experiment,
  findExperiment,
  finishExperiment,
  getExperiment,
} from "../../../db/experiments.ts";
import { transaction } from "../../../db/open.ts";
import { addExperimentTasks, listExperimentTasks } from "../../../db/tasks.ts";
import { sha256 } from "../../read/hash.ts";
import type { ExperimentRequest } from "../index.ts";
import { Progress, timeAccount } from "../progress.ts";
import { openScratch } from "../scratch.ts";
import { type FewShotConfig, workOf } from "./config.ts";
import { dealTasks, type FewShotData } from "./data.ts";
import type { TaskLab } from "./lab.ts";
import { runAll } from "./run.ts";

/** Counts up when the same configuration would no longer give the same figures. */
const FORMAT = 1;

export interface FewShotRequest
  extends Omit<ExperimentRequest, "kind" | "config" | "data" | "teach"> {
  config: FewShotConfig;
  data: FewShotData;
}

/**
 * Compares ways of learning tasks from a handful of examples. Everything that was learned is a row, and no row
 * is made twice: the same request goes on where it was.
 * @returns its record, with `finishedAt` where all was done
 * @throws ExperimentDataError, TrainerError, GeneratorError; the abort reason when asked to stop
 */
export async function runFewShot(request: FewShotRequest): Promise<Experiment> {
  const { db, home, config, limitMs, onProgress } = request;
  const experiment = await prepare(request);
  const { id } = experiment;
  if (experiment.finishedAt !== null) return experiment;
  const progress = new Progress(workOf(config), onProgress);
  const started = performance.now();
  const spend = timeAccount(db, id);
  const scratch = openScratch(home);
  const lab: TaskLab = {
    ...request,
    scratch,
    experiment,
    tasks: listExperimentTasks(db, id),
    onProblem: (problem) => addProblem(db, id, problem),
    onProgress: (work) => {
      if (work.learned) spend();
      progress.report(work);
    },
    isLate: () => limitMs !== undefined && performance.now() - started > limitMs,
  };
  try {
    if (await runAll(lab)) finishExperiment(db, id, []);
  } finally {
    spend();
    rmSync(join(home.adapters, scratch), { recursive: true, force: true });
  }
  return getExperiment(db, id)!;
}

/** Finds the experiment of a configuration, tasks and model, or begins it. */
async function prepare(request: FewShotRequest): Promise<Experiment> {
  const { db, config, data, model, machine } = request;
  const key = sha256(JSON.stringify([FORMAT, "few-shot", config, data.hash, model.hash]));
  const there = findExperiment(db, key);
  if (there) return there;
  const wanted = { train: config.trainTasks, report: config.reportTasks };
  const { tasks, problems } = await dealTasks(await request.trainer(), data, wanted);
  const row = {
    kind: "few-shot" as const,
    key,
    config: { ...config },
    model: model.name,
    modelHash: model.hash,
    data: data.name,
    dataHash: data.hash,
    machine,
    problems,
  };
  return transaction(db, () => {
    const experiment = addExperiment(db, row, []);
    addExperimentTasks(db, experiment.id, tasks);
    return experiment;
  });
}
