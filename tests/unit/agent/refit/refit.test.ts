import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LearnerContext } from "../../../../agent/context.ts";
import { runJob } from "../../../../agent/jobs/run.ts";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { keepHouse } from "../../../../agent/lineage/keep.ts";
import { moveToModel } from "../../../../agent/lineage/move.ts";
import { goTo } from "../../../../agent/lineage/switch.ts";
import { unlearnPassage, unlearnSource } from "../../../../agent/lineage/unlearn.ts";
import { checkModel } from "../../../../agent/model.ts";
import { isSleepDue, LEAST_VERSIONS, tiredness } from "../../../../agent/refit/due.ts";
import { requestSleep, stopRefit } from "../../../../agent/refit/request.ts";
import { runRefit } from "../../../../agent/refit/run.ts";
import { latestEvents } from "../../../../db/events.ts";
import { saveGate } from "../../../../db/gates.ts";
import { claimJob, enqueueJob, getJob, type Job } from "../../../../db/jobs.ts";
import { getPassage } from "../../../../db/passages.ts";
import { listProbes, supersedeProbe } from "../../../../db/probes.ts";
import { getRefit, listRefits } from "../../../../db/refits.ts";
import { getRetained } from "../../../../db/retention.ts";
import { handSource } from "../../../../db/sources.ts";
import { changeUpdate, listUpdates, openUpdate } from "../../../../db/updates.ts";
import { addVersion, currentVersion, listVersions, pointTo } from "../../../../db/versions.ts";
import { type ModelTrainer, TrainerError, type TrainProgress } from "../../../../trainer/types.ts";
import { Bench, gradeByMaterial, SETTINGS, SHIPS } from "../learn/bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

/** One edit of each passage is enough here. */
async function learnAll(names: readonly string[] = SHIPS) {
  const context = bench.context({ settings: { ...SETTINGS, candidates: 1 } });
  for (const name of names) await learnPassage(context, bench.learnable(name).job);
}

const claimRefit = () => claimJob(bench.db, "test", { kinds: ["refit"] }) as Job;
const kinds = () => latestEvents(bench.db).map(({ kind }) => kind);
const decisions = () => [1, 2, 3].map((id) => getPassage(bench.db, id)?.decision);
const idle = async () => {};
const handlers = {
  read: idle,
  measure: idle,
  learn: idle,
  round: idle,
  refit: runRefit,
  skill: idle,
};
const run = (job: Job, context: LearnerContext = bench.context()) => runJob(context, handlers, job);

