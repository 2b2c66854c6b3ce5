import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { report } from "../../../../agent/measure/report.ts";
import { normaliseAnswer } from "../../../../agent/probe/answers.ts";
import { listCandidates } from "../../../../db/candidates.ts";
import { latestEvents } from "../../../../db/events.ts";
import { getJob, JobLostError, releaseJob } from "../../../../db/jobs.ts";
import { getPassage } from "../../../../db/passages.ts";
import { listProbes } from "../../../../db/probes.ts";
import { probeScores } from "../../../../db/scores.ts";
import { listUpdates } from "../../../../db/updates.ts";
import { listVersions } from "../../../../db/versions.ts";
import { TrainerError, type TrainingRow } from "../../../../trainer/types.ts";
import { failingAt } from "../../../support/failing.ts";
import { Bench, SETTINGS } from "./bench.ts";

let bench: Bench;
afterEach(() => bench.close());

/** Everything an update stores, without times. */
function stored() {
  const { db } = bench;
  const update = listUpdates(db).at(-1)!;
  return {
    updates: listUpdates(db).length,
    verdict: update.verdict,
    stage: update.stage,
    probes: listProbes(db, update.passageId).map(({ question, split }) => [question, split]),
    candidates: listCandidates(db, update.id).map(({ kind, lines, sha256, reward }) => [
      kind,
      lines,
      sha256,
      reward,
    ]),
    versions: listVersions(db).map(({ id, file, parentId }) => [id, file, parentId]),
    scores: listVersions(db).map(({ id }) => [...probeScores(db, id, update.passageId).keys()]),
    files: readdirSync(bench.home.adapters).sort(),
    scratch: readdirSync(bench.home.scratch),
  };
}

