import { beforeEach, describe, expect, test } from "bun:test";
import {
  claimJob,
  countJobs,
  enqueueJob,
  failJob,
  finishJob,
  getJob,
  getJobs,
  JobLostError,
  listJobs,
  nextJobTime,
  passagesToLearn,
  releaseJob,
  requeueOrphans,
  retryJob,
} from "../../../db/jobs.ts";
import {
  leaseHolder,
  releaseLease,
  renewLease,
  setLeaseProblem,
  takeLease,
} from "../../../db/leases.ts";
import { type Database, openDatabase } from "../../../db/open.ts";

let db: Database;
beforeEach(() => {
  db = openDatabase(":memory:");
});

const read = (source: string, parentId?: number) =>
  enqueueJob(db, { kind: "read", payload: { source }, key: `read:${source}`, parentId });
const learn = (passageId: number) =>
  enqueueJob(db, { kind: "learn", payload: { passageId }, key: `learn:${passageId}` });

describe("jobs", () => {
  test("asking twice queues once, until the job is finished", () => {
    const first = read("/a");
    expect(first.added).toBe(true);
    expect(read("/a")).toEqual({ job: first.job, added: false });
    const job = claimJob(db, "me")!;
    expect(read("/a").added).toBe(false);
    finishJob(db, job);
    expect(read("/a").added).toBe(true);
  });

  test("reading comes before learning, then the order of arrival", () => {
    learn(1);
    read("/a");
    learn(2);
    read("/b");
    const order = [1, 2, 3, 4].map(() => claimJob(db, "me")!.key);
    expect(order).toEqual(["read:/a", "read:/b", "learn:1", "learn:2"]);
    expect(claimJob(db, "me")).toBeUndefined();
  });

  test("a kind that is not asked for stays", () => {
    learn(1);
    expect(claimJob(db, "me", { kinds: ["read"] })).toBeUndefined();
    expect(claimJob(db, "me")!.key).toBe("learn:1");
  });

  test("a job that waits is taken when its time has come", () => {
    read("/a");
    const job = claimJob(db, "me", { now: 1000 })!;
    retryJob(db, job, "The model process died.", 5000);
    expect(claimJob(db, "me", { now: 4999 })).toBeUndefined();
    expect(nextJobTime(db)).toBe(5000);
    const again = claimJob(db, "me", { now: 5000 })!;
    expect([again.attempts, again.crashes]).toEqual([2, 1]);
    expect(again.error).toBe("The model process died.");
    finishJob(db, again);
    expect(getJob(db, job.id)!.error).toBeNull();
  });

  test("only the owner can finish, fail or give back", () => {
    read("/a");
    const mine = claimJob(db, "me")!;
    expect(requeueOrphans(db).map((job) => job.id)).toEqual([mine.id]);
    const theirs = claimJob(db, "them")!;
    expect(() => finishJob(db, mine)).toThrow(JobLostError);
    expect(() => failJob(db, mine, "no")).toThrow(JobLostError);
    expect(() => releaseJob(db, mine)).toThrow(JobLostError);
    finishJob(db, theirs);
    finishJob(db, theirs);
    expect(() => failJob(db, theirs, "no")).toThrow(JobLostError);
    expect(() => finishJob(db, mine)).toThrow(JobLostError);
  });

  test("a job given back has not been begun", () => {
    read("/a");
    releaseJob(db, claimJob(db, "me")!);
    expect(claimJob(db, "me")!.attempts).toBe(1);
  });

  test("children, counts and lists", () => {
    const parent = read("/dir").job;
    const child = read("/dir/a", parent.id).job;
    learn(1);
    expect(getJobs(db, [child.id, 99, parent.id]).map((job) => job.parentId)).toEqual([
      null,
      parent.id,
    ]);
    expect(passagesToLearn(db)).toEqual([1]);
    failJob(db, claimJob(db, "me")!, "The folder is gone.");
    expect(countJobs(db)).toEqual({ queued: 2, running: 0, done: 0, failed: 1 });
    expect(listJobs(db, "failed")[0]!.error).toBe("The folder is gone.");
    expect(listJobs(db, "queued").map((job) => job.kind)).toEqual(["read", "learn"]);
  });
});

describe("leases", () => {
  test("one owner at a time, until it expires or is released", () => {
    expect(takeLease(db, "loop", "a", 1000, { now: 0 })).toBe(true);
    expect(takeLease(db, "loop", "b", 1000, { now: 999 })).toBe(false);
    expect(takeLease(db, "loop", "a", 1000, { now: 999 })).toBe(true);
    expect(takeLease(db, "other", "b", 1000, { now: 999 })).toBe(true);
    expect(takeLease(db, "loop", "b", 1000, { now: 1999 })).toBe(true);
    expect(renewLease(db, "loop", "a", 1000, 2000)).toBe(false);
    releaseLease(db, "loop", "a");
    expect(leaseHolder(db, "loop")!.owner).toBe("b");
    releaseLease(db, "loop", "b");
    expect(leaseHolder(db, "loop")).toBeUndefined();
  });

  test("the holder's problem is seen by the others, and goes with it", () => {
    takeLease(db, "loop", "a", 1000, { now: 0 });
    setLeaseProblem(db, "loop", "b", "not b's to say");
    expect(leaseHolder(db, "loop")!.problem).toBeNull();
    setLeaseProblem(db, "loop", "a", "The disk is full.");
    renewLease(db, "loop", "a", 1000, 500);
    expect(leaseHolder(db, "loop")!.problem).toBe("The disk is full.");
    takeLease(db, "loop", "b", 1000, { now: 5000 });
    expect(leaseHolder(db, "loop")!.problem).toBeNull();
  });

  test("a holder that slept past its time keeps what nobody took", () => {
    takeLease(db, "loop", "a", 1000, { now: 0 });
    expect(renewLease(db, "loop", "a", 1000, 50_000)).toBe(true);
    expect(leaseHolder(db, "loop")!.expiresAt).toBe(51_000);
  });

  test("a holder known to be dead is not waited for", () => {
    takeLease(db, "loop", "a", 1000, { now: 0 });
    expect(takeLease(db, "loop", "b", 1000, { now: 1, dead: (owner) => owner === "a" })).toBe(true);
  });
});
