import { generateOpml } from "feedsmith";
import type { Database } from "../../db/open.ts";
import { addSource, listSources } from "../../db/sources.ts";
import { parseOpmlAside } from "../read/digest-aside.ts";
import { ReadError } from "../read/errors.ts";
import { parseAddress } from "../read/http.ts";
import { type ReadLimits, tooLarge } from "../read/limits.ts";
import type { SourceWishes } from "./add.ts";
import { listingAddress, parseCategory } from "./arxiv.ts";

export interface Imported {
  added: number;
  /** Feeds that were here already. */
  known: number;
  /** Sentences about what is no feed's address. */
  failures: string[];
}

/**
 * Adds the feeds that an OPML file names, without asking them first: what is wrong with one shows at
 * its first check.
 * @param raw.source the file as people know it, for messages
 * @throws ReadError when it is no OPML
 */
export async function importOpml(
  db: Database,
  raw: { source: string; bytes: Uint8Array },
  limits: ReadLimits,
  wishes: Omit<SourceWishes, "title"> = {},
): Promise<Imported> {
  if (raw.bytes.length > limits.maxBytes) throw tooLarge(raw.source, raw.bytes.length, limits);
  const result: Imported = { added: 0, known: 0, failures: [] };
  for (const { address, title, site } of await parseOpmlAside(raw, limits)) {
    try {
      const listing = /^https?:\/\/(?:rss|export)\.arxiv\.org\/(?:rss|atom)\/([^/?#]+)/.exec(
        address,
      );
      const href = parseAddress(address).href;
      const { added } = listing
        ? addSource(db, {
            ...wishes,
            kind: "arxiv",
            address: parseCategory(listing[1]!),
            title: title ?? `arXiv ${listing[1]}`,
            site,
          })
        : addSource(db, { ...wishes, kind: "feed", address: href, title: title ?? href, site });
      if (added) result.added += 1;
      else result.known += 1;
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      result.failures.push(error.message);
    }
  }
  return result;
}

/** The feeds and arXiv categories of an instance as an OPML file, for other programs. */
export function exportOpml(db: Database): string {
  const outlines = listSources(db).flatMap((source) => {
    if (source.kind !== "feed" && source.kind !== "arxiv") return [];
    const { title, site } = source;
    const xmlUrl = source.kind === "feed" ? source.address : listingAddress(source.address);
    return [{ type: "rss", text: title, title, xmlUrl, ...(site && { htmlUrl: site }) }];
  });
  const title = "Selkie's sources";
  // The library refuses a list with nothing in it.
  if (outlines.length === 0) {
    return `<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0"><head><title>${title}</title></head><body/></opml>\n`;
  }
  return generateOpml({
    head: { title, dateCreated: new Date() },
    body: { outlines },
  } as Parameters<typeof generateOpml>[0]);
}
