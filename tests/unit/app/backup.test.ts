import { afterAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { acceptText } from "../../../agent/read/inbox.ts";
import { soundVersion } from "../../../agent/versions.ts";
import {
  forgetBackups,
  listBackups,
  makeBackup,
  toKeep,
  verifyBackup,
} from "../../../app/archive/backup.ts";
import { restoreInstance } from "../../../app/archive/restore.ts";
import { RESTORING } from "../../../app/archive/restoring.ts";
import { backUp, backupState, runBackups } from "../../../app/archive/schedule.ts";
import { exportInstance } from "../../../app/archive/tar.ts";
import { loadConfig } from "../../../app/config.ts";
import { type Instance, openInstance } from "../../../app/instance.ts";
import { addEvent, latestEvents } from "../../../db/events.ts";
import { listPassages } from "../../../db/passages.ts";
import { addSession, listSessions } from "../../../db/sessions.ts";
import { setSetting } from "../../../db/settings.ts";
import { listVersions } from "../../../db/versions.ts";
import { runCli } from "../../support/cli.ts";
import { SMALL } from "../../support/random-model.ts";
import { commitRandomVersion } from "../../support/versions.ts";

setDefaultTimeout(60_000);

const all = mkdtempSync(join(tmpdir(), "selkie-backup-"));
afterAll(() => rmSync(all, { recursive: true }));

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(all, "home-"));
  folder = join(root, "backups");
});

const open = (env = {}) => openInstance(loadConfig({ SELKIE_HOME: root, ...env }));

/** An instance with versions, a text that waits, and somebody who is signed in. */
async function filled(versions = 1): Promise<Instance> {
  const instance = open();
  for (let at = 1; at <= versions; at++) await commitRandomVersion(instance, SMALL, at);
  const { db, home, config } = instance;
  acceptText(db, home, { title: "A ferry", text: "It leaves at nine." }, config.limits);
  addSession(db, { hash: "a", address: "x", agent: "x" });
  return instance;
}

const original = ({ db, home, config }: Instance) => ({
  client: db.$client,
  home,
  model: config.model,
});
const at = (day: string, hour = 3) => new Date(`${day}T0${hour}:00:00Z`);
const flip = (path: string, place: number) => {
  const bytes = readFileSync(path);
  bytes[place] = bytes[place]! ^ 0xff;
  writeFileSync(path, bytes);
};

describe("a backup", () => {
  test("is of one moment, sound, and does not copy an adapter twice", async () => {
    const instance = await filled(2);
    const { db } = instance;
    let writing = true;
    const writer = (async () => {
      for (let i = 0; writing; i++) {
        addEvent(db, { level: "info", kind: "test", message: `${i}` });
        await Bun.sleep(1);
      }
    })();
    const first = await makeBackup(original(instance), folder, { now: at("2026-11-20") });
    writing = false;
    await writer;
    const adapters = () =>
      readdirSync(join(folder, "adapters")).map((file) => statSync(join(folder, "adapters", file)));
    const before = adapters();
    expect(before).toHaveLength(2);
    await commitRandomVersion(instance, SMALL, 3);
    const second = await makeBackup(original(instance), folder, { now: at("2026-11-21") });
    expect(adapters()).toHaveLength(3);
    for (const { ino, mtimeMs } of before) {
      expect(adapters().some((it) => it.ino === ino && it.mtimeMs === mtimeMs)).toBe(true);
    }
    expect(listBackups(folder).map(({ name }) => name)).toEqual([second.name, first.name]);
    expect((await verifyBackup(folder, first.name)).version).toBe(2);
    expect((await verifyBackup(folder, second.name)).version).toBe(3);
    expect(readdirSync(join(folder, second.name, "inbox"))).toHaveLength(1);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
    await instance.close();
  });

  test("that is damaged is told of, whatever of it is", async () => {
    const instance = await filled();
    const { name, manifest } = await makeBackup(original(instance), folder);
    const adapter = manifest.files.find((file) => file.name.startsWith("adapters/"))!.name;
    const own = join(folder, name);
    const cases: [string, string, (path: string) => void][] = [
      [join(own, "selkie.db"), "is not what it was", (path) => flip(path, 9000)],
      [
        join(own, "selkie.db"),
        "is cut",
        (path) => writeFileSync(path, readFileSync(path).subarray(0, 5000)),
      ],
      [join(folder, adapter), "is not what it was", (path) => flip(path, 5000)],
      [join(folder, adapter), "is missing", (path) => rmSync(path)],
      [join(own, "manifest.json"), "no manifest", (path) => rmSync(path)],
      [join(own, "manifest.json"), "another Selkie", (path) => writeFileSync(path, "{}")],
      [
        // What the database names is asked of the database, not of the manifest.
        join(own, "manifest.json"),
        "names the adapter",
        (path) => {
          const told = JSON.parse(readFileSync(path, "utf8"));
          told.files = told.files.filter((file: { name: string }) => file.name !== adapter);
          writeFileSync(path, JSON.stringify(told));
        },
      ],
    ];
    for (const [path, words, damage] of cases) {
      const kept = readFileSync(path);
      damage(path);
      await expect(verifyBackup(folder, name)).rejects.toThrow(words);
      writeFileSync(path, kept);
      await verifyBackup(folder, name);
    }
    // A damaged copy of an adapter is made good by the next backup.
    flip(join(folder, adapter), 100);
    await makeBackup(original(instance), folder);
    await verifyBackup(folder, name);
    await instance.close();
  });

  test("of a damaged database is not made, and an adapter that is damaged is named", async () => {
    const instance = await filled(2);
    const [version] = listVersions(instance.db);
    flip(join(instance.home.adapters, version!.file), 5000);
    expect((await makeBackup(original(instance), folder)).manifest.missing).toEqual([
      version!.file,
    ]);
    await instance.close();
    flip(join(root, "selkie.db"), 4096 * 3 + 1);
    const client = new Sqlite(join(root, "selkie.db"));
    const made = makeBackup({ ...original(instance), client }, folder);
    await expect(made).rejects.toThrow("is damaged");
    client.close();
    expect(listBackups(folder)).toHaveLength(1);
  });
});

