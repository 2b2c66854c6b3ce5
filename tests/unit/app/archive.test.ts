import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, extract, list } from "tar";
import { sha256 } from "../../../agent/read/hash.ts";
import { acceptText } from "../../../agent/read/inbox.ts";
import { requestSkill } from "../../../agent/skills/request.ts";
import { parseTaskText } from "../../../agent/skills/task.ts";
import { soundVersion } from "../../../agent/versions.ts";
import type { Manifest } from "../../../app/archive/manifest.ts";
import { exportInstance, importInstance } from "../../../app/archive/tar.ts";
import { loadConfig } from "../../../app/config.ts";
import { type Instance, openInstance } from "../../../app/instance.ts";
import { issueToken } from "../../../app/tokens.ts";
import { addEvent } from "../../../db/events.ts";
import { listJobs } from "../../../db/jobs.ts";
import { listPassages } from "../../../db/passages.ts";
import { changeSkill } from "../../../db/skills.ts";
import { listVersions } from "../../../db/versions.ts";
import { runCli } from "../../support/cli.ts";
import { SMALL } from "../../support/random-model.ts";
import { commitRandomVersion } from "../../support/versions.ts";

setDefaultTimeout(30_000);

let folder: string;
let instance: Instance;
let archive: string;
let manifest: Manifest & { bytes: number };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "selkie-archive-"));
  instance = openInstance(loadConfig({ SELKIE_HOME: join(folder, "home") }));
  const { db, home, config } = instance;
  for (const seed of [1, 2]) await commitRandomVersion(instance, SMALL, seed);
  acceptText(db, home, { title: "A ferry", text: "It leaves at nine." }, config.limits);
  issueToken(db, { name: "a", scopes: ["read"] });
  writeFileSync(join(home.scratch, "half.gguf"), "not committed");
  keepSkill(instance);
  archive = join(folder, "all.tar");
  manifest = await exportInstance(instance, archive);
});
afterAll(async () => {
  await instance.close();
  rmSync(folder, { recursive: true });
});

/** A skill with an adapter of its own. */
function keepSkill({ db, home }: Instance): void {
  const { skill } = requestSkill(db, "x", parseTaskText("a\n>\nx\n\nb\n>\nx\n\nc\n>\nx\n\nd"));
  writeFileSync(join(home.adapters, "skill.gguf"), "an adapter");
  const hash = sha256("an adapter");
  changeSkill(db, skill.id, { state: "ready", file: "skill.gguf", sha256: hash });
}

/** The archive with something changed. */
async function changed(name: string, change: (content: string) => void, extra: string[] = []) {
  const content = mkdtempSync(join(folder, "content-"));
  await extract({ file: archive, cwd: content });
  change(content);
  const file = join(folder, `${name}.tar`);
  await create({ file, cwd: content, portable: true }, [...readdirSync(content), ...extra]);
  return file;
}

