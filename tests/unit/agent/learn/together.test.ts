import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { JobYield } from "../../../../agent/jobs/trouble.ts";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { isCheaper } from "../../../../agent/learn/together.ts";
import { report } from "../../../../agent/measure/report.ts";
import type { LearnerSettings } from "../../../../agent/settings.ts";
import { candidateLines } from "../../../../app/facts-passage.ts";
import { listCandidates, studyMaterial } from "../../../../db/candidates.ts";
import { latestEvents } from "../../../../db/events.ts";
import { latestGates } from "../../../../db/gates.ts";
import { claimJob, countJobs, finishJob, releaseJob, requeueOrphans } from "../../../../db/jobs.ts";
import { listPassages } from "../../../../db/passages.ts";
import { listProbes } from "../../../../db/probes.ts";
import { getRetained } from "../../../../db/retention.ts";
import { latestUpdates, listUpdates } from "../../../../db/updates.ts";
import { listVersions, taughtBy } from "../../../../db/versions.ts";
import type { Score, ScorePair } from "../../../../trainer/types.ts";
import { failingAt } from "../../../support/failing.ts";
import { Bench, gradeByMaterial, SETTINGS, SHIPS } from "./bench.ts";

let bench: Bench;
afterEach(() => bench.close());

const TOGETHER: LearnerSettings = {
  ...SETTINGS,
  triage: { ...SETTINGS.triage, together: 3 },
};

/** Three passages in the queue, and updates in the past of which half went on gate and measurement. */
function fill(grade: (pair: ScorePair, adapter?: string) => Score = gradeByShip): void {
  bench = new Bench(grade);
  for (const name of SHIPS) bench.learnable(name);
  const { $client: sql } = bench.db;
  sql.exec("UPDATE jobs SET state = 'queued', owner = NULL, started_at = NULL, attempts = 0");
  timings({ gate: 4, measure: 6, train: 10 });
}

/** An answer about one ship is no knowledge where another is asked about. */
function gradeByShip(pair: ScorePair, adapter?: string): Score {
  const ship = SHIPS.find((name) => pair.answer.includes(name));
  const fits = ship === undefined || pair.context.includes(ship);
  return fits ? gradeByMaterial(pair, adapter) : { logprob: -10, tokens: 2, exact: false };
}

function timings(timing: Record<string, number>): void {
  const { $client: sql } = bench.db;
  sql.exec(`INSERT OR IGNORE INTO documents (id, source, format, title, content_hash) VALUES (900, 's', 'text', 't', 'x');
    INSERT OR IGNORE INTO passages (id, document_id, position, title, text, hash, decision) VALUES (900, 900, 0, 'Old', 'Old', 'x', 'superseded');
    DELETE FROM updates WHERE passage_id = 900`);
  for (let i = 0; i < 3; i++) {
    sql
      .prepare(
        "INSERT INTO updates (passage_id, stage, verdict, timing, finished_at) VALUES (900, 'done', 'commit', ?, 1)",
      )
      .run(JSON.stringify(timing));
  }
}

/** Learns what waits, as the loop does. @returns the passages in the order in which their jobs were begun */
async function drain(context = bench.context({ settings: TOGETHER })): Promise<number[]> {
  const begun: number[] = [];
  for (let job = claimJob(bench.db, "test"); job; job = claimJob(bench.db, "test")) {
    begun.push(job.payload.passageId!);
    try {
      await learnPassage(context, job);
      finishJob(bench.db, job);
    } catch (error) {
      if (!(error instanceof JobYield)) throw error;
      releaseJob(bench.db, job);
    }
  }
  return begun;
}

const own = () =>
  latestUpdates(bench.db)
    .filter(({ passageId }) => passageId !== 900)
    .reverse();

