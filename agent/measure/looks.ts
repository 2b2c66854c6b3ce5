import type { Database } from "../../db/open.ts";
import { changeRetention, getRetained } from "../../db/retention.ts";
import { type ProbeScore, saveScores } from "../../db/scores.ts";
import { perToken } from "../decide.ts";
import { afterLook } from "../replay/schedule.ts";

/** Stores how probes of earlier passages stand under a version: their scores and their histories. */
export function saveLooks(db: Database, version: number, looks: ProbeScore[]): void {
  saveScores(db, version, looks);
  const scores = new Map(looks.map((look) => [look.probeId, look]));
  for (const { retention } of getRetained(db, [...scores.keys()])) {
    const score = scores.get(retention.probeId)!;
    const { exact } = score;
    const logprob = perToken(score);
    const again = retention.lastVersion === version;
    const scheduled = retention.split === "reward" && retention.role === "learned";
    changeRetention(db, retention.probeId, {
      lastVersion: version,
      lastExact: exact,
      lastLogprob: logprob,
      everExact: retention.everExact || exact,
      // The same look, stored again after an interruption, is one look.
      looks: retention.looks + (again ? 0 : 1),
      failures: retention.failures + (again || exact ? 0 : 1),
      ...(scheduled && afterLook(retention, { version, exact, logprob })),
    });
  }
}
