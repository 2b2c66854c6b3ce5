import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LearnerContext } from "../../agent/context.ts";
import { openHome } from "../../agent/home.ts";
import { describeModel } from "../../agent/model.ts";
import { createRuntime } from "../../agent/runtime.ts";
import { DEFAULT_SETTINGS, type LearnerSettings } from "../../agent/settings.ts";
import { EMBEDDED_MODEL } from "../../app/config.ts";
import { worldControl } from "../../app/control.ts";
import { addDocument } from "../../db/documents.ts";
import { claimJob, enqueueJob, type Job } from "../../db/jobs.ts";
import { closeDatabase, type Database, openDatabase } from "../../db/open.ts";
import { addPassages, type Passage } from "../../db/passages.ts";
import { makeWorld, passageOf, Rng } from "../../models/world/index.ts";

export const MODEL = EMBEDDED_MODEL;

/** Why tests of the embedded model cannot run here; nothing where they can. */
export const missing = existsSync(MODEL) ? undefined : `${MODEL} does not exist`;
if (missing) console.warn(`Tests of the embedded model are skipped: ${missing}.`);

/** Passages about things that the embedded model has never heard of. */
export function news(count: number, seed = 1): { title: string; text: string }[] {
  const rng = new Rng(`tests/${seed}`);
  return makeWorld({ seed, split: "heldout", count }).map((entity) => passageOf(entity, rng));
}

/**
 * A control set and a rehearsal as people have them, but small, since they are written anew for each
 * learner; of so few facts and passages two or three may be lost.
 */
const SMALL = {
  control: { items: 8 },
  gate: { ...DEFAULT_SETTINGS.gate, control: 0.2 },
  rehearsal: { ...DEFAULT_SETTINGS.rehearsal, texts: 8, questions: 16 },
};

/** A learner with the real model on a data directory of its own. */
export function openLearner(settings: Partial<LearnerSettings> = {}, at?: string) {
  const root = at ?? mkdtempSync(join(tmpdir(), "selkie-model-"));
  const home = openHome(root);
  const db = openDatabase(home.database);
  const runtime = createRuntime({
    db,
    home,
    model: describeModel(MODEL, true),
    settings: { ...DEFAULT_SETTINGS, ...SMALL, ...settings },
    controlMaterial: async () => worldControl(),
    startTrainer: async ({ path }) => {
      const { Trainer } = await import("../../trainer/index.ts");
      return Trainer.start({ model: path });
    },
    startGenerator: async ({ path }) => {
      const { Generator } = await import("../../agent/generator/index.ts");
      return Generator.start({ model: path });
    },
  });
  const context: LearnerContext = {
    ...runtime.context,
    onProgress: () => {},
    signal: new AbortController().signal,
  };
  const close = async () => {
    await runtime.close();
    closeDatabase(db);
    rmSync(root, { recursive: true, force: true });
  };
  return { db, home, context, close };
}

/** Stores a passage and claims its job, as reading and the loop do. */
export function learnable(
  db: Database,
  { title, text }: { title: string; text: string },
): { passage: Passage; job: Job } {
  const draft = { source: `demo:${title}`, format: "text", title, contentHash: title } as const;
  const { document } = addDocument(db, draft);
  const passage = addPassages(db, document.id, [{ position: 0, title, text, hash: title }])
    .passages[0]!;
  const key = `learn:${passage.id}`;
  enqueueJob(db, { kind: "learn", payload: { passageId: passage.id }, key });
  return { passage, job: claimJob(db, "test")! };
}
