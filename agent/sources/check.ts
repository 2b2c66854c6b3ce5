import { addEvent } from "../../db/events.ts";
import { noteItems, type SeenItem } from "../../db/items.ts";
import { type Database, transaction } from "../../db/open.ts";
import { changeSource, findSource, getSource, type Source } from "../../db/sources.ts";
import { parseFeedAside } from "../read/digest-aside.ts";
import { HttpError, ReadError } from "../read/errors.ts";
import type { FeedEntry, ParsedFeed } from "../read/feed.ts";
import { hostAndPort } from "../read/hosts.ts";
import { type HttpAnswer, httpGet } from "../read/http.ts";
import type { ReadLimits } from "../read/limits.ts";
import { admitItems } from "./admit.ts";
import { listingAddress, paperEntry } from "./arxiv.ts";
import { checkFolder } from "./folder.ts";
import { backOff, feedInterval, INTERVALS } from "./schedule.ts";

export const FEED_ACCEPT =
  "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5";

export interface CheckContext {
  db: Database;
  limits: ReadLimits;
  signal?: AbortSignal;
  /** Where the demo's newspaper is, while this program serves it, and what opens it. */
  newspaper?: { address: string; headers: Record<string, string> };
  /** Least time between two checks of a feed, in milliseconds, where it is not the usual. */
  minInterval?: number;
}

/** What a look at a source brought. */
export interface CheckResult {
  fresh: number;
  changed: number;
}

/**
 * Looks at a source, queues what is new there, and records how it went and when to look again; a
 * source that fails is asked less and less often.
 * @throws only when the outcome cannot be recorded, and the signal's reason
 */
export async function checkSource(context: CheckContext, source: Source): Promise<CheckResult> {
  const { db, signal } = context;
  try {
    const result =
      source.kind === "folder"
        ? await checkFolder(context, source)
        : await checkFeed(context, source);
    if (source.error) note(db, source, "info", "source.back", "can be read again.");
    if (result.fresh + result.changed > 0) {
      note(db, source, "info", "source.news", `${words(result)}.`);
    }
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof ReadError)) throw error;
    failed(db, source, error);
    return { fresh: 0, changed: 0 };
  }
}

