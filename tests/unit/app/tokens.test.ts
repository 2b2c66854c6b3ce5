import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkKey, covers, issueToken } from "../../../app/tokens.ts";
import { closeDatabase, openDatabase } from "../../../db/open.ts";
import { findToken, listTokens, removeToken } from "../../../db/tokens.ts";
import { runCli } from "../../support/cli.ts";

setDefaultTimeout(30_000);

const cwd = mkdtempSync(join(tmpdir(), "selkie-tokens-"));
afterAll(() => rmSync(cwd, { recursive: true }));

describe("keys", () => {
  test("are valid until they end or are removed, and leave only a hash", () => {
    const db = openDatabase(":memory:");
    const now = Date.now();
    const { key, token } = issueToken(db, { name: "a", scopes: ["read"], expiresAt: now + 1000 });
    expect(checkKey(db, key, now)?.id).toBe(token.id);
    expect(checkKey(db, key, now + 1000)).toBeUndefined();
    expect(checkKey(db, key.toUpperCase(), now)).toBeUndefined();
    expect(checkKey(db, token.hash, now)).toBeUndefined();
    expect(JSON.stringify(listTokens(db))).not.toContain(key.slice(20));
    expect(removeToken(db, token.id)).toBe(true);
    expect(removeToken(db, token.id)).toBe(false);
    expect(checkKey(db, key, now)).toBeUndefined();
    closeDatabase(db);
  });

  test("are never the same twice, and admin may do everything", () => {
    const db = openDatabase(":memory:");
    const keys = Array.from({ length: 20 }, () => issueToken(db, { name: "a", scopes: ["admin"] }));
    expect(new Set(keys.map(({ key }) => key)).size).toBe(20);
    expect(covers(keys[0]!.token, "write")).toBe(true);
    expect(covers({ scopes: ["read", "write"] }, "chat")).toBe(false);
    closeDatabase(db);
  });

  test("are recorded as used, to the minute", () => {
    const db = openDatabase(":memory:");
    const { key, token } = issueToken(db, { name: "a", scopes: ["read"] });
    const usedAt = () => findToken(db, token.hash)!.usedAt;
    checkKey(db, key, 1_000_000);
    checkKey(db, key, 1_059_999);
    expect(usedAt()).toBe(1_000_000);
    checkKey(db, key, 1_060_000);
    expect(usedAt()).toBe(1_060_000);
    closeDatabase(db);
  });
});

test("selkie token makes, lists and ends them", async () => {
  const home = join(cwd, "home");
  const run = (...args: string[]) => runCli(["token", ...args], { cwd, home });
  const made = await run("add", "Open WebUI", "--scope", "chat,read", "--days", "2", "--json");
  expect(made.json()).toMatchObject({ id: 1, name: "Open WebUI", scopes: ["chat", "read"] });
  const { key } = made.json() as { key: string };
  const shown = await run("add", "other");
  expect(shown.out.trim()).toMatch(/^sk-selkie-[\w-]{43}$/);
  const list = await run();
  expect(list.out).toContain("Open WebUI");
  expect(list.out).not.toContain(key);
  expect(readFileSync(join(home, "selkie.db")).includes(key)).toBe(false);
  expect((await run("remove", "1")).code).toBe(0);
  const again = await run("remove", "1");
  expect([again.code, again.err]).toEqual([1, expect.stringContaining("There is no key")]);
  const wrong = await run("add", "x", "--scope", "everything");
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("some of read, write")]);
});
