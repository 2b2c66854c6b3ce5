import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GeneratorError } from "../../../agent/generator/types.ts";
import { type Home, openHome } from "../../../agent/home.ts";
import { newOwner } from "../../../agent/jobs/owner.ts";
import type { JobHandlers } from "../../../agent/jobs/types.ts";
import {
  LOOP_LEASE,
  type LoopContext,
  LoopError,
  type LoopOptions,
  type LoopState,
  runLoop,
} from "../../../agent/loop.ts";
import { addDocument } from "../../../db/documents.ts";
import { addEvent, latestEvents } from "../../../db/events.ts";
import {
  countJobs,
  enqueueJob,
  finishJob,
  getJob,
  JobLostError,
  listJobs,
} from "../../../db/jobs.ts";
import { leaseHolder, releaseLease, takeLease } from "../../../db/leases.ts";
import { closeDatabase, type Database, openDatabase, transaction } from "../../../db/open.ts";
import { addPassages, getPassage } from "../../../db/passages.ts";
import { findOpenUpdate, openUpdate, updatesOfPassage } from "../../../db/updates.ts";
import { TrainerError } from "../../../trainer/types.ts";

let dir: string;
let home: Home;
let db: Database;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "selkie-loop-"));
  home = openHome(dir);
  db = openDatabase(home.database);
});
afterEach(() => {
  closeDatabase(db);
  rmSync(dir, { recursive: true });
});

const TIMING = { lease: 400, heartbeat: 50, poll: 10, pause: 100 };
const empty = () =>
  Object.values(countJobs(db))
    .slice(0, 2)
    .every((n) => n === 0);

/** Runs a loop on the test's database until the queue is empty, or as told. */
function loop(handlers: Partial<JobHandlers>, options: Partial<LoopOptions> = {}): Promise<void> {
  return runLoop({
    context: { db, home } as LoopContext,
    handlers: {
      read: async () => {},
      measure: async () => {},
      refit: async () => {},
      learn: async () => {},
      skill: async () => {},
      round: async () => {},
      ...handlers,
    },
    signal: AbortSignal.timeout(10_000),
    until: empty,
    timing: TIMING,
    ...options,
  });
}

const learn = (passageId: number) =>
  enqueueJob(db, { kind: "learn", payload: { passageId }, key: `learn:${passageId}` }).job;
const read = (source: string) =>
  enqueueJob(db, { kind: "read", payload: { source }, key: `read:${source}` }).job;
function passage(text: string): number {
  const { document } = addDocument(db, {
    source: text,
    format: "text",
    title: text,
    contentHash: text,
  });
  return addPassages(db, document.id, [{ position: 0, title: text, text, hash: text }]).added[0]!
    .id;
}
const messages = () =>
  latestEvents(db)
    .map((event) => event.message)
    .reverse();

describe("a rest", () => {
  const rest = (message = "Paused.", stops = true) =>
    ({ reason: "paused", message, stops }) as const;

  test("reading goes on, learning waits, and others see why", async () => {
    learn(1);
    read("/a");
    const done: string[] = [];
    const states: LoopState[] = [];
    let resting = true;
    await loop(
      {
        read: async (_context, job) => void done.push(job.key),
        learn: async (_context, job) => void done.push(job.key),
      },
      {
        rest: () => (resting ? rest() : undefined),
        onState: (state) => {
          states.push(state);
          if (state.phase !== "resting") return;
          expect(leaseHolder(db, LOOP_LEASE)!.problem).toBe("Paused.");
          resting = false;
        },
      },
    );
    expect(done).toEqual(["read:/a", "learn:1"]);
    expect(states.map(({ phase }) => phase)).toEqual(["working", "resting", "working", "stopped"]);
  });

  test("what runs is stopped where people say so, and goes on later; a budget lets it end", async () => {
    learn(1);
    learn(2);
    const ends: string[] = [];
    let now: ReturnType<typeof rest> | undefined;
    await loop(
      {
        learn: async ({ signal }, job) => {
          if (ends.length === 0) now = rest("Quiet.");
          else if (ends.length === 1) now = rest("Budget.", false);
          const aborted = await Promise.race([
            new Promise((resolve) => signal.addEventListener("abort", () => resolve(true))),
            Bun.sleep(300).then(() => false),
          ]);
          ends.push(`${job.key} ${aborted ? "stopped" : "ended"}`);
          signal.throwIfAborted();
        },
      },
      {
        rest: () => now,
        onState: ({ phase }) => {
          if (phase === "resting") now = undefined;
        },
      },
    );
    expect(ends).toEqual(["learn:1 stopped", "learn:1 ended", "learn:2 ended"]);
    expect(listJobs(db, "done").every(({ attempts }) => attempts === 1)).toBe(true);
  });

  test("who waits for the end is told", async () => {
    learn(1);
    const ended = loop({}, { rest: () => rest("Paused."), onTrouble: "stop" });
    await expect(ended).rejects.toThrow(LoopError);
    expect(countJobs(db).queued).toBe(1);
  });
});

