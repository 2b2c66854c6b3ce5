import { statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import type { Database } from "../../db/open.ts";
import { addSource, type NewSource, type Source } from "../../db/sources.ts";
import { ReadError } from "../read/errors.ts";
import { isAddress } from "../read/http.ts";
import type { ReadLimits } from "../read/limits.ts";
import { parseCategory } from "./arxiv.ts";
import { discoverFeed } from "./discover.ts";

/** What people may choose when they add a source. */
export type SourceWishes = Partial<
  Pick<NewSource, "title" | "mode" | "content" | "quota" | "every" | "trust">
>;

export interface Added {
  source: Source;
  /** False when it was here already. */
  added: boolean;
  /** Other feeds that the same page names. */
  others: string[];
}

/**
 * Adds a source from what people write: the address of a feed or of a page that names one, a
 * category of arXiv (`arxiv:cs.CL`), or the path of a folder.
 * @throws ReadError when there is no such source
 */
export async function addFrom(
  db: Database,
  text: string,
  limits: ReadLimits,
  wishes: SourceWishes = {},
  signal?: AbortSignal,
): Promise<Added> {
  if (/^arxiv:(?!\/\/)/i.test(text.trim()) || /arxiv\.org\/(?:list|rss|atom)\//.test(text)) {
    return { ...addCategory(db, text, wishes), others: [] };
  }
  if (!isAddress(text.trim())) return { ...addFolder(db, text, wishes), others: [] };
  const { address, feed, others } = await discoverFeed(text, limits, signal);
  const { title = feed.title ?? address, ...rest } = wishes;
  const site = feed.site ?? null;
  return { ...addSource(db, { kind: "feed", address, title, site, ...rest }), others };
}

/** Adds a category of arXiv. @throws ReadError `bad-address` */
export function addCategory(db: Database, text: string, wishes: SourceWishes = {}) {
  const category = parseCategory(text);
  const { title = `arXiv ${category}`, ...rest } = wishes;
  const site = `https://arxiv.org/list/${category}/new`;
  return addSource(db, { kind: "arxiv", address: category, title, site, ...rest });
}

/** Adds a folder to be watched. @throws ReadError `missing` or `unsupported` */
export function addFolder(db: Database, path: string, wishes: SourceWishes = {}) {
  const address = isAbsolute(path) ? resolve(path) : resolve(process.cwd(), path);
  const stats = statSync(address, { throwIfNoEntry: false });
  if (!stats) {
    throw new ReadError(
      "missing",
      path,
      `${address} does not exist: give a folder, an address with http:// or https://, or a category like arxiv:cs.CL.`,
    );
  }
  if (!stats.isDirectory()) {
    throw new ReadError(
      "unsupported",
      path,
      `${address} is a file: \`selkie ingest\` reads it once; to be watched, give its folder.`,
    );
  }
  const { title = address, ...rest } = wishes;
  return addSource(db, { kind: "folder", address, title, ...rest });
}
