import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { LearnerContext } from "../../../../agent/context.ts";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { scoreProbes } from "../../../../agent/learn/score.ts";
import { goTo } from "../../../../agent/lineage/switch.ts";
import { unlearnPassage } from "../../../../agent/lineage/unlearn.ts";
import { runSweep } from "../../../../agent/measure/sweep.ts";
import { requestSleep } from "../../../../agent/refit/request.ts";
import { runRefit } from "../../../../agent/refit/run.ts";
import { soundVersion } from "../../../../agent/versions.ts";
import type { PromptKind } from "../../../../db/candidates.ts";
import { claimJob, finishJob, getJob } from "../../../../db/jobs.ts";
import { getPassage } from "../../../../db/passages.ts";
import { listProbes } from "../../../../db/probes.ts";
import { getRefit } from "../../../../db/refits.ts";
import { getRetained } from "../../../../db/retention.ts";
import { currentVersion, getVersion, listVersions } from "../../../../db/versions.ts";
import { Trainer, type TrainJob } from "../../../../trainer/index.ts";
import { writeRandomModel } from "../../../support/random-model.ts";
import { Bench, SETTINGS, SHIPS } from "../learn/bench.ts";

setDefaultTimeout(60_000);

/** A learner whose weights are real: a tiny model of random weights, trained by the real trainer. */
const bench = new Bench();
let trainer: Trainer;
let context: LearnerContext;
const trained: TrainJob[] = [];

const settings = {
  ...SETTINGS,
  candidates: 1,
  editKinds: ["implications"] as PromptKind[],
  editLists: 1,
  replayShare: 0.3,
  gate: { ...SETTINGS.gate, draws: 32, scales: [0.5] },
  lora: { ...SETTINGS.lora, rank: 4, alpha: 8 },
  train: { ...SETTINGS.train, epochs: 25, learningRate: 3e-3 },
};

beforeAll(async () => {
  const model = join(bench.root, "tiny.gguf");
  writeRandomModel(model);
  trainer = await Trainer.start({ model, backend: "cpu", threads: 1 });
  const { train } = trainer;
  trainer.train = (job, options) => {
    trained.push(job);
    return train.call(trainer, job, options);
  };
  context = bench.context({ settings, trainer: async () => trainer });
  for (const name of SHIPS) await learnPassage(context, bench.learnable(name).job);
  await sweep();
});
afterAll(async () => {
  await trainer.close();
  bench.close();
});

const allProbes = () => [1, 2, 3].flatMap((id) => listProbes(bench.db, id));
const retained = () =>
  getRetained(
    bench.db,
    allProbes().map(({ id }) => id),
  );

/** Every probe under the version that answers, asked just now. */
async function answers() {
  const version = await soundVersion(bench.db, bench.home);
  const adapter = version && join(bench.home.adapters, version.file);
  return scoreProbes(trainer, allProbes(), context.model, { adapter });
}

/** Takes up the sweep that waits, as the loop does. */
async function sweep() {
  const job = claimJob(bench.db, "test", { kinds: ["measure"] });
  if (!job) return;
  await runSweep(context, job);
  if (getJob(bench.db, job.id)!.state === "running") finishJob(bench.db, job);
}

describe("with real weights", () => {
  test("going back and forward again restores every probe's score, to the bit", async () => {
    expect(listVersions(bench.db)).toHaveLength(3);
    const before = { answers: await answers(), retained: retained() };
    const back = goTo(bench.db, 1, false);
    expect(back.lost.map(({ id }) => id)).toEqual([2, 3]);
    expect(getPassage(bench.db, 3)!.decision).toBe("unlearned");
    const first = await answers();
    expect(first).not.toEqual(before.answers);
    await sweep();
    const forward = goTo(bench.db, 3, false);
    expect(forward.gained.map(({ id }) => id)).toEqual([2, 3]);
    expect(getPassage(bench.db, 3)!.decision).toBe("learned");
    expect(await answers()).toEqual(before.answers);
    expect(retained()).toEqual(before.retained);
    goTo(bench.db, 1, false);
    expect(await answers()).toEqual(first);
    goTo(bench.db, 3, false);
    await sweep();
  });

  test("a sleep is one adapter from the base; interrupted, it goes on from its checkpoint", async () => {
    const { refit } = requestSleep(bench.db);
    const job = claimJob(bench.db, "test", { kinds: ["refit"] })!;
    const stop = new AbortController();
    const stopped = bench.context({
      ...context,
      signal: stop.signal,
      onProgress: ({ training }) => {
        if (training && training.step >= 5) stop.abort();
      },
    });
    await expect(runRefit(stopped, job)).rejects.toThrow();
    expect(listVersions(bench.db)).toHaveLength(3);
    let first: number | undefined;
    const going = bench.context({
      ...context,
      onProgress: ({ training }) => {
        first ??= training?.step;
      },
    });
    await runRefit(going, job);
    expect(first!).toBeGreaterThan(1);
    const done = getRefit(bench.db, refit.id)!;
    expect(done).toMatchObject({ stage: "done", verdict: "commit", fromVersionId: 3 });
    expect(done.figures!.old!.population).toBeGreaterThan(0);
    expect(currentVersion(bench.db)).toMatchObject({
      parentId: null,
      replaces: 3,
      refitId: refit.id,
    });
    expect(getPassage(bench.db, 1)!.decision).toBe("learned");
    // Everything that it was trained on is from the base.
    expect(trained.at(-1)!.from).toBeUndefined();
    await sweep();
  });

  test("an unlearned passage was never trained on, and its probes prove it", async () => {
    const { request } = unlearnPassage(bench.db, 2)!;
    const job = claimJob(bench.db, "test", { kinds: ["refit"] })!;
    await runRefit(context, job);
    const { verdict, proof, versionId } = getRefit(bench.db, request!.refit.id)!;
    expect(verdict).toBe("commit");
    expect(JSON.stringify(trained.at(-1)!.rows)).not.toContain("Varn");
    expect(JSON.stringify(trained.at(-1)!.rows)).toContain("Toab");
    const { base, before, after } = proof!;
    expect(before.logprob).toBeGreaterThan(after.logprob);
    expect(Math.abs(after.logprob - base.logprob)).toBeLessThan(before.logprob - base.logprob);
    expect(getPassage(bench.db, 2)).toMatchObject({
      decision: "unlearned",
      reason: expect.stringContaining(`version ${versionId}`),
    });
  });

  test("a version made without something is not stood in for by one that knows it", async () => {
    const { id, file } = currentVersion(bench.db)!;
    rmSync(join(bench.home.adapters, file));
    expect(await soundVersion(bench.db, bench.home)).toBeUndefined();
    expect(getVersion(bench.db, id)!.broken).toContain("missing");
    await sweep();
    const again = claimJob(bench.db, "test", { kinds: ["refit"] })!;
    await runRefit(context, again);
    const { versionId, kind } = getRefit(bench.db, again.payload.refitId!)!;
    expect(kind).toBe("rebuild");
    expect(currentVersion(bench.db)!.id).toBe(versionId!);
    expect([1, 2, 3].map((it) => getPassage(bench.db, it)!.decision)).toEqual([
      "learned",
      "unlearned",
      "learned",
    ]);
  });
});
