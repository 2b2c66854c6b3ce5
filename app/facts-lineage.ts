import { statSync } from "node:fs";
import { join } from "node:path";
import type { Home } from "../agent/home.ts";
import { adapterRoom } from "../agent/lineage/prune.ts";
import { compareVersions } from "../agent/lineage/switch.ts";
import { totalSeconds } from "../agent/measure/timing.ts";
import { boundModel, fingerprintOf } from "../agent/model.ts";
import { tiredness } from "../agent/refit/due.ts";
import { refitName } from "../agent/refit/request.ts";
import type { LearnerSettings } from "../agent/settings.ts";
import type { Database } from "../db/open.ts";
import { getPassage } from "../db/passages.ts";
import { listProbes } from "../db/probes.ts";
import {
  countRefitPassages,
  getRefit,
  listRefits,
  type Refit,
  refitPassagesOf,
} from "../db/refits.ts";
import { probeScores, type ScoreRow } from "../db/scores.ts";
import { getUpdate } from "../db/updates.ts";
import {
  BASE_VERSION,
  currentVersion,
  getVersion,
  isUsable,
  lineageOf,
  listVersions,
  type Version,
} from "../db/versions.ts";
import type {
  ChoiceFacts,
  LineageFacts,
  ProofLine,
  RefitLine,
  TreeLine,
  TreeNode,
  VersionLine,
} from "../views/lineage-types.ts";
import type { Instance } from "./instance.ts";
import type { Learner } from "./learner.ts";

/** How much of the tree and of each list is shown. */
const SHOWN = { versions: 300, refits: 15, proof: 200 };

/** The versions as a tree, the refits, and the room that adapters take. */
export async function lineageFacts(
  { db, home, config }: Instance,
  settings: LearnerSettings,
  learner?: Learner,
): Promise<LineageFacts> {
  const all = listVersions(db);
  const current = currentVersion(db);
  const bound = boundModel(db);
  const fingerprint = await fingerprintOf(config.model).catch(() => undefined);
  const other = bound && fingerprint !== undefined && bound.fingerprint !== fingerprint;
  const { sleep, adaptersMb } = settings;
  return {
    currentId: current?.id ?? BASE_VERSION,
    roots: treeOf(db, home, all.slice(-SHOWN.versions), current),
    versions: all.length,
    omitted: Math.max(0, all.length - SHOWN.versions),
    room: { ...adapterRoom(db, home), budget: adaptersMb * 1e6 },
    sleep: { ...tiredness(db), afterVersions: sleep.versions, afterDays: sleep.days },
    refits: listRefits(db, SHOWN.refits).map((refit) => refitLine(db, refit, learner)),
    ...(other && all.length > 0 && { moved: { from: bound.name, to: config.model.name } }),
  };
}

/** What it would mean to go to a version; 0 is the untouched base. None where there is no such version. */
export function choiceFacts({ db, home }: Instance, id: number): ChoiceFacts | undefined {
  const version = id === BASE_VERSION ? undefined : getVersion(db, id);
  if (id !== BASE_VERSION && !version) return undefined;
  const { lost, gained } = compareVersions(db, id);
  const named = ({ id, title }: { id: number; title: string }) => ({ id, title });
  const current = currentVersion(db)?.id ?? BASE_VERSION;
  const base: VersionLine = {
    id: BASE_VERSION,
    parentId: BASE_VERSION,
    how: "The untouched base model",
    at: 0,
    pinned: false,
    state: current === BASE_VERSION ? "current" : "kept",
  };
  return {
    currentId: current,
    version: version ? versionLine(db, home, version, current) : base,
    lost: lost.map(named),
    gained: gained.map(named),
  };
}

/** One refit, and what became of the questions that it was to unlearn; none where there is no such refit. */
export function refitFacts(
  db: Database,
  id: number,
  learner?: Learner,
): { refit: RefitLine; proof: ProofLine[] } | undefined {
  const refit = getRefit(db, id);
  if (!refit) return undefined;
  return { refit: refitLine(db, refit, learner), proof: refit.proof ? proofLines(db, refit) : [] };
}

