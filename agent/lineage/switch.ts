import { getDocument } from "../../db/documents.ts";
import { addEvent } from "../../db/events.ts";
import { dropJob } from "../../db/jobs.ts";
import { type Database, transaction } from "../../db/open.ts";
import { decidePassage, getPassages, type Passage } from "../../db/passages.ts";
import { type Taught, taughtIn, trainedIn } from "../../db/refits.ts";
import { anchorsOf, rewindLooks } from "../../db/retention.ts";
import {
  BASE_VERSION,
  currentVersion,
  getVersion,
  historyOf,
  lineageOf,
  pointTo,
  type Version,
} from "../../db/versions.ts";
import { requestSweep } from "../measure/queue.ts";
import { remember } from "../measure/remember.ts";
import { relearn } from "../read/consent.ts";
import { learnKey } from "../triage/key.ts";

/** What it means that another version answers: passages that it does not know, and ones that it knows. */
export interface Difference {
  lost: Passage[];
  gained: Passage[];
}

/** As people know it: `version 3`, or `the untouched base`. */
export function versionName(id: number): string {
  return id === BASE_VERSION ? "the untouched base" : `version ${id}`;
}

/** What would be unlearned, and known again, if this version answered; 0 is the untouched base. */
export function compareVersions(db: Database, to: number): Difference {
  const { lost, gained } = difference(db, to);
  return { lost, gained };
}

/**
 * Lets another version answer, in one step: back to an earlier one, forward again, or over to another
 * branch. Passages that it does not know count as unlearned, and are queued to be learned again where
 * that is wished; ones that it knows count as learned. What was measured under it counts again: each
 * probe's anchor and last look are those of its history. To be called where the version's adapter is known to be sound.
 * @param to the version, or {@link BASE_VERSION}
 * @param requeue whether what is unlearned is to be learned again
 */
export function switchVersion(
  db: Database,
  to: number,
  { requeue = false, why = "" }: { requeue?: boolean; why?: string } = {},
): Difference {
  return transaction(db, () => {
    const { lost, gained, taught } = difference(db, to);
    pointTo(db, to);
    for (const { id } of lost) {
      decidePassage(
        db,
        id,
        "unlearned",
        why || `Not known to ${versionName(to)}, which answers now.`,
      );
    }
    for (const { id } of gained) {
      dropJob(db, learnKey(id));
      decidePassage(db, id, "learned", `Known to ${versionName(to)}, which answers again.`);
    }
    restoreAnchors(db, taught);
    rewindLooks(db, [BASE_VERSION, ...historyOf(db, to).map(({ id }) => id)]);
    if (requeue) {
      const willing = lost.filter(
        ({ documentId }) => getDocument(db, documentId)?.consent === "yes",
      );
      relearn(
        db,
        willing.map(({ id }) => id),
      );
    }
    return { lost, gained };
  });
}

/** Goes back, or forward, because a person wants it; the log says what that means, and everything is asked anew. */
export function goTo(db: Database, to: number, requeue: boolean): Difference {
  return transaction(db, () => {
    const result = switchVersion(db, to, { requeue });
    requestSweep(db);
    const { lost, gained } = result;
    const parts = [
      lost.length > 0 &&
        `${lost.length} passages are unlearned${requeue ? " and queued again" : ""}`,
      gained.length > 0 && `${gained.length} are known again`,
    ].filter(Boolean);
    const message = `From now on ${versionName(to)} answers${parts.length > 0 ? `: ${parts.join(", ")}` : ""}.`;
    addEvent(db, { level: "info", kind: "version.chosen", message });
    return result;
  });
}

function difference(db: Database, to: number): Difference & { taught: Map<number, Taught> } {
  const version = to === BASE_VERSION ? undefined : getVersion(db, to);
  const before = knownTo(db, currentVersion(db));
  const taught = knownTo(db, version);
  const passages = getPassages(db, [...new Set([...before.keys(), ...taught.keys()])]);
  return {
    lost: passages.filter(({ id, decision }) => !taught.has(id) && decision === "learned"),
    // One that is known and is being learned anew stays in the queue.
    gained: passages.filter(
      ({ id, decision }) => taught.has(id) && !before.has(id) && decision !== "learned",
    ),
    taught,
  };
}

/** What a version was taught, by passage. */
export function knownTo(db: Database, version: Version | undefined): Map<number, Taught> {
  return version ? taughtIn(db, lineageOf(db, version.id)) : new Map();
}

/** Everything that a version was trained on, whether it counts as learned or not. */
export function trainedFor(db: Database, version: Version | undefined): Set<number> {
  return version ? trainedIn(db, lineageOf(db, version.id)) : new Set();
}

/** A passage that was learned on two branches is compared with how this one had learned it. */
function restoreAnchors(db: Database, taught: Map<number, Taught>): void {
  const anchors = anchorsOf(db);
  for (const { passageId, anchor } of taught.values()) {
    const now = anchors.get(passageId);
    if (now?.version !== anchor || now.role !== "learned") {
      remember(db, passageId, "learned", anchor);
    }
  }
}
