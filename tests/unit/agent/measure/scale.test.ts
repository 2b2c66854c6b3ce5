import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drawKept } from "../../../../agent/gate/draws.ts";
import { openHome } from "../../../../agent/home.ts";
import { pruneVersions } from "../../../../agent/lineage/prune.ts";
import { compareVersions, goTo } from "../../../../agent/lineage/switch.ts";
import { askMemory } from "../../../../agent/measure/ask.ts";
import { memoryMatrix } from "../../../../agent/measure/matrix.ts";
import { isSleepDue } from "../../../../agent/refit/due.ts";
import { planReplay } from "../../../../agent/replay/plan.ts";
import { memoryPageFacts } from "../../../../app/facts-memory.ts";
import { closeDatabase, type Database, openDatabase } from "../../../../db/open.ts";
import { probesMentioning } from "../../../../db/probes.ts";
import { listAskable } from "../../../../db/retention.ts";
import { FakeGenerator } from "../fakes/generator.ts";
import { FakeTrainer } from "../fakes/trainer.ts";
import { SETTINGS } from "../learn/bench.ts";

const PASSAGES = 12_500;
const PROBES_EACH = 8;

let db: Database;

/** 100,000 probes of 12,500 learned passages, a version each; every tenth answer was lost since. */
beforeAll(() => {
  db = openDatabase(":memory:");
  const { $client: sql } = db;
  sql.pragma("foreign_keys = OFF");
  const run = (text: string) => sql.exec(text);
  const series = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${PASSAGES})`;
  const each = `, k(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM k WHERE j < ${PROBES_EACH - 1})`;
  run(`INSERT INTO passages (id, document_id, position, title, text, hash, decision)
       ${series} SELECT i, 1, 0, 'The Ship ' || i, 'The Ship ' || i || ' was built by Ilsa ' || i || '.', 'h' || i, 'learned' FROM n`);
  run(`INSERT INTO updates (id, passage_id, stage, verdict, version_id, timing, finished_at)
       ${series} SELECT i, i, 'done', 'commit', i, '{}', 1 FROM n`);
  run(
    `INSERT INTO versions (id, parent_id, update_id, file, sha256) ${series} SELECT i, i - 1, i, 'f', 's' || i FROM n`,
  );
  run(`INSERT INTO candidates (update_id, ordinal, kind, lines, sha256)
       ${series} SELECT i, 0, 'implications', '["Ilsa ' || i || ' built the Ship ' || i || '."]', 's' || i FROM n`);
  run(`INSERT INTO probes (id, passage_id, kind, split, question, prompt, answer)
       ${series}${each} SELECT i * 10 + j, i, 'written', CASE WHEN j % 2 THEN 'report' ELSE 'reward' END,
       'Who built the Ship ' || i || '?', 'Question: Who built the Ship ' || i || '?', 'Ilsa ' || i FROM n, k`);
  run(`INSERT INTO retention (probe_id, passage_id, split, kind, role, anchor_version, anchor_exact, anchor_logprob,
       base_exact, base_logprob, ever_exact, last_version, last_exact, last_logprob, due)
       ${series}${each} SELECT i * 10 + j, i, CASE WHEN j % 2 THEN 'report' ELSE 'reward' END, 'written', 'learned',
       i, 1, -0.1, 0, -5, 1, i, i % 10 != 0, -0.1, i + 5 FROM n, k`);
});
afterAll(() => closeDatabase(db));

const trainer = new FakeTrainer(({ context }) => {
  const lost = /Ship \d*0\?/.test(context);
  return { logprob: lost ? -5 : -0.1, tokens: 1, exact: !lost };
});

async function seconds(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

describe("with 100,000 probes", () => {
  test("a measurement asks as many as its budget says, and finds the share that was lost", async () => {
    const before = trainer.scored.length;
    let asked = 0;
    const took = await seconds(async () => {
      const { figures } = await askMemory({
        db,
        trainer: async () => trainer,
        generator: async () => new FakeGenerator(() => ""),
        model: { embedded: true },
        base: "none",
        version: PASSAGES,
        adapter: "a.gguf",
        budget: 200,
        seed: 1,
      });
      ({ asked } = figures);
      expect(figures.population).toBe(50_000);
      expect(figures.acc!.low).toBeLessThan(0.9);
      expect(figures.acc!.high).toBeGreaterThan(0.9);
      expect(figures.acc!.high - figures.acc!.low).toBeLessThan(0.15);
    });
    expect(asked).toBe(200);
    expect(trainer.scored.length - before).toBe(200);
    expect(took).toBeLessThan(3);
  });

  test("the gate's draws, replay, the search for news and the page stay fast", async () => {
    const drawing = await seconds(() => {
      const draws = drawKept(listAskable(db, "reward"), 1);
      for (let i = 0; i < 256; i++) draws.next();
    });
    const update = { id: PASSAGES + 1, version: PASSAGES };
    let rows = 0;
    const planning = await seconds(async () => {
      const plan = await planReplay({ db, trainer }, update, [], SETTINGS);
      rows = plan.replay.length;
    });
    const news = await seconds(() => probesMentioning(db, ["Torvane", "Kolm", "Ship"], PASSAGES));
    const page = await seconds(() => memoryPageFacts(db));
    const matrix = await seconds(() => memoryMatrix(db));
    expect(rows).toBeGreaterThan(SETTINGS.maxReplayRows / 2);
    for (const took of [drawing, planning, news, page, matrix]) expect(took).toBeLessThan(2);
  });

  test("room on the disk, the next sleep, and going back and forward stay fast", async () => {
    const root = mkdtempSync(join(tmpdir(), "selkie-scale-"));
    const home = openHome(root);
    const half = PASSAGES / 2;
    const keeping = await seconds(() => {
      expect(pruneVersions(db, home, 1).removed).toEqual([]);
      expect(isSleepDue(db, { versions: PASSAGES, days: 0 })).toBe(true);
    });
    const looking = await seconds(() => expect(compareVersions(db, half).lost).toHaveLength(half));
    const going = await seconds(() => {
      goTo(db, half, false);
      goTo(db, PASSAGES, false);
    });
    expect(listAskable(db, "report")).toHaveLength(50_000);
    for (const took of [keeping, looking]) expect(took).toBeLessThan(2);
    expect(going).toBeLessThan(8);
    rmSync(root, { recursive: true });
  });

  test("the matrix puts passages together, and names how many", () => {
    const { columns, versions } = memoryMatrix(db, 100);
    expect(columns).toHaveLength(100);
    expect(versions).toHaveLength(100);
    expect(columns.reduce((sum, { passages }) => sum + passages, 0)).toBe(PASSAGES);
  });
});
