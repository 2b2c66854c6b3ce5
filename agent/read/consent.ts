import { documentsToAsk, getDocument, setConsent } from "../../db/documents.ts";
import { dropJob, enqueueJob } from "../../db/jobs.ts";
import { type Database, transaction } from "../../db/open.ts";
import { getPassages, listPassages, reopenPassage } from "../../db/passages.ts";
import { learnKey } from "../triage/key.ts";
import { prioritiesOf } from "../triage/priority.ts";

/**
 * Queues the passages that are neither learned nor decided against: new ones, and those that failed. Each
 * gets its place among those that wait.
 * @returns how many were queued, and how many of those had failed before
 */
export function queueLearning(
  db: Database,
  passageIds: number[],
  parentId?: number,
): { queued: number; again: number } {
  let queued = 0;
  let again = 0;
  const open = getPassages(db, passageIds).filter(
    ({ decision }) => decision === "new" || decision === "failed",
  );
  const places = prioritiesOf(
    db,
    open.map(({ id }) => id),
  );
  for (const passage of open) {
    const learn = { kind: "learn", payload: { passageId: passage.id } } as const;
    const priority = places.get(passage.id)?.value ?? 0;
    const key = learnKey(passage.id);
    if (!enqueueJob(db, { ...learn, key, parentId, priority }).added) continue;
    queued += 1;
    if (passage.decision !== "failed") continue;
    reopenPassage(db, passage.id);
    again += 1;
  }
  return { queued, again };
}

/** Queues passages that were decided otherwise: they count as new again. */
export function relearn(db: Database, passageIds: number[]): void {
  for (const id of passageIds) reopenPassage(db, id);
  queueLearning(db, passageIds);
}

/**
 * Says yes or no to learning a document. What has been learned of it already stays learned.
 * @returns how many passages were queued, or were taken out of the queue; none for an unknown document
 */
export function answerDocument(db: Database, documentId: number, yes: boolean): number {
  return transaction(db, () => {
    if (!getDocument(db, documentId)) return 0;
    setConsent(db, documentId, yes ? "yes" : "no");
    const passages = listPassages(db, documentId);
    if (yes) {
      return queueLearning(
        db,
        passages.map(({ id }) => id),
      ).queued;
    }
    const open = passages.filter(({ decision }) => decision === "new");
    for (const { id } of open) dropJob(db, learnKey(id));
    return open.length;
  });
}

/** Says yes or no to every document that waits for an answer, of one source or of all. */
export function answerAll(db: Database, yes: boolean, sourceId?: number): number {
  return transaction(db, () => {
    const ids = documentsToAsk(db, sourceId);
    for (const id of ids) answerDocument(db, id, yes);
    return ids.length;
  });
}
