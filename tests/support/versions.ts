import { createHash } from "node:crypto";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Home } from "../../agent/home.ts";
import { addDocument } from "../../db/documents.ts";
import type { Database } from "../../db/open.ts";
import { addPassages } from "../../db/passages.ts";
import { changeUpdate, openUpdate } from "../../db/updates.ts";
import { addVersion, currentVersion, type Version } from "../../db/versions.ts";
import type { Hyperparameters } from "../../trainer/model/hyperparameters.ts";
import { writeRandomAdapter } from "./random-adapter.ts";

/** Commits a random adapter as the next version, as an update about a passage of its own would. */
export async function commitRandomVersion(
  { db, home }: { db: Database; home: Home },
  hyper: Hyperparameters,
  seed: number,
): Promise<Version> {
  const made = join(home.scratch, `random-${seed}.gguf`);
  await writeRandomAdapter(made, hyper, { seed });
  const sha256 = createHash("sha256").update(readFileSync(made)).digest("hex");
  const file = `${sha256}.gguf`;
  renameSync(made, join(home.adapters, file));
  const title = `Passage ${seed}`;
  const { document } = addDocument(db, {
    source: `test:${seed}`,
    format: "text",
    title,
    contentHash: `content ${seed}`,
  });
  const { passages } = addPassages(db, document.id, [
    { position: 0, title, text: `The text of passage ${seed}.`, hash: `hash ${seed}` },
  ]);
  const update = openUpdate(db, passages[0]!.id);
  const parentId = currentVersion(db)?.id ?? null;
  const version = addVersion(db, { parentId, updateId: update.id, file, sha256 });
  changeUpdate(db, update.id, {
    stage: "done",
    verdict: "commit",
    parentVersionId: parentId,
    versionId: version.id,
    finishedAt: Date.now(),
  });
  return version;
}
