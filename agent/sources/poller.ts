import { getLogger } from "@logtape/logtape";
import { isDiskFull } from "../../db/errors.ts";
import { releaseLease, renewLease, takeLease } from "../../db/leases.ts";
import {
  changeSource,
  dueSources,
  findSource,
  type Source,
  sourcesWithWaiting,
  watchedFolders,
} from "../../db/sources.ts";
import { isDead, newOwner } from "../jobs/owner.ts";
import { sleep } from "../sleep.ts";
import { admitItems, repairItems } from "./admit.ts";
import { type CheckContext, checkSource } from "./check.ts";
import { FolderWatch } from "./watch.ts";

/** Whoever holds it looks at the sources. */
export const SOURCES_LEASE = "sources";

/** All in milliseconds. */
export interface PollerTiming {
  lease: number;
  /** How often it is seen which sources are due. */
  tick: number;
  /** How often quotas and folders are seen to. */
  round: number;
}

const TIMING: PollerTiming = { lease: 30_000, tick: 500, round: 5_000 };
/** Sources that are looked at at a time, each on a host of its own. */
const AT_ONCE = 4;

export interface PollerOptions extends CheckContext {
  signal: AbortSignal;
  timing?: Partial<PollerTiming>;
}

const logger = getLogger(["selkie", "sources"]);

/**
 * Looks at the sources when their time has come, until the signal aborts. Only one process does so
 * for an instance; another one stands by. Nothing that a source does ends it.
 */
export async function runPoller(options: PollerOptions): Promise<void> {
  await new Poller(options).run();
}

class Poller {
  private readonly owner = newOwner();
  private readonly timing: PollerTiming;
  /** What is being looked at: the source, and where it is. */
  private readonly busy = new Map<number, string>();
  private readonly work = new Set<Promise<void>>();
  private readonly folders: FolderWatch;
  private holding = false;
  private renewed = 0;
  private rounded = 0;

  constructor(private readonly options: PollerOptions) {
    this.timing = { ...TIMING, ...options.timing };
    this.folders = new FolderWatch((folder) => this.hint(folder));
  }

  async run(): Promise<void> {
    const { db, signal } = this.options;
    try {
      while (!signal.aborted) {
        try {
          this.tick();
        } catch (error) {
          // A full disk or a busy database: nothing is lost, and it is tried again.
          this.complain("The sources could not be looked at: {error}", error);
        }
        await sleep(this.timing.tick, signal);
      }
    } finally {
      await this.folders.close();
      await Promise.allSettled(this.work);
      try {
        if (this.holding) releaseLease(db, SOURCES_LEASE, this.owner);
      } catch {
        // Others see from its owner that it is free.
      }
    }
  }

  private tick(): void {
    const { db } = this.options;
    const now = Date.now();
    if (!this.hold(now)) return;
    if (now - this.rounded >= this.timing.round) {
      this.rounded = now;
      for (const id of sourcesWithWaiting(db, now)) admitItems(db, id, now);
      this.folders.set(watchedFolders(db).map(({ address }) => address));
    }
    for (const source of dueSources(db, now)) {
      if (this.busy.size >= AT_ONCE) break;
      const place = placeOf(source);
      if (this.busy.has(source.id) || [...this.busy.values()].includes(place)) continue;
      // Without its server there is no newspaper, and that is no failure of it.
      if (source.kind === "demo" && !this.options.newspaper) continue;
      this.begin(source, place);
    }
  }

  private begin(source: Source, place: string): void {
    this.busy.set(source.id, place);
    const work = this.check(source).finally(() => {
      this.busy.delete(source.id);
      this.work.delete(work);
    });
    this.work.add(work);
  }

  private async check(source: Source): Promise<void> {
    const { db, signal } = this.options;
    try {
      await checkSource(this.options, source);
    } catch (error) {
      if (signal.aborted) return;
      this.complain(`${source.title} could not be looked at: {error}`, error);
      const message = isDiskFull(error)
        ? "The disk is full: free some space, and it goes on."
        : `Something went wrong that should not have: ${error instanceof Error ? error.message : error}`;
      try {
        changeSource(db, source.id, { error: message, nextCheckAt: Date.now() + 60_000 });
      } catch {
        // It stays due.
      }
    }
  }

  /** Whether this process is the one that looks. */
  private hold(now: number): boolean {
    const { db } = this.options;
    const { lease } = this.timing;
    if (this.holding) {
      if (now - this.renewed < lease / 6) return true;
      this.holding = renewLease(db, SOURCES_LEASE, this.owner, lease);
      this.renewed = now;
      return this.holding;
    }
    this.holding = takeLease(db, SOURCES_LEASE, this.owner, lease, { dead: isDead });
    if (!this.holding) {
      this.folders.set([]);
      return false;
    }
    this.renewed = now;
    repairItems(db);
    return true;
  }

  private hint(folder: string): void {
    const { db } = this.options;
    try {
      const source = findSource(db, "folder", folder);
      if (source) changeSource(db, source.id, { nextCheckAt: Date.now() });
    } catch (error) {
      this.complain("A change of a folder could not be noted: {error}", error);
    }
  }

  private complain(message: string, error: unknown): void {
    logger.warn(message, {
      error: error instanceof Error ? (error.stack ?? error.message) : error,
    });
  }
}

/** Sources of one host are looked at one after the other. */
function placeOf(source: Source): string {
  if (source.kind === "feed" && URL.canParse(source.address)) return new URL(source.address).host;
  return source.kind === "folder" ? source.address : source.kind;
}
