import { resolve } from "node:path";
import type { ExperimentConfig } from "../../agent/experiment/config.ts";
import {
  type ExperimentData,
  ExperimentDataError,
  parseExperimentData,
} from "../../agent/experiment/data.ts";
import { runExperiment } from "../../agent/experiment/index.ts";
import { passageRows, reportExperiment } from "../../agent/experiment/report.ts";
import { describeModel, fingerprintOf } from "../../agent/model.ts";
import { sha256 } from "../../agent/read/hash.ts";
import { type Experiment, getExperiment } from "../../db/experiments.ts";
import { armsPicture } from "../../views/charts/arms.ts";
import { EMBEDDED_MODEL } from "../config.ts";
import { type CommandContext, CommandError, type CommandResult } from "../frame.ts";
import { StatusLine } from "../status-line.ts";
import { armBars } from "./facts.ts";
import { withFiles, writeReport } from "./files.ts";
import { presentForgetting } from "./forgetting/run.ts";
import { experimentModels, machineFacts } from "./models.ts";
import { shower } from "./progress.ts";
import { findTeacher } from "./teachers.ts";
import { experimentWords } from "./words.ts";

/** What either command asks for. */
export interface RunRequest {
  kind: Exclude<Experiment["kind"], "forgetting">;
  model?: string;
  teacher?: { teacher?: string; model?: string };
  limitMs?: number;
  out?: string;
  /** Whether the file has every passage's rows, too. */
  rows?: boolean;
  config(facts: { embedded: boolean; layers: number; teacher?: string }): ExperimentConfig;
  data(config: ExperimentConfig, embedded: boolean): Promise<ExperimentData>;
}

/** Runs an experiment with progress on stderr, and says what it found. */
export async function runCommand(
  context: CommandContext,
  request: RunRequest,
): Promise<CommandResult> {
  const instance = context.instance();
  const { db, home, config: instanceConfig } = instance;
  const path = resolve(request.model ?? instanceConfig.model.path);
  const embedded = path === resolve(EMBEDDED_MODEL);
  const hash = await fingerprintOf({ path });
  const models = experimentModels(path, instanceConfig, (message) => context.note(message));
  const teacher = request.teacher && (await findTeacher(db, request.teacher));
  if (request.teacher && !teacher) {
    context.note("There is no teacher, so his arm is left out: --teacher names one.");
  }
  const line = new StatusLine(context.json);
  try {
    const trainer = await models.trainer();
    const { layers } = trainer.info;
    const config = request.config({ embedded, layers, ...(teacher && { teacher: teacher.name }) });
    const data = await request.data(config, embedded);
    const experiment = await runExperiment({
      db,
      home,
      kind: request.kind,
      config,
      data: { ...data, problems: [...data.problems, ...(teacher?.problems ?? [])] },
      model: { name: describeModel(path, embedded).name, hash },
      machine: await machineFacts(trainer),
      trainer: models.trainer,
      generator: models.generator,
      ...(teacher && { teach: teacher.teach }),
      ...(request.limitMs !== undefined && { limitMs: request.limitMs }),
      onProgress: shower(line),
      signal: context.signal,
    });
    line.clear();
    return present(context, experiment.id, request);
  } finally {
    line.clear();
    await Promise.allSettled([models.close(), teacher?.close()]);
  }
}

/** What an experiment found, in words, as JSON, and in files if they are asked for. */
export async function present(
  context: CommandContext,
  id: number,
  { out, rows = true }: { out?: string; rows?: boolean } = {},
): Promise<CommandResult> {
  const { db } = context.instance();
  if (getExperiment(db, id)?.kind === "forgetting") {
    return presentForgetting(context, id, { out, rows });
  }
  const report = await reportExperiment(db, id);
  if (!report) {
    throw new CommandError(
      "no-experiment",
      `There is no experiment ${id}: \`selkie experiment list\` has them all.`,
    );
  }
  const data = { ...report, rows: rows ? passageRows(db, id) : [] };
  const pictures = { ".svg": () => armsPicture(armBars(report), "light") };
  const files = out === undefined ? [] : await writeReport(out, report, data.rows, pictures);
  return { data, text: withFiles(experimentWords(report), files) };
}

/** Data out of a file. @throws CommandError */
export async function readData(path: string): Promise<ExperimentData> {
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError("unreadable", `The questions ${path} cannot be read: ${reason}.`);
  }
  try {
    const { items, problems } = parseExperimentData(JSON.parse(text));
    return { name: path.split("/").at(-1)!, hash: sha256(text), items, problems };
  } catch (error) {
    if (error instanceof ExperimentDataError) {
      throw new CommandError(error.code, `${path}: ${error.message}`);
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError("bad-questions", `The questions ${path} are not JSON: ${reason}.`);
  }
}
