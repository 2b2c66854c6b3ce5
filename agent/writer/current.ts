import { join } from "node:path";
import type { Database } from "../../db/open.ts";
import { BASE_POLICY, currentPolicyId, getPolicy } from "../../db/policies.ts";
import type { Home } from "../home.ts";

/** Who writes the edits: the base, with a policy adapter or without. */
export interface Writer {
  policyId: number;
  /** Path of the policy's adapter; none is the untouched base. */
  adapter?: string;
}

/** The writer that is used now. */
export function currentWriter(db: Database, home: Home): Writer {
  return writerOf(db, home, currentPolicyId(db));
}

/** A policy as a writer. */
export function writerOf(db: Database, home: Home, policyId: number): Writer {
  const policy = policyId === BASE_POLICY ? undefined : getPolicy(db, policyId);
  return policy
    ? { policyId, adapter: join(home.adapters, policy.file) }
    : { policyId: BASE_POLICY };
}
