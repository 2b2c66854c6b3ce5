import { and, asc, count, desc, eq, gt, inArray, lte, min, or, type SQL, sql } from "drizzle-orm";
import type { SQLiteUpdateSetSource } from "drizzle-orm/sqlite-core";
import { type Database, transaction } from "./open.ts";
import { JOB_STATES, type JobPayload, jobs, type ReadResult } from "./schema.ts";

export type Job = typeof jobs.$inferSelect;
export type JobKind = Job["kind"];
export type JobState = Job["state"];
export interface NewJob {
  kind: JobKind;
  payload: JobPayload;
  key: string;
  parentId?: number;
  /** Among jobs of its kind; 0 by default. */
  priority?: number;
}

/**
 * What goes before what: reading before learning (it is quick, and errors in what was given show
 * early), a measurement or a skill that somebody asked for before others go on for long, a refit before updates
 * that it would not know, and the outer loop when nothing else is to be done.
 */
const PRIORITY: JobKind[] = ["read", "measure", "refit", "skill", "learn", "round"];

/**
 * No wait is longer than so many milliseconds: a job that seems to have longer to wait was put off
 * before the clock was set back.
 */
const LONGEST_WAIT_MS = 25 * 3_600_000;

const UNFINISHED = ["queued", "running"] as const;

/** Another process took this job over: whatever was done for it must not be committed. */
export class JobLostError extends Error {
  constructor(readonly jobId: number) {
    super(`Job ${jobId} was taken over by another process: it goes on there.`);
    this.name = "JobLostError";
  }
}

/**
 * Records a job, unless one with the same key is queued or running already.
 * @returns the job that stands for the request, and whether it is a new one
 */
export function enqueueJob(db: Database, job: NewJob): { job: Job; added: boolean } {
  return transaction(db, () => {
    const existing = db
      .select()
      .from(jobs)
      .where(and(eq(jobs.key, job.key), inArray(jobs.state, UNFINISHED)))
      .get();
    if (existing) return { job: existing, added: false };
    return { job: db.insert(jobs).values(job).returning().get(), added: true };
  });
}

/**
 * Gives the next job to `owner`: by its kind, then by its own priority, then in the order of arrival. Each
 * kind is one look into an index, however many wait.
 * @param options.kinds which kinds may be taken; all by default
 * @param options.now milliseconds since 1970
 */
export function claimJob(
  db: Database,
  owner: string,
  options: { kinds?: JobKind[]; now?: number } = {},
): Job | undefined {
  const { kinds = PRIORITY, now = Date.now() } = options;
  return transaction(db, () => {
    for (const kind of PRIORITY.filter((it) => kinds.includes(it))) {
      const [next] = nextJobs(db, kind, 1, now);
      if (next) return takeJob(db, next.id, owner, now);
    }
    return undefined;
  });
}

/** The queued jobs of a kind that may begin now, in the order in which they will. */
export function nextJobs(db: Database, kind: JobKind, limit: number, now = Date.now()): Job[] {
  return queued(db, kind, limit, mayBegin(now));
}

/** The job of a refit, of which there is one. */
export function refitJob(db: Database, refitId: number): Job | undefined {
  const own = sql`json_extract(${jobs.payload}, '$.refitId') = ${refitId}`;
  return db
    .select()
    .from(jobs)
    .where(and(eq(jobs.kind, "refit"), own))
    .get();
}

/** Gives a certain job to `owner`, if it still waits. */
export function takeJob(
  db: Database,
  id: number,
  owner: string,
  now = Date.now(),
): Job | undefined {
  return db
    .update(jobs)
    .set({ state: "running", owner, startedAt: now, attempts: sql`${jobs.attempts} + 1` })
    .where(and(eq(jobs.id, id), eq(jobs.state, "queued")))
    .returning()
    .get();
}