describe("of many backups", () => {
  const names = (days: number, from = Date.UTC(2026, 0, 1)) =>
    Array.from({ length: days }, (_, i) => {
      const moment = new Date(from + i * 86_400_000);
      return { name: moment.toISOString().slice(0, 10), at: moment, beforeUpdate: false };
    }).reverse();

  test("the latest of days, weeks and months stay", () => {
    const stay = new Set(toKeep(names(200), { days: 3, weeks: 3, months: 4 }));
    // The year's first Sunday is the 4th; its 200th day is Sunday the 19th of July.
    expect([...stay].sort()).toEqual([
      "2026-04-30",
      "2026-05-31",
      "2026-06-30",
      "2026-07-05",
      "2026-07-12",
      "2026-07-17",
      "2026-07-18",
      "2026-07-19",
    ]);
    const updates = names(5).map((it) => ({ ...it, beforeUpdate: true }));
    expect(toKeep([...updates, ...names(1)], { days: 1, weeks: 0, months: 0 })).toHaveLength(4);
  });

  test("those that go take along what only they had", async () => {
    const instance = await filled(1);
    await makeBackup(original(instance), folder, { now: at("2026-11-20") });
    const [old] = listVersions(instance.db);
    instance.db.$client.prepare("UPDATE versions SET pruned_at = 1").run();
    await makeBackup(original(instance), folder, { now: at("2026-11-21", 1) });
    await makeBackup(original(instance), folder, { now: at("2026-11-21", 2) });
    expect(forgetBackups(folder, { days: 2, weeks: 0, months: 0 })).toEqual([
      "2026-11-21T01-00-00Z",
    ]);
    expect(existsSync(join(folder, "adapters", old!.file))).toBe(true);
    forgetBackups(folder, { days: 1, weeks: 0, months: 0 });
    expect(readdirSync(join(folder, "adapters"))).toEqual([]);
    await instance.close();
  });
});

