import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import Sqlite from "better-sqlite3";
import { addDocument, listDocuments } from "../../../db/documents.ts";
import { DatabaseError, explainDatabaseError, isDiskFull } from "../../../db/errors.ts";
import { addEvent } from "../../../db/events.ts";
import { closeDatabase, openDatabase, transaction } from "../../../db/open.ts";

const dir = mkdtempSync(join(tmpdir(), "selkie-db-"));
afterAll(() => rmSync(dir, { recursive: true }));

const document = (text: string) => ({
  source: `/tmp/${text}`,
  format: "text" as const,
  title: text,
  contentHash: text,
});

function failure(work: () => unknown): DatabaseError {
  try {
    work();
  } catch (error) {
    if (error instanceof DatabaseError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("openDatabase", () => {
  test("makes the file and its folder, and what is stored is there the next time", () => {
    const path = join(dir, "deep", "er", "selkie.db");
    const first = openDatabase(path);
    addDocument(first, document("a"));
    closeDatabase(first);
    closeDatabase(first);

    const second = openDatabase(path);
    expect(listDocuments(second)).toHaveLength(1);
    expect(second.$client.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(second.$client.pragma("foreign_keys", { simple: true })).toBe(1);
    const [row] = listDocuments(second);
    expect(Number.isInteger(row!.createdAt)).toBe(true);
    expect(Math.abs(Date.now() - row!.createdAt)).toBeLessThan(60_000);
    closeDatabase(second);
  });

  test("two processes may open a new database at once", async () => {
    const path = join(dir, "race.db");
    const script = `
      const { openDatabase } = await import(${JSON.stringify(join(import.meta.dir, "../../../db/open.ts"))});
      openDatabase(${JSON.stringify(path)});`;
    const children = [1, 2, 3].map(() =>
      Bun.spawn([process.execPath, "-e", script], { stderr: "pipe" }),
    );
    expect(await Promise.all(children.map((child) => child.exited))).toEqual([0, 0, 0]);
  });

  test("the migrations are what the schema says", async () => {
    // drizzle-kit compares the schema with the last snapshot: nothing may be missing.
    const before = readdirSync(join(import.meta.dir, "../../../db/migrations"));
    const root = join(import.meta.dir, "../../..");
    const out = relative(root, join(dir, "migrations"));
    const generate = Bun.spawn(
      [
        "bash",
        "-c",
        `cp -r db/migrations ${out} && bunx drizzle-kit generate --dialect sqlite --schema ./db/schema.ts --out ${out}`,
      ],
      { cwd: root, stdout: "pipe", stderr: "pipe" },
    );
    await generate.exited;
    expect(await new Response(generate.stdout).text()).toContain("No schema changes");
    expect(readdirSync(join(root, out))).toEqual(before);
  });

  test("a file that is not a database", () => {
    const path = join(dir, "garbage.db");
    writeFileSync(path, "this is not a database, but it is long enough to be one".repeat(100));
    const error = failure(() => openDatabase(path));
    expect(error.code).toBe("corrupt");
    expect(error.message).toContain(path);
  });

  test("another program's database is left alone", () => {
    const path = join(dir, "other.db");
    const other = new Sqlite(path);
    other.exec("CREATE TABLE theirs (a)");
    other.close();
    expect(failure(() => openDatabase(path)).code).toBe("foreign");
  });

  test("a newer database is left alone", () => {
    const path = join(dir, "newer.db");
    const db = openDatabase(path);
    db.$client.exec(
      `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', ${Date.now() + 1e9})`,
    );
    closeDatabase(db);
    const error = failure(() => openDatabase(path));
    expect(error.code).toBe("newer");
    expect(error.message).toContain("newer Selkie");
  });

  test("a path that cannot be a folder, or a file", () => {
    writeFileSync(join(dir, "file"), "");
    expect(failure(() => openDatabase(join(dir, "file", "selkie.db"))).code).toBe("unreadable");
    expect(failure(() => openDatabase(dir)).code).toBe("unreadable");
  });

  test.skipIf(process.getuid?.() === 0)("a file without permission (skipped as root)", () => {
    const path = join(dir, "locked.db");
    closeDatabase(openDatabase(path));
    chmodSync(path, 0o000);
    expect(failure(() => openDatabase(path)).code).toBe("unreadable");
  });
});

describe("transaction", () => {
  test("rolls back as one, and a transaction within is part of it", () => {
    const db = openDatabase(":memory:");
    expect(() =>
      transaction(db, () => {
        addDocument(db, document("a"));
        transaction(db, () => addDocument(db, document("b")));
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(listDocuments(db)).toHaveLength(0);
  });

  test("a full disk is told as one, and leaves what was there", () => {
    const path = join(dir, "full.db");
    const db = openDatabase(path);
    addDocument(db, document("kept"));
    // SQLite refuses to grow the file any further, as on a full disk.
    const pages = db.$client.pragma("page_count", { simple: true });
    db.$client.pragma(`max_page_count = ${pages}`);
    const error = failure(() =>
      transaction(db, () => {
        for (let i = 0; i < 1000; i++) {
          addEvent(db, { level: "info", kind: "test", message: "x".repeat(1000) });
        }
      }),
    );
    expect(error.code).toBe("full");
    expect(isDiskFull(error)).toBe(true);
    expect(error.message).toContain("is full");
    expect(listDocuments(db)).toHaveLength(1);
    closeDatabase(db);
  });

  test("knows a full disk below other errors, and nothing else", () => {
    const cause = Object.assign(new Error("write"), { code: "ENOSPC" });
    expect(isDiskFull(new Error("training failed", { cause }))).toBe(true);
    expect(isDiskFull(new Error("other"))).toBe(false);
    expect(isDiskFull("ENOSPC")).toBe(false);
    const plain = new Error("plain");
    expect(explainDatabaseError(plain, "x")).toBe(plain);
  });
});
