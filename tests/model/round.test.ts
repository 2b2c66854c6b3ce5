import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHome } from "../../agent/home.ts";
import { closedBook, implicationsPrompt } from "../../agent/prompts.ts";
import { changeCandidate, listCandidates, replaceCandidates } from "../../db/candidates.ts";
import { addDocument } from "../../db/documents.ts";
import { countJobs } from "../../db/jobs.ts";
import { closeDatabase, type Database, openDatabase } from "../../db/open.ts";
import { addPassages, decidePassage } from "../../db/passages.ts";
import { addProbes } from "../../db/probes.ts";
import { listRounds, listTrials } from "../../db/rounds.ts";
import { changeUpdate, openUpdate } from "../../db/updates.ts";
import { heldOutExam } from "../../models/exams.ts";
import { missing } from "./pup.ts";

/** A busy machine is slow to start a model's process. */
setDefaultTimeout(120_000);

const CLI = join(import.meta.dir, "../../app/cli.ts");
const root = mkdtempSync(join(tmpdir(), "selkie-round-"));
const home = openHome(root);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Passages with probes and a rewarded edit each, as learning leaves them. */
function fill(db: Database, count: number): void {
  for (const { passage, seen } of heldOutExam(77, count)) {
    const { title, text } = passage;
    const draft = { source: title, format: "text", title, contentHash: title } as const;
    const { document } = addDocument(db, draft);
    const { passages } = addPassages(db, document.id, [{ position: 0, title, text, hash: title }]);
    const passageId = passages[0]!.id;
    addProbes(
      db,
      seen.slice(0, 3).map(({ question, answer }) => ({
        passageId,
        kind: "written" as const,
        split: "reward" as const,
        question,
        prompt: closedBook(question),
        answer,
      })),
    );
    const update = openUpdate(db, passageId);
    const lines = text.split(/(?<=\.) /);
    replaceCandidates(db, update.id, [
      {
        updateId: update.id,
        ordinal: 0,
        kind: "implications",
        origin: "self",
        lines,
        prompt: implicationsPrompt(passage),
        completions: [lines.join("\n")],
      },
    ]);
    changeCandidate(db, listCandidates(db, update.id)[0]!.id, { reward: 1 });
    changeUpdate(db, update.id, { stage: "done", verdict: "reject", finishedAt: Date.now() });
    decidePassage(db, passageId, "rejected", "");
  }
}

function start() {
  return Bun.spawn([process.execPath, CLI, "writer", "round", "--wait", "--json"], {
    env: {
      ...process.env,
      SELKIE_HOME: root,
      SELKIE_EPOCHS: "2",
      SELKIE_EDIT_LISTS: "1",
      SELKIE_WRITER_EDITS: "1",
      SELKIE_WRITER_TRIALS: "5",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function reach(ready: () => boolean): Promise<void> {
  for (let i = 0; i < 3000; i++) {
    if (ready()) return;
    await Bun.sleep(20);
  }
  throw new Error("The round did not come so far.");
}

test.skipIf(missing !== undefined)(
  "a round that was killed while it tried the new writer goes on with the next edit",
  async () => {
    const db = openDatabase(home.database);
    fill(db, 9);
    const first = start();
    await reach(() => listTrials(db, 1).length >= 3);
    first.kill("SIGKILL");
    await first.exited;
    const before = { trials: listTrials(db, 1), sha256: listRounds(db)[0]!.sha256 };
    expect(listRounds(db)).toMatchObject([{ stage: "try", finishedAt: null, rows: 4 }]);

    const second = start();
    const out = await new Response(second.stdout).text();
    expect(await second.exited, out + (await new Response(second.stderr).text())).toBe(0);
    const [round, ...others] = listRounds(db);
    expect(others).toEqual([]);
    expect(round).toMatchObject({ stage: "done", sha256: before.sha256 });
    expect(round!.trial!.passages).toBe(5);
    expect(listTrials(db, 1)).toHaveLength(10);
    for (const trial of before.trials) expect(listTrials(db, 1)).toContainEqual(trial);
    expect(countJobs(db)).toMatchObject({ queued: 0, running: 0, failed: 0 });
    expect(readdirSync(home.scratch)).toEqual([]);
    expect(JSON.parse(out)).toMatchObject({ round: { id: 1, tried: 5 } });
    closeDatabase(db);
  },
  240_000,
);
