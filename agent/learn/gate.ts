import { rmSync } from "node:fs";
import { type Gate, type GateFigures, saveGate } from "../../db/gates.ts";
import type { ProbeScore } from "../../db/scores.ts";
import { scaleAdapter } from "../../trainer/index.ts";
import { controlSet } from "../control/store.ts";
import { mean } from "../decide.ts";
import { GateExam } from "../gate/exam.ts";
import { judge } from "../gate/judge.ts";
import type { Scored } from "./commit.ts";
import { RewardExam } from "./reward-exam.ts";
import type { Run } from "./run.ts";
import { listMembers } from "./together.ts";

/** A candidate that may be committed, at the scale at which it passed. */
export interface Passed {
  gate?: Gate;
  /** Inside the adapters folder. */
  file: string;
  sha256: string;
  /** Old reward probes under it. */
  looks: ProbeScore[];
  reason: string;
}

/**
 * Takes the best candidate through the gate: as it is, and if it is refused, scaled down step by step,
 * so that it keeps most of what it teaches for less of what it costs. Every trial is stored.
 * @returns what passed, or why nothing did
 */
export async function passGate(run: Run, best: Scored): Promise<Passed | { refused: string }> {
  const { context, db, update, settings, parent } = run;
  const { gate } = settings;
  if (!gate.on) {
    return { file: best.file, sha256: best.sha256, looks: [], reason: "" };
  }
  run.say("Asking old questions before anything is committed");
  const control = await run.timed("probe", () => controlSet(context, "gate"));
  const trainer = await context.trainer();
  const exam = new GateExam({
    db,
    trainer,
    model: context.model,
    control,
    ...(parent && { parent: run.adapterPath(parent.file) }),
    settings: gate,
    seed: run.seed + update.id,
    signal: context.signal,
  });
  const taught = [run.passage, ...listMembers(run).map(({ passage }) => passage)];
  const exams = taught.map(({ id }) => new RewardExam(run, id));
  let refused = "";
  for (const scale of [1, ...gate.scales]) {
    const file = scale === 1 ? best.file : `tmp/u${update.id}-s${scale}.gguf`;
    const path = run.adapterPath(file);
    const sha256 = scale === 1 ? best.sha256 : rescaled(run, best, scale, path);
    const rewards = await run.timed("score", () =>
      Promise.all(exams.map((rewards) => rewards.take(path))),
    );
    const result = await run.timed("gate", () => exam.take(path));
    const figures: GateFigures = {
      gain: mean(rewards.map(({ reward }) => reward)),
      // As many passages as it teaches stand against those that lose.
      exactGain: rewards.reduce((sum, it) => sum + it.exactAfter - it.exactBefore, 0),
      old: result.old,
      control: result.control,
      budgets: { loss: gate.loss, control: gate.control, perplexity: gate.perplexity },
    };
    const { verdict, reason } = judge(figures, scale, exam.keptPassages);
    const stored = { file: scale === 1 ? null : file, sha256: scale === 1 ? null : sha256 };
    let row: Gate | undefined;
    run.advance({ stage: "commit" }, () => {
      const trial = { updateId: update.id, candidateId: best.id, scale };
      row = saveGate(db, { ...trial, verdict, reason, figures, ...stored });
    });
    if (verdict !== "reject") return { gate: row!, file, sha256, looks: result.looks, reason };
    if (scale === 1) refused = reason;
    else rmSync(path, { force: true });
  }
  return { refused: `The gate refused it: ${refused}, and scaled down it was no better.` };
}

function rescaled(run: Run, best: Scored, scale: number, out: string): string {
  const { parent } = run;
  return scaleAdapter({
    adapter: run.adapterPath(best.file),
    ...(parent && { parent: run.adapterPath(parent.file) }),
    scale,
    out,
  });
}
