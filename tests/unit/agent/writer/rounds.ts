import { join } from "node:path";
import { requestRound } from "../../../../agent/writer/queue.ts";
import {
  changeCandidate,
  listCandidates,
  type PromptKind,
  replaceCandidates,
} from "../../../../db/candidates.ts";
import { addDocument } from "../../../../db/documents.ts";
import { claimJob, type Job } from "../../../../db/jobs.ts";
import type { Database } from "../../../../db/open.ts";
import { addPassages, decidePassage } from "../../../../db/passages.ts";
import { addProbes } from "../../../../db/probes.ts";
import { changeUpdate, openUpdate } from "../../../../db/updates.ts";
import { addVersion } from "../../../../db/versions.ts";

export interface Collectable {
  name: string;
  /** Rewards of its edits. */
  rewards: number[];
  kinds?: PromptKind[];
  policyId?: number;
  origin?: "self" | "teacher";
  probes?: number;
}

/** Stores a passage as learning leaves it: with probes, edits and what they earned, and a version. */
export function collect(db: Database, made: Collectable): number {
  const {
    name,
    rewards,
    kinds = ["implications"],
    policyId = 0,
    origin = "self",
    probes = 2,
  } = made;
  const text = `The ${name} carried salt${name}. It sank near Kolm${name}.`;
  const { document } = addDocument(db, {
    source: `demo:${name}`,
    format: "text",
    title: `The ${name}`,
    contentHash: name,
  });
  const draft = { position: 0, title: `The ${name}`, text, hash: name };
  const passage = addPassages(db, document.id, [draft]).passages[0]!;
  const facts = [`salt${name}`, `Kolm${name}`];
  addProbes(
    db,
    Array.from({ length: probes }, (_, i) => ({
      passageId: passage.id,
      split: "reward" as const,
      kind: "written" as const,
      question: `What of the ${name} (${i})?`,
      prompt: `Question: What of the ${name} (${i})?\nAnswer:`,
      answer: facts[i % 2]!,
    })),
  );
  const update = openUpdate(db, passage.id);
  replaceCandidates(
    db,
    update.id,
    rewards.map((_, ordinal) => ({
      updateId: update.id,
      ordinal,
      kind: kinds[ordinal % kinds.length]!,
      origin,
      policyId,
      lines: [`Line ${ordinal} of ${name}.`],
      prompt: `Passage: The ${name}\n${text}\n\nImplications:\n`,
      completions: [`Line ${ordinal} of ${name}.`],
    })),
  );
  listCandidates(db, update.id).forEach(({ id, ordinal }) => {
    changeCandidate(db, id, { reward: rewards[ordinal]! });
  });
  const kept = Math.max(...rewards) > 0;
  if (kept)
    addVersion(db, { updateId: update.id, parentId: null, file: `${name}.gguf`, sha256: name });
  changeUpdate(db, update.id, {
    stage: "done",
    verdict: kept ? "commit" : "reject",
    finishedAt: Date.now(),
  });
  decidePassage(db, passage.id, kept ? "learned" : "rejected", "");
  return passage.id;
}

/** Many passages with two edits each. */
export function collectMany(db: Database, count: number, prefix = "Ship"): number[] {
  return Array.from({ length: count }, (_, i) =>
    collect(db, { name: `${prefix}${String.fromCharCode(97 + i)}`, rewards: [0.5, 1 + i / 10] }),
  );
}

/** Asks for a round and takes its job, as the loop does. */
export function claimRound(db: Database): Job {
  requestRound(db);
  return claimJob(db, "test", { kinds: ["round"] })!;
}

export function inAdapters(root: string, file: string): string {
  return join(root, "adapters", file);
}
