import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LearnerContext } from "../../../../agent/context.ts";
import { type Home, openHome } from "../../../../agent/home.ts";
import { runJob } from "../../../../agent/jobs/run.ts";
import { createReader } from "../../../../agent/read/index.ts";
import { DEFAULT_LIMITS, type ReadLimits } from "../../../../agent/read/limits.ts";
import { claimJob } from "../../../../db/jobs.ts";
import { closeDatabase, type Database, openDatabase } from "../../../../db/open.ts";

/** An instance in a folder of its own, whose read jobs are run when the test says so. */
export interface Place {
  dir: string;
  db: Database;
  home: Home;
  limits: ReadLimits;
  /** Runs every read job that is queued. @returns how many */
  readAll(): Promise<number>;
  close(): void;
}

export function openPlace(limits: Partial<ReadLimits> = {}): Place {
  const dir = mkdtempSync(join(tmpdir(), "selkie-sources-"));
  const home = openHome(join(dir, "home"));
  const db = openDatabase(home.database);
  const all: ReadLimits = {
    ...DEFAULT_LIMITS,
    privateHosts: ["127.0.0.1"],
    timeoutMs: 2000,
    ...limits,
  };
  const read = createReader(all);
  const context = { db, home, signal: new AbortController().signal } as LearnerContext;
  const none = async () => {};
  return {
    dir,
    db,
    home,
    limits: all,
    readAll: async () => {
      let n = 0;
      for (;;) {
        const job = claimJob(db, "test", { kinds: ["read"] });
        if (!job) return n;
        await runJob(context, { read, learn: none, round: none } as never, job);
        n += 1;
      }
    },
    close: () => {
      closeDatabase(db);
      rmSync(dir, { recursive: true });
    },
  };
}

export interface FeedEntry {
  id: string;
  title?: string;
  text?: string;
  link?: string;
  at?: number;
}

/** A feed of entries, the latest first. */
export function rssOf(entries: FeedEntry[], title = "Harbour news"): string {
  const items = entries.map(
    ({ id, title = id, text = `The text of ${id}.`, link, at }) =>
      `<item><guid isPermaLink="false">${id}</guid><title>${title}</title>${link ? `<link>${link}</link>` : ""}${at ? `<pubDate>${new Date(at).toUTCString()}</pubDate>` : ""}<description><![CDATA[<p>${text}</p>]]></description></item>`,
  );
  return `<?xml version="1.0"?><rss version="2.0"><channel><title>${title}</title><link>https://example.org/</link><description>d</description>${items.join("")}</channel></rss>`;
}