describe("several passages in one update", () => {
  test("are trained into one adapter, pass one gate and are measured once", async () => {
    fill();
    const begun = await drain();
    const { db } = bench;
    expect(begun).toEqual([1, 2, 3]);
    expect(bench.trainer.trained).toHaveLength(3);
    for (const { rows } of bench.trainer.trained) {
      for (const name of SHIPS) expect(JSON.stringify(rows)).toContain(`built in Port${name}`);
    }
    const [version, ...more] = listVersions(db);
    expect(more).toEqual([]);
    const updates = own();
    expect(updates.map(({ verdict, stage, versionId }) => [verdict, stage, versionId])).toEqual(
      SHIPS.map(() => ["commit", "done", version!.id]),
    );
    expect(updates.map(({ leadId }) => leadId)).toEqual([updates[2]!.id, updates[2]!.id, null]);
    expect(latestGates(db, 10)).toHaveLength(1);
    expect(latestGates(db, 1)[0]!.figures.exactGain).toBe(3);
    expect(listPassages(db).map(({ decision }) => decision)).toEqual([
      "learned",
      "learned",
      "learned",
      "superseded",
    ]);
    expect(countJobs(db)).toMatchObject({ queued: 0, running: 0, failed: 0 });
    expect(readdirSync(bench.home.scratch)).toEqual([]);
  });

  test("each keeps its own edits, rewards, exam and history", async () => {
    fill();
    await drain();
    const { db } = bench;
    for (const update of own()) {
      const candidates = listCandidates(db, update.id);
      expect(candidates.map(({ reward }) => reward)).toEqual([4.75, 4.75, 4.75]);
      const gained = Object.keys(candidates[0]!.gains!).map(Number);
      const probes = listProbes(db, update.passageId);
      const rewardIds = probes.filter(({ split }) => split === "reward").map(({ id }) => id);
      expect(gained).toEqual(rewardIds);
      expect(
        getRetained(
          db,
          probes.map(({ id }) => id),
        ),
      ).toHaveLength(probes.length);
      expect(candidateLines(db, update).filter(({ winner }) => winner)).toHaveLength(1);
      expect(studyMaterial(db, [update.id])).toHaveLength(1);
    }
    expect(taughtBy(db).map(({ passageId }) => passageId)).toEqual([1, 2, 3]);
    expect(report(db).metrics).toMatchObject({ acc: 1, netGain: 1 });
  });

  test("refused together, each is tried alone", async () => {
    // An adapter that was fed more than one ship has learned nothing.
    fill((pair, adapter) => {
      const text = adapter ? require("node:fs").readFileSync(adapter, "utf8") : "";
      const ships = SHIPS.filter((name) =>
        text.split('"from"')[0].includes(`built in Port${name}`),
      );
      return ships.length > 1
        ? { logprob: -20, tokens: 2, exact: false }
        : gradeByShip(pair, adapter);
    });
    const settings = { ...TOGETHER, replayShare: 0, gate: { ...TOGETHER.gate, on: false } };
    await drain(bench.context({ settings }));
    expect(own().map(({ verdict, leadId }) => [verdict, leadId])).toEqual(
      SHIPS.map(() => ["commit", 0]),
    );
    expect(listVersions(bench.db)).toHaveLength(3);
    expect(latestEvents(bench.db).map(({ kind }) => kind)).toContain("update.apart");
    expect(countJobs(bench.db)).toMatchObject({ queued: 0, running: 0, failed: 0 });
  });

  test("one that was removed meanwhile is left out, and the others are trained without it", async () => {
    fill();
    const remove = () =>
      bench.db.$client.exec("UPDATE passages SET decision = 'superseded' WHERE id = 1");
    const context = bench.context({
      settings: TOGETHER,
      onProgress: ({ detail }) => detail.startsWith("Examining candidate 3") && remove(),
    });
    await drain(context);
    const [first, ...others] = own();
    expect(first!.verdict).toBe("reject");
    expect(others.map(({ verdict }) => verdict)).toEqual(["commit", "commit"]);
    expect(JSON.stringify(bench.trainer.trained.at(-1)!.rows)).not.toContain("PortToab");
    expect(listVersions(bench.db)).toHaveLength(1);
  });

  test("whenever the process dies, all of it is learned in the end", async () => {
    for (const nth of [1, 9, 20, 32, 40]) {
      fill();
      const flaky = failingAt(nth);
      const trainer = flaky(bench.trainer);
      const generator = flaky(bench.generator);
      const context = bench.context({
        settings: TOGETHER,
        trainer: async () => trainer,
        generator: async () => generator,
      });
      await drain(context).catch((error) => expect(error.message).toBe("killed"));
      requeueOrphans(bench.db);
      await drain();
      // What was put aside for others waits for nobody who is not there.
      bench.db.$client.exec("UPDATE jobs SET not_before = 0");
      await drain();
      expect(listPassages(bench.db).filter(({ decision }) => decision === "learned")).toHaveLength(
        3,
      );
      expect(own().every(({ stage }) => stage === "done")).toBe(true);
      expect(countJobs(bench.db)).toMatchObject({ queued: 0, running: 0 });
      expect(report(bench.db).metrics).toMatchObject({ acc: 1 });
      if (nth < 40) bench.close();
    }
  }, 60_000);
});

describe("one by one", () => {
  test("where one update is no cheaper, where nobody else waits, and by default", async () => {
    fill();
    expect(isCheaper(bench.db)).toBe(true);
    timings({ gate: 1, measure: 1, train: 18 });
    expect(isCheaper(bench.db)).toBe(false);
    await drain();
    expect(listVersions(bench.db)).toHaveLength(3);
    bench.close();
    fill();
    await drain(bench.context());
    expect(listVersions(bench.db)).toHaveLength(3);
    expect(listUpdates(bench.db).every(({ leadId }) => leadId === null)).toBe(true);
  });
});
