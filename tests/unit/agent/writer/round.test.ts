import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runJob } from "../../../../agent/jobs/run.ts";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { DEFAULT_SETTINGS } from "../../../../agent/settings.ts";
import { currentWriter } from "../../../../agent/writer/current.ts";
import { runRound } from "../../../../agent/writer/round.ts";
import { beginRound, collected } from "../../../../agent/writer/select.ts";
import { getCandidate, listCandidates, type PromptKind } from "../../../../db/candidates.ts";
import { latestEvents } from "../../../../db/events.ts";
import {
  claimJob,
  enqueueJob,
  getJob,
  type Job,
  JobLostError,
  listJobs,
  releaseJob,
} from "../../../../db/jobs.ts";
import { currentPolicyId, listPolicies, usePolicy } from "../../../../db/policies.ts";
import {
  getRound,
  listRoundPassages,
  listRounds,
  listTrials,
  summariseKinds,
} from "../../../../db/rounds.ts";
import { listVersions } from "../../../../db/versions.ts";
import type { ScorePair } from "../../../../trainer/types.ts";
import { failingAt } from "../../../support/failing.ts";
import { FakeGenerator } from "../fakes/generator.ts";
import { Bench } from "../learn/bench.ts";
import { claimRound, collect, collectMany } from "./rounds.ts";

const settings = {
  ...DEFAULT_SETTINGS,
  editKinds: ["implications", "rewrite"] as PromptKind[],
  writer: { ...DEFAULT_SETTINGS.writer, trainPassages: 6, tryPassages: 6 },
};
let bench: Bench;
afterEach(() => bench.close());

/**
 * A student whose answers depend on the lines it was trained on, and writers of which the trained one
 * writes `after` and the base `before`; `{name}` is the passage's.
 */
function open(before: string, after: string): void {
  bench = new Bench((pair: ScorePair, adapter?: string) => {
    const text = adapter ? readFileSync(adapter, "utf8") : "";
    const known = text.includes(`fact:${pair.answer.trim()}`);
    return { logprob: known ? -1 : -6, tokens: 2, exact: known };
  });
  bench.generator = new FakeGenerator(({ prompt, adapter }) => {
    const name = /The (\w+)\n/.exec(prompt)![1]!;
    return (adapter ? after : before).replaceAll("{name}", name);
  });
  // No power cut is tested here, and waiting for the disk is most of the time.
  bench.db.$client.pragma("synchronous = OFF");
}

const GOOD =
  "A word about fact:salt{name} and fact:Kolm{name} here.\nThis one is about fact:salt{name} alone.";
const POOR = "A word about nothing at all.\nThis one says nothing, too.";

const context = (changes = {}) => bench.context({ settings, ...changes });

function stored() {
  const [round] = listRounds(bench.db);
  return {
    verdict: round?.verdict,
    file: round?.file,
    trial: round?.trial,
    rows: round?.rows,
    trials: listTrials(bench.db, round?.id ?? 0).map(({ seconds, ...trial }) => trial),
    policies: listPolicies(bench.db).map(({ createdAt, ...policy }) => policy),
    current: currentPolicyId(bench.db),
    files: readdirSync(bench.home.adapters),
    scratch: readdirSync(bench.home.scratch),
  };
}

