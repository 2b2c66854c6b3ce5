import { getJob } from "../db/jobs.ts";
import type { CommandContext } from "./frame.ts";
import { startLearner } from "./learner.ts";
import { StatusLine } from "./status-line.ts";

const LOOK_MS = 500;

/**
 * Runs the loop until a job is over, or stands by while another process does, with its progress on one line.
 * @returns false where it was interrupted: the job goes on the next time
 * @throws LoopError where nothing can be learned for now
 */
export async function followJob(context: CommandContext, jobId: number): Promise<boolean> {
  const instance = context.instance();
  const line = new StatusLine(context.json);
  const isOver = () => ["done", "failed"].includes(getJob(instance.db, jobId)!.state);
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
  return isOver();
}
