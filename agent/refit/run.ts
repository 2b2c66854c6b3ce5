import { rmSync } from "node:fs";
import { join } from "node:path";
import { addEvent } from "../../db/events.ts";
import { commitStep, finishJob, isOutranked, type Job } from "../../db/jobs.ts";
import {
  changeRefit,
  getRefit,
  learnedPassages,
  type Refit,
  type RefitChange,
  type RefitStage,
  refitPassagesOf,
  setRefitPassages,
  type Taught,
} from "../../db/refits.ts";
import { type ProbeScore, saveScores } from "../../db/scores.ts";
import {
  addVersion,
  BASE_VERSION,
  currentVersion,
  getVersion,
  pointTo,
} from "../../db/versions.ts";
import {
  TrainerError,
  type TrainingRow,
  type TrainProgress,
  type TrainResult,
} from "../../trainer/types.ts";
import { adapterFile, isSound, keepAdapter } from "../adapter-file.ts";
import type { LearnerContext } from "../context.ts";
import { controlSet, rehearsalSet } from "../control/store.ts";
import { JobYield } from "../jobs/trouble.ts";
import { keepHouse } from "../lineage/keep.ts";
import { knownTo, switchVersion, versionName } from "../lineage/switch.ts";
import { saveLooks } from "../measure/looks.ts";
import { requestSweep } from "../measure/queue.ts";
import { soundVersion } from "../versions.ts";
import { examineBase, scoreLearned } from "./examine.ts";
import { gateRefit, type RefitVerdict } from "./gate.ts";
import { refitRows } from "./material.ts";
import { describeProof, proveUnlearned } from "./proof.ts";
import { refitName } from "./request.ts";

/** While it trains, it looks this often whether it was stopped, or something more urgent waits. */
const LOOK_MS = 1000;
/** How much a crash can cost, in seconds of training. */
const CHECKPOINT_SECONDS = 60;

/** Somebody ended the refit: nothing of it is to be kept. */
class RefitStopped extends Error {
  override name = "RefitStopped";
}

/**
 * Fits one adapter from the untouched base on the stored study lines of everything that is to be kept,
 * takes it before the gate, and lets it answer if that lets it pass. What somebody asked for (to unlearn,
 * to make a version again, another base) is done whatever it costs; the figures are told. Each stage is
 * committed before the next begins, and training goes on from its checkpoint, so a process that died is
 * resumed where it was; what is more urgent is done in between.
 * @throws TrainerError, GeneratorError when a model fails; the abort reason when asked to stop
 */
export async function runRefit(context: LearnerContext, job: Job): Promise<void> {
  const { refitId } = job.payload;
  const refit = refitId === undefined ? undefined : getRefit(context.db, refitId);
  if (!refit) throw new Error(`Job ${job.id} names a refit that does not exist.`);
  if (refit.finishedAt !== null) return;
  const run = new RefitRun(context, job, refit);
  try {
    while (run.refit.stage !== "done") await run.step();
  } catch (error) {
    if (!(error instanceof RefitStopped)) throw error;
    run.removeScratch();
  }
  keepHouse(context);
}

class RefitRun {
  private readonly scratch: string;
  /** When the last step was committed. */
  private began = performance.now();

  constructor(
    private readonly context: LearnerContext,
    private readonly job: Job,
    public refit: Refit,
  ) {
    this.scratch = `tmp/refit-${refit.id}.gguf`;
  }

  step(): Promise<void> {
    switch (this.refit.stage) {
      case "examine":
        return this.examine();
      case "train":
        return this.train();
      default:
        return this.gate();
    }
  }

  removeScratch(): void {
    for (const file of [this.scratch, `${this.scratch}.checkpoint`]) {
      rmSync(this.path(file), { force: true });
    }
  }

  /** On another base model: what that answers by itself. */
  private async examine(): Promise<void> {
    const { context } = this;
    const say = (asked: number, of: number) =>
      this.say(`Asking the base: ${asked} of ${of} questions`);
    const known = await examineBase(context, say);
    this.advance({ stage: "train" }, () => known());
  }

  private async train(): Promise<void> {
    const { context, refit } = this;
    const { db, home, settings } = context;
    const current = await soundVersion(db, home);
    const keep = this.keep(current?.id);
    const from = current?.id ?? BASE_VERSION;
    this.advance({ stage: "train", fromVersionId: from }, () =>
      setRefitPassages(db, refit.id, "keep", keep),
    );
    if (this.isPointless(keep, from)) return;
    if (keep.length === 0) return this.toBase();
    this.say("Gathering what is to be kept");
    const own = await rehearsalSet(context);
    const rows = await refitRows(
      { db, trainer: await context.trainer() },
      refit.id,
      refitPassagesOf(db, refit.id, "keep"),
      own,
      settings,
    );
    const result = await this.fit(rows, keep.length);
    const { sha256, losses, tokens: trainTokens } = result;
    this.advance({
      stage: "gate",
      file: this.scratch,
      sha256,
      losses,
      trainTokens,
      rows: rows.length,
    });
  }

