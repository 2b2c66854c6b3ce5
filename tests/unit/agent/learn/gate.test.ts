import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pauseUntil } from "../../../../agent/gate/backoff.ts";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { report } from "../../../../agent/measure/report.ts";
import { listControl } from "../../../../db/control.ts";
import { latestEvents } from "../../../../db/events.ts";
import { latestGates, listGates } from "../../../../db/gates.ts";
import { claimJob, getJob } from "../../../../db/jobs.ts";
import { latestMeasurement } from "../../../../db/measurements.ts";
import { getPassage } from "../../../../db/passages.ts";
import { listProbes } from "../../../../db/probes.ts";
import { acceptPresent, getRetained, listAskable, listDue } from "../../../../db/retention.ts";
import { listUpdates } from "../../../../db/updates.ts";
import { currentVersion, listVersions } from "../../../../db/versions.ts";
import type { Score, ScorePair } from "../../../../trainer/types.ts";
import { Bench, gradeByMaterial, SETTINGS } from "./bench.ts";

let bench: Bench;
afterEach(() => bench.close());

/** An adapter that learned of the Varn has forgotten the Toab. */
function forgetful(pair: ScorePair, adapter?: string): Score {
  const score = gradeByMaterial(pair, adapter);
  const newest = adapter === undefined ? "" : readFileSync(adapter, "utf8");
  return newest.includes("Varn") && pair.answer.includes("Toab")
    ? { logprob: -10, tokens: 2, exact: false }
    : score;
}

const probesOf = (passageId: number, split: "reward" | "report") =>
  getRetained(
    bench.db,
    listProbes(bench.db, passageId, split).map(({ id }) => id),
  );

describe("the gate, in an update", () => {
  test("lets pass what costs nothing, and says what it found", async () => {
    bench = new Bench();
    await learnPassage(bench.context(), bench.learnable("Toab").job);
    await learnPassage(bench.context(), bench.learnable("Varn").job);
    const [second, first] = latestGates(bench.db, 5);
    expect(first).toMatchObject({ verdict: "commit", scale: 1, figures: { old: null } });
    expect(second!.figures.old).toMatchObject({ loss: 0, sinceParent: 0 });
    expect(second!.figures.old!.safe).toBeGreaterThanOrEqual(20);
    expect(getPassage(bench.db, 2)!.reason).toContain("0.0% of the old answers lost");
  });

  test("refuses what costs more than it teaches; nothing is kept, and the old version answers", async () => {
    bench = new Bench(forgetful);
    await learnPassage(bench.context(), bench.learnable("Toab").job);
    const { passage, job } = bench.learnable("Varn");
    await learnPassage(bench.context(), job);
    expect(getPassage(bench.db, passage.id)).toMatchObject({
      decision: "rejected",
      reason: expect.stringContaining("100.0% of the old answers are lost"),
    });
    expect(listUpdates(bench.db)[1]).toMatchObject({ verdict: "reject", versionId: null });
    expect(listGates(bench.db, 2)).toMatchObject([{ verdict: "reject", scale: 1 }]);
    expect(currentVersion(bench.db)!.id).toBe(1);
    expect(readdirSync(bench.home.scratch)).toEqual([]);
    expect(getJob(bench.db, job.id)!.state).toBe("done");
    expect(latestEvents(bench.db).map(({ kind }) => kind)).toContain("gate.refused");
    // What was not kept is measured as what it is.
    expect(probesOf(passage.id, "report")[0]!.retention).toMatchObject({
      role: "rejected",
      lastExact: false,
    });
  });

  test("switched off, it asks nothing", async () => {
    bench = new Bench(forgetful);
    const settings = { ...SETTINGS, gate: { ...SETTINGS.gate, on: false } };
    await learnPassage(bench.context({ settings }), bench.learnable("Toab").job);
    await learnPassage(bench.context({ settings }), bench.learnable("Varn").job);
    expect(listVersions(bench.db)).toHaveLength(2);
    expect(latestGates(bench.db, 5)).toEqual([]);
    expect(report(bench.db).metrics).toMatchObject({ acc: 0.5, bwt: -1, forgetting: 1 });
  });

  test("one that never lets anything pass makes learning pause, for longer each time", async () => {
    bench = new Bench(forgetful);
    await learnPassage(bench.context(), bench.learnable("Toab").job);
    const { passage, job } = bench.learnable("Varn");
    const settings = { ...SETTINGS, gate: { ...SETTINGS.gate, patience: 1 } };
    const waits: number[] = [];
    let current = job;
    for (let i = 0; i < 2; i++) {
      bench.db.$client.prepare("UPDATE passages SET decision = 'new' WHERE id = ?").run(passage.id);
      await learnPassage(bench.context({ settings }), current);
      waits.push(Math.round((pauseUntil(bench.db)! - Date.now()) / 60_000));
      current = bench.claim(passage);
    }
    expect(waits).toEqual([15, 30]);
    const told = latestEvents(bench.db).find(({ kind }) => kind === "gate.stuck")!;
    expect(told.message).toContain("selkie memory accept");
  });

  test("what is given up counts as lost no more", async () => {
    bench = new Bench(forgetful);
    const off = { ...SETTINGS, gate: { ...SETTINGS.gate, on: false } };
    await learnPassage(bench.context(), bench.learnable("Toab").job);
    await learnPassage(bench.context({ settings: off }), bench.learnable("Varn").job);
    expect(acceptPresent(bench.db).lost).toBeGreaterThan(0);
    await learnPassage(bench.context(), bench.learnable("Ilmo").job);
    expect(latestGates(bench.db, 1)[0]).toMatchObject({ verdict: "commit" });
  });
});

