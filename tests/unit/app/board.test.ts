import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Board } from "../../../app/board.ts";
import type { Memory } from "../../../app/memory.ts";
import { addEvent } from "../../../db/events.ts";
import { closeDatabase, type Database, openDatabase } from "../../../db/open.ts";
import { homeFacts } from "../views/samples.ts";

describe("the board", () => {
  let db: Database;
  let board: Board;
  let facts = homeFacts();
  let drawn = 0;
  let told = () => {};
  beforeEach(() => {
    db = openDatabase(":memory:");
    facts = homeFacts();
    drawn = 0;
    board = new Board({
      db,
      learner: {
        subscribe: (listener) => {
          told = listener;
          return () => {};
        },
      },
      facts: () => {
        drawn += 1;
        return facts;
      },
      memory: {} as Memory,
    });
  });
  afterEach(() => {
    board.close();
    closeDatabase(db);
  });

  const queue = (queued: number) => {
    facts = homeFacts({ now: { ...facts.now, queued } });
    told();
  };

  test("sends just the parts that look different", () => {
    const { id } = board.look();
    expect(board.since(id)).toBeUndefined();
    queue(3);
    expect(board.since(id)?.parts).toEqual(["start", "now"]);
    queue(4);
    const change = board.since(id)!;
    expect(board.since(change.id)).toBeUndefined();
    queue(5);
    expect(board.since(change.id)?.parts).toEqual(["now"]);
  });

  test("sends everything to a page of another run, or one that names nonsense", () => {
    for (const id of [undefined, "", "beef.3", "…", "1.2.3", "a.-1"]) {
      expect(board.since(id)?.parts.length).toBeGreaterThan(5);
    }
  });

  test("draws again only when something was written or told", () => {
    board.look();
    board.look();
    expect(drawn).toBe(1);
    addEvent(db, { level: "info", kind: "x", message: "x" });
    board.look();
    board.look();
    expect(drawn).toBe(2);
  });

  test("wakes those who wait, and does not let them wait for what has come already", async () => {
    const unwatch = board.watch();
    const { id } = board.look();
    const waited = board.change(id, 60_000);
    queue(1);
    await waited;
    const start = performance.now();
    // The change came between looking and waiting.
    await board.change(id, 60_000);
    expect(performance.now() - start).toBeLessThan(100);
    unwatch();
  });

  test("wakes those who wait, whoever noticed the change first", async () => {
    const waited = board.change(board.look().id, 60_000);
    queue(1);
    board.look();
    await waited;
  });

  test("closing lets everybody go", async () => {
    const waited = board.change(board.look().id, 60_000);
    board.close();
    await waited;
  });
});