describe("sleep", () => {
  test("is trained from the base on the lines of everything that is known, and takes over", async () => {
    await learnAll();
    const { refit, added } = requestSleep(bench.db);
    expect(added).toBe(true);
    expect(requestSleep(bench.db)).toMatchObject({ refit: { id: refit.id }, added: false });
    await run(claimRefit());
    const job = bench.trainer.trained.at(-1)!;
    expect(job.from).toBeUndefined();
    const rows = JSON.stringify(job.rows);
    for (const name of SHIPS) expect(rows).toContain(`Kolm${name}`);
    for (const { split, question } of [1, 2, 3].flatMap((id) => listProbes(bench.db, id))) {
      if (split === "report") expect(rows).not.toContain(question);
    }
    expect(currentVersion(bench.db)).toMatchObject({ id: 4, parentId: null, replaces: 3 });
    expect(getRefit(bench.db, refit.id)).toMatchObject({ verdict: "commit", versionId: 4 });
    expect(decisions()).toEqual(["learned", "learned", "learned"]);
    expect(readdirSync(bench.home.scratch)).toEqual([]);
    expect(kinds()).toContain("refit.commit");
    // What comes next goes on from there, and everything is asked anew.
    expect(claimJob(bench.db, "test")!.kind).toBe("measure");
    goTo(bench.db, 3, false);
    expect(decisions()).toEqual(["learned", "learned", "learned"]);
  });

  test("is refused where it keeps less than what answers now", async () => {
    bench.close();
    // An adapter that learned all three at once has forgotten the first two.
    bench = new Bench((pair, adapter) =>
      adapter?.includes("refit") && !pair.answer.includes("Ilmo")
        ? { logprob: -10, tokens: 2, exact: false }
        : gradeByMaterial(pair, adapter),
    );
    await learnAll();
    requestSleep(bench.db);
    await run(claimRefit());
    expect(listRefits(bench.db)[0]).toMatchObject({ verdict: "reject", versionId: null });
    expect(listRefits(bench.db)[0]!.reason).toContain("old answers are lost");
    expect(currentVersion(bench.db)!.id).toBe(3);
    expect(readdirSync(bench.home.scratch)).toEqual([]);
    // It is not tried again before more was learned.
    expect(tiredness(bench.db).versions).toBe(0);
  });

  test("leaves out what a later passage has superseded", async () => {
    await learnAll(["Toab"]);
    const [probe] = listProbes(bench.db, 1);
    const about = { passageId: 2, at: Date.now(), answer: "elsewhere" };
    supersedeProbe(bench.db, probe!.id, about);
    requestSleep(bench.db);
    await run(claimRefit());
    const rows = JSON.stringify(bench.trainer.trained.at(-1)!.rows);
    expect(rows).not.toContain(probe!.answer);
    expect(rows).toContain("Toab");
  });

  test("begins by itself when the lineage has grown long, or after some days", async () => {
    await learnAll();
    const day = 86_400_000;
    const all = { versions: LEAST_VERSIONS, days: 0 };
    expect(isSleepDue(bench.db, all)).toBe(false);
    const next = addVersion(bench.db, { parentId: 3, file: "x.gguf", sha256: "x" });
    pointTo(bench.db, next.id);
    expect(isSleepDue(bench.db, all)).toBe(true);
    expect(isSleepDue(bench.db, { versions: 0, days: 0 })).toBe(false);
    expect(isSleepDue(bench.db, { versions: 0, days: 2 })).toBe(false);
    expect(isSleepDue(bench.db, { versions: 0, days: 2 }, Date.now() + 3 * day)).toBe(true);
    // A clock that was set back makes nobody tired.
    expect(isSleepDue(bench.db, { versions: 0, days: 2 }, Date.now() - 300 * day)).toBe(false);
    keepHouse(bench.context({ settings: { ...SETTINGS, sleep: all } }));
    expect(listRefits(bench.db)).toMatchObject([{ kind: "sleep", finishedAt: null }]);
  });
});

describe("sleep after drift", () => {
  const lost = (loss: number) => {
    const control = { perplexity: 1, parentPerplexity: 1, kl: 0, fact: null, reading: null };
    saveGate(bench.db, {
      updateId: 3,
      candidateId: 3,
      scale: 1,
      verdict: "commit",
      reason: "it teaches",
      figures: {
        gain: 1,
        exactGain: 1,
        old: null,
        control: { ...control, writing: null, loss, parentLoss: 0, harm: 2 },
        budgets: { loss: 0.05, control: 0.05, perplexity: 1.5 },
      },
    });
  };

  test("is due where the base has lost more than its budget, and not before a few versions", async () => {
    await learnAll();
    const often = { versions: 100, days: 0 };
    lost(0.08);
    expect(isSleepDue(bench.db, often)).toBe(false);
    pointTo(bench.db, addVersion(bench.db, { parentId: 3, file: "x.gguf", sha256: "x" }).id);
    expect(isSleepDue(bench.db, often)).toBe(true);
    expect(isSleepDue(bench.db, { versions: 0, days: 30 })).toBe(false);
    lost(0.05);
    expect(isSleepDue(bench.db, often)).toBe(false);
  });
});

