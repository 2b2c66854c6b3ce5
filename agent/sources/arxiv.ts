import { ReadError } from "../read/errors.ts";
import type { FeedEntry } from "../read/feed.ts";

/** `cs.CL`, `math`, `astro-ph.GA`; several are joined by a plus. */
const CATEGORY = /^[a-z]+(?:-[a-z]+)?(?:\.[A-Za-z]{2}(?:-[a-z]+)?)?$/;
/** What arXiv writes in front of an abstract. */
const PREFIX = /^\s*(?:<p>)?\s*arXiv:\S+\s+Announce Type:\s*[\w-]+\s*(?:Abstract:\s*)?/i;

/**
 * A category in its normal form, from what people write: `cs.CL`, `arxiv:cs.CL`, `cs.CL+cs.LG`, or the
 * address of its listing.
 * @throws ReadError `bad-address`
 */
export function parseCategory(text: string): string {
  const named = text
    .trim()
    .replace(/^arxiv:/i, "")
    .replace(/^https?:\/\/(?:\w+\.)?arxiv\.org\/(?:list|rss|atom)\/([^/?#]+).*$/i, "$1");
  const parts = named.split("+").map((part) => part.trim());
  if (parts.length === 0 || parts.length > 20 || !parts.every((part) => CATEGORY.test(part))) {
    throw new ReadError(
      "bad-address",
      text,
      `“${text}” is no category of arXiv: give one like cs.CL, or several like cs.CL+cs.LG.`,
    );
  }
  return parts.join("+");
}

/** Where the day's new papers of a category are listed, with their abstracts. */
export function listingAddress(category: string): string {
  return `https://rss.arxiv.org/atom/${category}`;
}

/** A paper is the same in all its versions, and its abstract has no heading. */
export function paperEntry(entry: FeedEntry): FeedEntry {
  const key = entry.key.replace(/(\d{4}\.\d{4,5}|[a-z-]+\/\d{7})v\d+$/i, "$1");
  return { ...entry, key, content: entry.content.replace(PREFIX, "") };
}
