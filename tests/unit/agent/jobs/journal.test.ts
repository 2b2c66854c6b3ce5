import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHome } from "../../../../agent/home.ts";
import { Follower } from "../../../../agent/jobs/follow.ts";
import { latestEvents } from "../../../../db/events.ts";
import { countJobs, enqueueJob } from "../../../../db/jobs.ts";
import { closeDatabase, openDatabase } from "../../../../db/open.ts";

const JOBS = 60;

test("kill -9 at any moment: every job is done, and its effect is there once", async () => {
  const dir = mkdtempSync(join(tmpdir(), "selkie-journal-"));
  const db = openDatabase(openHome(dir).database);
  for (let i = 0; i < JOBS; i++) {
    enqueueJob(db, { kind: "learn", payload: { passageId: i }, key: `learn:${i}` });
  }
  const start = () =>
    Bun.spawn([process.execPath, join(import.meta.dir, "worker.ts"), dir], { stderr: "inherit" });

  let kills = 0;
  while (countJobs(db).done < JOBS && kills < 200) {
    // Two at a time: one of them stands by, and takes over when the other dies.
    const children = [start(), start()];
    const before = countJobs(db).done;
    while (countJobs(db).done === before && countJobs(db).done < JOBS) await Bun.sleep(1);
    await Bun.sleep(Math.random() * 60);
    children[0]!.kill("SIGKILL");
    await Bun.sleep(Math.random() * 60);
    children[1]!.kill("SIGKILL");
    await Promise.all(children.map((child) => child.exited));
    kills += 2;
  }

  expect(kills).toBeGreaterThan(5);
  expect(countJobs(db)).toEqual({ queued: 0, running: 0, done: JOBS, failed: 0 });
  const effects = latestEvents(db, 10_000).filter((event) => event.kind === "effect");
  expect(effects.map((event) => event.message).sort()).toEqual(
    Array.from({ length: JOBS }, (_, i) => `learn:${i}`).sort(),
  );
  expect(db.$client.pragma("integrity_check", { simple: true })).toBe("ok");
  expect(new Follower(db, []).settled()).toBe(true);
  closeDatabase(db);
  rmSync(dir, { recursive: true });
});