describe("what can go wrong in a refit", () => {
  test("the process died after training, and before the row: it goes on there", async () => {
    await learnAll();
    requestSleep(bench.db);
    const job = claimRefit();
    const dies = bench.context({
      onProgress: ({ detail }) => {
        if (detail.startsWith("Asking old")) throw new Error("killed");
      },
    });
    await expect(runRefit(dies, job)).rejects.toThrow("killed");
    const trained = bench.trainer.trained.length;
    await runRefit(bench.context(), job);
    expect(bench.trainer.trained.length).toBe(trained);
    expect(currentVersion(bench.db)!.id).toBe(4);
  });

  test("a power cut damaged its file: it is trained again", async () => {
    await learnAll();
    requestSleep(bench.db);
    const job = claimRefit();
    const cut = bench.context({
      onProgress: ({ detail }) => {
        if (!detail.startsWith("Asking old")) return;
        writeFileSync(join(bench.home.scratch, "refit-1.gguf"), "half");
        throw new Error("power cut");
      },
    });
    await expect(runRefit(cut, job)).rejects.toThrow("power cut");
    const trained = bench.trainer.trained.length;
    await runRefit(bench.context(), job);
    expect(bench.trainer.trained.length).toBe(trained + 1);
    expect(currentVersion(bench.db)!.id).toBe(4);
  });

  test("a full disk: the loop waits, and nothing has changed", async () => {
    await learnAll();
    const { refit } = requestSleep(bench.db);
    const job = claimRefit();
    const { train } = bench.trainer;
    bench.trainer.train = async () => {
      throw new TrainerError("write-failed", "a.gguf could not be written: the disk is full.");
    };
    expect(await run(job)).toMatchObject({ end: "disk" });
    expect(getJob(bench.db, job.id)!.state).toBe("queued");
    expect(getRefit(bench.db, refit.id)!.finishedAt).toBeNull();
    expect(currentVersion(bench.db)!.id).toBe(3);
    bench.trainer.train = train;
    await run(claimRefit());
    expect(currentVersion(bench.db)!.id).toBe(4);
  });

  test("training that fails for good is told, and what answered goes on answering", async () => {
    await learnAll(["Toab"]);
    requestSleep(bench.db);
    bench.trainer.train = async () => {
      throw new TrainerError("diverged", "The loss is no number.");
    };
    expect(await run(claimRefit())).toEqual({ end: "failed" });
    expect(listRefits(bench.db)[0]).toMatchObject({ verdict: "failed", stage: "done" });
    expect(currentVersion(bench.db)!.id).toBe(1);
  });

  test("another version answers meanwhile: it begins again with what that knows", async () => {
    await learnAll();
    requestSleep(bench.db);
    let gone = false;
    const context = bench.context({
      onProgress: ({ detail }) => {
        if (gone || !detail.startsWith("Asking old")) return;
        gone = true;
      },
    });
    const { train } = bench.trainer;
    bench.trainer.train = async (job) => {
      const result = await train.call(bench.trainer, job);
      if (!gone) goTo(bench.db, 2, false);
      gone = true;
      return result;
    };
    await run(claimRefit(), context);
    expect(JSON.stringify(bench.trainer.trained.at(-1)!.rows)).not.toContain("Ilmo");
    expect(currentVersion(bench.db)).toMatchObject({ id: 4, replaces: 2 });
    expect(decisions()).toEqual(["learned", "learned", "unlearned"]);
  });

  test("stopped by hand, it leaves everything as it was", async () => {
    await learnAll(["Toab"]);
    const { refit, jobId } = requestSleep(bench.db);
    expect(stopRefit(bench.db, refit.id)).toBe(true);
    expect(getJob(bench.db, jobId)!.state).toBe("done");
    expect(stopRefit(bench.db, refit.id)).toBe(false);
    const second = requestSleep(bench.db);
    const context = bench.context({
      onProgress: ({ detail }) => detail.startsWith("Asking old") && stopRefit(bench.db, 2),
    });
    expect(await run(claimRefit(), context)).toEqual({ end: "done" });
    expect(getRefit(bench.db, second.refit.id)).toMatchObject({ verdict: "stopped" });
    expect(currentVersion(bench.db)!.id).toBe(1);
    expect(readdirSync(bench.home.scratch)).toEqual([]);
  });

  test("what is more urgent is done first, and it goes on after", async () => {
    await learnAll(["Toab"]);
    requestSleep(bench.db);
    const { train } = bench.trainer;
    const slow: ModelTrainer["train"] = async (job, { onProgress, signal } = {}) => {
      enqueueJob(bench.db, { kind: "read", payload: { source: "a" }, key: "read" });
      await Bun.sleep(1100);
      onProgress?.({ step: 1, steps: 2 } as TrainProgress);
      signal?.throwIfAborted();
      return train.call(bench.trainer, job);
    };
    bench.trainer.train = slow;
    const job = claimRefit();
    expect(await run(job)).toEqual({ end: "yield" });
    expect(getJob(bench.db, job.id)!.state).toBe("queued");
    bench.trainer.train = train;
    expect(claimJob(bench.db, "test")!.kind).toBe("read");
    await run(claimRefit());
    expect(currentVersion(bench.db)!.id).toBe(2);
  });
});

