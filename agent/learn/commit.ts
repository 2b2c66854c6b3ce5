import { rmSync } from "node:fs";
import { type Candidate, changeCandidate, listCandidates } from "../../db/candidates.ts";
import { decidePassage } from "../../db/passages.ts";
import { addVersion } from "../../db/versions.ts";
import { adapterFile, keepAdapter } from "../adapter-file.ts";
import { close } from "./examine.ts";
import type { Run } from "./run.ts";

/**
 * Stage `commit`: the best candidate becomes a version if it made the reward answers likelier; if
 * none did, nothing is kept. The file has its final name, and is on the disk, before any row says so.
 */
export async function commitStage(run: Run): Promise<void> {
  const { context, db, passage, update } = run;
  if (run.isOutdated) return run.advance({ stage: "decide" });
  const all = listCandidates(db, update.id);
  const best = bestOf(all);
  if (!best || best.reward <= 0) {
    const reason = rejection(all, best);
    close(
      run,
      "rejected",
      reason,
      () => run.note("update.reject", `“${passage.title}” was not learned: ${reason}`, "warning"),
      best && { gain: best.reward },
    );
    return removeScratch(run, all);
  }
  const file = adapterFile(best.sha256);
  if (!(await keepAdapter(context.home, best.file, best.sha256))) {
    // The scratch file is gone or damaged (a power cut): it is trained again.
    const again = { file: null, sha256: null, reward: null };
    return run.advance({ stage: "train" }, () => changeCandidate(db, best.id, again));
  }
  const reason = approval(all, best);
  run.advance({ stage: "measure", verdict: "commit", reason, gain: best.reward }, (change) => {
    const { id: updateId, parentVersionId: parentId } = update;
    const version = addVersion(db, { updateId, parentId, file, sha256: best.sha256 });
    change.versionId = version.id;
    changeCandidate(db, best.id, { file });
    decidePassage(db, passage.id, "learned", reason);
    run.note("update.commit", `Learned “${passage.title}” as version ${version.id}: ${reason}`);
  });
  removeScratch(
    run,
    all.filter((candidate) => candidate.id !== best.id),
  );
}

type Scored = Candidate & { reward: number; sha256: string; file: string };

/** The candidate with the highest reward; the first of equals. */
export function bestOf(candidates: Candidate[]): Scored | undefined {
  let best: Scored | undefined;
  for (const candidate of candidates) {
    if (candidate.reward === null || !candidate.sha256 || !candidate.file) continue;
    if (best === undefined || candidate.reward > best.reward) best = candidate as Scored;
  }
  return best;
}

function removeScratch(run: Run, candidates: Candidate[]): void {
  for (const { id, file } of candidates) {
    if (!file?.startsWith("tmp/")) continue;
    rmSync(run.adapterPath(file), { force: true });
    changeCandidate(run.db, id, { file: null });
  }
}

function approval(all: Candidate[], best: Scored): string {
  const others = all
    .filter((candidate) => candidate.id !== best.id)
    .map(({ reward }) => (reward === null ? "failed" : signed(reward)));
  const beaten = others.length === 0 ? "" : ` (the others: ${others.join(", ")})`;
  return `Edit ${best.ordinal + 1} of ${all.length} (${best.kind}) made the reward answers likelier by ${signed(best.reward)} nats per token${beaten}.`;
}

function rejection(all: Candidate[], best: Scored | undefined): string {
  if (!best) return `Training failed for each of its ${all.length} edits.`;
  return `None of its ${all.length} edits made the reward answers likelier; the best gained ${signed(best.reward)} nats per token.`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}