/** Fetches a feed if it has changed. @throws ReadError */
async function checkFeed(context: CheckContext, source: Source): Promise<CheckResult> {
  const { db, signal } = context;
  const { address, limits, headers: own } = whereIs(context, source);
  const headers = {
    ...own,
    ...(source.etag && { "if-none-match": source.etag }),
    ...(source.lastModified && { "if-modified-since": source.lastModified }),
  };
  const answer = await httpGet(address, { limits, accept: FEED_ACCEPT, headers, signal });
  const now = Date.now();
  if (answer.status === 304) {
    transaction(db, () => {
      const usual = source.checkedAt ? source.nextCheckAt - source.checkedAt : INTERVALS.unknown;
      // Nothing for so long: half as often again.
      const wait =
        source.every ?? Math.min(Math.max(usual * 1.5, minOf(context, source)), maxOf(source));
      changeSource(db, source.id, looked(now, wait));
      admitItems(db, source.id, now);
    });
    return { fresh: 0, changed: 0 };
  }
  const charset = /charset\s*=\s*["']?([\w.:-]+)/i.exec(answer.headers.get("content-type") ?? "");
  const raw = { source: address, bytes: answer.bytes, charset: charset?.[1] };
  const feed = await parseFeedAside(raw, answer.url.href, limits, signal);
  return record(context, source, answer, feed, now);
}

function record(
  context: CheckContext,
  source: Source,
  answer: HttpAnswer,
  feed: ParsedFeed,
  now: number,
): CheckResult {
  const { db } = context;
  const entries = source.kind === "arxiv" ? feed.entries.map(paperEntry) : feed.entries;
  const dates = entries.flatMap(({ publishedAt }) => publishedAt ?? []);
  const wait =
    source.every ??
    (source.kind === "arxiv"
      ? INTERVALS.arxiv
      : feedInterval(dates, { now, ttlMs: ttl(feed, answer), min: minOf(context, source) }));
  return transaction(db, () => {
    const seen = noteItems(
      db,
      source.id,
      // The latest last, as they would have come one by one.
      entries.toReversed().map((entry) => itemOf(source, entry)),
    );
    const { moved } = answer;
    const free = moved && source.kind === "feed" && !findSource(db, "feed", moved);
    changeSource(db, source.id, {
      ...looked(now, Math.min(wait, Math.max(source.every ?? 0, maxOf(source)))),
      etag: answer.headers.get("etag"),
      lastModified: answer.headers.get("last-modified"),
      ...(feed.site && { site: feed.site }),
      ...(source.title === source.address && feed.title && { title: feed.title }),
      ...(free && { address: moved }),
      ...(seen.fresh + seen.changed > 0 && { changedAt: now }),
    });
    admitItems(db, source.id, now);
    return seen;
  });
}

function itemOf(source: Source, entry: FeedEntry): SeenItem {
  const { key, title, link, fingerprint, content, publishedAt } = entry;
  const address =
    source.kind === "demo" ? `demo: ${title}` : (link ?? `${title} (${source.title})`);
  return {
    key,
    title,
    address,
    fingerprint,
    body: content || null,
    publishedAt: publishedAt ?? null,
  };
}

function whereIs(
  { limits, newspaper }: CheckContext,
  source: Source,
): { address: string; limits: ReadLimits; headers?: Record<string, string> } {
  if (source.kind === "arxiv") return { address: listingAddress(source.address), limits };
  if (source.kind !== "demo") return { address: source.address, limits };
  if (!newspaper) {
    const message = "The newspaper is printed by `selkie serve`: it can be read while that runs.";
    throw new ReadError("unreachable", source.title, message);
  }
  // This program itself may be asked, wherever it listens; nothing else of this machine for that.
  const { privateHosts } = limits;
  const own = hostAndPort(new URL(newspaper.address));
  const hosts = privateHosts === "all" ? "all" : [...privateHosts, own];
  return { ...newspaper, limits: { ...limits, privateHosts: hosts } };
}

/** What the feed and the server say of how long their answer holds. */
function ttl(feed: ParsedFeed, { headers }: HttpAnswer): number {
  const age = /max-age\s*=\s*(\d+)/i.exec(headers.get("cache-control") ?? "")?.[1];
  return Math.max(feed.ttlMs ?? 0, Number(age ?? 0) * 1000);
}

function minOf({ minInterval }: CheckContext, source: Source): number {
  return minInterval ?? (source.kind === "demo" ? INTERVALS.demo : INTERVALS.min);
}

function maxOf(source: Source): number {
  if (source.kind === "demo") return INTERVALS.demo * 6;
  return source.kind === "arxiv" ? INTERVALS.arxiv : INTERVALS.max;
}

function looked(now: number, wait: number) {
  return { checkedAt: now, nextCheckAt: now + Math.round(wait), error: null, failures: 0 };
}

function failed(db: Database, source: Source, error: ReadError): void {
  const now = Date.now();
  const failures = source.failures + 1;
  const gone = error instanceof HttpError && error.status === 410;
  const asked = error instanceof HttpError ? error.retryAfterMs : 0;
  const message = gone
    ? `${source.address} answered with HTTP 410: it is over, and is not asked again.`
    : error.message;
  transaction(db, () => {
    changeSource(db, source.id, {
      error: message,
      failures,
      checkedAt: now,
      nextCheckAt: now + backOff(failures, asked),
      ...(gone && { state: "gone" }),
    });
    // Once for each trouble, not once for each look.
    if (source.error !== message) note(db, source, "warning", "source.failed", message, true);
  });
}

function note(
  db: Database,
  source: Source,
  level: "info" | "warning",
  kind: string,
  message: string,
  whole = false,
): void {
  const { title } = getSource(db, source.id) ?? source;
  addEvent(db, { level, kind, message: whole ? message : `${title}: ${message}` });
}

function words({ fresh, changed }: CheckResult): string {
  const parts = [fresh > 0 ? `${fresh} new` : "", changed > 0 ? `${changed} changed` : ""].filter(
    Boolean,
  );
  return parts.join(", ");
}
