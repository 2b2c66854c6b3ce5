import type { Database } from "../../db/open.ts";
import { type Decision, listPassages } from "../../db/passages.ts";
import { countProbes, type ProbeKind } from "../../db/probes.ts";
import { type PassageScore, passageScores, scoresAroundUpdates } from "../../db/scores.ts";
import { listUpdates, type Update } from "../../db/updates.ts";
import { BASE_VERSION, currentVersion } from "../../db/versions.ts";
import type { ExamResult } from "../decide.ts";
import { memoryMatrix } from "./matrix.ts";
import { type ContinualMetrics, continualMetrics } from "./metrics.ts";
import { meanTiming, type Timing } from "./timing.ts";

/** A passage and its exam, on probes that selected nothing. */
export interface ReportedPassage {
  id: number;
  title: string;
  decision: Decision;
  reason: string | null;
  /** Who made its probes: the model, or a rule; null before there are any. */
  kind: ProbeKind | null;
  /** Report probes that the figures are over. */
  probes: number;
  /** Under the version that its update began from; null before it was examined. */
  before: ExamResult | null;
  /** Right after its update; as before where nothing was committed. */
  after: ExamResult | null;
  /** Under the current version, later updates included; null where that is not measured. */
  now: ExamResult | null;
}

/** What was read, learned and kept, in figures. */
export interface Report {
  passages: ReportedPassage[];
  /** R[t][i]: accuracy on the passage of update i after update t; row t has t + 1 columns. */
  matrix: number[][];
  /** The same in mean log-probability per token. */
  logprobMatrix: number[][];
  /** The version of each row, the passage of each column. */
  rows: number[];
  columns: number[];
  /** On accuracy, and on log-probability per token. */
  metrics: ContinualMetrics & { logprob: ContinualMetrics };
  timing: Timing;
}

/** Every figure of an instance, traced to rows of its database. */
export function report(db: Database): Report {
  const { versions, passages, accuracy, logprob, base } = memoryMatrix(db);
  return {
    passages: reportPassages(db),
    matrix: accuracy,
    logprobMatrix: logprob,
    rows: versions.map(({ id }) => id),
    columns: passages.map(({ id }) => id),
    metrics: {
      ...continualMetrics(accuracy, base.accuracy),
      logprob: continualMetrics(logprob, base.logprob),
    },
    timing: meanTiming(listUpdates(db)),
  };
}

/** The passages' results before, right after and now, in the order in which they came. */
export function reportPassages(db: Database): ReportedPassage[] {
  const latest = new Map<number, Update>();
  for (const update of listUpdates(db)) latest.set(update.passageId, update);
  const around = new Map(scoresAroundUpdates(db).map((score) => [keyOf(score), score]));
  const current = currentVersion(db)?.id ?? BASE_VERSION;
  const now = new Map(passageScores(db, current).map((score) => [score.passageId, score]));
  const kinds = new Map(countProbes(db).map(({ passageId, kind }) => [passageId, kind]));
  return listPassages(db).map(({ id, title, decision, reason }) => {
    const update = latest.get(id);
    const scoreUnder = (versionId: number) => around.get(keyOf({ versionId, passageId: id }));
    const before = update && scoreUnder(update.parentVersionId ?? BASE_VERSION);
    const after = update?.versionId ? scoreUnder(update.versionId) : before;
    return {
      id,
      title,
      decision,
      reason,
      kind: kinds.get(id) ?? null,
      probes: before?.probes ?? 0,
      before: result(before),
      after: result(after),
      now: result(now.get(id)),
    };
  });
}

function keyOf({ versionId, passageId }: Pick<PassageScore, "versionId" | "passageId">): string {
  return `${versionId}/${passageId}`;
}

function result(score: PassageScore | undefined): ExamResult | null {
  return score ? { accuracy: score.accuracy, logprob: score.logprob } : null;
}
