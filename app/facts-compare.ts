import { mean } from "../agent/decide.ts";
import { knownTo } from "../agent/lineage/switch.ts";
import type { Database } from "../db/open.ts";
import { getPassages } from "../db/passages.ts";
import { reportProbes } from "../db/probes.ts";
import { latestScores, type ProbeScore } from "../db/scores.ts";
import { BASE_VERSION, getVersion, historyOf } from "../db/versions.ts";
import type { ComparedScore, CompareFacts } from "../views/lineage-types.ts";

/** Passages on one page. */
const PAGE_SIZE = 50;

/**
 * What two versions know, passage by passage, with how each passage's report questions were last answered on the way
 * to each; 0 is the untouched base. None where there is no such version, or no such page.
 */
export function compareFacts(
  db: Database,
  a: number,
  b: number,
  page: number,
): CompareFacts | undefined {
  const versions = [a, b].map((id) => (id === BASE_VERSION ? "base" : getVersion(db, id)));
  if (versions.includes(undefined)) return undefined;
  const [toA, toB] = versions.map((it) => knownTo(db, it === "base" ? undefined : it));
  const onlyA = [...toA!.keys()].filter((id) => !toB!.has(id));
  const onlyB = [...toB!.keys()].filter((id) => !toA!.has(id));
  const both = [...toA!.keys()].filter((id) => toB!.has(id));
  const ids = [onlyA, onlyB, both].flatMap((list) => list.sort((x, y) => y - x));
  const pages = Math.max(1, Math.ceil(ids.length / PAGE_SIZE));
  if (page < 1 || page > pages) return undefined;
  const shown = ids.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE);
  const titles = new Map(getPassages(db, shown).map(({ id, title }) => [id, title]));
  const [scoresA, scoresB] = [a, b].map((id) => passageScoresAt(db, id, shown));
  const lines = shown.map((id) => ({
    id,
    title: titles.get(id) ?? "",
    knownToA: toA!.has(id),
    knownToB: toB!.has(id),
    a: scoresA!.get(id),
    b: scoresB!.get(id),
  }));
  const counts = { onlyA: onlyA.length, onlyB: onlyB.length, both: both.length };
  return { a, b, ...counts, lines, page, pages };
}

/** By passage, how its report questions were last answered on the way to a version. */
function passageScoresAt(
  db: Database,
  version: number,
  passageIds: number[],
): Map<number, ComparedScore> {
  const probes = reportProbes(db, passageIds);
  const known = [BASE_VERSION, ...historyOf(db, version).map(({ id }) => id)];
  const scores = latestScores(
    db,
    probes.map(({ id }) => id),
    known,
  );
  const found = new Map<number, ComparedScore>();
  for (const [passageId, list] of Map.groupBy(probes, (it) => it.passageId)) {
    const rows = list.flatMap(({ id }) => scores.get(id) ?? []);
    if (rows.length > 0) found.set(passageId, summary(rows, version));
  }
  return found;
}

function summary(rows: (ProbeScore & { versionId: number })[], version: number): ComparedScore {
  const latest = Math.max(...rows.map(({ versionId }) => versionId));
  return {
    accuracy: mean(rows.map(({ exact }) => Number(exact))),
    logprob: mean(rows.map(({ logprob, tokens }) => logprob / Math.max(1, tokens))),
    probes: rows.length,
    ...(latest !== version && { asOf: latest }),
  };
}