/** Changes where a job stands among those of its kind, if it is not finished. */
export function setPriority(db: Database, key: string, priority: number): void {
  db.update(jobs)
    .set({ priority })
    .where(and(eq(jobs.key, key), inArray(jobs.state, UNFINISHED)))
    .run();
}

/** How many jobs of a kind wait. */
export function countQueued(db: Database, kind: JobKind): number {
  const waiting = and(eq(jobs.state, "queued"), eq(jobs.kind, kind));
  return db.select({ n: count() }).from(jobs).where(waiting).get()!.n;
}

/**
 * Marks a job done. Called in the transaction that commits the job's effect, it makes both one
 * step; a job that is done already under the same owner stays done.
 * @throws JobLostError when the job is no longer its owner's
 */
export function finishJob(db: Database, job: Job, result?: ReadResult): void {
  close(db, job, { state: "done", error: null, ...(result && { result }) });
}

/**
 * Commits a step of a job in one transaction, if the job is still its owner's: the step is either done
 * or not begun, whenever the process dies. @throws JobLostError when another process has taken it over
 */
export function commitStep<T>(db: Database, job: Job, work: () => T): T {
  return transaction(db, () => {
    const now = getJob(db, job.id);
    if (now?.state !== "running" || now.owner !== job.owner) throw new JobLostError(job.id);
    return work();
  });
}

/** Whether something waits that goes before jobs of this kind and may begin now. */
export function isOutranked(db: Database, kind: JobKind, now = Date.now()): boolean {
  const before = PRIORITY.slice(0, PRIORITY.indexOf(kind));
  return before.some((it) => nextJobs(db, it, 1, now).length > 0);
}

/** Marks a job failed, with the sentence that says why. @throws JobLostError */
export function failJob(db: Database, job: Job, error: string): void {
  close(db, job, { state: "failed", error });
}

/**
 * Gives a running job back, to be taken up again as if it had not been begun: the loop was stopped,
 * or what it needs is missing for now. @throws JobLostError
 */
export function releaseJob(db: Database, job: Job): void {
  putBack(db, job, { attempts: sql`${jobs.attempts} - 1` });
}

/**
 * Puts a job back that a model's process died of, to be tried again at `notBefore` (milliseconds
 * since 1970). @throws JobLostError
 */
export function retryJob(db: Database, job: Job, error: string, notBefore: number): void {
  putBack(db, job, { crashes: sql`${jobs.crashes} + 1`, error, notBefore });
}

/**
 * Puts every running job back: to be called by whoever has just come to hold the loop's lease,
 * since what runs then was left by a process that died.
 * @returns the jobs put back
 */
export function requeueOrphans(db: Database): Job[] {
  return db
    .update(jobs)
    .set({ state: "queued", owner: null, startedAt: null })
    .where(eq(jobs.state, "running"))
    .returning()
    .all();
}

/** Has a running job wait until `notBefore` (milliseconds since 1970) once it is given back. */
export function postponeJob(db: Database, job: Job, notBefore: number): void {
  db.update(jobs).set({ notBefore }).where(eq(jobs.id, job.id)).run();
}

/** Changes when a queued job may begin. */
export function setNotBefore(db: Database, key: string, notBefore: number): void {
  db.update(jobs)
    .set({ notBefore })
    .where(and(eq(jobs.key, key), eq(jobs.state, "queued")))
    .run();
}

/** Takes a job out of the queue, if it has not been begun: it is not to be done any more. */
export function dropJob(db: Database, key: string): void {
  db.update(jobs)
    .set({ state: "done", finishedAt: Date.now() })
    .where(and(eq(jobs.key, key), eq(jobs.state, "queued")))
    .run();
}

export function getJob(db: Database, id: number): Job | undefined {
  return db.select().from(jobs).where(eq(jobs.id, id)).get();
}

/** The latest job with this key, in whatever state. */
export function findJobByKey(db: Database, key: string): Job | undefined {
  return db.select().from(jobs).where(eq(jobs.key, key)).orderBy(desc(jobs.id)).limit(1).get();
}

