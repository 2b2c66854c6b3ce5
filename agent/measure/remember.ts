import type { Database } from "../../db/open.ts";
import {
  getRetained,
  type Role,
  saveRetention,
  scoresUnder,
  unretained,
} from "../../db/retention.ts";
import { BASE_VERSION } from "../../db/versions.ts";
import { perToken } from "../decide.ts";
import { afterLook, UNSEEN } from "../replay/schedule.ts";

/**
 * Begins the history of a passage's probes, from their stored scores under the base and under the
 * version that answers once its update is over: from now on they are compared with that.
 * @param options.onlyNew of probes that have no history yet: the others are compared with what they were
 */
export function remember(
  db: Database,
  passageId: number,
  role: Role,
  version: number,
  { onlyNew = false } = {},
): void {
  const scored = scoresUnder(db, passageId, version);
  const begun = onlyNew
    ? retained(
        db,
        scored.map(({ probe }) => probe.id),
      )
    : new Set<number>();
  const rows = scored
    .filter(({ probe }) => !begun.has(probe.id))
    .map(({ probe, base, anchor }) => {
      const logprob = perToken(anchor);
      const look = { version, exact: anchor.exact, logprob };
      const review = probe.split === "reward" && role === "learned" ? afterLook(UNSEEN, look) : {};
      return {
        probeId: probe.id,
        passageId,
        split: probe.split,
        kind: probe.kind,
        role,
        anchorVersion: version,
        anchorExact: anchor.exact,
        anchorLogprob: logprob,
        baseExact: base.exact,
        baseLogprob: perToken(base),
        everExact: anchor.exact,
        lastVersion: version,
        lastExact: anchor.exact,
        lastLogprob: logprob,
        ...review,
      };
    });
  saveRetention(db, rows);
}

function retained(db: Database, probeIds: number[]): Set<number> {
  return new Set(getRetained(db, probeIds).map(({ probe }) => probe.id));
}

/** Begins the histories of passages that were examined before such histories were kept. */
export function rememberOlder(db: Database, limit = 1000): void {
  for (const { passageId, decision, parentVersionId, versionId } of unretained(db, limit)) {
    const role = decision as Role;
    const version = (role === "learned" ? versionId : parentVersionId) ?? BASE_VERSION;
    remember(db, passageId, role, version);
  }
}
