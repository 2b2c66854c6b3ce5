import {
  learnedPassages,
  refitPassagesOf,
  setRefitPassages,
  type Taught,
} from "../../db/refits.ts";
import { BASE_VERSION, getVersion } from "../../db/versions.ts";
import {
  TrainerError,
  type TrainingRow,
  type TrainProgress,
  type TrainResult,
} from "../../trainer/types.ts";
import { rehearsalSet } from "../control/store.ts";
import { knownTo, switchVersion, trainedFor, versionName } from "../lineage/switch.ts";
import { requestSweep } from "../measure/queue.ts";
import { soundVersion } from "../versions.ts";
import { refitRows } from "./material.ts";
import type { RefitWork } from "./work.ts";

/** While it trains, it looks this often whether it was stopped, or something more urgent waits. */
const LOOK_MS = 1000;
/** How much a crash can cost, in seconds of training. */
const CHECKPOINT_SECONDS = 60;

/** Stage `train`: one adapter from the untouched base, on everything that is to be kept. */
export async function trainStage(work: RefitWork): Promise<void> {
  const { context, db, refit } = work;
  const current = await soundVersion(db, context.home);
  const from = current?.id ?? BASE_VERSION;
  const keep = toKeep(work, from);
  work.advance({ stage: "train", fromVersionId: from }, () =>
    setRefitPassages(db, refit.id, "keep", keep),
  );
  const reason = whyPointless(work, keep, from);
  if (reason) return work.finish({ verdict: "reject", reason }, "info");
  if (keep.length === 0) return toVersion(work, BASE_VERSION, "Nothing else was learned");
  if (refit.kind === "move") {
    const known = knownTo(db, current);
    if (keep.every(({ passageId }) => known.has(passageId))) {
      return toVersion(work, from, "All of it had been learned on this model before");
    }
  }
  work.say("Gathering what is to be kept");
  const own = await rehearsalSet(context);
  const trainer = await context.trainer();
  const kept = refitPassagesOf(db, refit.id, "keep");
  const rows = await refitRows({ db, trainer }, refit.id, kept, own, context.settings);
  const { sha256, losses, tokens: trainTokens } = await fit(work, rows, keep.length);
  const trained = { file: work.scratch, sha256, losses, trainTokens, rows: rows.length };
  work.advance({ stage: "gate", ...trained });
}

/** Which passages it knows in the end. */
function toKeep({ db, refit, dropped }: RefitWork, from: number) {
  const drop = new Set(dropped);
  const of = getVersion(db, refit.kind === "rebuild" ? refit.ofVersionId! : from);
  const known = refit.kind === "move" ? learnedPassages(db) : [...knownTo(db, of).values()];
  return known
    .filter(({ passageId }) => !drop.has(passageId))
    .sort((a, b) => a.passageId - b.passageId)
    .map((it) => ({ ...it, anchorVersion: it.anchor }));
}

/** Why it would change nothing, where it would not. */
function whyPointless(work: RefitWork, keep: Taught[], from: number): string | undefined {
  const { db, refit, dropped } = work;
  if (refit.kind !== "unlearn") {
    return keep.length === 0 ? "Nothing is learned that could be kept." : undefined;
  }
  const trained = trainedFor(db, getVersion(db, from));
  if (dropped.some((id) => trained.has(id))) return undefined;
  return `Nothing of it was trained into ${versionName(from)}.`;
}

/** Ends a refit without training: a version, or the untouched base, is what was asked for. */
function toVersion(work: RefitWork, id: number, because: string): void {
  const { db } = work;
  const reason = `${because}, so ${versionName(id)} answers.`;
  work.finish({ verdict: "commit", reason }, "info", () => {
    switchVersion(db, id, { why: "Unlearned on request." });
    requestSweep(db);
  });
}

/** Trains from the base, from a checkpoint if there is one of the same rows. */
async function fit(work: RefitWork, rows: TrainingRow[], passages: number): Promise<TrainResult> {
  const { context, refit } = work;
  const { lora, train } = context.settings;
  const detail = `Learning ${passages} passages from the beginning`;
  work.say(detail);
  const stop = new AbortController();
  let looked = performance.now();
  const onProgress = (progress: TrainProgress) => {
    if (context.signal.aborted || stop.signal.aborted) return;
    work.say(detail, progress);
    if (performance.now() - looked < LOOK_MS) return;
    looked = performance.now();
    const interruption = work.interruption();
    if (interruption) stop.abort(interruption);
  };
  const trainer = await context.trainer();
  const begin = () =>
    trainer.train(
      {
        rows,
        lora,
        options: { ...train, seed: train.seed + refit.id },
        out: work.path(work.scratch),
        checkpoint: { everySeconds: CHECKPOINT_SECONDS },
        onStop: "checkpoint",
      },
      { onProgress, signal: AbortSignal.any([context.signal, stop.signal]) },
    );
  try {
    return await begin();
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason;
    if (!(error instanceof TrainerError && error.code === "checkpoint-mismatch")) throw error;
    // Something else is to be kept, or to be learned otherwise, than when it was interrupted.
    work.removeScratch();
    return begin();
  }
}
