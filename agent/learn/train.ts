import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Candidate, changeCandidate, listCandidates } from "../../db/candidates.ts";
import { listProbes, type Probe } from "../../db/probes.ts";
import { TrainerError, type TrainingRow } from "../../trainer/types.ts";
import type { Home } from "../home.ts";
import { rewardOf, type Standing, standings } from "../reward/reward.ts";
import { replayRows } from "../study/replay.ts";
import { editRows, keepReadable } from "../study/rows.ts";
import type { Run } from "./run.ts";
import { rewardProbe } from "./score.ts";

/** Stage `train`: one adapter per candidate, each trained from the parent, and each one's reward. */
export async function trainStage(run: Run): Promise<void> {
  if (run.isOutdated) return run.advance({ stage: "decide" });
  sweepScratch(run.context.home, run.update.id);
  const all = listCandidates(run.db, run.update.id);
  const exam = new RewardExam(run);
  for (const candidate of all) {
    const name = `candidate ${candidate.ordinal + 1} of ${all.length}`;
    const file = await trainCandidate(run, candidate, name);
    if (file !== undefined) await rewardCandidate(run, exam, candidate, file, name);
  }
  run.advance({ stage: "commit" });
}

/** @returns the candidate's file inside the adapters folder, or nothing if training diverged */
async function trainCandidate(run: Run, candidate: Candidate, name: string) {
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
          rows: await candidateRows(run, candidate),
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

async function rewardCandidate(
  run: Run,
  exam: RewardExam,
  candidate: Candidate,
  file: string,
  name: string,
) {
  if (candidate.reward !== null) return;
  run.say(`Examining ${name}`);
  const { reward, gains } = await run.timed("score", () => exam.take(run.adapterPath(file)));
  run.advance({ stage: "train" }, () =>
    changeCandidate(run.db, candidate.id, { reward, gains: exam.byProbe(gains) }),
  );
}

/** The same reward probes for every candidate, against the version that all of them began from. */
class RewardExam {
  private readonly probes: Probe[];
  private before: Standing[] | undefined;

  constructor(private readonly run: Run) {
    this.probes = listProbes(run.db, run.passage.id, "reward");
  }

  async take(adapter: string) {
    const { parent } = this.run;
    this.before ??= await this.standings(parent && this.run.adapterPath(parent.file));
    return rewardOf(this.before, await this.standings(adapter));
  }

  byProbe(gains: number[]): Record<string, number> {
    return Object.fromEntries(this.probes.map(({ id }, i) => [id, gains[i]!]));
  }

  private async standings(adapter: string | undefined): Promise<Standing[]> {
    const { trainer, model, signal } = this.run.context;
    const probes = this.probes.map((probe) => rewardProbe(probe, model));
    return standings(await trainer(), probes, { adapter, signal });
  }
}

/** The passage itself, the candidate's own lines, and what is replayed of earlier updates. */
async function candidateRows(run: Run, candidate: Candidate): Promise<TrainingRow[]> {
  const { context, db, passage, settings } = run;
  const trainer = await context.trainer();
  const fresh = await editRows(trainer, passage, candidate.lines);
  const replay = replayRows(db, run.update.id, fresh.length, settings);
  return [...fresh, ...(await keepReadable(trainer, replay))];
}

function scratchPrefix(updateId: number): string {
  return `u${updateId}-`;
}

/** Removes what other updates left in the scratch folder: only one runs at a time. */
function sweepScratch(home: Home, updateId: number): void {
  for (const name of readdirSync(home.scratch)) {
    if (!name.startsWith(scratchPrefix(updateId)))
      rmSync(join(home.scratch, name), { force: true });
  }
}
