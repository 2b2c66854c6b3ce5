import { resolve } from "node:path";
import type { BaseModel } from "../../agent/context.ts";
import type { ProgressLine } from "../../agent/experiment/progress.ts";
import { describeModel, fingerprintOf } from "../../agent/model.ts";
import type { ModelTrainer } from "../../trainer/types.ts";
import { EMBEDDED_MODEL } from "../config.ts";
import type { CommandContext } from "../frame.ts";
import { StatusLine } from "../status-line.ts";
import { type ExperimentModels, experimentModels, machineFacts } from "./models.ts";
import { shower } from "./progress.ts";

/** An experiment's model, loaded, and what is said while it works. */
export interface Session extends Pick<ExperimentModels, "trainer" | "generator"> {
  model: BaseModel & { hash: string };
  layers: number;
  machine: Awaited<ReturnType<typeof machineFacts>>;
  onProgress: (line: ProgressLine) => void;
}

/**
 * Loads a model, or the instance's own, for some work, with progress on stderr, and closes it at the end.
 * @throws TrainerError and what the work throws
 */
export async function withModel<T>(
  context: CommandContext,
  given: string | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { config } = context.instance();
  const path = resolve(given ?? config.model.path);
  const model = describeModel(path, path === resolve(EMBEDDED_MODEL));
  const hash = await fingerprintOf({ path });
  const models = experimentModels(path, config, (message) => context.note(message));
  const line = new StatusLine(context.json);
  try {
    const trainer: ModelTrainer = await models.trainer();
    return await work({
      ...models,
      model: { ...model, hash },
      layers: trainer.info.layers,
      machine: await machineFacts(trainer),
      onProgress: shower(line),
    });
  } finally {
    line.clear();
    await models.close();
  }
}