describe("learnPassage", () => {
  test("probes, decides, studies, trains, commits and measures", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    await learnPassage(bench.context(), job);
    const { db, home } = bench;
    const [update] = listUpdates(db);
    const [version] = listVersions(db);
    expect(getPassage(db, passage.id)!.decision).toBe("learned");
    expect(update).toMatchObject({
      verdict: "commit",
      stage: "done",
      parentVersionId: null,
      versionId: version!.id,
    });
    expect(update!.gain).toBeCloseTo(4.75, 6);
    expect(Object.keys(update!.timing).sort()).toEqual([
      "decide",
      "gate",
      "measure",
      "probe",
      "sample",
      "score",
      "train",
    ]);
    expect(version!.file).toBe(`${version!.sha256}.gguf`);
    expect(existsSync(join(home.adapters, version!.file))).toBe(true);
    expect(readdirSync(home.scratch)).toEqual([]);
    expect(getJob(db, job.id)!.state).toBe("done");
    expect(latestEvents(db)[0]).toMatchObject({ kind: "update.commit", passageId: passage.id });
    expect(listCandidates(db, update!.id).map(({ kind }) => kind)).toEqual([
      "self-qa",
      "implications",
      "rewrite",
    ]);
    expect(report(db).passages[0]).toMatchObject({
      decision: "learned",
      kind: "written",
      before: { accuracy: 0, logprob: -5 },
      after: { accuracy: 1, logprob: -0.25 },
    });
  });

  test("no row that is trained on asks a report question in its own words", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    await learnPassage(bench.context(), job);
    const reported = listProbes(bench.db, passage.id, "report").map((p) =>
      normaliseAnswer(p.question),
    );
    const trained = bench.trainer.trained.flatMap((t) =>
      t.rows.flatMap((row) => row.segments.map((s) => s.text)),
    );
    expect(reported.length).toBeGreaterThan(0);
    for (const text of trained) {
      const question = /^Question: (.*)\n/.exec(text)?.[1];
      if (question) expect(reported).not.toContain(normaliseAnswer(question));
    }
  });

  test("the second passage is trained from the first's adapter, with replay, and both are measured", async () => {
    bench = new Bench();
    await learnPassage(bench.context(), bench.learnable("Toab").job);
    await learnPassage(bench.context(), bench.learnable("Varn").job);
    const [first, second] = listVersions(bench.db);
    expect(second!.parentId).toBe(first!.id);
    const job = bench.trainer.trained.at(-1)!;
    expect(job.from).toBe(join(bench.home.adapters, first!.file));
    const replayed = job.rows.filter((row) => JSON.stringify(row).includes("Toab"));
    expect(replayed.length).toBeGreaterThan(0);
    const words = (rows: TrainingRow[]) =>
      rows.flatMap(({ segments }) => segments.flatMap(({ text }) => text.split(/\s+/))).length;
    for (let epoch = 1; epoch <= job.options.epochs; epoch++) {
      const isIn = (row: TrainingRow) => (row.epoch ?? epoch) === epoch;
      expect(words(replayed.filter(isIn))).toBeLessThanOrEqual(words(job.rows.filter(isIn)) / 2);
    }
    const { matrix, metrics, rows, columns } = report(bench.db);
    expect(matrix).toEqual([
      [1, null],
      [1, 1],
    ]);
    expect(rows).toEqual([first!.id, second!.id]);
    expect(columns).toHaveLength(2);
    expect(metrics).toMatchObject({ acc: 1, bwt: 0, forgetting: 0, netGain: 1 });
    expect(metrics.logprob).toMatchObject({ acc: -0.25, netGain: 4.75 });
  });

  test("a passage that is known is left as it is", async () => {
    bench = new Bench(() => ({ logprob: -0.1, tokens: 1, exact: true }));
    const { passage, job } = bench.learnable("Toab");
    await learnPassage(bench.context(), job);
    expect(getPassage(bench.db, passage.id)).toMatchObject({ decision: "known" });
    expect(listUpdates(bench.db)[0]).toMatchObject({ verdict: "known", stage: "done" });
    expect(bench.trainer.trained).toEqual([]);
    expect(getJob(bench.db, job.id)!.state).toBe("done");
    expect(report(bench.db)).toMatchObject({
      matrix: [],
      metrics: { acc: null },
      timing: { updates: 0 },
    });
  });

  test("no gain, no version: the files go and the reason stays", async () => {
    bench = new Bench(() => ({ logprob: -3, tokens: 1, exact: false }));
    const { passage, job } = bench.learnable("Toab");
    await learnPassage(bench.context(), job);
    expect(getPassage(bench.db, passage.id)).toMatchObject({
      decision: "rejected",
      reason: expect.stringContaining("None of its 3 edits"),
    });
    expect(stored()).toMatchObject({
      verdict: "reject",
      versions: [],
      scratch: [],
      files: ["tmp"],
    });
  });

  test("a candidate that diverges is left out; the others stand", async () => {
    bench = new Bench();
    const train = bench.trainer.train.bind(bench.trainer);
    bench.trainer.train = async (job) => {
      if (job.out.endsWith("c0.gguf"))
        throw new TrainerError("diverged", "The loss is not finite.");
      return train(job);
    };
    await learnPassage(bench.context(), bench.learnable("Toab").job);
    expect(stored()).toMatchObject({ verdict: "commit" });
    expect(listCandidates(bench.db, 1)[0]).toMatchObject({ reward: null, file: null });
    expect(latestEvents(bench.db).map(({ kind }) => kind)).toContain("update.diverged");
  });

  test("a text in which nothing can be asked is rejected with the reason", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    bench.db.$client.prepare("UPDATE passages SET text = 'ok' WHERE id = ?").run(passage.id);
    await learnPassage(bench.context(), job);
    expect(getPassage(bench.db, passage.id)).toMatchObject({
      decision: "rejected",
      reason: expect.stringContaining("Nothing could be asked"),
    });
  });

  test("asked again, it does nothing", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    await learnPassage(bench.context(), job);
    const before = stored();
    await learnPassage(bench.context(), bench.claim(passage));
    expect(stored()).toEqual(before);
  });
});

