import { documentsToAsk, getDocument, setConsent } from "../../db/documents.ts";
import { dropJob, enqueueJob } from "../../db/jobs.ts";
import { type Database, transaction } from "../../db/open.ts";
import { getPassages, listPassages, reopenPassage } from "../../db/passages.ts";

/** By which the job that learns a passage is known. */
export function learnKey(passageId: number): string {
  return `learn:${passageId}`;
}

/**
 * Queues the passages that are neither learned nor decided against: new ones, and those that failed.
 * @returns how many were queued, and how many of those had failed before
 */
export function queueLearning(
  db: Database,
  passageIds: number[],
  parentId?: number,
): { queued: number; again: number } {
  let queued = 0;
  let again = 0;
  for (const passage of getPassages(db, passageIds)) {
    if (passage.decision !== "new" && passage.decision !== "failed") continue;
    const learn = { kind: "learn", payload: { passageId: passage.id } } as const;
    if (!enqueueJob(db, { ...learn, key: learnKey(passage.id), parentId }).added) continue;
    queued += 1;
    if (passage.decision !== "failed") continue;
    reopenPassage(db, passage.id);
    again += 1;
  }
  return { queued, again };
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
