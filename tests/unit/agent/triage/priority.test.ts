import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { queueLearning } from "../../../../agent/read/consent.ts";
import { priorityOf, trustSource } from "../../../../agent/triage/priority.ts";
import { noteFeedback } from "../../../../agent/use/feedback.ts";
import { learningFacts } from "../../../../app/facts-learning.ts";
import { addDocument } from "../../../../db/documents.ts";
import { claimJob, finishJob, nextJobs, releaseJob } from "../../../../db/jobs.ts";
import { closeDatabase, type Database, openDatabase } from "../../../../db/open.ts";
import { addPassages, getPassage } from "../../../../db/passages.ts";
import { addSource } from "../../../../db/sources.ts";
import { type PriorityFacts, setSurprise } from "../../../../db/triage.ts";

const FACTS: PriorityFacts = {
  passageId: 1,
  kind: "feed",
  trust: "normal",
  surprise: null,
  questions: 0,
  corrections: 0,
  marked: 0,
  refused: 0,
};

describe("a priority", () => {
  const value = (facts: Partial<PriorityFacts>, typical?: number) =>
    priorityOf({ ...FACTS, ...facts }, typical).value;

  test("is nothing where nothing is known, and each thing moves it", () => {
    expect(priorityOf(FACTS, undefined)).toEqual({ value: 0, parts: [] });
    expect(value({ trust: "high" })).toBe(1);
    expect(value({ trust: "low" })).toBe(-1);
    expect(value({ kind: "hand" })).toBe(1);
    expect(value({ questions: 1 })).toBeLessThan(value({ corrections: 1 }));
    expect(value({ questions: 2 })).toBeGreaterThan(value({ questions: 1 }));
    expect(value({ corrections: 400 })).toBe(6);
  });

  test("novelty is surprise against the typical; what is far beyond it earns nothing", () => {
    expect(value({ surprise: 3 })).toBe(0);
    expect(value({ surprise: 3 }, 3)).toBe(0);
    expect(value({ surprise: 4.5 }, 3)).toBe(1);
    expect(value({ surprise: 1 }, 3)).toBe(-1);
    expect(value({ surprise: 3.6 }, 3)).toBeCloseTo(0.4, 6);
    expect(value({ surprise: 9 }, 3)).toBe(0);
  });

  test("what is refused again and again goes back, and is said in words", () => {
    expect(value({ questions: 1, refused: 1 })).toBe(1);
    expect(value({ questions: 1, refused: 50 })).toBe(-2);
    const { parts } = priorityOf({ ...FACTS, questions: 1, refused: 2 }, undefined);
    expect(parts.map(({ why }) => why)).toEqual(["asked about once", "not kept twice"]);
  });
});

describe("the queue", () => {
  let db: Database;
  beforeEach(() => {
    db = openDatabase(":memory:");
  });
  const passage = (name: string, sourceId?: number) => {
    const { document } = addDocument(db, {
      ...{ source: name, format: "text", title: name, contentHash: name },
      ...(sourceId && { sourceId }),
    });
    return addPassages(db, document.id, [{ position: 0, title: name, text: name, hash: name }])
      .passages[0]!.id;
  };
  const order = () => nextJobs(db, "learn", 10).map(({ payload }) => payload.passageId);

  test("follows trust, also of what waits already", () => {
    const feed = (address: string) =>
      addSource(db, { kind: "feed", address, title: address }).source.id;
    const [dull, dear] = [feed("https://dull.example/"), feed("https://dear.example/")];
    const ids = [passage("a", dull), passage("b", dear), passage("c", dull)];
    queueLearning(db, ids);
    expect(order()).toEqual(ids);
    trustSource(db, dear, "high");
    trustSource(db, dull, "low");
    expect(order()).toEqual([ids[1], ids[0], ids[2]]);
    const later = passage("d", dear);
    queueLearning(db, [later]);
    expect(order()).toEqual([ids[1], later, ids[0], ids[2]]);
    trustSource(db, dull, "normal");
    trustSource(db, dear, "normal");
    expect(order()).toEqual([ids[0], ids[1], ids[2], later]);
  });

  test("what people ask about goes first; once refused, it does not come back by itself", () => {
    const ids = [passage("a"), passage("b")];
    queueLearning(db, ids);
    const said = { kind: "question", question: "What is b?", answer: "b", given: "c" } as const;
    noteFeedback(db, { ...said, versionId: 0, via: "page" }, getPassage(db, ids[1]!));
    expect(order()).toEqual([ids[1], ids[0]]);
    const job = claimJob(db, "me")!;
    expect(job.payload.passageId).toBe(ids[1]);
    releaseJob(db, job);
    finishJob(db, claimJob(db, "me")!);
    expect(claimJob(db, "me")!.payload.passageId).toBe(ids[0]);
    expect(claimJob(db, "me")).toBeUndefined();
  });

  test("of a typical surprise that nobody knows yet, novelty is nothing", () => {
    const ids = Array.from({ length: 7 }, (_, i) => passage(`p${i}`));
    for (const [i, id] of ids.entries()) setSurprise(db, id, i);
    queueLearning(db, ids);
    expect(order()).toEqual(ids);
  });
});

