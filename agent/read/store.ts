import {
  addDocument,
  type Consent,
  type Document,
  setConsent,
  setSupersededBy,
} from "../../db/documents.ts";
import {
  changeItem,
  findItem,
  getItem,
  type Item,
  isElsewhere,
  noteItems,
} from "../../db/items.ts";
import { dropJob } from "../../db/jobs.ts";
import type { Database } from "../../db/open.ts";
import {
  addPassages,
  decidePassage,
  listPassages,
  movePassage,
  type Passage,
  reopenPassage,
} from "../../db/passages.ts";
import type { Source, SourceMode } from "../../db/sources.ts";
import { learnKey } from "../triage/key.ts";
import { queueLearning } from "./consent.ts";
import type { Digest } from "./digest.ts";

/** Where a document comes from. */
export interface Origin {
  source: Source;
  /** The document's own: a path, an address, the name of an upload. */
  address: string;
  /** What it is in its source, where it is to be known again when it has changed. */
  item?: Item;
  publishedAt?: number;
  /** What could not be had of it. */
  note?: string;
}

/** What became of a document that was read. */
export interface Stored {
  document: Document;
  added: boolean;
  passages: Passage[];
  /** Passages that were not here before. */
  fresh: Passage[];
  /** Passages that failed before and are tried again. */
  again: number;
  /** The version that it takes the place of. */
  replaced?: number;
}

const CONSENT: Record<SourceMode, Consent> = { learn: "yes", ask: "ask", read: "read" };

/**
 * Stores a document, and queues what its source says is to be learned of it. The same text is stored
 * once; another text of the same thing takes the place of the former one. To be called in a
 * transaction.
 */
export function storeDocument(
  db: Database,
  origin: Origin,
  digest: Digest,
  parentId: number,
): Stored {
  const { source, address, item } = origin;
  const { format, title, contentHash } = digest;
  const wish = CONSENT[source.mode];
  const { document, added } = addDocument(db, {
    source: address,
    format,
    title,
    contentHash,
    sourceId: source.id,
    publishedAt: origin.publishedAt ?? null,
    consent: wish,
  });
  const consent = added ? wish : agreed(document.consent, wish, source.kind === "hand");
  if (consent !== document.consent) setConsent(db, document.id, consent);
  const { passages, added: fresh } = addPassages(db, document.id, digest.passages);
  for (const passage of passages) {
    if (passage.decision === "superseded") reopenPassage(db, passage.id);
  }
  // It was out of date, and is told again: it is what holds now.
  if (document.supersededBy !== null) setSupersededBy(db, document.id, null);
  const replaced = item && supersede(db, item, document, digest);
  if (item) {
    const done = { state: "read", body: null, tries: 0, retryAt: null } as const;
    // It may have been told of anew while it was read: then that is still to be read.
    const now =
      getItem(db, item.id)?.fingerprint === item.fingerprint ? done : { state: "held" as const };
    changeItem(db, item.id, { ...now, documentId: document.id, error: origin.note ?? null });
  }
  const ids = passages.map(({ id }) => id);
  const { again } = consent === "yes" ? queueLearning(db, ids, parentId) : { again: 0 };
  return { document: { ...document, consent }, added, passages, fresh, again, replaced };
}

/** What a file or an address that somebody handed in is known by, if it is read again. */
export function handedItem(db: Database, source: Source, address: string, title: string): Item {
  const known = findItem(db, source.id, address);
  if (known) return known;
  noteItems(db, source.id, [{ key: address, address, title, fingerprint: "" }]);
  return findItem(db, source.id, address)!;
}

/** What holds where the same text comes from two sources. What people said stays, unless they hand it in. */
function agreed(before: Consent, wish: Consent, byHand: boolean): Consent {
  if (before === "no" && !byHand) return before;
  const order: Consent[] = ["no", "read", "ask", "yes"];
  return order.indexOf(wish) > order.indexOf(before) ? wish : before;
}

/** @returns the id of the version that is out of date now, if there is one */
function supersede(
  db: Database,
  item: Item,
  document: Document,
  digest: Digest,
): number | undefined {
  const before = item.documentId;
  if (before === null || before === document.id) return undefined;
  // The same text also stands somewhere else, where it may be up to date.
  if (isElsewhere(db, before, item.address)) return undefined;
  setSupersededBy(db, before, document.id);
  const drafts = new Map(digest.passages.map((draft) => [draft.hash, draft]));
  for (const passage of listPassages(db, before)) {
    const draft = drafts.get(passage.hash);
    if (draft) {
      const { position, title } = draft;
      movePassage(db, passage.id, { documentId: document.id, position, title });
    } else if (passage.decision === "new" || passage.decision === "failed") {
      dropJob(db, learnKey(passage.id));
      decidePassage(db, passage.id, "superseded", "Its document was changed and has it no more.");
    }
  }
  return before;
}
