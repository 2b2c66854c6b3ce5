import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { Arbiter } from "../../agent/arbiter.ts";
import type { TextGenerator } from "../../agent/generator/types.ts";
import { hardwareWords, inspectHardware } from "../../agent/hardware.ts";
import { sharedGenerator, sharedTrainer } from "../../agent/runtime.ts";
import { version } from "../../package.json";
import type { ModelTrainer } from "../../trainer/types.ts";
import type { Config } from "../config.ts";

/** The two processes of an experiment's model, which is not the instance's own. */
export interface ExperimentModels {
  trainer(): Promise<ModelTrainer>;
  generator(): Promise<TextGenerator>;
  close(): Promise<void>;
}

/**
 * Starts a model's processes when they are asked for. Where they do not fit into memory at once, one waits
 * for the other.
 * @param notice told in a sentence when that happens
 */
export function experimentModels(
  model: string,
  { backend, memoryLimit }: Pick<Config, "backend" | "memoryLimit">,
  notice: (message: string) => void,
): ExperimentModels {
  const arbiter = new Arbiter(notice);
  const trainer = arbiter.tenant("training", async () => {
    const { Trainer } = await import("../../trainer/index.ts");
    return Trainer.start({ model, backend, memoryLimit });
  });
  const generator = arbiter.tenant("writing", async () => {
    const { Generator } = await import("../../agent/generator/index.ts");
    return Generator.start({ model, backend, memoryLimit });
  });
  return {
    trainer: () => sharedTrainer(trainer),
    generator: () => sharedGenerator(generator),
    close: async () => {
      await Promise.allSettled([trainer.close(), generator.close()]);
    },
  };
}

/** What an experiment runs on, for whoever reads its figures elsewhere. */
export async function machineFacts(
  trainer: ModelTrainer,
): Promise<Record<string, string | number>> {
  const { info } = trainer;
  return {
    selkie: version,
    bun: Bun.version,
    os: `${type()} ${release()} ${process.arch}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    hardware: hardwareWords(await inspectHardware()),
    backend: info.backend,
    device: info.device,
    architecture: info.architecture,
    parameters: info.parameters,
    layers: info.layers,
    contextLength: info.contextLength,
    types: info.types.join(", "),
  };
}