describe("the loop", () => {
  test("does what is queued, in order, and what is queued meanwhile", async () => {
    learn(1);
    learn(2);
    read("/a");
    const done: string[] = [];
    const states: LoopState[] = [];
    await loop(
      {
        read: async (_context, job) => {
          done.push(job.key);
          learn(3);
        },
        learn: async (_context, job) => {
          done.push(job.key);
        },
      },
      { onState: (state) => states.push(state) },
    );
    expect(done).toEqual(["read:/a", "learn:1", "learn:2", "learn:3"]);
    expect(countJobs(db)).toEqual({ queued: 0, running: 0, done: 4, failed: 0 });
    expect(states[0]).toMatchObject({ phase: "working", title: "/a" });
    expect(states.at(-1)).toEqual({ phase: "stopped" });
    expect(leaseHolder(db, LOOP_LEASE)).toBeUndefined();
  });

  test("a job that fails is recorded with its sentence, and the others go on", async () => {
    const id = passage("Orn");
    const update = openUpdate(db, id);
    const job = learn(id);
    learn(99);
    await loop({
      learn: async (_context, { payload }) => {
        if (payload.passageId === id) throw new Error("Orn is not a place.");
      },
    });
    expect(getJob(db, job.id)).toMatchObject({ state: "failed", error: "Orn is not a place." });
    expect(getPassage(db, id)).toMatchObject({ decision: "failed", reason: "Orn is not a place." });
    expect(findOpenUpdate(db, id)).toBeUndefined();
    expect(updatesOfPassage(db, id)[0]).toMatchObject({ id: update.id, verdict: "failed" });
    expect(latestEvents(db)[0]).toMatchObject({
      level: "error",
      kind: "job.failed",
      passageId: id,
    });
    expect(countJobs(db).done).toBe(1);
  });

  test("a job whose model process dies is tried again, a few times", async () => {
    learn(1);
    const crash = new GeneratorError("child-died", "The text generator's process ended.");
    const started = Date.now();
    let tries = 0;
    await loop({
      learn: async () => {
        tries += 1;
        if (tries === 1) throw new Error("Sampling failed.", { cause: crash });
      },
    });
    expect(tries).toBe(2);
    expect(Date.now() - started).toBeGreaterThan(900);
    expect(messages().some((m) => m.includes("tried again in 1 s"))).toBe(true);
    expect(listJobs(db, "done")[0]).toMatchObject({ crashes: 1, attempts: 2, error: null });

    const last = learn(2);
    db.$client.exec(`UPDATE jobs SET crashes = 2 WHERE id = ${last.id}`);
    await loop({
      learn: async () => {
        throw crash;
      },
    });
    expect(getJob(db, last.id)!.error).toContain("It happened 3 times");
  });

  test("while the model cannot be used, reading goes on and learning waits", async () => {
    learn(1);
    learn(2);
    read("/a");
    const broken = new TrainerError(
      "model-unreadable",
      "The model m.gguf is cut short: fetch it again.",
    );
    let usable = false;
    const states: LoopState[] = [];
    const done: string[] = [];
    const running = loop(
      {
        read: async (_context, job) => {
          done.push(job.key);
        },
        learn: async (_context, job) => {
          if (!usable) throw broken;
          done.push(job.key);
        },
      },
      { onState: (state) => states.push(state) },
    );
    await Bun.sleep(60);
    read("/b");
    await Bun.sleep(60);
    expect(done).toEqual(["read:/a", "read:/b"]);
    expect(states).toContainEqual({ phase: "paused", message: broken.message });
    expect(leaseHolder(db, LOOP_LEASE)!.problem).toBe(broken.message);
    usable = true;
    await running;
    expect(done).toEqual(["read:/a", "read:/b", "learn:1", "learn:2"]);
    expect(messages().filter((m) => m === broken.message)).toHaveLength(1);
    expect(countJobs(db).failed).toBe(0);
  });

  test("who waits for the result is told that the model cannot be used", async () => {
    learn(1);
    read("/a");
    const broken = new TrainerError("model-unsupported", "The model m.gguf is of another kind.");
    const handlers = {
      learn: async () => {
        throw broken;
      },
    };
    const error = await loop(handlers, { onTrouble: "stop" }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(LoopError);
    expect([error.trouble, error.message]).toEqual(["model", broken.message]);
    expect(countJobs(db)).toMatchObject({ queued: 1, running: 0, done: 1 });
    expect(listJobs(db, "queued")[0]!.attempts).toBe(0);
  });

  test("a full disk pauses everything, loses nothing, and ends by itself", async () => {
    read("/a");
    const pages = db.$client.pragma("page_count", { simple: true }) as number;
    const states: LoopState[] = [];
    let tries = 0;
    const running = loop(
      {
        read: async (_context, job) => {
          tries += 1;
          transaction(db, () => {
            for (let i = 0; i < 500; i++) {
              addEvent(db, {
                level: "info",
                kind: "effect",
                message: "x".repeat(500),
                jobId: job.id,
              });
            }
            finishJob(db, job);
          });
        },
      },
      {
        onState: (state) => {
          states.push(state);
          // SQLite refuses to grow the file any further, as on a full disk.
          if (tries === 0) db.$client.pragma(`max_page_count = ${pages + 2}`);
          if (state.phase === "paused") db.$client.pragma("max_page_count = 100000");
        },
      },
    );
    await running;
    const paused = states.find((state) => state.phase === "paused");
    expect(paused).toMatchObject({ message: expect.stringContaining(`${home.root} is full`) });
    expect(tries).toBe(2);
    expect(listJobs(db, "done")[0]).toMatchObject({ attempts: 1 });
    expect(latestEvents(db, 1000).filter((event) => event.kind === "effect")).toHaveLength(500);
  });

  test("stops at the running job's next step, and gives the job back", async () => {
    const job = learn(1);
    learn(2);
    const stop = new AbortController();
    const begun = Promise.withResolvers<void>();
    const running = loop(
      {
        learn: async (context) => {
          begun.resolve();
          for (;;) {
            context.signal.throwIfAborted();
            await Bun.sleep(5);
          }
        },
      },
      { signal: stop.signal },
    );
    await begun.promise;
    stop.abort();
    await running;
    expect(getJob(db, job.id)).toMatchObject({ state: "queued", attempts: 0, owner: null });
    expect(countJobs(db)).toMatchObject({ queued: 2, failed: 0 });
    expect(leaseHolder(db, LOOP_LEASE)).toBeUndefined();
  });

  test("stands by while another process has the lease, and takes over when it is free", async () => {
    learn(1);
    takeLease(db, LOOP_LEASE, "elsewhere/1/x", 60_000);
    const states: LoopState[] = [];
    const running = loop({}, { onState: (state) => states.push(state) });
    await Bun.sleep(60);
    expect(states).toEqual([{ phase: "standby" }]);
    expect(countJobs(db).queued).toBe(1);
    releaseLease(db, LOOP_LEASE, "elsewhere/1/x");
    await running;
    expect(countJobs(db).done).toBe(1);
  });

  test("a holder of this machine that is dead is not waited for", async () => {
    learn(1);
    const child = Bun.spawn(["true"]);
    await child.exited;
    const dead = newOwner().replace(`/${process.pid}/`, `/${child.pid}/`);
    takeLease(db, LOOP_LEASE, dead, 60_000);
    await loop({});
    expect(countJobs(db).done).toBe(1);
  });

  test("what lost its lease commits nothing, and begins nothing", async () => {
    const job = learn(1);
    learn(2);
    let begun = 0;
    const states: LoopState[] = [];
    let lost: unknown;
    const running = loop(
      {
        learn: async (context, mine) => {
          begun += 1;
          // Another process found the lease run out, and the job an orphan.
          db.$client.exec(`UPDATE leases SET owner = 'b', expires_at = ${Date.now() + 300}`);
          db.$client.exec(`UPDATE jobs SET owner = 'b' WHERE id = ${mine.id}`);
          await Bun.sleep(150);
          expect(context.signal.aborted).toBe(true);
          try {
            transaction(db, () => {
              addEvent(db, { level: "info", kind: "effect", message: "twice" });
              finishJob(db, mine);
            });
          } catch (error) {
            lost = error;
            throw error;
          }
        },
      },
      {
        onState: (state) => states.push(state),
        until: () => begun > 0 && states.at(-1)?.phase === "standby",
      },
    );
    await running;
    expect(lost).toBeInstanceOf(JobLostError);
    expect(begun).toBe(1);
    expect(messages()).not.toContain("twice");
    expect(getJob(db, job.id)).toMatchObject({ state: "running", owner: "b" });
  });

  test("a job that stops the whole program every time is left out in the end", async () => {
    const job = learn(1);
    db.$client.exec(`UPDATE jobs SET state = 'running', owner = 'dead', attempts = 25`);
    let begun = 0;
    await loop({
      learn: async () => {
        begun += 1;
      },
    });
    expect(begun).toBe(0);
    expect(getJob(db, job.id)!.error).toContain("was begun 25 times");
    expect(messages()[0]).toContain("was interrupted and is taken up again");
  });
});
