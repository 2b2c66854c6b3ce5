import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { getCandidate } from "../../db/candidates.ts";
import { addEvent } from "../../db/events.ts";
import { commitStep, finishJob, isOutranked, type Job } from "../../db/jobs.ts";
import { getPassages } from "../../db/passages.ts";
import { addPolicy, currentPolicyId, usePolicy } from "../../db/policies.ts";
import { listProbes } from "../../db/probes.ts";
import {
  addTrial,
  changeRound,
  findOpenRound,
  listRoundPassages,
  listTrials,
  type Round,
  type RoundChange,
  type TrialResult,
} from "../../db/rounds.ts";
import type { TrainProgress } from "../../trainer/types.ts";
import { adapterFile, keepAdapter } from "../adapter-file.ts";
import type { LearnerContext } from "../context.ts";
import { JobYield } from "../jobs/trouble.ts";
import { rewardProbe } from "../learn/score.ts";
import { compareWriters, judge, type TrialEdit, type TrialPassage } from "./compare.ts";
import { writerOf } from "./current.ts";
import { type Example, trainWriter } from "./fit.ts";
import { beginRound } from "./select.ts";

/**
 * A round of the outer loop (ReST-EM): the writer is trained on the best edits, tried on passages that
 * it was not trained on, and adopted if it is better there. Every step is committed before the next
 * begins, so a process that died goes on where it was; between steps it makes room for learning.
 * @throws TrainerError, GeneratorError when a model fails; the abort reason when asked to stop
 */
export async function runRound(context: LearnerContext, job: Job): Promise<void> {
  const { db, settings } = context;
  const force = job.payload.force === true;
  const round =
    findOpenRound(db) ?? beginRound(db, settings.writer, { seed: settings.seed, force });
  if (!round) return;
  const run = new RoundRun(context, job, round);
  while (run.round.stage !== "done") await (run.round.stage === "train" ? run.train() : run.try());
}

class RoundRun {
  private timing: Record<string, number>;

  constructor(
    private readonly context: LearnerContext,
    private readonly job: Job,
    public round: Round,
  ) {
    this.timing = { ...round.timing };
  }

  /** The M-step. */
  async train(): Promise<void> {
    const { context, round } = this;
    const { home, settings, signal } = context;
    const { lora, train } = settings.writer;
    const examples = this.examples();
    const say = (progress?: TrainProgress) =>
      this.say(`Training the writer on the best edits of ${examples.length} passages`, progress);
    say();
    const scratch = `tmp/round-${round.id}.gguf`;
    const result = await this.timed("train", async () =>
      trainWriter(await context.trainer(), examples, {
        from: writerOf(context.db, home, round.policyId).adapter,
        out: join(home.adapters, scratch),
        lora,
        options: { ...train, seed: train.seed + round.id },
        onProgress: (progress) => {
          if (!signal.aborted) say(progress);
        },
        signal,
      }),
    );
    const { sha256, losses, tokens: trainTokens, rows } = result;
    if (!(await keepAdapter(home, scratch, sha256))) {
      throw new Error("The writer's adapter was damaged while it was written: look at the disk.");
    }
    const file = adapterFile(sha256);
    this.advance({ stage: "try", file, sha256, losses, trainTokens, rows });
  }

  /** Old writer against new, from the untouched base, on passages that neither was trained on. */
  async try(): Promise<void> {
    const { context, round } = this;
    const { db, home, settings, signal } = context;
    const { writer } = settings;
    const file = join(home.adapters, round.file!);
    // Lost to a power cut or to somebody's broom.
    if (!existsSync(file)) return this.advance({ stage: "train", file: null, sha256: null });
    const passages = this.trialPassages();
    const done = listTrials(db, round.id).map(
      (trial): TrialEdit => ({ ...trial, gains: Object.values(trial.gains) }),
    );
    const total = passages.length * writer.tryEdits * 2;
    let tried = done.length;
    const say = () =>
      this.say(`Trying the new writer: edit ${Math.min(tried + 1, total)} of ${total}`);
    say();
    const trials = await this.timed("try", async () => {
      const [generator, trainer] = await Promise.all([context.generator(), context.trainer()]);
      return compareWriters(
        { generator, trainer },
        passages,
        { before: writerOf(db, home, round.policyId).adapter, after: file },
        {
          kinds: settings.editKinds,
          edits: writer.tryEdits,
          lists: settings.editLists,
          seed: settings.seed + 1000 * round.id,
          lora: settings.lora,
          train: settings.train,
          scratch: join(home.scratch, `round-${round.id}-trial.gguf`),
          done,
          onTrial: (trial) => {
            this.record(trial);
            tried += 1;
            say();
            if (isOutranked(db, "round")) throw new JobYield("Something more urgent waits.");
          },
          signal,
        },
      );
    });
    this.conclude(judge(trials, settings.seed));
  }

