import { documentLines, getDocument } from "../db/documents.ts";
import { listItems } from "../db/items.ts";
import type { Database } from "../db/open.ts";
import { countBySource, getSource, listSources, type Source } from "../db/sources.ts";
import type { DocumentRow, ItemRow, SourceLine } from "../views/types.ts";

const NONE = { held: 0, queued: 0, read: 0, failed: 0, gone: 0, documents: 0, ask: 0 };

/** Every source with its figures. */
export function sourceLines(db: Database): SourceLine[] {
  const counts = countBySource(db);
  return listSources(db).map((source) => lineOf(source, counts.get(source.id)));
}

/** One source, with what it brought and what it could not. */
export function sourceFacts(
  db: Database,
  id: number,
): { source: SourceLine; items: ItemRow[]; documents: DocumentRow[] } | undefined {
  const source = getSource(db, id);
  if (!source || source.state === "removed") return undefined;
  return {
    source: lineOf(source, countBySource(db).get(id)),
    items: listItems(db, id).map(({ id, title, address, state, error, publishedAt, retryAt }) => ({
      id,
      title,
      address,
      state,
      error,
      publishedAt,
      retryAt,
    })),
    documents: documentLines(db, { sourceId: id }).map(rowOf),
  };
}

/** Documents of a source, or those about which people said something; the latest first. */
export function documentRows(
  db: Database,
  where: Parameters<typeof documentLines>[1],
  limit: number,
): DocumentRow[] {
  return documentLines(db, where, limit).map(rowOf);
}

/** The documents about which people are asked, of every source. */
export function askedDocuments(db: Database): DocumentRow[] {
  return documentLines(db, { consent: "ask" }).map(rowOf);
}

/** Whether there is such a document. */
export function hasDocument(db: Database, id: number): boolean {
  return getDocument(db, id) !== undefined;
}

function rowOf(line: ReturnType<typeof documentLines>[number]): DocumentRow {
  const { id, title, source, format, consent, supersededBy, publishedAt, createdAt, passages } =
    line;
  return {
    id,
    title,
    origin: source,
    format,
    consent,
    supersededBy,
    publishedAt,
    readAt: createdAt,
    passages,
  };
}

function lineOf(source: Source, counts: SourceLine["counts"] = NONE): SourceLine {
  const { id, kind, title, address, site, mode, content, trust, quota, state, every } = source;
  const { error, failures, checkedAt, changedAt, nextCheckAt } = source;
  const polled = kind !== "hand" && state === "active";
  return {
    id,
    kind,
    title,
    address,
    site,
    mode,
    content,
    trust,
    quota,
    state: state === "active" && error ? "failing" : (state as "active"),
    every,
    error,
    failures,
    checkedAt,
    changedAt,
    nextCheckAt: polled ? nextCheckAt : null,
    counts,
  };
}