describe("a round of the writer", () => {
  test("trains on the best edits, tries the new writer on other passages, and adopts it if it is better", async () => {
    open(POOR, GOOD);
    const { db, home } = bench;
    const ids = collectMany(db, 12);
    const job = claimRound(db);
    await runRound(context(), job);
    const [round] = listRounds(db);
    expect(round).toMatchObject({ stage: "done", verdict: "adopt", policyId: 0, newPolicyId: 1 });
    const [trained, tried] = (["train", "try"] as const).map((role) =>
      listRoundPassages(db, round!.id, role),
    );
    expect(
      [...trained!, ...tried!].map(({ passageId }) => passageId).toSorted((a, b) => a - b),
    ).toEqual(ids);
    expect(tried).toHaveLength(6);
    for (const { candidateId } of trained!) expect(getCandidate(db, candidateId!)!.ordinal).toBe(1);

    const [fit, ...inner] = bench.trainer.trained;
    expect(fit!.rows.map(({ segments }) => segments[1]!.text)).toEqual(
      trained!.map(({ candidateId }) => getCandidate(db, candidateId!)!.completions![0]!),
    );
    expect(
      fit!.rows.every(({ segments, end }) => end && !segments[0]!.loss && segments[1]!.loss),
    ).toBe(true);
    expect(fit!.lora).toEqual(settings.writer.lora);
    // The student learns from the untouched base, with the inner loop's hyperparameters.
    expect(inner).toHaveLength(6 * 2 * settings.writer.tryEdits);
    for (const { from, lora } of inner) {
      expect(from).toBeUndefined();
      expect(lora).toEqual(settings.lora);
    }

    expect(round!.trial).toMatchObject({ passages: 6, before: 0, after: 2.5, p: 1 / 64 });
    expect(latestEvents(db)[0]!.message).toContain("The writer learned from round 1");
    expect(currentWriter(db, home)).toEqual({
      policyId: 1,
      adapter: join(home.adapters, round!.file!),
    });
    expect(existsSync(join(home.adapters, round!.file!))).toBe(true);
    expect(readdirSync(home.scratch)).toEqual([]);
    expect(getJob(db, job.id)!.state).toBe("done");
  });

  test("a writer that is no better is not adopted, and its file goes", async () => {
    open(GOOD, GOOD);
    collectMany(bench.db, 12);
    await runRound(context(), claimRound(bench.db));
    expect(stored()).toMatchObject({ verdict: "reject", current: 0, policies: [], files: ["tmp"] });
    expect(listRounds(bench.db)[0]!.reason).toContain("may be chance");
  });

  test("a worse one neither", async () => {
    open(GOOD, POOR);
    collectMany(bench.db, 12);
    await runRound(context(), claimRound(bench.db));
    expect(stored()).toMatchObject({ verdict: "reject", current: 0 });
    expect(listRounds(bench.db)[0]!.trial!.difference).toBeLessThan(0);
  });

  test("the next round goes on from the adopted writer, on edits that it wrote", async () => {
    open(POOR, GOOD);
    const { db, home } = bench;
    collectMany(db, 12);
    await runRound(context(), claimRound(db));
    expect(collected(db, settings.writer)).toMatchObject({ fresh: 0, winners: 0, edits: 0 });
    collectMany(db, 12, "Boat");
    expect(collected(db, settings.writer).edits).toBe(0);
    for (let i = 0; i < 12; i++) collect(db, { name: `Raft${i}`, rewards: [1, 2], policyId: 1 });
    expect(collected(db, settings.writer)).toMatchObject({ fresh: 12, edits: 24 });
    const before = bench.trainer.trained.length;
    await runRound(context(), claimRound(db));
    expect(bench.trainer.trained[before]!.from).toBe(
      join(home.adapters, listPolicies(db)[0]!.file),
    );
    expect(listRounds(db)[0]).toMatchObject({ policyId: 1, verdict: "reject" });
  });

  test("there is a way back, and a round does not undo it", async () => {
    open(POOR, GOOD);
    const { db, home } = bench;
    collectMany(db, 12);
    await runRound(context(), claimRound(db));
    usePolicy(db, 0);
    expect(currentWriter(db, home)).toEqual({ policyId: 0 });
    usePolicy(db, 1);
    expect(currentWriter(db, home).policyId).toBe(1);
    expect(() => usePolicy(db, 7)).toThrow("no policy 7");
    for (let i = 0; i < 12; i++) collect(db, { name: `Raft${i}`, rewards: [1, 2], policyId: 1 });
    let changed = false;
    const meanwhile = context({
      onProgress: ({ detail }: { detail: string }) => {
        if (changed || !detail.startsWith("Trying")) return;
        usePolicy(db, 0);
        changed = true;
      },
    });
    await runRound(meanwhile, claimRound(db));
    expect(currentPolicyId(db)).toBe(0);
  });
});

