import { changeItem, getItem, type Item } from "../../db/items.ts";
import { transaction } from "../../db/open.ts";
import { getSource, type Source } from "../../db/sources.ts";
import type { LearnerContext } from "../context.ts";
import { classify, errorMessage } from "../jobs/trouble.ts";
import type { Digest, RawDocument } from "./digest.ts";
import { digestAside } from "./digest-aside.ts";
import { HttpError, mayPass, ReadError } from "./errors.ts";
import { fetchDocument, isAddress } from "./fetch.ts";
import { readFileBytes } from "./files.ts";
import type { ReadLimits } from "./limits.ts";
import type { Origin } from "./store.ts";

/** What a feed has of an entry is taken for all of it from so many words on. */
const ENOUGH_WORDS = 150;
/** How often an item is tried whose failure may pass. */
const MAX_TRIES = 5;
/** The first wait; each further one is four times as long. */
const RETRY_MS = 5 * 60_000;

interface Read {
  origin: Origin;
  digest: Digest;
}

/**
 * Reads an item of a source, and records with it why it cannot be read.
 * @returns nothing if the item is read already, or is not there any more
 * @throws ReadError
 */
export async function readItem(
  context: LearnerContext,
  itemId: number,
  limits: ReadLimits,
): Promise<Read | undefined> {
  const { db, signal } = context;
  const item = getItem(db, itemId);
  const source = item && getSource(db, item.sourceId);
  if (!item || !source || item.state !== "queued") return undefined;
  try {
    const { digest, note } = await digestItem(source, item, limits, signal);
    const { address } = item;
    const publishedAt = item.publishedAt ?? undefined;
    return { origin: { source, address, item, publishedAt, note }, digest };
  } catch (error) {
    if (!signal.aborted && classify(error) === "job") {
      transaction(db, () => {
        if (getItem(db, item.id)?.fingerprint !== item.fingerprint) return;
        changeItem(db, item.id, failure(item, error));
      });
    }
    throw error;
  }
}

function failure(item: Item, error: unknown): Partial<Item> {
  const message = errorMessage(error);
  // A file that went away before it was read; if it comes back, it is seen again.
  if (error instanceof ReadError && error.code === "missing") {
    return { state: "gone", error: message };
  }
  const again = error instanceof ReadError && mayPass(error) && item.tries + 1 < MAX_TRIES;
  if (!again) return { state: "failed", error: message, retryAt: null };
  const asked = error instanceof HttpError ? (error.retryAfterMs ?? 0) : 0;
  const wait = Math.max(asked, RETRY_MS * 4 ** item.tries);
  return {
    state: "failed",
    error: message,
    tries: item.tries + 1,
    retryAt: Date.now() + wait,
  };
}

async function digestItem(
  source: Source,
  item: Item,
  limits: ReadLimits,
  signal: AbortSignal,
): Promise<{ digest: Digest; note?: string }> {
  if (source.kind === "folder") {
    const bytes = await readFileBytes(item.address, limits);
    const raw = { source: item.address, bytes, name: item.address };
    return { digest: await digestAside(raw, limits, signal) };
  }
  const own = await ownDigest(item, limits, signal);
  const only = source.content === "feed" || !isAddress(item.address);
  if (own && only) return { digest: own };
  if (only) {
    throw new ReadError(
      "no-text",
      item.address,
      `${item.title}: the feed has no text of it, only a title.`,
    );
  }
  // A listing of papers has their abstracts: they are what is wanted unless people say otherwise.
  const enough = source.kind === "arxiv" || (own?.words ?? 0) >= ENOUGH_WORDS;
  if (own && source.content === "auto" && enough) return { digest: own };
  try {
    const raw = await fetchDocument(pageOf(source, item), limits, signal);
    const page = await digestAside({ ...raw, title: item.title }, limits, signal);
    return { digest: own && own.words > page.words ? own : page };
  } catch (error) {
    const last = item.tries + 1 >= MAX_TRIES || !(error instanceof ReadError && mayPass(error));
    if (!own || !last || signal.aborted || classify(error) !== "job") throw error;
    const note = `Only what the feed has of it was read: ${errorMessage(error)}`;
    return { digest: own, note };
  }
}

/** What the feed itself has of an entry, if that is any text. */
async function ownDigest(
  item: Item,
  limits: ReadLimits,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  if (!item.body) return undefined;
  const raw: RawDocument = {
    source: item.address,
    bytes: new TextEncoder().encode(item.body),
    name: item.title,
    title: item.title,
    format: "html",
    charset: "utf-8",
    article: true,
  };
  try {
    return await digestAside(raw, limits, signal);
  } catch (error) {
    const nothing = error instanceof ReadError && ["empty", "no-text"].includes(error.code);
    if (nothing) return undefined;
    throw error;
  }
}

/** An abstract's page leads to the paper. */
function pageOf(source: Source, item: Item): string {
  return source.kind === "arxiv" ? item.address.replace("/abs/", "/pdf/") : item.address;
}
