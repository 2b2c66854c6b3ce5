import type { Requested } from "../agent/refit/request.ts";
import { getJob } from "../db/jobs.ts";
import { refitFacts } from "./facts-lineage.ts";
import { type CommandContext, CommandError, type CommandResult } from "./frame.ts";
import { startLearner } from "./learner.ts";
import { StatusLine } from "./status-line.ts";

const LOOK_MS = 500;

/** Says that a refit is queued, or with `wait` runs the loop until it is over and says what came of it. */
export async function followRefit(
  context: CommandContext,
  { refit, jobId, added }: Requested,
  wait: boolean | undefined,
): Promise<CommandResult> {
  const instance = context.instance();
  const { db } = instance;
  const facts = () => refitFacts(db, refit.id)!.refit;
  if (!wait) {
    const text = added
      ? `Queued: ${facts().name} (refit ${refit.id}).`
      : `In the queue already: ${facts().name} (refit ${refit.id}).`;
    return { data: { ...facts(), added }, text };
  }
  const line = new StatusLine(context.json);
  const isOver = () => ["done", "failed"].includes(getJob(db, jobId)!.state);
  const options = { signal: context.signal, until: isOver, onTrouble: "stop" } as const;
  const learner = startLearner(instance, options);
  const timer = setInterval(() => {
    const { detail = "Waiting", training } = learner.progress() ?? {};
    line.show(training ? `${detail}: step ${training.step} of ${training.steps}` : detail);
  }, LOOK_MS);
  try {
    await learner.ended;
  } finally {
    clearInterval(timer);
    line.clear();
  }
  if (!isOver()) return { data: facts(), text: "Interrupted: it goes on the next time." };
  const { verdict, reason = "" } = facts();
  if (verdict === "failed") throw new CommandError("refit-failed", reason);
  return { data: refitFacts(db, refit.id), text: reason };
}
