import type { ForgettingConfig } from "../../../agent/experiment/forgetting/config.ts";
import { runForgetting } from "../../../agent/experiment/forgetting/index.ts";
import { courseRows, reportForgetting } from "../../../agent/experiment/forgetting/report.ts";
import { armsPicture } from "../../../views/charts/arms.ts";
import { historyPicture } from "../../../views/charts/history.ts";
import type { CommandContext, CommandResult } from "../../frame.ts";
import { withFiles, writeReport } from "../files.ts";
import { withModel } from "../session.ts";
import { pretrainingTexts, worldData } from "../world.ts";
import { CURVE_AXIS, forgettingBars, forgettingCurves } from "./facts.ts";
import { forgettingWords } from "./words.ts";

/** What the command asks for. */
export interface ForgettingRun {
  model?: string;
  limitMs?: number;
  out?: string;
  rows?: boolean;
  config(facts: { embedded: boolean; layers: number }): ForgettingConfig;
}

/** Sequences of one world seed; another seed has others. */
const SEQUENCES = 1000;

/** Runs an experiment of forgetting with progress on stderr, and says what it found. */
export async function runForgettingCommand(
  context: CommandContext,
  request: ForgettingRun,
): Promise<CommandResult> {
  const { db, home, config: instanceConfig } = context.instance();
  const { backend, memoryLimit } = instanceConfig;
  const experiment = await withModel(context, request.model, (session) => {
    const { embedded } = session.model;
    const config = request.config({ embedded, layers: session.layers });
    const { seed, length } = config;
    return runForgetting({
      ...session,
      ...{ db, home, config, signal: context.signal },
      data: {
        name: `invented world, seed ${seed}`,
        sequence: (number) => worldData(seed * SEQUENCES + number, length, false),
        ...(embedded && { pretraining: pretrainingTexts }),
      },
      startTrainer: async (model) => {
        const { Trainer } = await import("../../../trainer/index.ts");
        return Trainer.start({ model, backend, memoryLimit });
      },
      ...(embedded && {
        controlMaterial: async () => (await import("../../control.ts")).worldControl(),
      }),
      ...(request.limitMs !== undefined && { limitMs: request.limitMs }),
    });
  });
  return presentForgetting(context, experiment.id, request);
}

/** What an experiment of forgetting found, in words, as JSON, and in files if they are asked for. */
export async function presentForgetting(
  context: CommandContext,
  id: number,
  { out, rows = true }: { out?: string; rows?: boolean } = {},
): Promise<CommandResult> {
  const { db } = context.instance();
  const report = (await reportForgetting(db, id))!;
  const data = { ...report, rows: rows ? courseRows(db, id) : [] };
  const pictures = {
    ".svg": () => armsPicture(forgettingBars(report), "light"),
    "-course.svg": () => historyPicture(forgettingCurves(report), "light", CURVE_AXIS),
  };
  const files = out === undefined ? [] : await writeReport(out, report, data.rows, pictures);
  return { data, text: withFiles(forgettingWords(report), files) };
}
