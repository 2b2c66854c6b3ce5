import type { RefitChange } from "../../db/refits.ts";
import { refitPassagesOf } from "../../db/refits.ts";
import { type ProbeScore, saveScores } from "../../db/scores.ts";
import { addVersion, BASE_VERSION, currentVersion, pointTo } from "../../db/versions.ts";
import { adapterFile, dropAdapter, findAdapter, keepAdapter } from "../adapter-file.ts";
import { controlSet } from "../control/store.ts";
import { switchVersion, versionName } from "../lineage/switch.ts";
import { saveLooks } from "../measure/looks.ts";
import { requestSweep } from "../measure/queue.ts";
import { scoreLearned } from "./examine.ts";
import { gateRefit, type RefitVerdict } from "./gate.ts";
import { describeProof, type Proven, proveUnlearned } from "./proof.ts";
import type { RefitWork } from "./work.ts";

/**
 * Stage `gate`: it takes over if the gate lets it, or because somebody asked for it; a sleep that is
 * refused leaves everything as it is.
 */
export async function gateStage(work: RefitWork): Promise<void> {
  const { context, db, refit, dropped } = work;
  const current = currentVersion(db);
  const found = await findFile(work);
  if (work.isOutdated || found === undefined) return work.restart();
  work.say("Asking old questions before anything is changed");
  const before = current && work.path(current.file);
  const { id, sha256 } = refit as { id: number; sha256: string };
  const gated = { id, file: found, sha256, current: before, without: new Set(dropped) };
  const verdict = await gateRefit(context, gated, await controlSet(context, "gate"));
  if (verdict.verdict === "reject" && refit.kind === "sleep") return reject(work, verdict);
  const proven =
    refit.kind === "unlearn" ? await prove(work, before ?? null, verdict.file) : undefined;
  const relearned = refit.kind === "move" ? await learnedUnder(work, verdict.file) : [];
  if (!(await keepAdapter(context.home, verdict.file, verdict.sha256))) return work.restart();
  // Somebody chose another version while the questions were asked.
  if (work.isOutdated) {
    dropAdapter(db, context.home, verdict.sha256);
    return work.restart();
  }
  commit(work, verdict, proven, relearned);
  work.removeScratch();
}

async function findFile(work: RefitWork): Promise<string | undefined> {
  const { file, sha256 } = work.refit;
  if (file === null || sha256 === null) return undefined;
  return findAdapter(work.context.home, file, sha256);
}

async function prove(work: RefitWork, before: string | null, file: string): Promise<Proven> {
  const { context, db, dropped } = work;
  work.say("Asking what is left of it");
  const adapters = { before, after: work.path(file) };
  const models = { db, trainer: await context.trainer() };
  return proveUnlearned(models, dropped, context.model, adapters, context.signal);
}

/** The probes of what it keeps, under its adapter: on another base everything is compared with that. */
async function learnedUnder(work: RefitWork, file: string): Promise<ProbeScore[]> {
  work.say("Asking what was learned");
  const keep = refitPassagesOf(work.db, work.refit.id, "keep");
  const ids = keep.map(({ passageId }) => passageId);
  return scoreLearned(work.context, ids, work.path(file));
}

function reject(work: RefitWork, { reason: found, figures }: RefitVerdict): void {
  const stays = versionName(work.refit.fromVersionId!);
  const reason = `The gate refused it: ${found}, and scaled down it was no better; ${stays} goes on answering.`;
  work.finish({ verdict: "reject", reason, figures }, "warning");
  work.removeScratch();
}

function commit(
  work: RefitWork,
  { verdict, reason: found, figures, sha256, looks }: RefitVerdict,
  proven: Proven | undefined,
  relearned: ProbeScore[],
): void {
  const { db, refit } = work;
  const refused = verdict === "reject";
  const gate = refused ? `It was asked for, so it was done, though ${found}.` : found;
  const change: RefitChange = { verdict: refused ? "commit" : verdict, figures };
  const kept = refitPassagesOf(db, refit.id, "keep").length;
  work.finish(change, "info", (whole) => {
    const replaces = refit.fromVersionId!;
    const { id: refitId } = refit;
    const version = addVersion(db, { refitId, replaces, file: adapterFile(sha256), sha256 });
    saveScores(db, version.id, relearned);
    saveLooks(db, version.id, looks);
    if (proven) saveProof(work, version.id, proven);
    const unlearned = `Unlearned on request: version ${version.id} was made without it.`;
    // What is lost and gained shows against what answered until now.
    pointTo(db, replaces);
    switchVersion(db, version.id, { why: refit.kind === "unlearn" ? unlearned : "" });
    requestSweep(db);
    const made = `Version ${version.id} is one adapter from the untouched base, and knows ${kept} passages.`;
    const proof = proven ? describeProof(proven.proof) : "";
    Object.assign(whole, {
      versionId: version.id,
      reason: [made, gate, proof].filter((it) => it !== "").join(" "),
      ...(proven && { proof: proven.proof }),
    });
  });
}

function saveProof({ db, refit }: RefitWork, versionId: number, proven: Proven): void {
  saveScores(db, BASE_VERSION, proven.base);
  saveScores(db, refit.fromVersionId!, proven.before);
  saveScores(db, versionId, proven.after);
}
