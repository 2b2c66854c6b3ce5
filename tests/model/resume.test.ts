import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listCandidates } from "../../db/candidates.ts";
import { countJobs } from "../../db/jobs.ts";
import { closeDatabase, type Database, openDatabase } from "../../db/open.ts";
import { listPassages } from "../../db/passages.ts";
import { listProbes } from "../../db/probes.ts";
import { listUpdates, type Stage } from "../../db/updates.ts";
import { listVersions } from "../../db/versions.ts";
import { missing, news } from "./pup.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(120_000);

const CLI = join(import.meta.dir, "../../app/cli.ts");
const folder = mkdtempSync(join(tmpdir(), "selkie-kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(home: string, ...args: string[]) {
  return Bun.spawn([process.execPath, CLI, ...args], {
    env: { ...process.env, SELKIE_HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Waits until the one update is in a stage and `ready`, with the program running. */
async function reach(db: Database, stage: Stage, ready: () => boolean): Promise<void> {
  for (let i = 0; i < 3000; i++) {
    if (listUpdates(db)[0]?.stage === stage && ready()) return;
    await Bun.sleep(20);
  }
  throw new Error(`The update did not come to ${stage}: ${JSON.stringify(listUpdates(db))}`);
}

describe.skipIf(missing !== undefined)("kill -9 in the middle of an update", () => {
  test.each([
    [
      "after the first candidate",
      "train",
      (db: Database) => listCandidates(db, 1)[0]?.sha256 != null,
    ],
    ["while study material is written", "study", () => true],
  ] as const)(
    "%s: it is resumed, and nothing is done twice",
    async (_, stage, ready) => {
      const home = join(folder, stage);
      mkdirSync(home);
      const passage = news(1, 5)[0]!;
      const path = join(home, "news.txt");
      writeFileSync(path, `${passage.text}\n`);
      const db = openDatabase(join(home, "selkie.db"));
      const first = start(home, "ingest", "--wait", "--title", passage.title, path);
      await reach(db, stage, () => ready(db));
      first.kill("SIGKILL");
      await first.exited;
      const before = {
        probes: listProbes(db, 1),
        first: listCandidates(db, 1)[0]?.sha256,
      };
      expect(listVersions(db)).toEqual([]);

      const second = start(home, "ingest", "--wait", "--title", passage.title, path);
      expect(await second.exited, await new Response(second.stderr).text()).toBe(0);
      expect(listUpdates(db)).toHaveLength(1);
      expect(listUpdates(db)[0]).toMatchObject({ stage: "done", verdict: "commit" });
      expect(listProbes(db, 1)).toEqual(before.probes);
      if (before.first) expect(listCandidates(db, 1)[0]!.sha256).toBe(before.first);
      expect(listCandidates(db, 1)).toHaveLength(3);
      expect(listVersions(db)).toHaveLength(1);
      expect(listPassages(db).map(({ decision }) => decision)).toEqual(["learned"]);
      expect(countJobs(db)).toMatchObject({ queued: 0, running: 0, failed: 0 });
      expect(readdirSync(join(home, "adapters", "tmp"))).toEqual([]);
      closeDatabase(db);
    },
    240_000,
  );
});
