import { stat } from "node:fs/promises";
import { fingerprints, markGone, noteItems, type SeenItem } from "../../db/items.ts";
import { transaction } from "../../db/open.ts";
import { changeSource, type Source } from "../../db/sources.ts";
import { walkFolder } from "../read/files.ts";
import { admitItems } from "./admit.ts";
import type { CheckContext, CheckResult } from "./check.ts";
import { INTERVALS } from "./schedule.ts";

/** A file that was written to more recently may not be finished, in milliseconds. */
const SETTLE_MS = 1000;

/**
 * Looks through a folder for files that are new or have changed. A file that is not there any more
 * is marked so; what was read of it stays.
 * @throws ReadError when the folder cannot be looked into: nothing is marked then
 */
export async function checkFolder(context: CheckContext, source: Source): Promise<CheckResult> {
  const { db, limits, signal } = context;
  const { files } = await walkFolder(source.address, limits, signal);
  const now = Date.now();
  const known = fingerprints(db, source.id);
  const news: SeenItem[] = [];
  const there = new Set<string>();
  let unsettled = false;
  for (const path of files) {
    const key = path.slice(source.address.length).replace(/^[/\\]+/, "");
    there.add(key);
    const stats = await stat(path).catch(() => undefined);
    if (!stats) continue;
    // A clock that is wrong does not keep a file out for ever.
    if (Math.abs(now - stats.mtimeMs) < SETTLE_MS) {
      unsettled = true;
      continue;
    }
    const fingerprint = `${Math.round(stats.mtimeMs)}:${stats.size}`;
    const before = known.get(key);
    if (before?.fingerprint === fingerprint && before.state !== "gone") continue;
    const publishedAt = Math.round(stats.mtimeMs);
    news.push({ key, address: path, title: key, fingerprint, publishedAt });
  }
  const gone = [...known].filter(([key, { state }]) => !there.has(key) && state !== "gone");
  const wait = unsettled ? 2 * SETTLE_MS : (source.every ?? INTERVALS.folder);
  return transaction(db, () => {
    const seen = noteItems(db, source.id, news);
    markGone(
      db,
      gone.map(([, { id }]) => id),
    );
    changeSource(db, source.id, {
      checkedAt: now,
      nextCheckAt: now + wait,
      error: null,
      failures: 0,
      ...(seen.fresh + seen.changed > 0 && { changedAt: now }),
    });
    admitItems(db, source.id, now);
    return seen;
  });
}
