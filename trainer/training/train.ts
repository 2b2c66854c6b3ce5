import type { LoadedModel } from "../model/load.ts";
import { OutputFile } from "../output.ts";
import { checkJob } from "./check.ts";
import type { TrainResult } from "./job.ts";
import { JobRun, type TrainHooks } from "./run.ts";
import type { TokenJob } from "./token-job.ts";

export type { TrainHooks } from "./run.ts";
export type { TokenJob } from "./token-job.ts";

/**
 * Trains one LoRA adapter on a frozen model by AdamW. Each step minimises, per supervised token, the
 * negative log-likelihood times the row's weight, plus what rows are held to the base by.
 * @throws TrainerError `invalid-job` | `adapter-unreadable` | `adapter-mismatch` |
 *   `checkpoint-mismatch` | `output-busy` | `cancelled` | `diverged` | `write-failed`
 */
export async function trainAdapter(
  loaded: LoadedModel,
  job: TokenJob,
  hooks: TrainHooks = {},
): Promise<TrainResult> {
  checkJob(job, loaded.model);
  // Taken from the first step on: a job that cannot write, or that another one runs into, ends here.
  const out = OutputFile.create(job.out);
  let checkpoint: OutputFile | undefined;
  let run: JobRun | undefined;
  try {
    // The output's own name guards a checkpoint beside it; one elsewhere is taken for the whole job, too.
    const elsewhere = job.checkpoint?.path;
    if (elsewhere) checkpoint = OutputFile.create(`${elsewhere}.job`);
    run = new JobRun(loaded, job, hooks, out);
    return await run.run();
  } finally {
    run?.free();
    checkpoint?.discard();
    out.discard();
  }
}
