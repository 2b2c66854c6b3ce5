import { sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { getPassages, type Passage } from "./passages.ts";

/** Words of a query that are looked for at most. */
const MAX_WORDS = 24;
/** Words that stand in every text: looking for them costs much and tells nothing. */
const COMMON = new Set(
  "a about after all an and any are as at be been before but by can could did do does for from had has have he her him his how i if in into is it its me more my no not of on one or our out over she should so some such than that the their them then there these they this to up was we were what when where which who whom whose why will with would you your".split(
    " ",
  ),
);

/** The words of a text in lower case, each once: what SQLite's full-text search can be asked for. */
export function wordsOf(text: string): string[] {
  return [...new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])];
}

/**
 * The passages whose title and text fit a question or some words best (BM25; a title counts thrice). What a
 * later version took the place of is left out.
 */
export function searchPassages(db: Database, query: string, limit: number): Passage[] {
  const words = wordsOf(query)
    .filter((word) => !COMMON.has(word))
    .slice(0, MAX_WORDS);
  if (words.length === 0) return [];
  const match = words.map((word) => `"${word}"`).join(" OR ");
  const rows = db.all<{ id: number }>(sql`
    SELECT s.rowid AS id FROM passages_search s JOIN passages p ON p.id = s.rowid
    WHERE passages_search MATCH ${match} AND p.decision <> 'superseded'
    ORDER BY bm25(passages_search, 3.0, 1.0) LIMIT ${limit}`);
  const found = new Map(
    getPassages(
      db,
      rows.map(({ id }) => id),
    ).map((passage) => [passage.id, passage]),
  );
  return rows.flatMap(({ id }) => found.get(id) ?? []);
}
