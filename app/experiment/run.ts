import type { ExperimentConfig } from "../../agent/experiment/config.ts";
import {
  type ExperimentData,
  ExperimentDataError,
  parseExperimentData,
} from "../../agent/experiment/data.ts";
import { runExperiment } from "../../agent/experiment/index.ts";
import { passageRows, reportExperiment } from "../../agent/experiment/report.ts";
import { sha256 } from "../../agent/read/hash.ts";
import { type Experiment, getExperiment } from "../../db/experiments.ts";
import { armsPicture } from "../../views/charts/arms.ts";
import { type CommandContext, CommandError, type CommandResult } from "../frame.ts";
import { armBars } from "./facts.ts";
import { presentFewShot } from "./few-shot/run.ts";
import { withFiles, writeReport } from "./files.ts";
import { presentForgetting } from "./forgetting/run.ts";
import { withModel } from "./session.ts";
import { findTeacher } from "./teachers.ts";
import { experimentWords } from "./words.ts";

/** What either command asks for. */
export interface RunRequest {
  kind: Exclude<Experiment["kind"], "forgetting" | "few-shot">;
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
  const { db, home } = context.instance();
  const teacher = request.teacher && (await findTeacher(db, request.teacher));
  if (request.teacher && !teacher) {
    context.note("There is no teacher, so his arm is left out: --teacher names one.");
  }
  try {
    const experiment = await withModel(context, request.model, async (session) => {
      const { embedded } = session.model;
      const { layers } = session;
      const config = request.config({
        embedded,
        layers,
        ...(teacher && { teacher: teacher.name }),
      });
      const data = await request.data(config, embedded);
      return runExperiment({
        ...session,
        ...{ db, home, config, signal: context.signal },
        kind: request.kind,
        data: { ...data, problems: [...data.problems, ...(teacher?.problems ?? [])] },
        ...(teacher && { teach: teacher.teach }),
        ...(request.limitMs !== undefined && { limitMs: request.limitMs }),
      });
    });
    return present(context, experiment.id, request);
  } finally {
    await teacher?.close();
  }
}

/** What an experiment found, in words, as JSON, and in files if they are asked for. */
export async function present(
  context: CommandContext,
  id: number,
  { out, rows = true }: { out?: string; rows?: boolean } = {},
): Promise<CommandResult> {
  const { db } = context.instance();
  const kind = getExperiment(db, id)?.kind;
  if (kind === "forgetting") return presentForgetting(context, id, { out, rows });
  if (kind === "few-shot") return presentFewShot(context, id, { out, rows });
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
