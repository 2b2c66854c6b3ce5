import { afterEach, describe, expect, test } from "bun:test";
import { JobYield } from "../../../../agent/jobs/trouble.ts";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { triaged } from "../../../../agent/triage/assess.ts";
import { readLedger } from "../../../../agent/triage/budget.ts";
import { answerReview, isWanted } from "../../../../agent/triage/review.ts";
import { passageFacts } from "../../../../app/facts-passage.ts";
import { claimJob, type Job, nextJobs, releaseJob } from "../../../../db/jobs.ts";
import { getPassage, type Passage } from "../../../../db/passages.ts";
import { listAskable } from "../../../../db/retention.ts";
import { addSource, handSource } from "../../../../db/sources.ts";
import { listDecisions, passagesToReview, setSurprise } from "../../../../db/triage.ts";
import { listUpdates } from "../../../../db/updates.ts";
import { listVersions } from "../../../../db/versions.ts";
import { Bench, gradeByMaterial } from "../learn/bench.ts";

let bench: Bench;
afterEach(() => bench.close());

/** A passage of a feed, beside others whose texts surprise by 2 nats per token. */
function fromFeed(name: string): { passage: Passage; job: Job } {
  const { db } = bench;
  const { source } = addSource(db, { kind: "feed", address: "https://n.example/", title: "News" });
  const learnable = bench.learnable(name);
  db.$client.prepare("UPDATE documents SET source_id = ?").run(source.id);
  if (listVersions(db).length === 0 && name === "Toab") typicalIs(2);
  return learnable;
}

function typicalIs(surprise: number): void {
  const { $client: sql } = bench.db;
  sql.exec(
    `INSERT INTO documents (id, source, format, title, content_hash) VALUES (900, 's', 'text', 't', 'h')`,
  );
  for (let i = 0; i < 8; i++) {
    sql
      .prepare(`INSERT INTO passages (document_id, position, title, text, hash, decision, surprise)
        VALUES (900, ?, 'Old', 'Old', ?, 'known', ?)`)
      .run(i, `old${i}`, surprise);
  }
}

describe("a passage unlike what was read before", () => {
  test("waits for a person; approved, it is learned and not asked about again", async () => {
    bench = new Bench();
    const { passage, job } = fromFeed("Toab");
    await learnPassage(bench.context(), job);
    const { db } = bench;
    expect(getPassage(db, passage.id)).toMatchObject({ decision: "review", surprise: 5 });
    expect(listUpdates(db)[0]).toMatchObject({ verdict: "review", stage: "done" });
    expect(bench.trainer.trained).toEqual([]);
    expect(passagesToReview(db).map(({ id }) => id)).toEqual([passage.id]);
    expect(claimJob(db, "test")).toBeUndefined();

    expect(answerReview(db, passage.id, true)).toBe(true);
    expect(answerReview(db, passage.id, true)).toBe(false);
    await learnPassage(bench.context(), claimJob(db, "test")!);
    expect(getPassage(db, passage.id)!.decision).toBe("learned");
    const decisions = listDecisions(db, passage.id);
    expect(decisions.map(({ verdict, by }) => [verdict, by])).toEqual([
      ["study", "rule"],
      ["study", "person"],
      ["review", "rule"],
    ]);
    expect(decisions[2]).toMatchObject({ surprise: 5, typical: 2, probes: 4, accuracy: 0 });
    expect(passageFacts(db, passage.id)!.decisions[2]!.reason).toContain("2.50 times the typical");
    expect(readLedger(db).updates).toBe(1);
  });

  test("skipped, it is left, and can be approved later", async () => {
    bench = new Bench();
    const { passage, job } = fromFeed("Toab");
    await learnPassage(bench.context(), job);
    const { db } = bench;
    expect(answerReview(db, passage.id, false)).toBe(true);
    expect(getPassage(db, passage.id)).toMatchObject({
      decision: "skipped",
      reason: "You said that it is not to be learned.",
    });
    expect(answerReview(db, passage.id, false)).toBe(false);
    expect(claimJob(db, "test")).toBeUndefined();
    expect(listAskable(db, "report").map(({ role }) => role)).toEqual(["rejected", "rejected"]);
    expect(answerReview(db, passage.id, true)).toBe(true);
    expect(listAskable(db, "report")).toEqual([]);
    expect(claimJob(db, "test")!.payload.passageId).toBe(passage.id);
    expect(answerReview(db, 12345, true)).toBe(false);
  });

  test("handed in, it is wanted", async () => {
    bench = new Bench();
    const { passage, job } = fromFeed("Toab");
    bench.db.$client.prepare("UPDATE documents SET source_id = ?").run(handSource(bench.db).id);
    expect(isWanted(bench.db, passage.id)).toBe(true);
    await learnPassage(bench.context(), job);
    expect(getPassage(bench.db, passage.id)!.decision).toBe("learned");
  });
});

describe("before a passage is learned, those at the front are read", () => {
  const read = async (job: Job) => {
    const done: number[] = [];
    const learn = triaged(async (_context, { payload }) => void done.push(payload.passageId!));
    const yielded = await learn(bench.context(), job).then(
      () => false,
      (error) => error instanceof JobYield,
    );
    return { done, yielded };
  };

  test("one that is newer goes first, and nothing is read twice", async () => {
    bench = new Bench(({ answer, context }, adapter) =>
      context.startsWith("The Varn") && answer.includes("built in")
        ? { logprob: -30, tokens: 10, exact: false }
        : answer.includes("built in")
          ? { logprob: -20, tokens: 10, exact: false }
          : gradeByMaterial({ context, answer }, adapter),
    );
    const { passage: dull, job } = fromFeed("Toab");
    bench.db.$client.prepare("UPDATE jobs SET state = 'queued'").run();
    const { passage: novel, job: other } = fromFeed("Varn");
    const { db } = bench;
    const [first] = [claimJob(db, "test", { kinds: ["learn"] }) ?? other];
    releaseJob(db, first);
    db.$client.prepare("UPDATE jobs SET state = 'queued', owner = NULL").run();
    const claimed = claimJob(db, "test")!;
    expect(claimed.id).toBe(job.id);
    expect(await read(claimed)).toEqual({ done: [], yielded: true });
    expect(getPassage(db, dull.id)!.surprise).toBe(2);
    expect(getPassage(db, novel.id)!.surprise).toBe(3);
    releaseJob(db, claimed);
    const asked = bench.trainer.scored.length;
    const next = claimJob(db, "test")!;
    expect(next.payload.passageId).toBe(novel.id);
    expect(await read(next)).toEqual({ done: [novel.id], yielded: false });
    expect(bench.trainer.scored.length).toBe(asked);
  });

  test("one that waits alone is not read for that", async () => {
    bench = new Bench();
    const { passage, job } = bench.learnable("Toab");
    expect(await read(job)).toEqual({ done: [passage.id], yielded: false });
    expect(bench.trainer.scored).toEqual([]);
    setSurprise(bench.db, passage.id, null);
    expect(nextJobs(bench.db, "learn", 5)).toEqual([]);
  });
});
