import { parseFeed as parse } from "feedsmith";
import { ReadError } from "./errors.ts";
import { sha256 } from "./hash.ts";
import { plain } from "./html.ts";
import { charsetOfXml, decodeText } from "./sniff.ts";

/** A feed as it was fetched. */
export interface RawFeed {
  source: string;
  bytes: Uint8Array;
  charset?: string;
}

/** One entry of a feed, whatever kind of feed it is. */
export interface FeedEntry {
  /** By which it is known again. */
  key: string;
  title: string;
  /** The page that it leads to. */
  link?: string;
  /** HTML. */
  content: string;
  /** Milliseconds since 1970. */
  publishedAt?: number;
  /** Changes with the title, the link or the content. */
  fingerprint: string;
}

export interface ParsedFeed {
  title?: string;
  /** The page that it belongs to. */
  site?: string;
  entries: FeedEntry[];
  /** For how long the feed asks not to be fetched again, in milliseconds. */
  ttlMs?: number;
}

/** Entries of one feed at most: the first ones, which are the latest. */
const MAX_ENTRIES = 5000;
const MAX_TITLE = 500;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const PERIODS: Record<string, number> = {
  hourly: 60 * MINUTE,
  daily: 24 * 60 * MINUTE,
  weekly: 7 * 24 * 60 * MINUTE,
};

interface Draft {
  id?: string;
  link?: string;
  /** What its link is relative to, where it says so itself. */
  base?: string;
  title?: string;
  content?: string;
  date?: string;
}

/**
 * The entries of an RSS, Atom, RDF or JSON feed. What one entry lacks does not spoil the others.
 * @throws ReadError `no-feed` or `binary`
 */
export function parseFeed(raw: RawFeed, address = raw.source): ParsedFeed {
  const { source, bytes } = raw;
  const text = decodeText(bytes, source, charsetOfXml(bytes) ?? raw.charset).trim();
  const drafted = draft(text, source);
  const seen = new Map<string, number>();
  for (const { id } of drafted.entries) if (id) seen.set(id, (seen.get(id) ?? 0) + 1);
  const base = resolve(drafted.base, address) ?? resolve(drafted.site, address) ?? address;
  const keys = new Set<string>();
  const entries: FeedEntry[] = [];
  for (const entry of drafted.entries.slice(0, MAX_ENTRIES)) {
    const made = finish(entry, base, (seen.get(entry.id ?? "") ?? 0) > 1);
    if (!made || keys.has(made.key)) continue;
    keys.add(made.key);
    entries.push(made);
  }
  return {
    title: line(drafted.title) || undefined,
    site: resolve(drafted.site, address),
    entries,
    ttlMs: drafted.ttlMs,
  };
}

