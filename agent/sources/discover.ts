import { parseFeedAside } from "../read/digest-aside.ts";
import { ReadError } from "../read/errors.ts";
import type { ParsedFeed } from "../read/feed.ts";
import { type HttpAnswer, httpGet, parseAddress } from "../read/http.ts";
import type { ReadLimits } from "../read/limits.ts";

/** A feed that was found, with what is in it now. */
export interface FoundFeed {
  address: string;
  feed: ParsedFeed;
  /** Other feeds that the same page names. */
  others: string[];
}

const ACCEPT =
  "application/rss+xml, application/atom+xml, application/feed+json, text/html;q=0.9, application/xml;q=0.8, */*;q=0.5";
const FEED_TYPE =
  /^application\/(?:rss|atom|rdf|feed)\+(?:xml|json)\b|^application\/json\b|^text\/xml\b/i;
/** Where feeds are that no page names. */
const USUAL_PLACES = ["/feed", "/rss.xml", "/atom.xml", "/feed.xml", "/index.xml"];
/** Links of a page that are tried, and how much of it is looked at. */
const MAX_LINKS = 5;
const HEAD_BYTES = 1024 * 1024;

/**
 * The feed at an address, or the one that the page there names, or one at a usual place.
 * @throws ReadError `no-feed` where there is none; as `httpGet` where nothing answers
 */
export async function discoverFeed(
  address: string,
  limits: ReadLimits,
  signal?: AbortSignal,
): Promise<FoundFeed> {
  const asked = parseAddress(address.trim()).href;
  const answer = await httpGet(asked, { limits, accept: ACCEPT, signal });
  const feed = await tryFeed(answer, asked, limits, signal);
  if (feed) return { address: answer.moved ?? asked, feed, others: [] };
  const named = await linksOf(answer);
  for (const candidate of named.slice(0, MAX_LINKS)) {
    const found = await tryAddress(candidate, limits, signal);
    if (found) return { ...found, others: named.filter((it) => it !== candidate) };
  }
  for (const place of named.length > 0 ? [] : USUAL_PLACES) {
    const found = await tryAddress(new URL(place, answer.url).href, limits, signal);
    if (found) return { ...found, others: [] };
  }
  throw new ReadError(
    "no-feed",
    asked,
    `No feed was found at ${asked}: look for a link called RSS or Feed there, and give its address.`,
  );
}

async function tryAddress(
  address: string,
  limits: ReadLimits,
  signal?: AbortSignal,
): Promise<Omit<FoundFeed, "others"> | undefined> {
  try {
    const answer = await httpGet(address, { limits, accept: ACCEPT, signal });
    const feed = await tryFeed(answer, address, limits, signal);
    return feed && { address: answer.moved ?? address, feed };
  } catch (error) {
    if (error instanceof ReadError) return undefined;
    throw error;
  }
}

async function tryFeed(
  { bytes, headers, url }: HttpAnswer,
  source: string,
  limits: ReadLimits,
  signal?: AbortSignal,
): Promise<ParsedFeed | undefined> {
  // A page may look enough like XML to be taken for a feed without entries.
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 1000));
  if (/^\s*(?:\ufeff|ï»¿)?\s*<(?:!doctype\s+html|html)\b/i.test(start)) return undefined;
  const charset = /charset\s*=\s*["']?([\w.:-]+)/i.exec(headers.get("content-type") ?? "")?.[1];
  try {
    return await parseFeedAside({ source, bytes, charset }, url.href, limits, signal);
  } catch (error) {
    if (error instanceof ReadError && ["no-feed", "binary", "empty"].includes(error.code)) {
      return undefined;
    }
    throw error;
  }
}

/** The feeds that a page names in its head, absolute. */
async function linksOf({ bytes, url }: HttpAnswer): Promise<string[]> {
  const found = new Set<string>();
  const page = new Response(bytes.slice(0, HEAD_BYTES), {
    headers: { "content-type": "text/html" },
  });
  await new HTMLRewriter()
    .on("link[rel~='alternate'][href]", {
      element(link) {
        const href = link.getAttribute("href") ?? "";
        if (!FEED_TYPE.test(link.getAttribute("type") ?? "") || !URL.canParse(href, url)) return;
        const target = new URL(href, url);
        if (/^https?:$/.test(target.protocol)) found.add(target.href);
      },
    })
    .transform(page)
    .arrayBuffer();
  return [...found];
}