describe("unlearning", () => {
  /** The passages come from the source of what is handed in. */
  function fromSource(...passageIds: number[]) {
    const source = handSource(bench.db);
    const set = bench.db.$client.prepare("UPDATE documents SET source_id = ? WHERE id = ?");
    for (const id of passageIds) set.run(source.id, getPassage(bench.db, id)!.documentId);
    return source;
  }

  test("a source: no row of the new version mentions it, and its probes prove it", async () => {
    await learnAll();
    const source = fromSource(1, 3);
    const { request, known } = unlearnSource(bench.db, source.id)!;
    expect(known).toBe(2);
    await run(claimRefit());
    const rows = JSON.stringify(bench.trainer.trained.at(-1)!.rows);
    expect(rows).not.toContain("Toab");
    expect(rows).toContain("Varn");
    const { proof, verdict } = getRefit(bench.db, request!.refit.id)!;
    expect(verdict).toBe("commit");
    expect(proof).toMatchObject({
      base: { accuracy: 0 },
      before: { accuracy: 1 },
      after: { accuracy: 0 },
    });
    expect(decisions()).toEqual(["unlearned", "learned", "unlearned"]);
    expect(latestEvents(bench.db).find(({ kind }) => kind === "refit.commit")!.message).toContain(
      "were answered before",
    );
    // The way back knows it again.
    goTo(bench.db, 3, false);
    expect(decisions()).toEqual(["learned", "learned", "learned"]);
  });

  test("a source that is unlearned while an update of it trains: nothing of that is kept", async () => {
    await learnAll(["Toab"]);
    const { passage, job } = bench.learnable("Varn");
    const source = fromSource(passage.id);
    const context = bench.context({
      onProgress: ({ detail }) =>
        detail.startsWith("Training candidate 2") && unlearnSource(bench.db, source.id),
    });
    await learnPassage(context, job);
    expect(listVersions(bench.db)).toHaveLength(1);
    expect(listUpdates(bench.db)[1]).toMatchObject({ stage: "done", verdict: "reject" });
    expect(getPassage(bench.db, passage.id)!.decision).toBe("unlearned");
    expect(readdirSync(bench.home.scratch)).toEqual([]);
    expect(kinds()).toContain("update.abandoned");
  });

  test("one that is unlearned while it is being measured is a version, and is unlearned after", async () => {
    await learnAll(["Toab"]);
    const { passage, job } = bench.learnable("Varn");
    const source = fromSource(passage.id);
    const context = bench.context({
      onProgress: ({ detail }) =>
        detail.startsWith("Measuring") && unlearnSource(bench.db, source.id),
    });
    await learnPassage(context, job);
    expect(listVersions(bench.db)).toHaveLength(2);
    await run(claimRefit());
    expect(currentVersion(bench.db)!.id).toBe(3);
    expect(decisions().slice(0, 2)).toEqual(["learned", "unlearned"]);
  });

  test("where nothing else is learned, the untouched base answers", async () => {
    await learnAll(["Toab"]);
    unlearnPassage(bench.db, 1);
    await run(claimRefit());
    expect(currentVersion(bench.db)).toBeUndefined();
    expect(decisions()[0]).toBe("unlearned");
    expect(existsSync(join(bench.home.adapters, listVersions(bench.db)[0]!.file))).toBe(true);
  });

  test("what was trained together with something, and did not count as learned, is left out, too", async () => {
    await learnAll(["Toab"]);
    const { passage } = bench.learnable("Varn");
    const update = openUpdate(bench.db, passage.id);
    const end = { stage: "done", verdict: "reject", leadId: 1, finishedAt: 1 } as const;
    changeUpdate(bench.db, update.id, end);
    const { request, known } = unlearnPassage(bench.db, passage.id)!;
    expect(known).toBe(1);
    await run(claimRefit());
    expect(getRefit(bench.db, request!.refit.id)).toMatchObject({ verdict: "commit" });
    expect(JSON.stringify(bench.trainer.trained.at(-1)!.rows)).not.toContain("Varn");
    expect(currentVersion(bench.db)!.parentId).toBeNull();
  });

  test("what is not known needs no refit", async () => {
    await learnAll(["Toab"]);
    const { passage } = bench.learnable("Varn");
    expect(unlearnPassage(bench.db, passage.id)).toEqual({ known: 0, dropped: 1 });
    expect(unlearnPassage(bench.db, 99)).toBeUndefined();
    expect(unlearnSource(bench.db, 99)).toBeUndefined();
  });
});