  private examples(): Example[] {
    return listRoundPassages(this.context.db, this.round.id, "train").flatMap(({ candidateId }) => {
      const edit = candidateId === null ? undefined : getCandidate(this.context.db, candidateId);
      return edit?.prompt && edit.completions
        ? [{ prompt: edit.prompt, completions: edit.completions }]
        : [];
    });
  }

  private trialPassages(): TrialPassage[] {
    const { db, model } = this.context;
    const ids = listRoundPassages(db, this.round.id, "try").map(({ passageId }) => passageId);
    return getPassages(db, ids).map(({ id, title, text }) => {
      const probes = listProbes(db, id, "reward").map((probe) => rewardProbe(probe, model));
      return { id, title, text, probes };
    });
  }

  private record({ gains, ...trial }: TrialEdit): void {
    const { db } = this.context;
    const ids = listProbes(db, trial.passageId, "reward").map(({ id }) => id);
    const byProbe = Object.fromEntries(gains.map((gain, i) => [ids[i]!, gain]));
    commitStep(db, this.job, () =>
      addTrial(db, { roundId: this.round.id, gains: byProbe, ...trial }),
    );
  }

  private conclude(trial: TrialResult): void {
    const { context, round, job } = this;
    const { db, settings } = context;
    const { significance } = settings.writer;
    const moved = currentPolicyId(db) !== round.policyId;
    const better = trial.difference > 0 && trial.p < significance;
    const figures = describeTrial(trial);
    const reason = moved
      ? `${figures} The writer was changed by hand meanwhile, which stands.`
      : better
        ? figures
        : `${figures} That may be chance (it would have to be below ${significance}), so the writer stays as it is.`;
    const adopted = better && !moved;
    const change: RoundChange & { stage: Round["stage"] } = {
      stage: "done",
      verdict: adopted ? "adopt" : "reject",
      reason,
      trial,
      finishedAt: Date.now(),
    };
    this.advance(change, (whole) => {
      if (adopted) {
        const { file, sha256 } = round as { file: string; sha256: string };
        const parent = { parentId: round.policyId, roundId: round.id };
        const policy = addPolicy(db, { ...parent, file, sha256 });
        usePolicy(db, policy.id);
        whole.newPolicyId = policy.id;
      }
      const message = adopted
        ? `The writer learned from round ${round.id}: ${reason}`
        : `Round ${round.id} brought no better writer: ${reason}`;
      addEvent(db, { level: "info", kind: `round.${whole.verdict}`, message, jobId: job.id });
      finishJob(db, job);
    });
    if (!adopted) rmSync(join(context.home.adapters, round.file!), { force: true });
  }

  private advance(
    change: RoundChange & { stage: Round["stage"] },
    results: (change: RoundChange) => void = () => {},
  ): void {
    const { context, job } = this;
    context.signal.throwIfAborted();
    this.round = commitStep(context.db, job, () => {
      const whole: RoundChange = { ...change, timing: this.timing };
      results(whole);
      return changeRound(context.db, this.round.id, whole);
    });
  }

  private say(detail: string, training?: TrainProgress): void {
    this.context.signal.throwIfAborted();
    this.context.onProgress({
      jobId: this.job.id,
      title: `Round ${this.round.id} of the writer`,
      stage: "round",
      detail,
      ...(training && { training }),
    });
  }

  private async timed<T>(part: "train" | "try", work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.timing[part] = (this.timing[part] ?? 0) + (performance.now() - start) / 1000;
    }
  }
}

/** What came out, in a sentence or two. */
export function describeTrial({ passages, before, after, low, high, p }: TrialResult): string {
  const figure = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
  return `On ${passages} passages that it was not trained on, its edits earned ${figure(after)} nats per token, those of the writer before ${figure(before)} (difference 95% ${figure(low)} to ${figure(high)}, p = ${p < 0.001 ? "<0.001" : p.toFixed(3)}).`;
}
