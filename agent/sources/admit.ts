import { changeItem, countAdmitted, queuedItems, waitingItems } from "../../db/items.ts";
import { enqueueJob, findJobByKey } from "../../db/jobs.ts";
import { type Database, transaction } from "../../db/open.ts";
import { getSource } from "../../db/sources.ts";
import { startOfDay } from "./schedule.ts";

/** Items that are let through in one transaction; the rest follow in the next. */
const AT_ONCE = 500;

/**
 * Queues items of a source to be read, as many as its daily quota lets through; the others stay
 * where they are until it does.
 * @returns how many
 */
export function admitItems(db: Database, sourceId: number, now = Date.now()): number {
  return transaction(db, () => {
    const source = getSource(db, sourceId);
    if (!source || source.state === "paused" || source.state === "removed") return 0;
    const free =
      source.quota === null
        ? AT_ONCE
        : Math.min(AT_ONCE, source.quota - countAdmitted(db, sourceId, startOfDay(now)));
    if (free <= 0) return 0;
    let admitted = 0;
    for (const item of waitingItems(db, sourceId, now, free)) {
      const { job, added } = enqueueJob(db, {
        kind: "read",
        payload: { source: item.address, itemId: item.id, title: item.title },
        key: jobKey(item.id),
      });
      // It is being read as it was before: as it is now, it waits for the end of that.
      if (!added && job.state === "running") continue;
      // What is tried again was counted the first time.
      const admittedAt = item.state === "failed" ? item.admittedAt : now;
      changeItem(db, item.id, { state: "queued", admittedAt });
      admitted += 1;
    }
    return admitted;
  });
}

/** Lets items wait again whose jobs have ended without them. */
export function repairItems(db: Database): number {
  return transaction(db, () => {
    const lost = queuedItems(db).filter((id) => {
      const state = findJobByKey(db, jobKey(id))?.state;
      return state !== "queued" && state !== "running";
    });
    for (const id of lost) {
      const error = findJobByKey(db, jobKey(id))?.error ?? "It was never read: nobody knows why.";
      changeItem(db, id, { state: "failed", error });
    }
    return lost.length;
  });
}

function jobKey(itemId: number): string {
  return `read:item:${itemId}`;
}
