import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { report } from "../../../agent/measure/report.ts";
import { soundVersion } from "../../../agent/versions.ts";
import { importInstance } from "../../../app/archive/tar.ts";
import { loadConfig } from "../../../app/config.ts";
import { nowFacts, passageList } from "../../../app/facts.ts";
import { openInstance } from "../../../app/instance.ts";
import { loadSettings } from "../../../app/settings.ts";
import { isPassword } from "../../../app/sign-in/password.ts";
import { listJobs } from "../../../db/jobs.ts";
import { listTokens } from "../../../db/tokens.ts";
import { listVersions } from "../../../db/versions.ts";
import { listWebhooks } from "../../../db/webhooks.ts";

setDefaultTimeout(60_000);

const FIXTURES = join(import.meta.dir, "../../fixtures/instances");
const folder = mkdtempSync(join(tmpdir(), "selkie-earlier-"));
afterAll(() => rmSync(folder, { recursive: true }));

const named = (ending: string) => readdirSync(FIXTURES).filter((name) => name.endsWith(ending));
const unpacked = (name: string) => gunzipSync(readFileSync(join(FIXTURES, name)));
const openAt = (root: string) => openInstance(loadConfig({ SELKIE_HOME: root }));

describe("what earlier versions wrote", () => {
  test("is kept for each of them", () => {
    expect(named(".tar.gz")).toContain("v0.1.0.tar.gz");
    expect(named(".db.gz")).toContain("v0.1.0.db.gz");
  });

  test.each(named(".tar.gz"))("an export, %s, becomes an instance", async (name) => {
    const file = join(folder, name.replace(".gz", ""));
    writeFileSync(file, unpacked(name));
    const root = join(folder, name.replace(".tar.gz", ""));
    await importInstance(file, root);
    const instance = openAt(root);
    const { db, home } = instance;
    expect(listVersions(db)).toHaveLength(2);
    expect((await soundVersion(db, home))!.id).toBe(2);
    expect(listJobs(db, "queued")).toHaveLength(1);
    expect([listTokens(db).length, listWebhooks(db).length]).toEqual([1, 1]);
    expect(await isPassword(db, "a ferry at nine o'clock")).toBe(true);
    await instance.close();
  });

  test.each(named(".db.gz"))("a database, %s, opens with all that was in it", async (name) => {
    const root = join(folder, name.replace(".db.gz", "-db"));
    mkdirSync(root);
    writeFileSync(join(root, "selkie.db"), unpacked(name));
    const instance = openAt(root);
    const { db } = instance;
    expect(db.$client.pragma("integrity_check", { simple: true })).toBe("ok");
    expect(db.$client.pragma("foreign_key_check")).toEqual([]);
    expect(passageList(db).total).toBe(11);
    expect(report(db).matrix).toHaveLength(6);
    loadSettings(db);
    const learner = { state: () => ({ phase: "idle" }), progress: () => undefined } as never;
    expect(nowFacts(db, learner)).toMatchObject({ queued: 2, failed: 1 });
    await instance.close();
  });
});