describe("with 100,000 passages that wait", () => {
  const N = 100_000;
  let db: Database;
  beforeAll(() => {
    db = openDatabase(":memory:");
    const { $client: sql } = db;
    const series = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${N})`;
    sql.exec(`INSERT INTO sources (id, kind, address, title) VALUES (1, 'feed', 'f', 'Feed')`);
    sql.exec(`INSERT INTO documents (id, source, format, title, content_hash, source_id)
      ${series} SELECT i, 'd' || i, 'text', 'News ' || i, 'h' || i, 1 FROM n`);
    sql.exec(`INSERT INTO passages (id, document_id, position, title, text, hash, surprise)
      ${series} SELECT i, i, 0, 'News ' || i, 'The Ship ' || i || ' was built by Ilsa ' || i || '.', 'h' || i,
      CASE WHEN i % 3 THEN 2 + (i % 100) / 100.0 END FROM n`);
    sql.exec(`INSERT INTO jobs (kind, payload, key, priority)
      ${series} SELECT 'learn', '{"passageId":' || i || '}', 'learn:' || i, (i % 41) / 10.0 - 2 FROM n`);
  });
  afterAll(() => closeDatabase(db));

  /** The median of some runs, in milliseconds. */
  function median(work: () => unknown, runs = 5): number {
    const took = Array.from({ length: runs }, () => {
      const started = performance.now();
      work();
      return performance.now() - started;
    });
    return took.sort((a, b) => a - b)[Math.floor(runs / 2)]!;
  }

  test("choosing the next one is a look into an index, and takes under 50 ms", () => {
    const plan = db.$client
      .prepare(
        `EXPLAIN QUERY PLAN SELECT * FROM jobs WHERE state = 'queued' AND kind = 'learn'
         AND (not_before <= 5 OR not_before > 9) ORDER BY priority DESC, id LIMIT 1`,
      )
      .all() as { detail: string }[];
    expect(plan.map(({ detail }) => detail).join("; ")).toContain("jobs_next");
    expect(plan.map(({ detail }) => detail).join("; ")).not.toContain("TEMP B-TREE");
    let last = Number.POSITIVE_INFINITY;
    const choosing = median(() => {
      const job = claimJob(db, "me")!;
      expect(job.priority).toBeLessThanOrEqual(last);
      last = job.priority;
    }, 21);
    expect(choosing).toBeLessThan(50);
  });

  test("a question that brings one forward, and the page, stay fast", () => {
    let n = 0;
    const asking = median(() => {
      n += 1;
      const said = { kind: "correction", answer: `Ilsa ${n}`, given: "", versionId: 0 } as const;
      const question = `Who built the Ship ${n}?`;
      noteFeedback(db, { ...said, question, via: "page" }, getPassage(db, 50_000 + n));
    });
    expect(asking).toBeLessThan(50);
    expect(nextJobs(db, "learn", 1)[0]!.payload.passageId).toBeGreaterThan(50_000);
    expect(median(() => learningFacts(db), 3)).toBeLessThan(500);
  });

  test("trusting a source less moves all that wait of it in one go", () => {
    const started = performance.now();
    trustSource(db, 1, "low");
    expect(performance.now() - started).toBeLessThan(5000);
    expect(nextJobs(db, "learn", 1)[0]!.priority).toBeLessThan(6);
  });
});
