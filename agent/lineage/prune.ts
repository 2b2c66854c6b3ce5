import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { addEvent } from "../../db/events.ts";
import { type Database, transaction } from "../../db/open.ts";
import { policyFiles } from "../../db/policies.ts";
import { openRefits } from "../../db/refits.ts";
import { skillFiles } from "../../db/skills.ts";
import { openUpdates } from "../../db/updates.ts";
import {
  currentVersion,
  listVersions,
  pruneVersion,
  standIn,
  type Version,
} from "../../db/versions.ts";
import type { Home } from "../home.ts";

const MEGABYTE = 1e6;

/** The adapters on the disk, in bytes. */
export interface Room {
  /** Of all versions, of the writer's policies and of skills. */
  used: number;
  /** Of those that always stay: what answers, what would stand in for it, pinned ones, policies, skills. */
  needed: number;
}

export interface Pruned extends Room {
  /** Versions whose adapters were removed, the oldest first. */
  removed: number[];
}

/** How much room the adapters take. */
export function adapterRoom(db: Database, home: Home): Room {
  return new Files(db, home).room();
}

/**
 * Removes adapters, the oldest first, until all of them fit into the budget. What is needed stays: the
 * version that answers and the one that would stand in for it, those that work under way began from,
 * and pinned ones. Rows and study lines stay, so that what was removed can be made again.
 * @param megabytes 0 is no limit
 */
export function pruneVersions(db: Database, home: Home, megabytes: number): Pruned {
  const files = new Files(db, home);
  files.sweep();
  const room = files.room();
  const removed: number[] = [];
  if (megabytes <= 0) return { removed, ...room };
  for (const file of files.oldest()) {
    if (room.used <= megabytes * MEGABYTE) break;
    if (files.isNeeded(file)) continue;
    const ids = files.versionsOf(file);
    // First the row: a file that is left over is removed the next time, one that is missed is damage.
    transaction(db, () => {
      for (const id of ids) pruneVersion(db, id, Date.now());
      const names = ids.map((id) => `version ${id}`).join(" and ");
      const message = `Removed the adapter of ${names} to keep within ${megabytes} MB; its study lines stay, and it can be made again.`;
      addEvent(db, { level: "info", kind: "version.pruned", message });
    });
    room.used -= files.size(file);
    rmSync(join(home.adapters, file), { force: true });
    removed.push(...ids);
  }
  return { removed, ...room };
}

/** The adapter files that there are, and who needs them. */
class Files {
  private readonly versions: Version[];
  private readonly byFile: Map<string, Version[]>;
  /** Those of policies and skills, which always stay. */
  private readonly kept: string[];
  private readonly inUse: Set<number>;

  constructor(
    db: Database,
    private readonly home: Home,
  ) {
    this.versions = listVersions(db);
    const live = this.versions.filter(({ prunedAt }) => prunedAt === null);
    this.byFile = Map.groupBy(live, ({ file }) => file);
    this.kept = [...policyFiles(db), ...skillFiles(db)];
    const current = currentVersion(db);
    const next = current && standIn(db, current);
    this.inUse = new Set([
      ...[current, next].flatMap((it) => it?.id ?? []),
      ...openUpdates(db).flatMap(({ parentVersionId }) => parentVersionId ?? []),
      ...openRefits(db).flatMap(({ fromVersionId }) => fromVersionId ?? []),
    ]);
  }

  /** Two versions, or a version and a policy, can have the same content, and so the same file. */
  isNeeded(file: string): boolean {
    if (this.kept.includes(file)) return true;
    const own = this.byFile.get(file) ?? [];
    return own.some(({ id, pinned }) => pinned || this.inUse.has(id));
  }

  versionsOf(file: string): number[] {
    return (this.byFile.get(file) ?? []).map(({ id }) => id);
  }

  /** By the latest version that has each. */
  oldest(): string[] {
    const latest = (file: string) => this.versionsOf(file).at(-1)!;
    return [...this.byFile.keys()].sort((a, b) => latest(a) - latest(b));
  }

  size(file: string): number {
    return statSync(join(this.home.adapters, file), { throwIfNoEntry: false })?.size ?? 0;
  }

  room(): Room {
    const room = { used: 0, needed: 0 };
    for (const file of new Set([...this.byFile.keys(), ...this.kept])) {
      const size = this.size(file);
      room.used += size;
      if (this.isNeeded(file)) room.needed += size;
    }
    return room;
  }

  /** Removes what an interrupted pruning left. */
  sweep(): void {
    const needed = new Set([...this.byFile.keys(), ...this.kept]);
    const there = new Set(readdirSync(this.home.adapters));
    for (const { file, prunedAt } of this.versions) {
      if (prunedAt === null || needed.has(file) || !there.has(file)) continue;
      rmSync(join(this.home.adapters, file), { force: true });
    }
  }
}
