import { rmSync } from "node:fs";
import { type Candidate, changeCandidate, listCandidates } from "../../db/candidates.ts";
import { settleFeedback } from "../../db/feedback.ts";
import { decidePassage } from "../../db/passages.ts";
import { ALONE, changeUpdate } from "../../db/updates.ts";
import { addVersion, pointTo, type Version } from "../../db/versions.ts";
import { adapterFile, dropAdapter, findAdapter, keepAdapter } from "../adapter-file.ts";
import { backOff } from "../gate/backoff.ts";
import { saveLooks } from "../measure/looks.ts";
import { close } from "./examine.ts";
import { passGate } from "./gate.ts";
import { isOpen, type Run } from "./run.ts";
import {
  candidateOf,
  jointRewards,
  listMembers,
  type Member,
  separate,
  untrain,
} from "./together.ts";

/**
 * Stage `commit`: the best candidate becomes a version if it made the reward answers likelier and the
 * gate lets it pass, as it is or scaled down; otherwise nothing is kept. The file has its final name, and is on the
 * disk, before any row says so.
 */
export async function commitStage(run: Run): Promise<void> {
  const { context, db, passage, update } = run;
  if (run.isOutdated) return run.advance({ stage: "decide" });
  const members = listMembers(run);
  if (members.some(({ passage }) => !isOpen(passage.decision))) return withoutGone(run);
  const all = jointRewards(run, listCandidates(db, update.id));
  const best = bestOf(all);
  if (!best || best.reward <= 0) {
    const reason = rejection(all, best);
    if (members.length > 0) return learnAlone(run, all, members.length, reason);
    close(
      run,
      "rejected",
      reason,
      () => run.note("update.reject", `“${passage.title}” was not learned: ${reason}`, "warning"),
      best && { gain: best.reward },
    );
    return removeScratch(run, all);
  }
  // The scratch file is gone or damaged (a power cut): it is trained again.
  const again = () => {
    const change = { file: null, sha256: null, reward: null };
    return run.advance({ stage: "train" }, () => changeCandidate(db, best.id, change));
  };
  const found = await findAdapter(run.context.home, best.file, best.sha256);
  if (found === undefined) return again();
  const passed = await passGate(run, { ...best, file: found });
  if ("refused" in passed) {
    const { refused } = passed;
    if (members.length > 0) return learnAlone(run, all, members.length, refused);
    close(
      run,
      "rejected",
      refused,
      () => {
        run.note("gate.refused", `“${passage.title}” was not learned. ${refused}`, "warning");
        backOff(db, run.settings.gate);
      },
      { gain: best.reward },
    );
    return removeScratch(run, all);
  }
  const { sha256 } = passed;
  const file = adapterFile(sha256);
  if (!(await keepAdapter(context.home, passed.file, sha256))) return again();
  // Somebody chose another version while the old questions were asked.
  if (run.isOutdated) {
    dropAdapter(db, context.home, sha256);
    return run.advance({ stage: "decide" });
  }
  const reason = `${approval(all, best)}${passed.reason === "" ? "" : ` ${passed.reason}`}`;
  run.advance({ stage: "measure", verdict: "commit", reason, gain: best.reward }, (change) => {
    const { id: updateId, parentVersionId: parentId } = update;
    const version = addVersion(db, { updateId, parentId, file, sha256 });
    pointTo(db, version.id);
    change.versionId = version.id;
    changeCandidate(db, best.id, { file: sha256 === best.sha256 ? file : null });
    saveLooks(db, version.id, passed.looks);
    decidePassage(db, passage.id, "learned", reason);
    settleFeedback(db, passage.id, updateId);
    for (const member of members) commitMember(run, member, best.ordinal, version, reason);
    run.note("update.commit", `Learned “${passage.title}” as version ${version.id}: ${reason}`);
  });
  // Where it was scaled down, its own file goes, too.
  removeScratch(
    run,
    all.filter((candidate) => candidate.sha256 !== sha256),
  );
}

/** A passage was removed while it was trained with others: they are trained again without it. */
function withoutGone(run: Run): void {
  removeScratch(run, listCandidates(run.db, run.update.id));
  run.advance({ stage: "train" }, () => untrain(run.db, run.update.id));
}

/** Together they were refused: each is tried by itself. */
function learnAlone(run: Run, all: Candidate[], others: number, reason: string): void {
  removeScratch(run, all);
  run.advance({ stage: "train", leadId: ALONE }, () => {
    separate(run);
    const message = `“${run.passage.title}” and ${others} more, trained together, were not kept: ${reason} Each is tried alone.`;
    run.note("update.apart", message, "warning");
  });
}

/** What a member gained in the version; it is asked with the lead's passage, and closed then. */
function commitMember(
  run: Run,
  member: Member,
  ordinal: number,
  version: Version,
  leadReason: string,
): void {
  const { db, passage } = run;
  const candidate = candidateOf(db, member, ordinal);
  const gain = candidate?.reward ?? 0;
  const verdict = gain > 0 ? "commit" : "reject";
  const told = `Trained together with “${passage.title}”: its own reward answers became likelier by ${signed(gain)} nats per token.`;
  const reason = verdict === "commit" ? `${told} ${leadReason}` : told;
  const kept = verdict === "commit" ? { versionId: version.id } : {};
  changeUpdate(db, member.update.id, { stage: "measure", verdict, reason, gain, ...kept });
  if (candidate && verdict === "commit")
    changeCandidate(db, candidate.id, { sha256: version.sha256 });
  const stays = verdict === "reject" && member.passage.decision === "learned";
  if (!stays) {
    decidePassage(db, member.passage.id, verdict === "commit" ? "learned" : "rejected", reason);
  }
  settleFeedback(db, member.passage.id, member.update.id);
}

export type Scored = Candidate & { reward: number; sha256: string; file: string };

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
