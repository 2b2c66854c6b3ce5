import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findWeights } from "../../../../agent/adapter.ts";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { adapterRoom, pruneVersions } from "../../../../agent/lineage/prune.ts";
import { compareVersions, goTo } from "../../../../agent/lineage/switch.ts";
import { queueLearning } from "../../../../agent/read/consent.ts";
import { requestRebuild } from "../../../../agent/refit/request.ts";
import { runRefit } from "../../../../agent/refit/run.ts";
import { checkVersion, soundVersion } from "../../../../agent/versions.ts";
import { setConsent } from "../../../../db/documents.ts";
import { latestEvents } from "../../../../db/events.ts";
import { claimJob, passagesToLearn } from "../../../../db/jobs.ts";
import { getPassage, reopenPassage } from "../../../../db/passages.ts";
import { listAskable } from "../../../../db/retention.ts";
import { deleteSetting } from "../../../../db/settings.ts";
import {
  BASE_VERSION,
  currentVersion,
  getVersion,
  listVersions,
  pinVersion,
  type Version,
} from "../../../../db/versions.ts";
import { Bench, SETTINGS, SHIPS } from "../learn/bench.ts";

/** One edit of each passage is enough here. */
const settings = { ...SETTINGS, candidates: 1 };

let bench: Bench;
beforeEach(async () => {
  bench = new Bench();
  for (const name of SHIPS)
    await learnPassage(bench.context({ settings }), bench.learnable(name).job);
});
afterEach(() => bench.close());

const decisions = () => [1, 2, 3].map((id) => getPassage(bench.db, id)?.decision);
const version = (id: number) => getVersion(bench.db, id) as Version;
const path = (id: number) => join(bench.home.adapters, version(id).file);
const adapters = () => readdirSync(bench.home.adapters).filter((name) => name.endsWith(".gguf"));
const ids = (list: { id: number }[]) => list.map(({ id }) => id);

describe("going back", () => {
  test("says beforehand what it unlearns, and does that in one step", () => {
    const { lost, gained } = compareVersions(bench.db, 1);
    expect([ids(lost), ids(gained)]).toEqual([[2, 3], []]);
    expect(decisions()).toEqual(["learned", "learned", "learned"]);
    goTo(bench.db, 1, false);
    expect(currentVersion(bench.db)!.id).toBe(1);
    expect(decisions()).toEqual(["learned", "unlearned", "unlearned"]);
    expect(passagesToLearn(bench.db)).toEqual([]);
    // What is not known is asked by no measure, and kept by no gate.
    expect(new Set(listAskable(bench.db, "report").map(({ passageId }) => passageId))).toEqual(
      new Set([1]),
    );
    expect(latestEvents(bench.db)[0]!.message).toContain("2 passages are unlearned");
  });

  test("queues again what it unlearns, where that is wished and allowed", () => {
    setConsent(bench.db, getPassage(bench.db, 3)!.documentId, "no");
    goTo(bench.db, 1, true);
    expect(passagesToLearn(bench.db)).toEqual([2]);
    expect(decisions()).toEqual(["learned", "new", "unlearned"]);
    // Forward again: it is known, and waits no more.
    goTo(bench.db, 3, false);
    expect(passagesToLearn(bench.db)).toEqual([]);
    expect(decisions()).toEqual(["learned", "learned", "learned"]);
  });

  test("what was unlearned is practised no more beside what is new", async () => {
    goTo(bench.db, 1, false);
    reopenPassage(bench.db, 3);
    queueLearning(bench.db, [3]);
    const job = claimJob(bench.db, "test", { kinds: ["learn"] })!;
    await learnPassage(bench.context({ settings }), job);
    const rows = JSON.stringify(bench.trainer.trained.at(-1)!.rows);
    expect(rows).toContain("Ilmo");
    expect(rows).toContain("Toab");
    expect(rows).not.toContain("Varn");
  });

  test("to the untouched base unlearns everything", () => {
    goTo(bench.db, BASE_VERSION, false);
    expect(currentVersion(bench.db)).toBeUndefined();
    expect(decisions()).toEqual(["unlearned", "unlearned", "unlearned"]);
    goTo(bench.db, 2, false);
    expect(decisions()).toEqual(["learned", "learned", "unlearned"]);
  });

  test("what is learned after that is a branch, beside the old one", async () => {
    goTo(bench.db, 1, true);
    const job = claimJob(bench.db, "test", { kinds: ["learn"] })!;
    await learnPassage(bench.context(), job);
    expect(currentVersion(bench.db)).toMatchObject({ id: 4, parentId: 1 });
    // The other branch knows one that this one does not.
    const { lost, gained } = compareVersions(bench.db, 3);
    expect([ids(lost), ids(gained)]).toEqual([[], [3]]);
    goTo(bench.db, 3, false);
    const anchors = listAskable(bench.db, "report").map(({ passageId, anchorVersion }) => [
      passageId,
      anchorVersion,
    ]);
    expect(anchors).toContainEqual([2, 2]);
    goTo(bench.db, 4, false);
    const again = listAskable(bench.db, "report").map(({ passageId, anchorVersion }) => [
      passageId,
      anchorVersion,
    ]);
    expect(again).toContainEqual([2, 4]);
  });

  test("where nobody ever chose, the latest version answers", () => {
    goTo(bench.db, 1, false);
    deleteSetting(bench.db, "version.current");
    expect(currentVersion(bench.db)!.id).toBe(3);
  });
});

