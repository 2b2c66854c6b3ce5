import { and, eq } from "drizzle-orm";
import { type Database, transaction } from "./open.ts";
import { leases } from "./schema.ts";

export type Lease = typeof leases.$inferSelect;

/**
 * Takes the lease `name` for `owner`, unless another one holds it.
 * @param ttlMs how long it is held without a renewal, in milliseconds
 * @param options.dead whether a holder is known to be gone, so that nobody waits for its expiry
 * @returns true when `owner` holds it now
 */
export function takeLease(
  db: Database,
  name: string,
  owner: string,
  ttlMs: number,
  options: { now?: number; dead?: (owner: string) => boolean } = {},
): boolean {
  const { now = Date.now(), dead = () => false } = options;
  return transaction(db, () => {
    const holder = leaseHolder(db, name);
    const free = !holder || holder.owner === owner || holder.expiresAt <= now || dead(holder.owner);
    if (!free) return false;
    const held = { owner, expiresAt: now + ttlMs, problem: null };
    db.insert(leases)
      .values({ name, ...held })
      .onConflictDoUpdate({ target: leases.name, set: held })
      .run();
    return true;
  });
}

/**
 * Holds the lease on; one that ran out while nobody else took it (the machine slept) is still held.
 * @returns false when another owner holds it by now
 */
export function renewLease(
  db: Database,
  name: string,
  owner: string,
  ttlMs: number,
  now = Date.now(),
): boolean {
  const mine = and(eq(leases.name, name), eq(leases.owner, owner));
  return (
    db
      .update(leases)
      .set({ expiresAt: now + ttlMs })
      .where(mine)
      .run().changes > 0
  );
}

/** Records why the holder cannot go on, for those who wait for it; null when it does. */
export function setLeaseProblem(
  db: Database,
  name: string,
  owner: string,
  problem: string | null,
): void {
  db.update(leases)
    .set({ problem })
    .where(and(eq(leases.name, name), eq(leases.owner, owner)))
    .run();
}

/** Gives the lease back, if `owner` holds it. */
export function releaseLease(db: Database, name: string, owner: string): void {
  db.delete(leases)
    .where(and(eq(leases.name, name), eq(leases.owner, owner)))
    .run();
}

/** Who has the lease, expired or not. */
export function leaseHolder(db: Database, name: string): Lease | undefined {
  return db.select().from(leases).where(eq(leases.name, name)).get();
}
