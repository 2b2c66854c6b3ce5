import { asc, eq } from "drizzle-orm";
import type { Database } from "./open.ts";
import { policies } from "./schema.ts";
import { getSetting, setSetting } from "./settings.ts";

export type Policy = typeof policies.$inferSelect;
export type NewPolicy = Omit<typeof policies.$inferInsert, "id" | "createdAt">;

/** The writer before it was ever trained: the untouched base. */
export const BASE_POLICY = 0;
/** The setting that says which policy writes. */
const CURRENT = "writer.policy";

export function addPolicy(db: Database, policy: NewPolicy): Policy {
  return db.insert(policies).values(policy).returning().get();
}

export function getPolicy(db: Database, id: number): Policy | undefined {
  return db.select().from(policies).where(eq(policies.id, id)).get();
}

/** The lineage, the oldest first. */
export function listPolicies(db: Database): Policy[] {
  return db.select().from(policies).orderBy(asc(policies.id)).all();
}

/** Which policy writes edits now. */
export function currentPolicyId(db: Database): number {
  const id = getSetting(db, CURRENT);
  return typeof id === "number" && getPolicy(db, id) ? id : BASE_POLICY;
}

/** Lets a policy write from now on; {@link BASE_POLICY} is the way back to the beginning. */
export function usePolicy(db: Database, id: number): void {
  if (id !== BASE_POLICY && !getPolicy(db, id)) throw new Error(`There is no policy ${id}.`);
  setSetting(db, CURRENT, id);
}
