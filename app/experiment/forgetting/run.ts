import { resolve } from "node:path";
import type { ForgettingConfig } from "../../../agent/experiment/forgetting/config.ts";
import { runForgetting } from "../../../agent/experiment/forgetting/index.ts";
import { courseRows, reportForgetting } from "../../../agent/experiment/forgetting/report.ts";
import { describeModel, fingerprintOf } from "../../../agent/model.ts";
import { armsPicture } from "../../../views/charts/arms.ts";
import { historyPicture } from "../../../views/charts/history.ts";
import { EMBEDDED_MODEL } from "../../config.ts";
import type { CommandContext, CommandResult } from "../../frame.ts";
import { StatusLine } from "../../status-line.ts";
import { withFiles, writeReport } from "../files.ts";
import { experimentModels, machineFacts } from "../models.ts";
import { shower } from "../progress.ts";
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
  const path = resolve(request.model ?? instanceConfig.model.path);
  const embedded = path === resolve(EMBEDDED_MODEL);
  const hash = await fingerprintOf({ path });
  const models = experimentModels(path, instanceConfig, (message) => context.note(message));
  const line = new StatusLine(context.json);
  try {
    const trainer = await models.trainer();
    const config = request.config({ embedded, layers: trainer.info.layers });
    const { seed, length } = config;
    const experiment = await runForgetting({
      ...{ db, home, config, trainer: models.trainer, generator: models.generator },
      data: {
        name: `invented world, seed ${seed}`,
        sequence: (number) => worldData(seed * SEQUENCES + number, length, false),
        ...(embedded && { pretraining: pretrainingTexts }),
      },
      model: { ...describeModel(path, embedded), hash },
      machine: await machineFacts(trainer),
      startTrainer: async (model) => {
        const { Trainer } = await import("../../../trainer/index.ts");
        return Trainer.start({ model, backend, memoryLimit });
      },
      ...(embedded && {
        controlMaterial: async () => (await import("../../control.ts")).worldControl(),
      }),
      ...(request.limitMs !== undefined && { limitMs: request.limitMs }),
      onProgress: shower(line),
      signal: context.signal,
    });
    line.clear();
    return presentForgetting(context, experiment.id, request);
  } finally {
    line.clear();
    await models.close();
  }
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