describe("measuring", () => {
  test("asks within its budget, and the figures say what was left out", async () => {
    bench = new Bench();
    const settings = { ...SETTINGS, measureProbes: 2 };
    for (const name of ["Toab", "Varn", "Ilmo"]) {
      await learnPassage(bench.context({ settings }), bench.learnable(name).job);
    }
    const { figures } = latestMeasurement(bench.db)!;
    expect(figures).toMatchObject({ asked: 2, population: 6, passages: { learned: 3 } });
    expect(figures.acc!.mean).toBeCloseTo(1, 9);
    expect(figures.acc!.low).toBeLessThan(1);
    expect(figures.fwt).toBe(0);
  });

  test("gate and replay look at reward probes, the figures at report probes", async () => {
    bench = new Bench();
    await learnPassage(bench.context(), bench.learnable("Toab").job);
    const before = bench.trainer.scored.length;
    await learnPassage(bench.context(), bench.learnable("Varn").job);
    const looks = (split: "reward" | "report") => probesOf(1, split).map((it) => it.retention);
    expect(looks("reward").every(({ looks, due }) => looks === 1 && due !== null)).toBe(true);
    expect(looks("report").every(({ looks, due }) => looks === 1 && due === null)).toBe(true);
    expect(bench.trainer.scored.length).toBeGreaterThan(before);
    expect(listDue(bench.db, 99, 10).every(({ probe }) => probe.split === "reward")).toBe(true);
  });

  test("what is wrong now, said with confidence, and was not before is a wrong belief", async () => {
    bench = new Bench((pair, adapter) => {
      if (adapter && pair.answer === " Kolm") return { logprob: -0.1, tokens: 1, exact: false };
      return forgetful(pair, adapter);
    });
    const off = { ...SETTINGS, gate: { ...SETTINGS.gate, on: false } };
    const { answer } = { answer: "Kolm" };
    const context = bench.context({ settings: off });
    await learnPassage(context, bench.learnable("Toab").job);
    const generate = bench.generator.generate.bind(bench.generator);
    bench.generator.generate = async (requests) =>
      requests[0]?.adapter ? requests.map(() => answer) : generate(requests);
    await learnPassage(context, bench.learnable("Varn").job);
    expect(latestMeasurement(bench.db)!.figures.beliefs!.mean).toBeGreaterThan(0);
    const rows = bench.db.$client.prepare("SELECT said, answer, probability, before FROM beliefs");
    for (const row of rows.all() as { said: string; answer: string; probability: number }[]) {
      expect(row.said).toBe("Kolm");
      expect(row.answer).toContain("Toab");
      expect(row.probability).toBeGreaterThan(0.5);
    }
  });

  test("a control set is chosen once, split in two, and never trained on", async () => {
    bench = new Bench((pair, adapter) =>
      /^Question: (What|Which|Who|In|How|On)/.test(pair.context) && adapter === undefined
        ? { logprob: -0.2, tokens: 2, exact: true }
        : gradeByMaterial(pair, adapter),
    );
    const settings = { ...SETTINGS, control: { items: 4 }, knownAccuracy: 1.1 };
    await learnPassage(bench.context({ settings }), bench.learnable("Toab").job);
    const items = listControl(bench.db, "unbound");
    expect(items.filter(({ kind }) => kind === "fact")).toHaveLength(8);
    expect(items.filter(({ split }) => split === "gate").length).toBeGreaterThan(0);
    await learnPassage(bench.context({ settings }), bench.learnable("Varn").job);
    expect(listControl(bench.db, "unbound")).toEqual(items);
    const trained = JSON.stringify(bench.trainer.trained.map(({ rows }) => rows));
    for (const { context } of items.filter(({ kind }) => kind === "fact")) {
      expect(trained).not.toContain(/^Question: (.*)$/m.exec(context)![1]!);
    }
  });
});

