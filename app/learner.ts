import type { Progress } from "../agent/context.ts";
import { type LoopOptions, type LoopState, runLoop } from "../agent/loop.ts";
import { createReader } from "../agent/read/index.ts";
import { triaged } from "../agent/triage/assess.ts";
import { metered } from "../agent/triage/budget.ts";
import { restAt } from "../agent/triage/permit.ts";
import type { Instance } from "./instance.ts";
import { loadSettings } from "./settings.ts";

/** The loop of this process, as others see it. */
export interface Learner {
  state(): LoopState;
  /** What the running job is doing; none while no job runs here. */
  progress(): Progress | undefined;
  /** Calls back at every change of either. Returns how to end that. */
  subscribe(listener: () => void): () => void;
  /** Settles when the loop has ended: rejects with LoopError or DatabaseError if it had to. */
  readonly ended: Promise<void>;
}

/** Runs the instance's loop in this process, or stands by while another process does. */
export function startLearner(
  instance: Instance,
  options: Pick<LoopOptions, "signal" | "until" | "onTrouble">,
): Learner {
  const listeners = new Set<() => void>();
  let state: LoopState = { phase: "idle" };
  let progress: Progress | undefined;
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const { db } = instance;
  const loop = async () => {
    const { learnPassage } = await import("../agent/learn/index.ts");
    const { runRefit } = await import("../agent/refit/run.ts");
    const { runRound } = await import("../agent/writer/round.ts");
    const { learnSkill } = await import("../agent/skills/acquire.ts");
    const { runSweep } = await import("../agent/measure/sweep.ts");
    await runLoop({
      ...options,
      context: instance.runtime().context,
      rest: () => restAt(db, loadSettings(db).triage),
      handlers: {
        read: createReader(instance.config.limits),
        learn: metered(triaged(learnPassage)),
        measure: runSweep,
        refit: metered(runRefit),
        skill: metered(learnSkill),
        round: metered(runRound),
      },
      onProgress: (next) => {
        progress = next;
        changed();
      },
      onState: (next) => {
        state = next;
        if (next.phase !== "working" || next.jobId !== progress?.jobId) progress = undefined;
        changed();
      },
    });
  };
  const ended = loop();
  // Whoever waits for the end is told; until somebody does, a failure is no unhandled one.
  ended.catch(() => {});
  return {
    state: () => state,
    progress: () => progress,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ended,
  };
}
