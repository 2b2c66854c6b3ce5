import { and, asc, eq, isNull } from "drizzle-orm";
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

/** A policy of the base model of now. */
export function getPolicy(db: Database, id: number): Policy | undefined {
  const own = isNull(policies.model);
  return db
    .select()
    .from(policies)
    .where(and(eq(policies.id, id), own))
    .get();
}

/** Those of the base model of now, the oldest first. */
export function listPolicies(db: Database): Policy[] {
  return db.select().from(policies).where(isNull(policies.model)).orderBy(asc(policies.id)).all();
}

/** The files of all policies, whatever model they belong to. */
export function policyFiles(db: Database): string[] {
  return db
    .selectDistinct({ file: policies.file })
    .from(policies)
    .all()
    .map(({ file }) => file);
}

/**
 * Sets aside the policies of the base model of until now, takes up those of the one of now, and lets the
 * base write. @param before and @param now fingerprints
 */
export function changePoliciesModel(db: Database, before: string, now: string): void {
  db.update(policies).set({ model: before }).where(isNull(policies.model)).run();
  db.update(policies).set({ model: null }).where(eq(policies.model, now)).run();
  setSetting(db, CURRENT, BASE_POLICY);
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
