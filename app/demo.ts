import { countDocuments } from "../db/documents.ts";
import { countJobs } from "../db/jobs.ts";
import { addSource, findSource } from "../db/sources.ts";
import type { Instance } from "./instance.ts";
import type { Newspaper } from "./newspaper.ts";

/** The world that the demo's newspaper tells of, and how often, in milliseconds, it has something new. */
export const DEMO = { seed: 1, every: 60_000, first: 8, quota: 100 };

/**
 * Subscribes an empty instance to the newspaper of the embedded model's made-up world.
 * @returns false, and nothing is changed, when the instance is not empty or has another model
 */
export function startDemo(instance: Instance): boolean {
  const { db, config } = instance;
  const { queued, running, done } = countJobs(db);
  if (!config.model.embedded || countDocuments(db) + queued + running + done > 0) return false;
  const { quota } = DEMO;
  return addSource(db, { kind: "demo", address: "", title: "The Selkie Gazette", quota }).added;
}

/** The newspaper, if this instance reads it. */
export async function openNewspaper(instance: Instance): Promise<Newspaper | undefined> {
  const source = findSource(instance.db, "demo", "");
  if (!source || source.state === "removed") return undefined;
  const { Newspaper } = await import("./newspaper.ts");
  const { seed, every, first } = DEMO;
  return new Newspaper({ seed, every, first, startedAt: source.createdAt });
}