describe("a restore", () => {
  test("puts everything back, and keeps what it replaces", async () => {
    const instance = await filled(2);
    const passages = listPassages(instance.db);
    const { name } = await makeBackup(original(instance), folder);
    await commitRandomVersion(instance, SMALL, 9);
    await expect(restoreInstance(root, folder)).rejects.toThrow("stop it first");
    await instance.close();
    flip(join(root, "selkie.db"), 4096 * 3 + 1);

    const { from, replaced } = await restoreInstance(root, folder);
    expect(from).toBe(name);
    const again = open();
    expect(listPassages(again.db)).toEqual(passages);
    expect((await soundVersion(again.db, again.home))!.id).toBe(2);
    expect(readdirSync(again.home.inbox)).toHaveLength(1);
    expect(listSessions(again.db)).toEqual([]);
    expect(latestEvents(again.db, 1)[0]).toMatchObject({ kind: "backup.restored" });
    expect(backupState(again.db).last).toBeGreaterThan(0);
    await again.close();
    expect(readdirSync(replaced!)).toContain("selkie.db");
    expect(
      readdirSync(join(replaced!, "adapters")).filter((it) => it.endsWith(".gguf")),
    ).toHaveLength(3);
    expect(readdirSync(root).filter((it) => it.startsWith(".rest") || it === RESTORING)).toEqual(
      [],
    );
  });

  test("takes the latest that is sound, an export as well, and refuses what is damaged", async () => {
    const instance = await filled(1);
    const { name } = await makeBackup(original(instance), folder, { now: at("2026-11-20") });
    await exportInstance(instance, join(root, "all.tar"));
    const later = await makeBackup(original(instance), folder, { now: at("2026-11-21") });
    await instance.close();
    flip(join(folder, later.name, "selkie.db"), 9000);
    expect((await restoreInstance(root, folder)).from).toBe(name);
    await expect(restoreInstance(root, folder, { which: later.name })).rejects.toThrow("damaged");
    await expect(restoreInstance(root, folder, { which: "../.." })).rejects.toThrow(
      /damaged|no backup/,
    );
    const file = join(root, "all.tar");
    expect((await restoreInstance(root, folder, { which: file })).from).toBe(file);
    const again = open();
    expect(listVersions(again.db)).toHaveLength(1);
    await again.close();
    rmSync(folder, { recursive: true });
    await expect(restoreInstance(root, folder)).rejects.toThrow("no sound backup");
  });

  test("wants to be told that nobody runs on a database that is no database any more", async () => {
    const instance = await filled(1);
    await makeBackup(original(instance), folder);
    await instance.close();
    writeFileSync(join(root, "selkie.db"), "no database, but long enough for one".repeat(500));
    await expect(restoreInstance(root, folder)).rejects.toThrow("--force");
    await restoreInstance(root, folder, { force: true });
    await open().close();
  });

  test("that was killed leaves nothing half: all of what was there comes back, or all of the other", async () => {
    const instance = await filled(1);
    await makeBackup(original(instance), folder);
    await commitRandomVersion(instance, SMALL, 2);
    await instance.close();
    const aside = join(root, "replaced-x");
    const there = ["selkie.db", "adapters", "inbox"];
    // Killed after so many of its steps: three moves away, then two in.
    for (let steps = 0; steps <= 5; steps++) {
      mkdirSync(aside);
      writeFileSync(join(root, RESTORING), JSON.stringify({ replaced: aside, there, from: "x" }));
      for (const name of there.slice(0, steps)) renameSync(join(root, name), join(aside, name));
      if (steps > 3) mkdirSync(join(root, "adapters"));
      if (steps > 4) copyFileSync(join(aside, "selkie.db"), join(root, "selkie.db"));
      expect(() => open()).toThrow("`selkie restore`");
      await expect(restoreInstance(root, folder, { which: "none" })).rejects.toThrow("no backup");
      const back = open();
      expect([steps, listVersions(back.db).length]).toEqual([steps, 2]);
      expect((await soundVersion(back.db, back.home))!.id).toBe(2);
      expect(readdirSync(back.home.inbox)).toHaveLength(1);
      await back.close();
      expect(existsSync(aside)).toBe(false);
    }
  });
});

