import type { TokenRow } from "../model/packing.ts";
import type { TrainingRow, TrainJob } from "./job.ts";

/** A training row as tokens, with its part in the objective. */
export interface TrainRow extends TokenRow, Pick<TrainingRow, "weight" | "kl" | "epoch"> {}

/** A {@link TrainJob} whose rows are tokens. */
export interface TokenJob extends Omit<TrainJob, "rows"> {
  rows: TrainRow[];
}
