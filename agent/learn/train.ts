import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type Candidate,
  changeCandidate,
  getCandidate,
  listCandidates,
} from "../../db/candidates.ts";
import { TrainerError, type TrainingRow } from "../../trainer/types.ts";
import { rehearsalSet } from "../control/store.ts";
import type { Home } from "../home.ts";
import { planReplay, type ReplayPlan, sizedRows, takeRows, tokensOf } from "../replay/plan.ts";
import { editRows } from "../study/rows.ts";
import { RewardExam } from "./reward-exam.ts";
import type { Run } from "./run.ts";
import { candidateOf, gather, type Member } from "./together.ts";

/** Stage `train`: one adapter per candidate, each trained from the parent, and each one's reward. */
export async function trainStage(run: Run): Promise<void> {
  if (run.isOutdated) return run.advance({ stage: "decide" });
  sweepScratch(run.context.home, run.update.id);
  const all = listCandidates(run.db, run.update.id);
  const members = gather(run);
  const exams = [
    { exam: new RewardExam(run) },
    ...members.map((member) => ({ member, exam: new RewardExam(run, member.passage.id) })),
  ];
  const own = await run.timed("sample", () => rehearsalSet(run.context));
  const plan = await planReplay(
    { db: run.db, trainer: await run.context.trainer() },
    { id: run.update.id, version: run.parentId },
    own,
    run.settings,
  );
  for (const candidate of all) {
    const name = `candidate ${candidate.ordinal + 1} of ${all.length}`;
    const file = await trainCandidate(run, candidate, members, plan, name);
    if (file !== undefined) await rewardCandidate(run, exams, candidate, file, name);
  }
  run.advance({ stage: "commit" });
}

/** @returns the candidate's file inside the adapters folder, or nothing if training diverged */
async function trainCandidate(
  run: Run,
  candidate: Candidate,
  members: Member[],
  plan: ReplayPlan,
  name: string,
) {
  const { context, update } = run;
  if (candidate.file && existsSync(run.adapterPath(candidate.file))) return candidate.file;
  run.say(`Training ${name}`);
  const file = `tmp/${scratchPrefix(update.id)}c${candidate.ordinal}.gguf`;
  const from = run.parent && run.adapterPath(run.parent.file);
  try {
    const result = await run.timed("train", async () => {
      const trainer = await context.trainer();
      return trainer.train(
        {
          rows: await candidateRows(run, candidate, members, plan),
          lora: run.settings.lora,
          options: { ...run.settings.train, seed: run.settings.train.seed + run.passage.id },
          ...(from && { from }),
          out: run.adapterPath(file),
        },
        {
          onProgress: (progress) => {
            if (!context.signal.aborted) run.say(`Training ${name}`, progress);
          },
          signal: context.signal,
        },
      );
    });
    const { sha256, losses, tokens, seconds } = result;
    run.advance({ stage: "train" }, () => {
      changeCandidate(run.db, candidate.id, {
        file,
        sha256,
        losses,
        trainTokens: tokens,
        seconds,
        reward: null,
      });
    });
    candidate.reward = null;
    return file;
  } catch (error) {
    if (!(error instanceof TrainerError && error.code === "diverged")) throw error;
    run.note(
      "update.diverged",
      `“${run.passage.title}”: ${name} diverged: ${error.message}`,
      "warning",
    );
    return undefined;
  }
}

/** What it earned with each passage that it teaches; a member's candidate gets the adapter's hash, too. */
async function rewardCandidate(
  run: Run,
  exams: { member?: Member; exam: RewardExam }[],
  candidate: Candidate,
  file: string,
  name: string,
) {
  if (candidate.reward !== null) return;
  run.say(`Examining ${name}`);
  const { db } = run;
  const path = run.adapterPath(file);
  const earned = await run.timed("score", () =>
    Promise.all(exams.map(async (it) => ({ ...it, ...(await it.exam.take(path)) }))),
  );
  const sha256 = getCandidate(db, candidate.id)?.sha256 ?? null;
  run.advance({ stage: "train" }, () => {
    for (const { member, exam, reward, gains } of earned) {
      const own = member ? candidateOf(db, member, candidate.ordinal) : candidate;
      if (own)
        changeCandidate(db, own.id, {
          reward,
          gains: exam.byProbe(gains),
          ...(member && { sha256 }),
        });
    }
  });
}

/** The passage itself, the candidate's own lines, those of its members, and what is practised beside them. */
async function candidateRows(
  run: Run,
  candidate: Candidate,
  members: Member[],
  plan: ReplayPlan,
): Promise<TrainingRow[]> {
  const trainer = await run.context.trainer();
  const fresh = await editRows(trainer, run.passage, candidate.lines);
  for (const member of members) {
    const lines = candidateOf(run.db, member, candidate.ordinal)?.lines ?? [];
    fresh.push(...(await editRows(trainer, member.passage, lines)));
  }
  const sizes = await sizedRows(trainer, fresh);
  return [...fresh, ...takeRows(plan, tokensOf(sizes), run.settings)];
}

function scratchPrefix(updateId: number): string {
  return `u${updateId}-`;
}

/** Removes what other updates left in the scratch folder: only one runs at a time. */
export function sweepScratch(home: Home, updateId?: number): void {
  const own = updateId === undefined ? undefined : scratchPrefix(updateId);
  for (const name of readdirSync(home.scratch)) {
    if (own === undefined || !name.startsWith(own))
      rmSync(join(home.scratch, name), { force: true });
  }
}
