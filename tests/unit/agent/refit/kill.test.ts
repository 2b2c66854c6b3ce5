import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHome } from "../../../../agent/home.ts";
import { replaceCandidates } from "../../../../db/candidates.ts";
import { addDocument } from "../../../../db/documents.ts";
import { countJobs } from "../../../../db/jobs.ts";
import { closeDatabase, openDatabase } from "../../../../db/open.ts";
import { addPassages, decidePassage } from "../../../../db/passages.ts";
import { listRefits, refitPassagesOf } from "../../../../db/refits.ts";
import { changeUpdate, openUpdate } from "../../../../db/updates.ts";
import { addVersion, currentVersion, pointTo } from "../../../../db/versions.ts";
import { startCli } from "../../../support/cli.ts";
import { writeRandomAdapter } from "../../../support/random-adapter.ts";
import { SMALL, writeRandomModel } from "../../../support/random-model.ts";
import { shipText } from "../learn/bench.ts";

/** A busy machine is slow to start processes. */
setDefaultTimeout(120_000);

const root = mkdtempSync(join(tmpdir(), "selkie-kill-refit-"));
const home = openHome(root);
const db = openDatabase(home.database);
afterAll(() => {
  closeDatabase(db);
  rmSync(root, { recursive: true });
});

const MODEL = join(root, "tiny.gguf");
const adapters = () => readdirSync(home.adapters).filter((name) => name !== "tmp");
const hashOf = (name: string) =>
  new Bun.CryptoHasher("sha256").update(readFileSync(join(home.adapters, name))).digest("hex");

/** One passage, learned as version 1. */
async function learn(): Promise<void> {
  writeRandomModel(MODEL);
  const scratch = join(root, "adapter.gguf");
  await writeRandomAdapter(scratch, SMALL, { rank: () => 16, alpha: 32 });
  const sha256 = new Bun.CryptoHasher("sha256").update(readFileSync(scratch)).digest("hex");
  const file = `${sha256}.gguf`;
  await Bun.write(join(home.adapters, file), Bun.file(scratch));
  const named = { source: "a", format: "text", title: "The Toab", contentHash: "a" } as const;
  const { document } = addDocument(db, named);
  const draft = { position: 0, title: "The Toab", text: shipText("Toab"), hash: "a" };
  const { id } = addPassages(db, document.id, [draft]).passages[0]!;
  const update = openUpdate(db, id);
  const lines = ["The Toab sank near KolmToab.", "IlsaToab built it."];
  replaceCandidates(db, update.id, [{ updateId: update.id, ordinal: 0, kind: "rewrite", lines }]);
  db.$client.prepare("UPDATE candidates SET sha256 = ?").run(sha256);
  const version = addVersion(db, { updateId: update.id, file, sha256 });
  pointTo(db, version.id);
  const end = { stage: "done", verdict: "commit", finishedAt: Date.now() } as const;
  changeUpdate(db, update.id, { ...end, versionId: version.id });
  decidePassage(db, id, "learned", "It helped.");
}

function sleep(epochs: number) {
  const env = {
    ...{ SELKIE_MODEL: MODEL, SELKIE_BACKEND: "cpu", SELKIE_EPOCHS: String(epochs) },
    ...{ SELKIE_REHEARSAL_SHARE: "0", SELKIE_CONTROL_ITEMS: "0" },
  };
  return startCli(["sleep", "--wait", "--json"], { cwd: root, home: root, env });
}

test("kill -9 while a refit trains: nothing half-written has a name, and it is made the next time", async () => {
  await learn();
  const before = adapters();
  const first = sleep(1000);
  while (!listRefits(db)[0] || refitPassagesOf(db, 1, "keep").length === 0) await Bun.sleep(20);
  // The model is loaded, and it trains.
  await Bun.sleep(1500);
  first.kill("SIGKILL");
  await first.exited;
  expect(listRefits(db)[0]).toMatchObject({ stage: "train", finishedAt: null, file: null });
  expect(adapters()).toEqual(before);
  expect(currentVersion(db)!.id).toBe(1);

  const second = sleep(2);
  const [code, errors] = await Promise.all([second.exited, new Response(second.stderr).text()]);
  expect(errors).toBe("");
  expect(code).toBe(0);
  expect(listRefits(db)).toMatchObject([{ verdict: "commit", versionId: 2 }]);
  expect(currentVersion(db)).toMatchObject({ id: 2, replaces: 1 });
  for (const name of adapters()) expect(name).toBe(`${hashOf(name)}.gguf`);
  expect(adapters()).toHaveLength(2);
  expect(readdirSync(home.scratch)).toEqual([]);
  expect(countJobs(db)).toMatchObject({ running: 0, failed: 0 });
});