/** The jobs with these ids, by id; unknown ids are left out. */
export function getJobs(db: Database, ids: number[]): Job[] {
  const found: Job[] = [];
  // In chunks: a statement has a bounded number of parameters.
  for (let i = 0; i < ids.length; i += 1000) {
    const chunk = ids.slice(i, i + 1000);
    found.push(...db.select().from(jobs).where(inArray(jobs.id, chunk)).all());
  }
  return found.sort((a, b) => a.id - b.id);
}

/** The passages that are still to be learned. */
export function passagesToLearn(db: Database): number[] {
  return db
    .select({ payload: jobs.payload })
    .from(jobs)
    .where(and(eq(jobs.kind, "learn"), inArray(jobs.state, UNFINISHED)))
    .all()
    .flatMap(({ payload }) => payload.passageId ?? []);
}

/** The files that unfinished jobs are to read, where they lie elsewhere than at their source. */
export function filesToRead(db: Database): string[] {
  return db
    .select({ payload: jobs.payload })
    .from(jobs)
    .where(and(eq(jobs.kind, "read"), inArray(jobs.state, UNFINISHED)))
    .all()
    .flatMap(({ payload }) => payload.file ?? []);
}

/** Jobs for a page: running and queued ones in their order, done and failed ones the latest first. */
export function listJobs(db: Database, state: JobState, limit = 100): Job[] {
  if (state === "queued") {
    const found: Job[] = [];
    for (const kind of PRIORITY) {
      if (found.length < limit) found.push(...queued(db, kind, limit - found.length));
    }
    return found;
  }
  const order = state === "running" ? [asc(jobs.id)] : [desc(jobs.finishedAt)];
  return db
    .select()
    .from(jobs)
    .where(eq(jobs.state, state))
    .orderBy(...order)
    .limit(limit)
    .all();
}

/** How many jobs there are in each state. */
export function countJobs(db: Database): Record<JobState, number> {
  const counts = Object.fromEntries(JOB_STATES.map((state) => [state, 0]));
  const rows = db.select({ state: jobs.state, n: count() }).from(jobs).groupBy(jobs.state).all();
  for (const row of rows) counts[row.state] = row.n;
  return counts as Record<JobState, number>;
}

/** When the first job that waits for its time may begin, in milliseconds since 1970. */
export function nextJobTime(db: Database): number | undefined {
  const row = db
    .select({ at: min(jobs.notBefore) })
    .from(jobs)
    .where(eq(jobs.state, "queued"))
    .get();
  return row?.at ?? undefined;
}

function queued(db: Database, kind: JobKind, limit: number, which?: SQL): Job[] {
  return db
    .select()
    .from(jobs)
    .where(and(eq(jobs.state, "queued"), eq(jobs.kind, kind), which))
    .orderBy(desc(jobs.priority), asc(jobs.id))
    .limit(limit)
    .all();
}

function mayBegin(now: number) {
  return or(lte(jobs.notBefore, now), gt(jobs.notBefore, now + LONGEST_WAIT_MS));
}

function close(db: Database, job: Job, set: Partial<typeof jobs.$inferInsert>): void {
  const changed = db
    .update(jobs)
    .set({ ...set, finishedAt: Date.now() })
    .where(ownedBy(job))
    .run().changes;
  if (changed > 0) return;
  const now = getJob(db, job.id);
  if (now?.state !== set.state || now?.owner !== job.owner) throw new JobLostError(job.id);
}

function putBack(db: Database, job: Job, set: SQLiteUpdateSetSource<typeof jobs>): void {
  const back = { state: "queued", owner: null, startedAt: null } as const;
  const changed = db
    .update(jobs)
    .set({ ...set, ...back })
    .where(ownedBy(job))
    .run().changes;
  if (changed === 0) throw new JobLostError(job.id);
}

function ownedBy(job: Job) {
  return and(eq(jobs.id, job.id), eq(jobs.state, "running"), eq(jobs.owner, job.owner ?? ""));
}
