import type { FewShotConfig } from "../../../agent/experiment/few-shot/config.ts";
import type { FewShotData } from "../../../agent/experiment/few-shot/data.ts";
import { runFewShot } from "../../../agent/experiment/few-shot/index.ts";
import { reportFewShot, taskResults } from "../../../agent/experiment/few-shot/report.ts";
import { armsPicture } from "../../../views/charts/arms.ts";
import type { CommandContext, CommandResult } from "../../frame.ts";
import { withFiles, writeReport } from "../files.ts";
import { withModel } from "../session.ts";
import { fewShotBars } from "./facts.ts";
import { fewShotWords } from "./words.ts";

/** What the command asks for. */
export interface FewShotRun {
  model?: string;
  config: FewShotConfig;
  data: FewShotData;
  limitMs?: number;
  out?: string;
  rows?: boolean;
}

/** Runs an experiment of few examples with progress on stderr, and says what it found. */
export async function runFewShotCommand(
  context: CommandContext,
  { model, config, data, limitMs, ...files }: FewShotRun,
): Promise<CommandResult> {
  const { db, home } = context.instance();
  const { id } = await withModel(context, model, (session) =>
    runFewShot({
      ...session,
      ...{ db, home, config, data, signal: context.signal },
      ...(limitMs !== undefined && { limitMs }),
    }),
  );
  return presentFewShot(context, id, files);
}

/** What an experiment of few examples found, in words, as JSON, and in files if they are asked for. */
export async function presentFewShot(
  context: CommandContext,
  id: number,
  { out, rows = true }: { out?: string; rows?: boolean } = {},
): Promise<CommandResult> {
  const { db } = context.instance();
  const report = reportFewShot(db, id)!;
  const data = { ...report, rows: rows ? taskResults(db, id) : [] };
  const pictures = { ".svg": () => armsPicture(fewShotBars(report), "light") };
  const files = out === undefined ? [] : await writeReport(out, report, data.rows, pictures);
  return { data, text: withFiles(fewShotWords(report), files) };
}