/** Versions that come from each other stand in a line; what branches off hangs at where it does. */
function treeOf(
  db: Database,
  home: Home,
  versions: Version[],
  current: Version | undefined,
): TreeLine[] {
  const shown = new Set(versions.map(({ id }) => id));
  const parentOf = ({ parentId }: Version) =>
    parentId !== null && shown.has(parentId) ? parentId : BASE_VERSION;
  const children = Map.groupBy(versions, parentOf);
  const main = new Set((current ? lineageOf(db, current.id) : []).map(({ id }) => id));
  const line = (first: Version): TreeLine => {
    const nodes: TreeNode[] = [];
    for (let next: Version | undefined = first; next; ) {
      const own: Version[] = children.get(next.id) ?? [];
      const goesOn: Version | undefined = own.find(({ id }) => main.has(id)) ?? own.at(-1);
      const branches = own.filter((it) => it !== goesOn).map(line);
      nodes.push({ ...versionLine(db, home, next, current?.id), branches });
      next = goesOn;
    }
    return nodes.reverse();
  };
  const roots = (children.get(BASE_VERSION) ?? []).map(line).reverse();
  return roots.sort((a, b) => Number(holds(b, main)) - Number(holds(a, main)));
}

function holds(line: TreeLine, ids: Set<number>): boolean {
  return line.some(({ id }) => ids.has(id));
}

function versionLine(
  db: Database,
  home: Home,
  version: Version,
  current: number | undefined,
): VersionLine {
  const { id, parentId, updateId, refitId, pinned, createdAt, broken, prunedAt, model } = version;
  const update = updateId === null ? undefined : getUpdate(db, updateId);
  const refit = refitId === null ? undefined : getRefit(db, refitId);
  const title = update && (getPassage(db, update.passageId)?.title.trim() || "Untitled");
  const state =
    id === current
      ? "current"
      : isUsable(version)
        ? "kept"
        : prunedAt !== null
          ? "pruned"
          : broken !== null
            ? "broken"
            : "elsewhere";
  const why = broken ?? (model === null ? undefined : "It belongs to another base model.");
  return {
    id,
    parentId: parentId ?? BASE_VERSION,
    how: title ?? (refit ? refitName(refit) : "Nobody knows what made it"),
    ...(update && { passageId: update.passageId }),
    ...(refit && { refitId: refit.id }),
    at: createdAt,
    bytes: statSync(join(home.adapters, version.file), { throwIfNoEntry: false })?.size,
    pinned,
    state,
    ...(why !== undefined && { why }),
  };
}

function refitLine(db: Database, refit: Refit, learner?: Learner): RefitLine {
  const { id, verdict, reason, createdAt, finishedAt, timing, versionId, proof } = refit;
  const name = refitName(refit);
  const progress = finishedAt === null ? learner?.progress() : undefined;
  const own = progress?.stage === "refit" && progress.title === name ? progress : undefined;
  return {
    id,
    name,
    ...(verdict && { verdict }),
    ...(own && { doing: { detail: own.detail, ...own.training } }),
    ...(reason !== null && { reason }),
    ...countRefitPassages(db, id),
    at: finishedAt ?? createdAt,
    seconds: totalSeconds(timing),
    ...(versionId !== null && { versionId }),
    ...(proof && { proof }),
  };
}

/** Question by question, from the scores that are stored. */
function proofLines(db: Database, refit: Refit): ProofLine[] {
  const lines: ProofLine[] = [];
  for (const { passageId } of refitPassagesOf(db, refit.id, "drop")) {
    const under = (version: number | null) =>
      version === null ? undefined : probeScores(db, version, passageId);
    const base = under(BASE_VERSION);
    const before = under(refit.fromVersionId);
    const after = under(refit.versionId);
    const title = getPassage(db, passageId)?.title ?? "";
    for (const { id, question, answer } of listProbes(db, passageId, "report")) {
      if (lines.length >= SHOWN.proof) return lines;
      lines.push({
        ...{ passageId, title, question, answer },
        base: standing(base?.get(id)),
        before: standing(before?.get(id)),
        after: standing(after?.get(id)),
      });
    }
  }
  return lines;
}

function standing(score: ScoreRow | undefined) {
  return score && { logprob: score.logprob / Math.max(1, score.tokens), exact: score.exact };
}
