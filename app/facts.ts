import { isDead } from "../agent/jobs/owner.ts";
import { describe } from "../agent/jobs/run.ts";
import { LOOP_LEASE } from "../agent/loop.ts";
import { totalSeconds } from "../agent/measure/timing.ts";
import {
  countUpdates,
  examScores,
  hasRealDocument,
  type PassageOverview,
  passageOverviews,
  probeKinds,
  updateOverviews,
} from "../db/dashboard.ts";
import { countDocuments } from "../db/documents.ts";
import { latestEvents } from "../db/events.ts";
import { countJobs, listJobs } from "../db/jobs.ts";
import { leaseHolder } from "../db/leases.ts";
import type { Database } from "../db/open.ts";
import { countPassages, getPassage } from "../db/passages.ts";
import { findOpenUpdate, type Update } from "../db/updates.ts";
import { currentVersion } from "../db/versions.ts";
import type {
  Lineage,
  LogLine,
  NowFacts,
  PassageLine,
  PassageList,
  RunningJob,
  Stage,
  UpdateLine,
} from "../views/types.ts";
import { backupState } from "./archive/schedule.ts";
import type { Learner } from "./learner.ts";

/** How much of each list the overview shows. */
const SHOWN = { passages: 10, updates: 8, events: 8 };

/** What the loop is doing, in this process or in another one. */
export function nowFacts(db: Database, learner: Learner): NowFacts {
  const { queued, running, failed, done } = countJobs(db);
  const state = learner.state();
  const holder = leaseHolder(db, LOOP_LEASE);
  const alive = holder !== undefined && holder.expiresAt > Date.now() && !isDead(holder.owner);
  const elsewhere = state.phase === "standby" && alive;
  const job = runningJob(db, learner);
  return {
    queued,
    running,
    failed,
    done,
    ...(job && { job }),
    loop: elsewhere ? "elsewhere" : state.phase === "stopped" ? "stopped" : "here",
    ...(elsewhere && { process: Number(holder.owner.split("/")[1]) }),
    problem: state.phase === "paused" ? state.message : (elsewhere && holder.problem) || undefined,
    ...(state.phase === "resting" && { resting: state.message }),
    backup: backupState(db),
  };
}

function runningJob(db: Database, learner: Learner): RunningJob | undefined {
  const progress = learner.progress();
  if (progress) {
    const { title, detail, passageId, training } = progress;
    return { title, detail, passageId, training, stage: progress.stage as Stage };
  }
  const job = listJobs(db, "running", 1)[0];
  if (!job) return undefined;
  const { passageId } = job.payload;
  if (job.kind === "measure") return { title: describe(db, job), stage: "sweep", detail: "" };
  if (job.kind === "round" || job.kind === "refit" || job.kind === "skill") {
    return { title: describe(db, job), stage: job.kind, detail: "" };
  }
  if (passageId === undefined) {
    return { title: describe(db, job), stage: "read", detail: "Reading it." };
  }
  const title = getPassage(db, passageId)?.title ?? describe(db, job);
  const stage = findOpenUpdate(db, passageId)?.stage ?? "probe";
  return { title, passageId, stage, detail: "" };
}

/** A stretch of the passages, the latest first. */
export function passageList(db: Database, limit = SHOWN.passages, offset = 0): PassageList {
  const overviews = passageOverviews(db, { limit, offset });
  const total = Object.values(countPassages(db)).reduce((sum, n) => sum + n, 0);
  return { lines: passageLines(db, overviews), total, documents: countDocuments(db) };
}

/** Passages with what their lines show. */
export function passageLines(db: Database, overviews: PassageOverview[]): PassageLine[] {
  const ids = overviews.map(({ id }) => id);
  const kinds = probeKinds(db, ids);
  const exams = examScores(db, ids);
  const learning = new Set(listJobs(db, "running", 10).map((job) => job.payload.passageId));
  return overviews.map(({ id, title, documentTitle, source, decision, reason }) => ({
    id,
    title,
    documentTitle,
    source,
    decision,
    reason: reason ?? undefined,
    ...(kinds.get(id) ?? { kinds: [], probes: 0 }),
    ...exams.get(id),
    learning: learning.has(id),
  }));
}

/** The latest updates and where they stand in the lineage. */
export function lineage(db: Database): Lineage {
  const current = currentVersion(db)?.id;
  const { updates, versions } = countUpdates(db);
  const shown = updateOverviews(db, SHOWN.updates);
  return {
    updates: shown.map((update) => updateLine(update, update.title, current)),
    versions,
    currentVersionId: current,
    omitted: updates - shown.length,
  };
}

export function updateLine(update: Update, title: string, current?: number): UpdateLine {
  const seconds = totalSeconds(update.timing);
  return {
    id: update.id,
    passageId: update.passageId,
    title,
    verdict: update.verdict ?? undefined,
    reason: update.reason ?? undefined,
    gain: update.gain ?? undefined,
    versionId: update.versionId ?? undefined,
    parentVersionId: update.parentVersionId ?? undefined,
    current: update.versionId !== null && update.versionId === current,
    at: update.finishedAt ?? update.createdAt,
    seconds: seconds > 0 ? seconds : undefined,
  };
}

/** The latest events, the latest first. */
export function logLines(db: Database): LogLine[] {
  return latestEvents(db, SHOWN.events).map(({ id, level, message, createdAt, passageId }) => ({
    id,
    level,
    message,
    at: createdAt,
    passageId: passageId ?? undefined,
  }));
}

/** Whether the embedded model has been given something of the real world. */
export function needsRealModel(db: Database, embedded: boolean): boolean {
  return embedded && hasRealDocument(db);
}
