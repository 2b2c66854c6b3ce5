import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MatrixCells } from "../../../../agent/measure/cells.ts";
import { matrixOf, memoryMatrix } from "../../../../agent/measure/matrix.ts";
import { closeDatabase, type Database, openDatabase } from "../../../../db/open.ts";
import { saveScores } from "../../../../db/scores.ts";

const SIDE = 20;
let db: Database;

/** Twenty passages, each learned as a version; passage i is forgotten eight versions later. */
beforeAll(() => {
  db = openDatabase(":memory:");
  db.$client.pragma("foreign_keys = OFF");
  const n = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${SIDE})`;
  const run = (text: string) => db.$client.exec(text);
  run(`INSERT INTO passages (id, document_id, position, title, text, hash, decision)
       ${n} SELECT i, 1, 0, 'P' || i, 'x', 'h' || i, 'learned' FROM n`);
  run(`INSERT INTO updates (id, passage_id, stage, verdict, version_id, timing)
       ${n} SELECT i, i, 'done', 'commit', i, '{}' FROM n`);
  run(`INSERT INTO versions (id, parent_id, update_id, file, sha256)
       ${n} SELECT i, i - 1, i, 'f', 's' || i FROM n`);
  run(`INSERT INTO probes (id, passage_id, kind, split, question, prompt, answer)
       ${n} SELECT i, i, 'written', 'report', 'q', 'p', 'a' FROM n`);
  for (let version = 1; version <= SIDE; version++) score(version, 1, SIDE);
});
afterAll(() => closeDatabase(db));

function score(version: number, from: number, to: number): void {
  const probes = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  saveScores(
    db,
    version,
    probes.map((probeId) => {
      const right = version - probeId < 8;
      return { probeId, logprob: right ? -1 : -5, tokens: 2, exact: right };
    }),
  );
}

describe("the accuracy matrix", () => {
  test("has a row for each version and a column for each passage, from where it was learned on", () => {
    const { accuracy, logprob, versions, columns } = memoryMatrix(db);
    expect(versions.map(({ id, versions }) => [id, versions])).toContainEqual([SIDE, 1]);
    expect(columns).toHaveLength(SIDE);
    expect(accuracy[0]!.slice(0, 3)).toEqual([1, null, null]);
    expect(accuracy[9]!.slice(0, 4)).toEqual([0, 0, 1, 1]);
    expect(logprob[9]!.slice(1, 3)).toEqual([-2.5, -0.5]);
  });

  test("of many puts several together, and looks closer at a stretch", () => {
    const cells = new MatrixCells(db);
    cells.refreshNow();
    const whole = matrixOf(db, cells, { limit: 5 });
    expect(whole.size).toEqual({ rows: SIDE, columns: SIDE });
    expect(whole.versions.map(({ id, lastId }) => [id, lastId])).toEqual([
      [1, 4],
      [5, 8],
      [9, 12],
      [13, 16],
      [17, 20],
    ]);
    expect(whole.columns[1]).toMatchObject({ passage: { id: 5 }, passages: 4 });
    // Of versions 9 to 12 by passages 1 to 4, the pairs that are less than eight apart.
    expect(whole.accuracy[2]![0]).toBe(6 / 16);
    expect(whole.accuracy[0]![1]).toBeNull();
    const window = { rows: [8, 12], columns: [0, 4] } as const;
    const near = matrixOf(db, cells, {
      limit: 5,
      window: { rows: [...window.rows], columns: [...window.columns] },
    });
    expect(near.window).toEqual({ rows: [8, 12], columns: [0, 4] });
    expect(near.accuracy).toEqual([
      [0, 1, 1, 1],
      [0, 0, 1, 1],
      [0, 0, 0, 1],
      [0, 0, 0, 0],
    ]);
    const past = matrixOf(db, cells, { window: { rows: [18, 99], columns: [19, 99] } });
    expect(past.accuracy).toEqual([[null], [1]]);
  });

  test("is read once, and then only what came since", async () => {
    const cells = new MatrixCells(db);
    await Promise.all([cells.refresh(), cells.refresh()]);
    expect(matrixOf(db, cells).versions).toHaveLength(SIDE);
    const first = cells.under(1);
    db.$client.exec(
      "INSERT INTO versions (id, parent_id, file, sha256) VALUES (21, 20, 'f', 's21')",
    );
    expect(
      matrixOf(db, cells)
        .accuracy.at(-1)!
        .every((cell) => cell === null),
    ).toBe(true);
    score(21, 18, 20);
    await cells.refresh();
    expect(matrixOf(db, cells).accuracy.at(-1)!.slice(16)).toEqual([null, 1, 1, 1]);
    expect(cells.under(1)).toBe(first!);
    // Scores of another base take the place of all.
    db.$client.exec("DELETE FROM scores WHERE version_id > 1");
    await cells.refresh();
    expect(cells.under(21)?.passageIds.length ?? 0).toBe(0);
  });
});