describe("what can go wrong", () => {
  test("an adapter that is damaged is refused; the version before it answers, and it is learned again", async () => {
    bench = new Bench();
    await learnPassage(bench.context(), bench.learnable("Toab").job);
    await learnPassage(bench.context(), bench.learnable("Varn").job);
    const second = listVersions(bench.db)[1]!;
    writeFileSync(join(bench.home.adapters, second.file), "something else");
    await learnPassage(bench.context(), bench.learnable("Ilmo").job);
    expect(listVersions(bench.db)[1]!.broken).toContain("damaged");
    expect(listVersions(bench.db)[2]!.parentId).toBe(1);
    expect(latestEvents(bench.db).map(({ kind }) => kind)).toContain("version.broken");
    expect(getPassage(bench.db, 2)!.decision).toBe("new");
    const again = claimJob(bench.db, "test")!;
    expect(again.payload.passageId).toBe(2);
    await learnPassage(bench.context(), again);
    expect(report(bench.db).metrics).toMatchObject({ acc: 1, bwt: 0 });
  });

  test("with every adapter gone, the untouched base goes on", async () => {
    bench = new Bench();
    await learnPassage(bench.context(), bench.learnable("Toab").job);
    rmSync(join(bench.home.adapters, listVersions(bench.db)[0]!.file));
    await learnPassage(bench.context(), bench.learnable("Varn").job);
    expect(listVersions(bench.db)[1]).toMatchObject({ parentId: null });
  });

  test("a passage that is removed while it is being learned leaves nothing behind", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    const remove = () =>
      bench.db.$client
        .prepare("UPDATE passages SET decision = 'superseded' WHERE id = ?")
        .run(passage.id);
    const context = bench.context({
      onProgress: ({ detail }) => detail.startsWith("Examining candidate 2") && remove(),
    });
    await learnPassage(context, job);
    expect(listVersions(bench.db)).toEqual([]);
    expect(readdirSync(bench.home.scratch)).toEqual([]);
    expect(getJob(bench.db, job.id)!.state).toBe("done");
    expect(listUpdates(bench.db)[0]).toMatchObject({ stage: "done", verdict: "reject" });
    expect(latestEvents(bench.db)[0]).toMatchObject({ kind: "update.abandoned" });
    expect(listAskable(bench.db, "report")).toEqual([]);
  });

  test("a clock that was set back holds nobody for ever", async () => {
    bench = new Bench();
    const { job } = bench.learnable("Toab");
    const put = bench.db.$client.prepare("UPDATE jobs SET state = 'queued', not_before = ?");
    put.run(Date.now() + 3_600_000);
    expect(claimJob(bench.db, "test")).toBeUndefined();
    put.run(Date.now() + 400 * 86_400_000);
    expect(claimJob(bench.db, "test")!.id).toBe(job.id);
  });
});