  /** Trains from the base, from a checkpoint if there is one of the same rows. */
  private async fit(rows: TrainingRow[], passages: number): Promise<TrainResult> {
    const { context } = this;
    const { lora, train } = context.settings;
    const detail = `Learning ${passages} passages from the beginning`;
    this.say(detail);
    const stop = new AbortController();
    let looked = performance.now();
    const onProgress = (progress: TrainProgress) => {
      if (context.signal.aborted || stop.signal.aborted) return;
      this.say(detail, progress);
      if (performance.now() - looked < LOOK_MS) return;
      looked = performance.now();
      const interruption = this.interruption();
      if (interruption) stop.abort(interruption);
    };
    const trainer = await context.trainer();
    const work = () =>
      trainer.train(
        {
          rows,
          lora,
          options: { ...train, seed: train.seed + this.refit.id },
          out: this.path(this.scratch),
          checkpoint: { everySeconds: CHECKPOINT_SECONDS },
          onStop: "checkpoint",
        },
        { onProgress, signal: AbortSignal.any([context.signal, stop.signal]) },
      );
    try {
      return await work();
    } catch (error) {
      if (stop.signal.aborted) throw stop.signal.reason;
      if (!(error instanceof TrainerError && error.code === "checkpoint-mismatch")) throw error;
      // Something else is to be kept, or to be learned otherwise, than when it was interrupted.
      this.removeScratch();
      return work();
    }
  }

  private async gate(): Promise<void> {
    const { context, refit } = this;
    const { db, home, model, signal } = context;
    const { file, sha256 } = refit as { file: string; sha256: string };
    const current = currentVersion(db);
    const outdated = (current?.id ?? BASE_VERSION) !== refit.fromVersionId;
    const found = await this.findFile(file, sha256);
    // Another version answers by now, or the file is gone (a power cut).
    if (outdated || found === undefined) {
      this.removeScratch();
      return this.advance({ stage: "train", file: null, sha256: null });
    }
    this.say("Asking old questions before anything is changed");
    const drop = refitPassagesOf(db, refit.id, "drop").map(({ passageId }) => passageId);
    const before = current && this.path(current.file);
    const gated = { id: refit.id, file: found, sha256, current: before, without: new Set(drop) };
    const verdict = await gateRefit(context, gated, await controlSet(context, "gate"));
    if (verdict.verdict === "reject" && refit.kind === "sleep") return this.reject(verdict);
    const proven =
      refit.kind === "unlearn"
        ? await proveUnlearned(
            { db, trainer: await context.trainer() },
            drop,
            model,
            { before: before ?? null, after: this.path(verdict.file) },
            signal,
          )
        : undefined;
    const relearned = refit.kind === "move" ? await this.learnedUnder(verdict.file) : [];
    if (!(await keepAdapter(home, verdict.file, verdict.sha256))) {
      return this.advance({ stage: "train", file: null, sha256: null });
    }
    this.commit(verdict, (versionId) => {
      saveScores(db, versionId, relearned);
      saveLooks(db, versionId, verdict.looks);
      if (!proven) return {};
      saveScores(db, BASE_VERSION, proven.base);
      saveScores(db, refit.fromVersionId!, proven.before);
      saveScores(db, versionId, proven.after);
      return { proof: proven.proof };
    });
    this.removeScratch();
  }

  /** Which passages it knows in the end. */
  private keep(currentId: number | undefined): (Taught & { anchorVersion: number })[] {
    const { db } = this.context;
    const { kind, ofVersionId, id } = this.refit;
    const drop = new Set(refitPassagesOf(db, id, "drop").map(({ passageId }) => passageId));
    const learned = new Map(learnedPassages(db).map((it) => [it.passageId, it]));
    const of = kind === "rebuild" ? ofVersionId! : currentId;
    const taught = [...knownTo(db, of === undefined ? undefined : getVersion(db, of)).values()];
    const known =
      kind === "move"
        ? [...learned.values()]
        : kind === "rebuild"
          ? taught
          : taught.filter(({ passageId }) => learned.has(passageId));
    return known
      .filter(({ passageId }) => !drop.has(passageId))
      .sort((a, b) => a.passageId - b.passageId)
      .map((it) => ({ ...it, anchorVersion: it.anchor }));
  }

  /** Ends a refit that would change nothing. */
  private isPointless(keep: Taught[], from: number): boolean {
    const { db } = this.context;
    const { kind, id } = this.refit;
    const nothing = keep.length === 0;
    const known = knownTo(db, getVersion(db, from));
    const gone = !refitPassagesOf(db, id, "drop").some(({ passageId }) => known.has(passageId));
    const reason =
      kind === "unlearn"
        ? gone && `Nothing of it is known to ${versionName(from)}.`
        : nothing && "Nothing is learned that could be kept.";
    if (!reason) return false;
    this.finish({ verdict: "reject", reason }, "info");
    return true;
  }

