import { acceptText } from "../agent/read/inbox.ts";
import { countDocuments } from "../db/documents.ts";
import { countJobs } from "../db/jobs.ts";
import type { Instance } from "./instance.ts";

/** The world that the demo tells of, and how many of its passages. */
export const DEMO = { seed: 1, passages: 8 };

/**
 * Gives an empty instance some news of the embedded model's made-up world to learn.
 * @returns false, and nothing is queued, when the instance is not empty or has another model
 */
export async function queueDemo(instance: Instance): Promise<boolean> {
  const { db, home, config } = instance;
  const { queued, running, done } = countJobs(db);
  if (!config.model.embedded || countDocuments(db) + queued + running + done > 0) return false;
  const { demoPassages } = await import("../models/demo.ts");
  for (const { title, text } of demoPassages(DEMO.seed, DEMO.passages)) {
    acceptText(db, home, { source: `demo: ${title}`, title, text }, config.limits);
  }
  return true;
}