describe("what a round is made of", () => {
  test("too little is no round, unless somebody asks for one; a handful is none at all", () => {
    open(POOR, GOOD);
    const { db } = bench;
    const { writer } = settings;
    collectMany(db, 8);
    expect(beginRound(db, writer, { seed: 1, force: true })).toBeUndefined();
    collectMany(db, 3, "More");
    expect(beginRound(db, writer, { seed: 1 })).toBeUndefined();
    const round = beginRound(db, writer, { seed: 1, force: true })!;
    expect(listRoundPassages(db, round.id, "try")).toHaveLength(5);
    expect(listRoundPassages(db, round.id, "train")).toHaveLength(6);
  });

  test("only own edits count, of passages with probes enough, whose student is not too old", () => {
    open(POOR, GOOD);
    const { db } = bench;
    collect(db, { name: "Taught", rewards: [3], origin: "teacher" });
    collect(db, { name: "Other", rewards: [3], policyId: 9 });
    expect(collected(db, settings.writer)).toMatchObject({ fresh: 0, edits: 0 });
    collect(db, { name: "Poor", rewards: [-1, 0] });
    expect(collected(db, settings.writer)).toMatchObject({ fresh: 1, winners: 0, edits: 2 });
    collectMany(db, 5);
    expect(collected(db, settings.writer)).toMatchObject({ fresh: 6, winners: 5 });
    // All began from the base: two versions on, they are too old.
    expect(collected(db, { ...settings.writer, maxAge: 2 })).toMatchObject({ fresh: 0 });
  });

  test("a passage with one reward probe is no place to try a writer", () => {
    open(POOR, GOOD);
    const { db } = bench;
    collectMany(db, 6);
    const thin = Array.from({ length: 6 }, (_, i) =>
      collect(db, { name: `Thin${i}`, rewards: [1], probes: 1 }),
    );
    const round = beginRound(db, settings.writer, { seed: 1 })!;
    const tried = listRoundPassages(db, round.id, "try").map(({ passageId }) => passageId);
    expect(tried).toHaveLength(6);
    expect(tried.filter((id) => thin.includes(id))).toEqual([]);
  });

  test("kinds are told with what they earned, and how often they were the best", () => {
    open(POOR, GOOD);
    const { db } = bench;
    const kinds: PromptKind[] = ["self-qa", "rewrite"];
    for (const [name, rewards] of Object.entries({ A: [1, 2], B: [3, 1], C: [0, 2] })) {
      collect(db, { name, rewards, kinds });
    }
    expect(summariseKinds(db)).toEqual([
      { kind: "rewrite", origin: "self", edits: 3, reward: 5 / 3, best: 2 },
      { kind: "self-qa", origin: "self", edits: 3, reward: 4 / 3, best: 1 },
    ]);
  });

  test("after a round that was rejected, its passages are trained on and others are tried", async () => {
    open(GOOD, GOOD);
    const { db } = bench;
    const first = collectMany(db, 12);
    await runRound(context(), claimRound(db));
    expect(collected(db, settings.writer)).toMatchObject({ fresh: 0, winners: 12 });
    const second = collectMany(db, 12, "More");
    await runRound(context(), claimRound(db));
    const [round] = listRounds(db);
    const members = (role: "train" | "try") =>
      listRoundPassages(db, round!.id, role).map(({ passageId }) => passageId);
    expect(members("try").every((id) => second.includes(id))).toBe(true);
    expect(members("train").toSorted((a, b) => a - b)).toEqual(
      [...first, ...second].filter((id) => !members("try").includes(id)),
    );
  });

  test("learning queues a round when enough has been collected", async () => {
    bench = new Bench();
    const { db } = bench;
    collectMany(db, 11);
    for (const { file } of listVersions(db)) writeFileSync(join(bench.home.adapters, file), "{}");
    const sha256 = new Bun.CryptoHasher("sha256").update("{}").digest("hex");
    db.$client.prepare("UPDATE versions SET sha256 = ?").run(sha256);
    await learnPassage(context(), bench.learnable("Toab").job);
    expect(listCandidates(db, 12).every(({ origin, prompt }) => origin === "self" && prompt)).toBe(
      true,
    );
    expect(listJobs(db, "queued").map(({ kind }) => kind)).toEqual(["round"]);
    const off = { ...settings, writer: { ...settings.writer, rounds: false } };
    db.$client.exec("DELETE FROM jobs");
    await learnPassage(context({ settings: off }), bench.learnable("Varn").job);
    expect(listJobs(db, "queued")).toEqual([]);
  });
});

