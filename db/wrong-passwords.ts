import { eq, lte, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { wrongPasswords } from "./schema.ts";

/** How often a wrong password was given since a time, by one address and by all; what is older is removed. */
export function countWrongPasswords(
  db: Database,
  address: string,
  since: number,
): { own: number; all: number } {
  db.delete(wrongPasswords).where(lte(wrongPasswords.createdAt, since)).run();
  return db
    .select({
      own: sql<number>`coalesce(sum(${wrongPasswords.address} = ${address}), 0)`,
      all: sql<number>`count(*)`,
    })
    .from(wrongPasswords)
    .get()!;
}

export function addWrongPassword(db: Database, address: string, now: number): void {
  db.insert(wrongPasswords).values({ address, createdAt: now }).run();
}

/** An address that gave the right password begins anew. */
export function forgetWrongPasswords(db: Database, address: string): void {
  db.delete(wrongPasswords).where(eq(wrongPasswords.address, address)).run();
}