describe("an adapter that is missing or damaged", () => {
  test("its parent answers, the log says so, and a copy of the file is taken again", async () => {
    const copy = join(bench.root, "copy.gguf");
    copyFileSync(path(3), copy);
    writeFileSync(path(3), "something else");
    expect((await soundVersion(bench.db, bench.home))!.id).toBe(2);
    expect(decisions()).toEqual(["learned", "learned", "new"]);
    expect(passagesToLearn(bench.db)).toEqual([3]);
    expect(latestEvents(bench.db)[0]).toMatchObject({
      level: "error",
      message: expect.stringContaining("version 2 answers in its place"),
    });
    expect(findWeights(bench.db, bench.home, 3)).toBeUndefined();
    expect(await checkVersion(bench.db, bench.home, 3)).toBe(false);
    copyFileSync(copy, path(3));
    expect(await checkVersion(bench.db, bench.home, 3)).toBe(true);
    goTo(bench.db, 3, false);
    expect(decisions()).toEqual(["learned", "learned", "learned"]);
    expect(passagesToLearn(bench.db)).toEqual([]);
  });

  test("with the parent gone, too, the one before that answers", async () => {
    for (const id of [2, 3]) rmSync(path(id));
    expect((await soundVersion(bench.db, bench.home))!.id).toBe(1);
    expect(passagesToLearn(bench.db).sort()).toEqual([2, 3]);
  });

  test("of a version that does not answer: it cannot be gone back to, and nothing else changes", async () => {
    rmSync(path(1));
    expect(await checkVersion(bench.db, bench.home, 1)).toBe(false);
    expect(version(1).broken).toContain("missing");
    expect(currentVersion(bench.db)!.id).toBe(3);
    expect(decisions()).toEqual(["learned", "learned", "learned"]);
    expect(await checkVersion(bench.db, bench.home, 99)).toBe(false);
  });
});

describe("room on the disk", () => {
  const size = (id: number) => statSync(path(id)).size / 1e6;

  test("the oldest go first; what answers, its parent and pinned ones stay", () => {
    const all = adapterRoom(bench.db, bench.home).used / 1e6;
    expect(pruneVersions(bench.db, bench.home, 0).removed).toEqual([]);
    expect(pruneVersions(bench.db, bench.home, all).removed).toEqual([]);
    const first = size(1);
    expect(pruneVersions(bench.db, bench.home, all - first / 2).removed).toEqual([1]);
    expect(adapters()).toHaveLength(2);
    expect(version(1).prunedAt).not.toBeNull();
    // Whatever the budget, the present one and its stand-in are needed.
    const { removed, used, needed } = pruneVersions(bench.db, bench.home, 1e-9);
    expect(removed).toEqual([]);
    expect(used).toBe(needed);
    expect(currentVersion(bench.db)!.id).toBe(3);
    expect(listVersions(bench.db)).toHaveLength(3);
  });

  test("a pinned version is never removed", () => {
    pinVersion(bench.db, 1, true);
    expect(pruneVersions(bench.db, bench.home, 1e-9).removed).toEqual([]);
    pinVersion(bench.db, 1, false);
    expect(pruneVersions(bench.db, bench.home, 1e-9).removed).toEqual([1]);
  });

  test("what an interrupted pruning left is removed the next time", () => {
    const file = path(1);
    bench.db.$client.prepare("UPDATE versions SET pruned_at = 1 WHERE id = 1").run();
    expect(existsSync(file)).toBe(true);
    pruneVersions(bench.db, bench.home, 0);
    expect(existsSync(file)).toBe(false);
    expect(existsSync(path(2))).toBe(true);
  });

  test("what was removed is made again from study lines, and answers then", async () => {
    pruneVersions(bench.db, bench.home, 1e-9);
    expect(await checkVersion(bench.db, bench.home, 1)).toBe(false);
    expect(version(1).broken).toBeNull();
    const { refit } = requestRebuild(bench.db, 1);
    // The trainer's adapters here need the files that they were trained from.
    const settings = { ...SETTINGS, gate: { ...SETTINGS.gate, on: false } };
    await runRefit(bench.context({ settings }), claimJob(bench.db, "test", { kinds: ["refit"] })!);
    expect(currentVersion(bench.db)).toMatchObject({ id: 4, refitId: refit.id });
    expect(decisions()).toEqual(["learned", "unlearned", "unlearned"]);
    const rows = JSON.stringify(bench.trainer.trained.at(-1)!.rows);
    expect(rows).toContain("Toab");
    expect(rows).not.toContain("Varn");
  });
});