describe("an update", () => {
  /** A database of the first migrations, with a document in it. */
  function older(): void {
    const migrations = readMigrationFiles({
      migrationsFolder: join(import.meta.dir, "../../../db/migrations"),
    }).slice(0, -2);
    const client = new Sqlite(join(root, "selkie.db"));
    client.exec(
      "CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text, created_at numeric)",
    );
    for (const { sql, hash, folderMillis } of migrations) {
      for (const statement of sql) client.exec(statement);
      client
        .prepare("INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)")
        .run(hash, folderMillis);
    }
    client
      .prepare("INSERT INTO documents (source, format, title, content_hash) VALUES (?, ?, ?, ?)")
      .run("/a", "text", "A ferry", "x");
    client.close();
  }
  const columns = (path: string) => {
    const client = new Sqlite(path, { readonly: true });
    const { n } = client.prepare("SELECT count(*) AS n FROM __drizzle_migrations").get() as {
      n: number;
    };
    client.close();
    return n;
  };

  test("of the database begins with a backup, once", async () => {
    older();
    const before = columns(join(root, "selkie.db"));
    await open().close();
    await open().close();
    const [backup, ...others] = listBackups(folder);
    expect([backup!.beforeUpdate, others]).toEqual([true, []]);
    await verifyBackup(folder, backup!.name);
    expect(columns(join(folder, backup!.name, "selkie.db"))).toBe(before);
    expect(columns(join(root, "selkie.db"))).toBe(before + 2);
    await restoreInstance(root, folder, { which: backup!.name });
    expect(columns(join(root, "selkie.db"))).toBe(before + 2);
  });

  test("does not begin where there can be none, unless that is wished", async () => {
    older();
    const before = columns(join(root, "selkie.db"));
    writeFileSync(join(root, "taken"), "");
    const taken = { SELKIE_BACKUPS: join(root, "taken") };
    expect(() => open(taken)).toThrow("Nothing was changed.");
    expect(columns(join(root, "selkie.db"))).toBe(before);
    await open({ SELKIE_BACKUPS: "off" }).close();
    expect(existsSync(folder)).toBe(false);
  });
});

describe("the schedule", () => {
  test("makes one when it is due, and says once why it cannot", async () => {
    const instance = await filled();
    const { db } = instance;
    const stop = new AbortController();
    const running = runBackups(instance, stop.signal);
    while (backupState(db).last === null) await Bun.sleep(20);
    stop.abort();
    await running;
    expect(listBackups(folder)).toHaveLength(1);
    expect(Math.abs(Date.now() - backupState(db).last!)).toBeLessThan(30_000);

    const taken = join(root, "taken");
    writeFileSync(taken, "");
    const { config } = instance;
    const blocked = {
      ...instance,
      config: { ...config, backups: { ...config.backups, folder: taken } },
    };
    await expect(backUp(blocked)).rejects.toThrow();
    await expect(backUp(blocked)).rejects.toThrow();
    expect(backupState(db).problem).toContain("No backup could be made");
    expect(latestEvents(db, 50).filter(({ kind }) => kind === "backup.failed")).toHaveLength(1);
    await backUp(instance);
    expect(backupState(db).problem).toBeNull();
    expect(latestEvents(db, 1)[0]!.kind).toBe("backup.back");
    setSetting(db, "backup.last", Date.now() - config.backups.everyMs + 60_000);
    const resting = new AbortController();
    setTimeout(() => resting.abort(), 200);
    await runBackups(instance, resting.signal);
    expect(listBackups(folder).length).toBeLessThanOrEqual(1);
    await instance.close();
  });

  test("is what the environment says", () => {
    const read = (env: object) => loadConfig({ SELKIE_HOME: root, ...env }).backups;
    expect(read({})).toEqual({
      folder,
      everyMs: 24 * 3_600_000,
      kept: { days: 7, weeks: 5, months: 6 },
    });
    expect(read({ SELKIE_BACKUPS: "off" }).folder).toBeUndefined();
    expect(read({ SELKIE_BACKUP_KEEP: "3d 2w", SELKIE_BACKUP_HOURS: "0.5" })).toMatchObject({
      everyMs: 1_800_000,
      kept: { days: 3, weeks: 2, months: 0 },
    });
    for (const wrong of ["0d", "many", "3w"]) {
      expect(() => read({ SELKIE_BACKUP_KEEP: wrong })).toThrow("7d 5w 6m");
    }
  });
});

test("selkie backup, verify and restore say what they did", async () => {
  await (await filled()).close();
  const run = (...args: string[]) => runCli(args, { cwd: all, home: root });
  const made = await run("backup", "--json");
  expect(made.json()).toMatchObject({ folder, version: 1, missing: [], removed: [] });
  const { name } = made.json() as { name: string };
  const back = await run("restore");
  expect([back.code, back.out]).toEqual([
    0,
    expect.stringContaining("and sound. What was there before"),
  ]);
  flip(join(folder, name, "selkie.db"), 9000);
  const bad = await run("verify");
  expect([bad.code, bad.err]).toEqual([1, expect.stringContaining("is not what it was")]);
});
