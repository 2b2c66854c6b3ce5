import type { TransposeMode } from "../../trainer/model/transposes.ts";
import type { LoraOptions, TrainOptions } from "../../trainer/types.ts";
import { type ModelName, modelFile, type Precision } from "./models.ts";
import { type Measured, modelFolder, type Places, runSpec, type Side } from "./run.ts";
import type { BenchJob, PlainRow } from "./spec.ts";

/** One way to do a workload, measured beside the others. */
export interface Arm {
  side: Side;
  precision: Precision;
  /** The peer's batches: as people write them, or packed as ours are. */
  layout?: "plain" | "packed";
  transposes?: TransposeMode;
}

/** e.g. `peft-f32`, `ours-q4_K`, `peft-bf16-packed` */
export function armName({ side, precision, layout, transposes }: Arm): string {
  return [
    side,
    precision,
    layout === "packed" && "packed",
    transposes === "per-layer" && transposes,
  ]
    .filter(Boolean)
    .join("-");
}

export interface Work {
  threads: number;
  lora: LoraOptions;
  options: TrainOptions;
  warmup: PlainRow[];
  jobs: BenchJob[];
}

export async function runArm(
  places: Places,
  model: ModelName,
  arm: Arm,
  work: Work,
): Promise<Measured> {
  const { side, precision, layout = "plain", transposes = "cached" } = arm;
  const path =
    side === "ours"
      ? await modelFile(places.work, model, precision)
      : await modelFolder(places, model);
  return runSpec(places, side, { ...work, model: path, precision, layout, transposes });
}