describe("a round, interrupted", () => {
  /** Runs a round whose model fails at its n-th call, as often as it takes. */
  async function interrupted(failAt: number): Promise<number> {
    open(POOR, GOOD);
    collectMany(bench.db, 12);
    let failures = 0;
    const failing = failingAt(failAt);
    const broken = context({
      trainer: async () => failing(bench.trainer),
      generator: async () => failing(bench.generator),
    });
    let job = claimRound(bench.db);
    for (;;) {
      try {
        await runRound(broken, job);
        return failures;
      } catch {
        failures += 1;
        releaseJob(bench.db, job);
        job = claimRound(bench.db);
      }
    }
  }

  test("at any call, the result is the same as undisturbed, and no edit is tried twice", async () => {
    await interrupted(Number.POSITIVE_INFINITY);
    const undisturbed = stored();
    // The first calls (the M-step), some in the middle, and the last.
    for (const failAt of [1, 2, 3, 5, 12, 41]) {
      bench.close();
      await interrupted(failAt);
      expect(stored()).toEqual(undisturbed);
    }
  });

  test("a writer whose file was lost is trained again", async () => {
    open(POOR, GOOD);
    collectMany(bench.db, 12);
    const stop = new AbortController();
    let job = claimRound(bench.db);
    const stopped = context({
      signal: stop.signal,
      onProgress: ({ detail }: { detail: string }) => detail.startsWith("Trying") && stop.abort(),
    });
    await expect(runRound(stopped, job)).rejects.toThrow();
    const [round] = listRounds(bench.db);
    expect(round).toMatchObject({ stage: "try", finishedAt: null });
    rmSync(join(bench.home.adapters, round!.file!));
    releaseJob(bench.db, job);
    job = claimRound(bench.db);
    await runRound(context(), job);
    expect(stored()).toMatchObject({ verdict: "adopt", current: 1 });
  });

  test("what is more urgent goes first, and the round goes on where it was", async () => {
    open(POOR, GOOD);
    const { db } = bench;
    collectMany(db, 12);
    const idle = async () => {};
    const handlers = {
      read: idle,
      measure: idle,
      refit: idle,
      skill: idle,
      learn: idle,
      round: runRound,
    };
    const job = claimRound(db);
    let asked = false;
    const busy = context({
      onProgress: ({ detail }: { detail: string }) => {
        if (!asked && detail.startsWith("Trying the new writer: edit 3")) {
          asked = true;
          enqueueJob(db, { kind: "learn", payload: { passageId: 1 }, key: "learn:1" });
        }
      },
    });
    expect(await runJob(busy, handlers, job)).toEqual({ end: "yield" });
    expect(listTrials(db, 1)).toHaveLength(2);
    expect(getJob(db, job.id)).toMatchObject({ state: "queued", attempts: 0, error: null });
    const next = claimJob(db, "test")!;
    expect(next.kind).toBe("learn");
    expect(await runJob(busy, handlers, next)).toEqual({ end: "done" });
    const again = claimJob(db, "test") as Job;
    expect(again.id).toBe(job.id);
    expect(await runJob(busy, handlers, again)).toEqual({ end: "done" });
    expect(getRound(db, 1)!.verdict).toBe("adopt");
  });

  test("taken over by another process, it commits nothing more", async () => {
    open(POOR, GOOD);
    collectMany(bench.db, 12);
    const job = claimRound(bench.db);
    bench.db.$client.prepare("UPDATE jobs SET owner = 'other' WHERE id = ?").run(job.id);
    await expect(runRound(context(), job)).rejects.toThrow(JobLostError);
    expect(stored()).toMatchObject({ policies: [], trials: [] });
  });

  test("a round that fails is told, and its passages wait for others", async () => {
    open(POOR, GOOD);
    const { db } = bench;
    collectMany(db, 12);
    bench.trainer.train = async () => {
      throw new Error("The rows are bad.");
    };
    const idle = async () => {};
    const handlers = {
      read: idle,
      measure: idle,
      refit: idle,
      skill: idle,
      learn: idle,
      round: runRound,
    };
    expect(await runJob(context(), handlers, claimRound(db))).toEqual({ end: "failed" });
    expect(listRounds(db)[0]).toMatchObject({ verdict: "failed", reason: "The rows are bad." });
    expect(latestEvents(db)[0]).toMatchObject({ level: "error", message: "The rows are bad." });
    expect(collected(db, settings.writer)).toMatchObject({ fresh: 0, winners: 12 });
  });
});
