import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listBackups, makeBackup } from "../../../app/archive/backup.ts";
import { startLogging } from "../../../app/logging.ts";
import { findTroubles } from "../../../app/troubles.ts";
import { addEvent } from "../../../db/events.ts";
import { claimJob, enqueueJob, failJob, finishJob } from "../../../db/jobs.ts";
import { takeLease } from "../../../db/leases.ts";
import { setSetting } from "../../../db/settings.ts";
import { addSource, changeSource } from "../../../db/sources.ts";
import { seed } from "../../browser/seed.ts";
import { openSite, type TestSite } from "../../browser/site.ts";
import { runCli } from "../../support/cli.ts";

setDefaultTimeout(60_000);

let site: TestSite;
beforeAll(async () => {
  site = await openSite((db) => seed(db, { studied: 3 }));
});
afterAll(() => site.close());

const get = (path: string) => fetch(site.url + path);
const text = async (path: string) => (await get(path)).text();

describe("whoever watches over processes", () => {
  test("is told whether it lives, and whether it works", async () => {
    const ready = async () => {
      const answer = await get("/readyz");
      return [answer.status, await answer.json()];
    };
    expect(await ready()).toEqual([200, { status: "ready", learning: "idle" }]);
    site.show({ phase: "resting", message: "It is night." });
    expect((await ready())[0]).toBe(200);
    site.show({ phase: "paused", message: "The model /secret/place cannot be loaded." });
    expect(await ready()).toEqual([503, { status: "not ready", learning: "paused" }]);
    site.show({ phase: "stopped" });
    expect((await ready())[0]).toBe(503);
    expect((await get("/healthz")).status).toBe(200);
    site.show({ phase: "idle" });
  });
});

describe("faults", () => {
  test("are told with what was done about them, and how it ended", async () => {
    const { db } = site;
    const job = (key: string) => {
      enqueueJob(db, { kind: "read", payload: { source: key }, key });
      return claimJob(db, "test", { kinds: ["read"] })!;
    };
    const [well, badly] = [job("a"), job("b")];
    const fault = (kind: string, message: string, jobId?: number) =>
      addEvent(db, { level: "warning", kind, message, jobId });
    fault("job.retry", "The trainer died once.", well.id);
    fault("job.retry", "The trainer died twice.", badly.id);
    fault("update.commit", "Learned something.");
    fault("source.failed", "<script>alert(1)</script> does not answer.");
    finishJob(db, well);
    failJob(db, badly, "x");
    const page = await text("/faults");
    const after = (words: string) => page.split(words)[1]!.split("</li>")[0]!;
    expect(after("The trainer died once.")).toContain("It is tried again");
    expect(after("The trainer died once.")).toContain("It went well since.");
    expect(after("The trainer died twice.")).toContain("It did not go well since.");
    expect(page).toContain("&lt;script&gt;");
    expect(page).not.toContain("Learned something.");
  });

  test("of now are looked for, each with what to do", async () => {
    const { instance, db } = site;
    const { home, config } = instance;
    const messages = (bad: boolean, now?: number) =>
      findTroubles(instance, now)
        .filter((it) => it.bad === bad)
        .map(({ message }) => message)
        .join("\n");
    expect(messages(true)).toBe("");
    chmodSync(home.root, 0o755);
    expect(messages(false)).toContain("chmod 700");
    chmodSync(home.root, 0o700);
    expect(messages(false)).toContain("selkie serve");
    takeLease(db, "loop", "elsewhere/1/x", 60_000);
    expect(messages(false)).not.toContain("no process works");

    expect(messages(false)).toContain("`selkie backup`");
    setSetting(db, "backup.last", Date.now());
    expect(messages(false)).not.toContain("`selkie backup`");
    expect(messages(false, Date.now() + 2.1 * config.backups.everyMs)).toContain("`selkie backup`");
    setSetting(db, "backup.problem", "No backup could be made: the disk is full.");
    expect(messages(true)).toContain("No backup could be made");
    expect(await text("/faults")).toContain("No backup could be made");

    const { source } = addSource(db, {
      kind: "feed",
      address: "https://x.example/",
      title: "A feed",
    });
    changeSource(db, source.id, { error: "It does not answer.", failures: 3 });
    expect(messages(false)).toContain("A feed cannot be read: It does not answer.");
    mkdirSync(join(home.root, "replaced-x"));
    expect(messages(false)).toContain("replaced-x");
    const open = { ...instance, config: { ...config, host: "0.0.0.0" } };
    expect(findTroubles(open).some(({ message }) => message.includes("`selkie password`"))).toBe(
      true,
    );
  });

  test("of backups are on the overview, and in what programs are told", async () => {
    const { db } = site;
    setSetting(db, "backup.last", Date.UTC(2026, 10, 20, 3, 10));
    const home = await text("/");
    expect(home).toContain("Last good backup");
    expect(home).toContain("No backup could be made: the disk is full.");
    const status = (await (await get("/api/status")).json()) as { backup: object };
    expect(status.backup).toEqual({
      last: Date.UTC(2026, 10, 20, 3, 10),
      problem: "No backup could be made: the disk is full.",
    });
    expect(await text("/metrics")).toContain("selkie_backup_seconds 1795");
  });
});

test("doctor names a damaged backup, a model that is not there, and what else is wrong", async () => {
  const { instance } = site;
  const { home, config, db } = instance;
  const folder = config.backups.folder!;
  await makeBackup({ client: db.$client, home, model: config.model }, folder);
  const { name } = listBackups(folder)[0]!;
  writeFileSync(join(folder, name, "selkie.db"), "damaged");
  const env = { SELKIE_MODEL: join(home.root, "none.gguf") };
  const { code, err, json } = await runCli(["doctor", "--json"], {
    cwd: home.root,
    home: home.root,
    env,
  });
  expect(code).toBe(1);
  expect(err).toContain(`The backup ${name} is damaged`);
  expect(err).toContain("none.gguf");
  expect(err).toContain("No backup could be made");
  expect((json() as { hints: string[] }).hints.join()).toContain("A feed cannot be read");
});

test("the log is as the environment wishes, and says so where it cannot be", async () => {
  await expect(startLogging({ SELKIE_LOG: "xml" })).rejects.toThrow("one of text, json");
  await expect(startLogging({ SELKIE_LOG_LEVEL: "loud" })).rejects.toThrow("SELKIE_LOG_LEVEL");
});