  /** Nothing is left to be kept: the untouched base is what knows nothing of it. */
  private toBase(): void {
    const { db } = this.context;
    const reason = "Nothing else was learned, so the untouched base answers.";
    this.finish({ verdict: "commit", reason }, "info", () => {
      switchVersion(db, BASE_VERSION, { why: "Unlearned on request." });
      requestSweep(db);
    });
  }

  private reject(verdict: RefitVerdict): void {
    const reason = `The gate refused it: ${verdict.reason}, and scaled down it was no better. ${versionName(this.refit.fromVersionId!)} goes on answering.`;
    this.finish({ verdict: "reject", reason, figures: verdict.figures }, "warning");
    this.removeScratch();
  }

  private commit(
    { verdict, reason: found, figures, sha256 }: RefitVerdict,
    store: (versionId: number) => RefitChange,
  ): void {
    const { context, refit } = this;
    const { db } = context;
    const file = adapterFile(sha256);
    const refused =
      verdict === "reject" ? `It was asked for, so it was done, though ${found}.` : found;
    const change: RefitChange = { verdict: verdict === "reject" ? "commit" : verdict, figures };
    const kept = refitPassagesOf(db, refit.id, "keep").length;
    this.finish(change, "info", (whole) => {
      const replaces = refit.fromVersionId!;
      const version = addVersion(db, { refitId: refit.id, replaces, file, sha256 });
      Object.assign(whole, store(version.id), { versionId: version.id });
      const why =
        refit.kind === "unlearn"
          ? `Unlearned on request: version ${version.id} was made without it.`
          : "";
      // What is lost and gained shows against what answered until now.
      pointTo(db, replaces);
      switchVersion(db, version.id, { why });
      requestSweep(db);
      const proof = whole.proof ? describeProof(whole.proof) : "";
      const made = `Version ${version.id} is one adapter from the untouched base, and knows ${kept} passages.`;
      whole.reason = [made, refused, proof].filter((it) => it !== "").join(" ");
    });
  }

  /** Ends it: the row, the log and the job at once, with `results`, which may add to the change. */
  private finish(
    change: RefitChange,
    level: "info" | "warning",
    results: (change: RefitChange) => void = () => {},
  ): void {
    const { db } = this.context;
    const whole = { ...change, finishedAt: Date.now() };
    this.advance({ ...whole, stage: "done" }, (all) => {
      results(all);
      const message = `${refitName(this.refit)}: ${all.reason}`;
      addEvent(db, { level, kind: `refit.${all.verdict}`, message, jobId: this.job.id });
      finishJob(db, this.job);
    });
  }

  private advance(
    change: RefitChange & { stage: RefitStage },
    results: (change: RefitChange) => void = () => {},
  ): void {
    const { context, job } = this;
    context.signal.throwIfAborted();
    this.refit = commitStep(context.db, job, () => {
      if (getRefit(context.db, this.refit.id)?.finishedAt !== null) throw new RefitStopped();
      const whole: RefitChange = { ...change, timing: this.spent };
      results(whole);
      return changeRefit(context.db, this.refit.id, whole);
    });
    this.began = performance.now();
  }

  /** Why it should not go on for now, or at all. */
  private interruption(): Error | undefined {
    const { db } = this.context;
    if (getRefit(db, this.refit.id)?.finishedAt !== null) return new RefitStopped();
    return isOutranked(db, "refit") ? new JobYield("Something more urgent waits.") : undefined;
  }

  /** The probes of what it keeps, under its adapter: on another base everything is compared with that. */
  private async learnedUnder(file: string): Promise<ProbeScore[]> {
    const keep = refitPassagesOf(this.context.db, this.refit.id, "keep");
    this.say("Asking what was learned");
    return scoreLearned(
      this.context,
      keep.map(({ passageId }) => passageId),
      this.path(file),
    );
  }

  /** Where its adapter is: under its scratch name, or its final one if a crash came between. */
  private async findFile(file: string, sha256: string): Promise<string | undefined> {
    for (const name of [file, adapterFile(sha256)]) {
      if (await isSound(this.path(name), sha256)) return name;
    }
    return undefined;
  }

  private path(file: string): string {
    return join(this.context.home.adapters, file);
  }

  private say(detail: string, training?: TrainProgress): void {
    this.context.signal.throwIfAborted();
    this.context.onProgress({
      jobId: this.job.id,
      title: refitName(this.refit),
      stage: "refit",
      detail,
      ...(training && { training }),
    });
  }

  /** Seconds of the stage so far count with what it commits. */
  private get spent(): Record<string, number> {
    const { stage } = this.refit;
    const seconds = (performance.now() - this.began) / 1000;
    return { ...this.refit.timing, [stage]: (this.refit.timing[stage] ?? 0) + seconds };
  }
}
