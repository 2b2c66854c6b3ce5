import { TrainerError } from "../errors.ts";
import { checkLora } from "../lora/adapter.ts";
import type { Model } from "../model/model.ts";
import { targetCount } from "../model/packing.ts";
import { checkOptions, checkRowParts } from "./check-options.ts";
import type { TokenJob } from "./token-job.ts";

/** @throws TrainerError `invalid-job` where a model cannot be trained so */
export function checkJob(job: TokenJob, model: Model): void {
  checkOptions(job);
  checkRows(job, model.hyper.contextLength);
  checkLora(job.lora, model);
}

function checkRows({ rows, options }: TokenJob, limit: number): void {
  const complain = (message: string): never => {
    throw new TrainerError("invalid-job", message);
  };
  if (rows.length === 0) complain("The job has no training rows.");
  checkRowParts(rows, options);
  rows.forEach((row, i) => {
    if (targetCount(row) === 0) complain(`Training row ${i + 1} has no supervised tokens.`);
    if (row.tokens.length > limit) {
      complain(
        `Training row ${i + 1} has ${row.tokens.length} tokens, the model's context is ${limit}. Split it.`,
      );
    }
  });
}