/** Reads what is there of a feed that was cut off: every entry that is whole. */
function parseWhole(text: string) {
  // No feed needs a document type, and entities that it defines may grow or lead elsewhere.
  const xml = text.replace(/<!DOCTYPE[^>[]*(?:\[[\s\S]*?\]\s*)?>/i, "");
  try {
    return parse(xml);
  } catch (error) {
    const [close] = /<\/(?:item|entry)\s*>(?![\s\S]*<\/(?:item|entry)\s*>)/.exec(xml) ?? [];
    const root = /<(rss|feed|rdf:RDF)[\s>]/.exec(xml)?.[1];
    if (!close || !root) throw error;
    const whole = xml.slice(0, xml.lastIndexOf(close) + close.length);
    return parse(`${whole}${root === "rss" ? "</channel>" : ""}</${root}>`);
  }
}

function draft(text: string, source: string) {
  try {
    const parsed = parseWhole(text);
    switch (parsed.format) {
      case "json": {
        const { feed } = parsed;
        return {
          title: feed.title,
          site: feed.home_page_url,
          entries: (feed.items ?? []).map(
            (item): Draft => ({
              id: item.id,
              link: item.url ?? item.external_url,
              title: item.title,
              content: item.content_html ?? paragraphs(item.content_text) ?? item.summary,
              date: item.date_modified ?? item.date_published,
            }),
          ),
        };
      }
      case "atom": {
        const { feed } = parsed;
        return {
          title: textOf(feed.title),
          site: alternate(feed.links),
          base: feed.xml?.base,
          ttlMs: period(feed.sy),
          entries: (feed.entries ?? []).map(
            (entry): Draft => ({
              id: entry.id,
              link: alternate(entry.links),
              base: entry.xml?.base,
              title: textOf(entry.title),
              content: longer(htmlOf(entry.content), htmlOf(entry.summary)),
              date: entry.published ?? entry.updated,
            }),
          ),
        };
      }
      case "rdf": {
        const { feed } = parsed;
        return {
          title: textOf(feed.title),
          site: feed.link,
          ttlMs: period(feed.sy),
          entries: (feed.items ?? []).map(
            (item): Draft => ({
              id: item.rdf?.about,
              link: item.link,
              title: textOf(item.title),
              content: longer(item.content?.encoded, item.description),
              date: first(item.dc?.dates),
            }),
          ),
        };
      }
      case "rss": {
        const { feed } = parsed;
        return {
          title: textOf(feed.title),
          site: feed.link,
          ttlMs: feed.ttl ? feed.ttl * MINUTE : period(feed.sy),
          entries: (feed.items ?? []).map(
            (item): Draft => ({
              id: item.guid?.value,
              link: item.link ?? (item.guid?.isPermaLink === false ? undefined : item.guid?.value),
              title: textOf(item.title),
              content: longer(item.content?.encoded, item.description),
              date: item.pubDate ?? first(item.dc?.dates),
            }),
          ),
        };
      }
    }
  } catch (error) {
    throw noFeed(source, error);
  }
}

function noFeed(source: string, cause: unknown): ReadError {
  return new ReadError(
    "no-feed",
    source,
    `${source} is no feed that can be read (RSS, Atom, RDF or JSON Feed): open it in a browser and check.`,
    { cause },
  );
}

function finish(entry: Draft, base: string, shared: boolean): FeedEntry | undefined {
  const link = resolve(entry.link, resolve(entry.base, base) ?? base);
  const content = entry.content?.trim() ?? "";
  const title = line(entry.title) || line(content.slice(0, 2000)).slice(0, 80);
  if (title === "" && !link) return undefined;
  const fingerprint = sha256(JSON.stringify([title, link, content]));
  const id = entry.id?.trim();
  // Some feeds give all their entries one id.
  const key = id && !shared ? id : link && shared ? `${id}|${link}` : (link ?? fingerprint);
  return {
    key: key.length > 500 ? sha256(key) : key,
    title: title || link!,
    link,
    content,
    publishedAt: dateOf(entry.date),
    fingerprint,
  };
}

/** An http(s) address, absolute; nothing where there is none. */
function resolve(link: string | undefined, base: string): string | undefined {
  const url = link?.trim() && URL.canParse(link.trim(), base) ? new URL(link.trim(), base) : null;
  return url && /^https?:$/.test(url.protocol) ? url.href : undefined;
}

function dateOf(text: string | undefined): number | undefined {
  const at = text ? Date.parse(text) : Number.NaN;
  // Clocks and time zones are often wrong by hours; what is of next year has no date.
  return Number.isFinite(at) && at > 0 && at < Date.now() + DAY ? at : undefined;
}

function alternate(links: { href?: string; rel?: string }[] | undefined): string | undefined {
  return (links?.find(({ rel }) => !rel || rel === "alternate") ?? links?.[0])?.href;
}

/** Text constructs are strings in some versions of a format, and objects in others. */
function textOf(text: string | { value?: string } | undefined): string | undefined {
  return typeof text === "object" ? text?.value : text;
}

/** Plain text is made HTML, where it is said to be plain. */
function htmlOf(text: string | { value?: string; type?: string } | undefined): string | undefined {
  if (typeof text !== "object") return text;
  return text?.type === "text" ? paragraphs(text.value) : text?.value;
}

function paragraphs(text: string | undefined): string | undefined {
  const escaped = text?.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return escaped
    ?.split(/\n\s*\n/)
    .map((part) => `<p>${part}</p>`)
    .join("");
}

function longer(a: string | undefined, b: string | undefined): string | undefined {
  return (a?.length ?? 0) >= (b?.length ?? 0) ? a : b;
}

function first(dates: string[] | undefined): string | undefined {
  return dates?.[0];
}

function period(
  sy: { updatePeriod?: string; updateFrequency?: number } | undefined,
): number | undefined {
  const length = PERIODS[sy?.updatePeriod ?? ""];
  return length && length / Math.max(1, sy?.updateFrequency ?? 1);
}

/** One line without markup. */
function line(html: string | undefined): string {
  const text = html && /[<&]/.test(html) ? plain(html) : (html ?? "");
  return text.replace(/\s+/g, " ").trim().slice(0, MAX_TITLE);
}