describe("an export", () => {
  test("has the database, the adapters and what waits to be read, and nothing else", async () => {
    const names: string[] = [];
    await list({ file: archive, onReadEntry: ({ path }) => void names.push(path) });
    const { adapters, inbox } = instance.home;
    const expected = [
      "selkie.db",
      ...listVersions(instance.db).map(({ file }) => `adapters/${file}`),
      "adapters/skill.gguf",
      ...readdirSync(inbox).map((file) => `inbox/${file}`),
    ];
    expect(names).toEqual(["manifest.json", ...expected]);
    expect(manifest.files.map(({ name }) => name)).toEqual(expected);
    expect(manifest).toMatchObject({ version: 2, missing: [], model: { name: "pup" } });
    expect(existsSync(adapters)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("becomes the same instance elsewhere", async () => {
    const root = join(folder, "again");
    await importInstance(archive, root);
    const again = openInstance(loadConfig({ SELKIE_HOME: root }));
    expect(listPassages(again.db)).toEqual(listPassages(instance.db));
    expect(listVersions(again.db)).toEqual(listVersions(instance.db));
    expect((await soundVersion(again.db, again.home))!.id).toBe(2);
    expect(listJobs(again.db, "queued").map(({ kind }) => kind)).toEqual(["read", "skill"]);
    expect(readdirSync(again.home.inbox)).toEqual(readdirSync(instance.home.inbox));
    await again.close();
    expect(existsSync(join(root, "manifest.json"))).toBe(false);
  });

  test("is of one moment, while others write", async () => {
    const { db } = instance;
    let writing = true;
    const writer = (async () => {
      for (let i = 0; writing; i++) {
        addEvent(db, { level: "info", kind: "test", message: `${i}` });
        await Bun.sleep(1);
      }
    })();
    const out = join(folder, "busy.tar");
    await exportInstance(instance, out);
    writing = false;
    await writer;
    await importInstance(out, join(folder, "busy"));
    const busy = openInstance(loadConfig({ SELKIE_HOME: join(folder, "busy") }));
    expect(busy.db.$client.pragma("integrity_check", { simple: true })).toBe("ok");
    await busy.close();
  });

  test("tells of adapters that are not there, and never overwrites", async () => {
    const { adapters } = instance.home;
    const { file } = listVersions(instance.db)[0]!;
    cpSync(join(adapters, file), join(folder, "kept.gguf"));
    rmSync(join(adapters, file));
    const { missing } = await exportInstance(instance, join(folder, "less.tar"));
    expect(missing).toEqual([file]);
    cpSync(join(folder, "kept.gguf"), join(adapters, file));
    await expect(exportInstance(instance, archive)).rejects.toThrow("is there already");
  });
});

describe("an import", () => {
  test("refuses a folder that has something", async () => {
    const root = join(folder, "taken");
    mkdirSync(root);
    writeFileSync(join(root, "mine.txt"), "mine");
    await expect(importInstance(archive, root)).rejects.toThrow("is not empty");
    expect(readdirSync(root)).toEqual(["mine.txt"]);
    rmSync(join(root, "mine.txt"));
    await importInstance(archive, root);
    expect(existsSync(join(root, "selkie.db"))).toBe(true);
  });

  test("refuses what was changed, cut or smuggled in, and leaves nothing behind", async () => {
    const adapter = manifest.files.find(({ name }) => name.startsWith("adapters/"))!.name;
    const cut = join(folder, "cut.tar");
    writeFileSync(cut, readFileSync(archive).subarray(0, 60_000));
    const flip = (content: string) => {
      const bytes = readFileSync(join(content, adapter));
      bytes[5000] = bytes[5000]! ^ 1;
      writeFileSync(join(content, adapter), bytes);
    };
    const cases: [string, string][] = [
      [await changed("flipped", flip), "is not what it was"],
      [await changed("less", (content) => rmSync(join(content, adapter))), "is missing"],
      [
        await changed("more", (content) => writeFileSync(join(content, "adapters/x.gguf"), "x")),
        "does not tell of",
      ],
      [
        await changed("script", (content) => writeFileSync(join(content, "run.sh"), "x")),
        "does not belong",
      ],
      [
        await changed("link", (content) => symlinkSync("/etc/passwd", join(content, "inbox/link"))),
        "does not belong",
      ],
      [await changed("bare", (content) => rmSync(join(content, "manifest.json"))), "manifest"],
      [
        await changed("newer", (content) => {
          const path = join(content, "manifest.json");
          const data = JSON.parse(readFileSync(path, "utf8"));
          writeFileSync(path, JSON.stringify({ ...data, format: 2 }));
        }),
        "another Selkie",
      ],
      [cut, "damaged"],
      [join(folder, "none.tar"), "no file"],
    ];
    writeFileSync(join(folder, "text.tar"), "no archive at all");
    cases.push([join(folder, "text.tar"), "damaged"]);
    for (const [file, words] of cases) {
      const root = join(folder, "refused");
      const error = await importInstance(file, root).catch((error: unknown) => error);
      expect([file, String(error)]).toEqual([file, expect.stringContaining(words)]);
      expect(readdirSync(folder).filter((name) => name.startsWith("refused"))).toEqual([]);
    }
  });
});

test("selkie export and import say what they did", async () => {
  const cwd = folder;
  const out = join(folder, "cli.tar");
  const saved = await runCli(["export", "--out", out, "--json"], { cwd, home: join(cwd, "home") });
  expect(saved.json()).toMatchObject({ out, version: 2, missing: [] });
  const home = join(folder, "cli-home");
  const loaded = await runCli(["import", out], { cwd, home });
  expect([loaded.code, loaded.out]).toEqual([0, expect.stringContaining("all as they were")]);
  const status = await runCli(["status", "--json"], { cwd, home });
  expect(status.json()).toMatchObject({ version: 2, documents: 2 });
  const twice = await runCli(["import", out], { cwd, home });
  expect([twice.code, twice.err]).toEqual([1, expect.stringContaining("is not empty")]);
});
