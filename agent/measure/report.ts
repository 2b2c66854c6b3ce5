import { latestMeasurement, type MemoryFigures } from "../../db/measurements.ts";
import type { Database } from "../../db/open.ts";
import { type Decision, listPassages } from "../../db/passages.ts";
import { countProbes, type ProbeKind } from "../../db/probes.ts";
import { lastScores } from "../../db/retention.ts";
import { type PassageScore, scoresAroundUpdates } from "../../db/scores.ts";
import { listUpdates, type Update } from "../../db/updates.ts";
import { BASE_VERSION } from "../../db/versions.ts";
import type { ExamResult } from "../decide.ts";
import { memoryMatrix } from "./matrix.ts";
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
  /** When it was last looked at, later updates included; null where that is not measured. */
  now: ExamResult | null;
}

/** What was read, learned and kept, in figures. */
export interface Report {
  passages: ReportedPassage[];
  /** R[t][i]: accuracy on the i-th learned passage after version t; null where it was not asked. */
  matrix: (number | null)[][];
  /** The same in mean log-probability per token. */
  logprobMatrix: (number | null)[][];
  /** The version of each row, the (first) passage of each column. */
  rows: number[];
  columns: number[];
  /** The estimates of the latest measurement; on accuracy, and on log-probability per token. */
  metrics: Metrics & { logprob: Pick<Metrics, "acc" | "bwt" | "netGain"> };
  /** The latest measurement with its intervals, the control set, ages and beliefs. */
  memory: MemoryFigures | null;
  timing: Timing;
}

/** Means of the measures; null where there is nothing to measure yet. */
export interface Metrics {
  acc: number | null;
  bwt: number | null;
  fwt: number | null;
  forgetting: number | null;
  netGain: number | null;
}

/** Every figure of an instance, traced to rows of its database. */
export function report(db: Database): Report {
  const { versions, columns, accuracy, logprob } = memoryMatrix(db);
  const memory = latestMeasurement(db)?.figures ?? null;
  return {
    passages: reportPassages(db),
    matrix: accuracy,
    logprobMatrix: logprob,
    rows: versions.map(({ id }) => id),
    columns: columns.map(({ passage }) => passage.id),
    metrics: { ...metricsOf(memory), logprob: logprobOf(memory) },
    memory,
    timing: meanTiming(listUpdates(db)),
  };
}

/** The means of a measurement. */
export function metricsOf(memory: MemoryFigures | null): Metrics {
  return {
    acc: memory?.acc?.mean ?? null,
    bwt: memory?.bwt?.mean ?? null,
    fwt: memory?.fwt ?? null,
    forgetting: memory?.forgetting?.mean ?? null,
    netGain: memory?.netGain?.mean ?? null,
  };
}

function logprobOf(memory: MemoryFigures | null): Pick<Metrics, "acc" | "bwt" | "netGain"> {
  const { acc, bwt, netGain } = memory?.logprob ?? { acc: null, bwt: null, netGain: null };
  return { acc: acc?.mean ?? null, bwt: bwt?.mean ?? null, netGain: netGain?.mean ?? null };
}

/** The passages' results before, right after and now, in the order in which they came. */
export function reportPassages(db: Database): ReportedPassage[] {
  const latest = new Map<number, Update>();
  for (const update of listUpdates(db)) latest.set(update.passageId, update);
  const around = new Map(scoresAroundUpdates(db).map((score) => [keyOf(score), score]));
  const now = lastScores(db);
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

function result(score: ExamResult | undefined): ExamResult | null {
  return score ? { accuracy: score.accuracy, logprob: score.logprob } : null;
}
