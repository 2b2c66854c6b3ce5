import { getDocument, setConsent } from "../../db/documents.ts";
import { dropJob } from "../../db/jobs.ts";
import { type Database, transaction } from "../../db/open.ts";
import { decidePassage, getPassage, listPassages, type Passage } from "../../db/passages.ts";
import { documentsOfSource, getSource } from "../../db/sources.ts";
import { changeUpdate, findOpenUpdate } from "../../db/updates.ts";
import { currentVersion } from "../../db/versions.ts";
import { type Requested, requestWithout } from "../refit/request.ts";
import { learnKey } from "../triage/key.ts";
import { trainedFor } from "./switch.ts";

/** What a request to unlearn came to. */
export interface Unlearning {
  /** The refit that leaves it out; none where the version that answers was trained on nothing of it. */
  request?: Requested;
  /** Passages that are to be unlearned, and others that will not be learned any more. */
  known: number;
  dropped: number;
}

/**
 * Has a version made that was never trained on anything a source brought, and no more of what it has
 * brought learned. The source itself goes on as it is.
 * @returns nothing where there is no such source
 */
export function unlearnSource(db: Database, sourceId: number): Unlearning | undefined {
  const source = getSource(db, sourceId);
  if (!source) return undefined;
  return transaction(db, () => {
    const ids = documentsOfSource(db, sourceId);
    for (const id of ids) if (getDocument(db, id)!.consent !== "read") setConsent(db, id, "no");
    const passages = ids.flatMap((id) => listPassages(db, id));
    return unlearn(db, passages, `the source “${source.title}”`, `source:${sourceId}`);
  });
}

/** The same with one passage. */
export function unlearnPassage(db: Database, passageId: number): Unlearning | undefined {
  const passage = getPassage(db, passageId);
  if (!passage) return undefined;
  return transaction(db, () =>
    unlearn(db, [passage], `the passage “${passage.title}”`, `passage:${passageId}`),
  );
}

function unlearn(db: Database, passages: Passage[], subject: string, key: string): Unlearning {
  const trained = trainedFor(db, currentVersion(db));
  const known = passages.filter(({ id }) => trained.has(id));
  let dropped = 0;
  for (const { id, decision } of passages) {
    dropJob(db, learnKey(id));
    if (trained.has(id)) continue;
    endUpdate(db, id);
    if (!WAITING.has(decision)) continue;
    decidePassage(db, id, "unlearned", "It is not to be learned.");
    dropped += 1;
  }
  const ids = known.map(({ id }) => id);
  const request = ids.length > 0 ? requestWithout(db, subject, ids, key) : undefined;
  return { ...(request && { request }), known: known.length, dropped };
}

/** An update that is under way finds itself ended, and keeps nothing. */
function endUpdate(db: Database, passageId: number): void {
  const update = findOpenUpdate(db, passageId);
  const reason = "It is not to be learned.";
  const end = { stage: "done", verdict: "reject", reason, finishedAt: Date.now() } as const;
  if (update) changeUpdate(db, update.id, end);
}

/** What could still be learned. */
const WAITING = new Set<Passage["decision"]>(["new", "failed", "review", "learned"]);
