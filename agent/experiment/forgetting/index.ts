import { join } from "node:path";
import {
  addExperiment,
  type Experiment,
  extendExperiment,
  findExperiment,
  finishExperiment,
  getExperiment,
} from "../../../db/experiments.ts";
import { sha256 } from "../../read/hash.ts";
import { auditQuestions } from "../audit.ts";
import { Progress, timeAccount } from "../progress.ts";
import { extended, type ForgettingConfig, identityOf } from "./config.ts";
import { Courses, openCourses } from "./courses.ts";
import type { ForgettingRequest } from "./request.ts";

export type { ForgettingRequest } from "./request.ts";

/** Counts up when the same configuration would no longer give the same figures. */
const FORMAT = 1;

/**
 * Has each arm learn sequences of passages one after another, and asks about all of them on the way. Every
 * step is a row, and what an arm knows is kept until its course is over: the same request goes on where it
 * was, and one for more sequences, orders or arms with what there is.
 * @returns its record, with `finishedAt` where all was done
 * @throws ExperimentDataError, TrainerError, GeneratorError; the abort reason when asked to stop
 */
export async function runForgetting(request: ForgettingRequest): Promise<Experiment> {
  const { db, home, config, limitMs } = request;
  const experiment = prepare(request);
  const { id } = experiment;
  if (openCourses(db, id, config).length === 0) return finished(request, experiment);
  const { arms, sequences, orders, length } = config;
  const work = arms.length * sequences * orders * length;
  const progress = new Progress(work, request.onProgress);
  const started = performance.now();
  const spend = timeAccount(db, id);
  const courses = new Courses({
    ...request,
    experiment,
    folder: join(home.root, "experiments", String(id)),
    onProgress: (work) => {
      if (work.learned) spend();
      progress.report(work);
    },
    isLate: () => limitMs !== undefined && performance.now() - started > limitMs,
  });
  try {
    await courses.run();
  } finally {
    spend();
  }
  return finished(request, experiment);
}

/** Its record, which says that it is finished where nothing that was ever asked for is left. */
function finished({ db, data }: ForgettingRequest, { id, config }: Experiment): Experiment {
  const left = openCourses(db, id, config as unknown as ForgettingConfig);
  const isFinished = getExperiment(db, id)!.finishedAt !== null;
  if (left.length === 0 && !isFinished) {
    finishExperiment(db, id, auditQuestions(db, id, data.pretraining));
  }
  return getExperiment(db, id)!;
}

/** Finds the experiment or begins it, and lets it grow to what is asked for. */
function prepare({ db, config, data, model, machine }: ForgettingRequest): Experiment {
  const identity = [FORMAT, "forgetting", identityOf(config), data.name, model.hash];
  const key = sha256(JSON.stringify(identity));
  const there = findExperiment(db, key);
  if (!there) {
    const row = {
      kind: "forgetting" as const,
      key,
      config: { ...config },
      model: model.name,
      modelHash: model.hash,
      data: data.name,
      dataHash: sha256(data.name),
      machine,
      problems: [],
    };
    return addExperiment(db, row, []);
  }
  const wanted = extended(there.config as unknown as ForgettingConfig, config);
  const grows = JSON.stringify(wanted) !== JSON.stringify(there.config);
  return grows ? extendExperiment(db, there.id, { ...wanted }) : there;
}
