import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ExperimentPolicy, findPolicy, savePolicy } from "../../db/experiment-results.ts";
import { seedFor } from "../../trainer/random.ts";
import { adapterFile, keepAdapter } from "../adapter-file.ts";
import { type Example, trainWriter } from "../writer/fit.ts";
import type { ExperimentConfig } from "./config.ts";
import type { Lab } from "./lab.ts";

const MAX_SEED = 0x7fffffff;

/** A turn of an outer loop from scratch. */
export type PolicyPlace = Pick<ExperimentPolicy, "seed" | "kind" | "round">;

type Shelf = Pick<Lab, "db" | "home" | "experiment">;

/** Where a policy's adapter lies. @throws Error where the file is gone */
export function policyPath(shelf: Shelf, place: PolicyPlace): string {
  const path = fileOf(shelf, place);
  if (path) return path;
  throw new Error(`The writer of round ${place.round} has not been trained.`);
}

/** Whether a round's writer is there. */
export function isTrained(shelf: Shelf, place: PolicyPlace): boolean {
  return fileOf(shelf, place) !== undefined;
}

/**
 * The M-step of a round: the writer goes on from that of the round before, on what earned most, and is kept.
 * @param ids of what it is trained on, for the record
 * @throws TrainerError; Error where there is no row that the model can read
 */
export async function trainPolicy(
  lab: Shelf &
    Pick<Lab, "scratch" | "trainer" | "signal"> & { config: Pick<ExperimentConfig, "writer"> },
  place: PolicyPlace,
  examples: readonly Example[],
  ids: number[],
): Promise<void> {
  const { db, home, experiment, config, signal } = lab;
  const { seed, kind, round } = place;
  const scratch = join(lab.scratch, "writer.gguf");
  const { lora, train } = config.writer;
  const result = await trainWriter(await lab.trainer(), examples, {
    out: join(home.adapters, scratch),
    lora,
    options: { ...train, seed: seedFor(seed, `writer ${kind} ${round}`) % MAX_SEED },
    signal,
    ...(round > 1 && { from: policyPath(lab, { seed, kind, round: round - 1 }) }),
  });
  const { sha256, rows, losses, seconds } = result;
  if (!(await keepAdapter(home, scratch, sha256))) {
    throw new Error("The writer's adapter was damaged while it was written: look at the disk.");
  }
  const experimentId = experiment.id;
  const file = adapterFile(sha256);
  savePolicy(db, { experimentId, ...place, file, sha256, editIds: ids, rows, losses, seconds });
}

function fileOf({ db, home, experiment }: Shelf, place: PolicyPlace): string | undefined {
  const policy = findPolicy(db, { experimentId: experiment.id, ...place });
  const path = policy && join(home.adapters, policy.file);
  return path && existsSync(path) ? path : undefined;
}