describe("learnPassage, interrupted", () => {
  /** Learns with a trainer or generator that fails at its n-th call, as often as it takes. */
  async function learnInterrupted(failAt: number): Promise<number> {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    let failures = 0;
    const failing = failingAt(failAt);
    const context = bench.context({
      trainer: async () => failing(bench.trainer),
      generator: async () => failing(bench.generator),
    });
    let current = job;
    for (;;) {
      try {
        await learnPassage(context, current);
        return failures;
      } catch {
        failures += 1;
        releaseJob(bench.db, current);
        current = bench.claim(passage);
      }
    }
  }

  test("at any call, the result is the same as undisturbed", async () => {
    await learnInterrupted(Number.POSITIVE_INFINITY);
    const undisturbed = stored();
    for (let failAt = 1; ; failAt++) {
      bench.close();
      const failures = await learnInterrupted(failAt);
      expect(stored()).toEqual(undisturbed);
      if (failures === 0) break;
      expect(failAt).toBeLessThan(60);
    }
  });

  test("a finished candidate is not trained again", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    const train = bench.trainer.train.bind(bench.trainer);
    bench.trainer.train = async (it) => {
      if (it.out.endsWith("c2.gguf")) throw new Error("killed");
      return train(it);
    };
    await expect(learnPassage(bench.context(), job)).rejects.toThrow("killed");
    releaseJob(bench.db, job);
    bench.trainer.train = train;
    await learnPassage(bench.context(), bench.claim(passage));
    expect(bench.trainer.trained.map(({ out }) => out.slice(-7))).toEqual([
      "c0.gguf",
      "c1.gguf",
      "c2.gguf",
    ]);
  });

  test("a winner whose file was damaged is trained again", async () => {
    bench = new Bench();
    const { job } = bench.learnable("Toab");
    let damaged = false;
    const context = bench.context({
      onProgress: ({ detail }) => {
        if (damaged || detail !== "Examining candidate 3 of 3") return;
        damaged = true;
        for (const name of readdirSync(bench.home.scratch)) {
          const path = join(bench.home.scratch, name);
          writeFileSync(path, `${readFileSync(path, "utf8")} `);
        }
      },
    });
    await learnPassage(context, job);
    expect(damaged).toBe(true);
    expect(stored()).toMatchObject({ verdict: "commit", scratch: [] });
    expect(bench.trainer.trained.length).toBe(4);
  });

  test("asked to stop, it leaves the update to be resumed", async () => {
    bench = new Bench();
    const stop = new AbortController();
    const { passage, job } = bench.learnable("Toab");
    const context = bench.context({
      signal: stop.signal,
      onProgress: ({ stage }) => stage === "train" && stop.abort(),
    });
    await expect(learnPassage(context, job)).rejects.toThrow();
    expect(getPassage(bench.db, passage.id)!.decision).toBe("new");
    expect(listUpdates(bench.db)[0]).toMatchObject({ stage: "train", finishedAt: null });
  });

  test("a job that another process has taken over commits nothing more", async () => {
    bench = new Bench();
    const { job } = bench.learnable("Toab");
    const take = () =>
      bench.db.$client.prepare("UPDATE jobs SET owner = 'other' WHERE id = ?").run(job.id);
    const context = bench.context({ onProgress: ({ stage }) => stage === "train" && take() });
    await expect(learnPassage(context, job)).rejects.toThrow(JobLostError);
    expect(listVersions(bench.db)).toEqual([]);
  });

  test("an update whose parent is no longer current decides again", async () => {
    bench = new Bench();
    const first = bench.learnable("Toab");
    const stop = new AbortController();
    const context = bench.context({
      signal: stop.signal,
      onProgress: ({ stage }) => stage === "train" && stop.abort(),
    });
    await expect(learnPassage(context, first.job)).rejects.toThrow();
    releaseJob(bench.db, first.job);
    bench.db.$client.prepare("UPDATE jobs SET not_before = 9e15 WHERE id = ?").run(first.job.id);
    await learnPassage(bench.context(), bench.learnable("Varn").job);
    bench.db.$client.prepare("UPDATE jobs SET not_before = 0 WHERE id = ?").run(first.job.id);
    await learnPassage(bench.context(), bench.claim(first.passage));
    const [older, newer] = listVersions(bench.db);
    expect(newer!.parentId).toBe(older!.id);
    expect(bench.trainer.trained.at(-1)!.from).toEndWith(older!.file);
    expect(report(bench.db).matrix).toEqual([
      [1, null],
      [1, 1],
    ]);
  });
});

test("M is a setting", async () => {
  bench = new Bench();
  const settings = { ...SETTINGS, candidates: 1 };
  await learnPassage(bench.context({ settings }), bench.learnable("Toab").job);
  expect(bench.trainer.trained).toHaveLength(1);
});