describe("another base model", () => {
  test("everything is learned again from stored study lines, and the way back is there", async () => {
    await learnAll(["Toab", "Varn"]);
    const [first, second] = ["first", "second"].map((name) => {
      const path = join(bench.root, `${name}.gguf`);
      writeFileSync(path, name);
      return { path, name, embedded: true };
    });
    await checkModel(bench.db, first!);
    await expect(checkModel(bench.db, second!)).rejects.toThrow("selkie relearn");
    const writes = bench.generator.asked.length;
    const { request, passages } = await moveToModel(bench.db, second!);
    expect(passages).toBe(2);
    await checkModel(bench.db, second!);
    expect(currentVersion(bench.db)).toBeUndefined();
    await run(claimRefit(), bench.context({ model: second! }));
    expect(getRefit(bench.db, request!.refit.id)!.verdict).toBe("commit");
    expect(currentVersion(bench.db)).toMatchObject({ id: 3, parentId: null });
    expect(bench.generator.asked.length).toBe(writes);
    // What was learned is compared with how it was learned there.
    const ids = listProbes(bench.db, 1).map(({ id }) => id);
    for (const { retention } of getRetained(bench.db, ids)) {
      expect(retention).toMatchObject({ anchorVersion: 3, anchorExact: true });
    }
    expect(await moveToModel(bench.db, second!)).toMatchObject({ passages: 0 });
    await moveToModel(bench.db, first!);
    expect(currentVersion(bench.db)!.id).toBe(2);
    expect(listVersions(bench.db).map(({ model }) => model === null)).toEqual([true, true, false]);
    // Nothing is trained to be back: what was there is as it was.
    const trained = bench.trainer.trained.length;
    await run(claimRefit(), bench.context({ model: first! }));
    expect(bench.trainer.trained.length).toBe(trained);
    expect(currentVersion(bench.db)!.id).toBe(2);
    const [own] = getRetained(bench.db, ids);
    expect(own!.retention).toMatchObject({ anchorVersion: 1, lastVersion: 2 });
  });
});
