/** Everything that is read in the tests of reading, with what is to be understood of it. */
import { BOOKS } from "./books.ts";
import { PLAIN_DOCUMENTS } from "./documents.ts";
import { PLAIN_FEEDS } from "./feeds.ts";
import { LANGUAGE_DOCUMENTS, LANGUAGE_FEEDS } from "./languages.ts";
import { ODD_FEEDS } from "./odd-feeds.ts";
import { TEXTS } from "./texts.ts";
import type { DocumentCase, FeedCase } from "./types.ts";

export { EXCHANGES } from "./exchanges.ts";
export { LISTS } from "./lists.ts";

export const FEEDS: FeedCase[] = [...PLAIN_FEEDS, ...ODD_FEEDS, ...LANGUAGE_FEEDS];
export const DOCUMENTS: DocumentCase[] = [
  ...PLAIN_DOCUMENTS,
  ...TEXTS,
  ...BOOKS,
  ...LANGUAGE_DOCUMENTS,
];
/** Bytes that an archive of the corpus may unpack to. */
export const MAX_UNPACKED = 5 * 1024 * 1024;
