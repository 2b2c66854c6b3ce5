import type { Requested } from "../agent/refit/request.ts";
import { refitFacts } from "./facts-lineage.ts";
import { followJob } from "./follow-job.ts";
import { type CommandContext, CommandError, type CommandResult } from "./frame.ts";

/** Says that a refit is queued, or with `wait` runs the loop until it is over and says what came of it. */
export async function followRefit(
  context: CommandContext,
  { refit, jobId, added }: Requested,
  wait: boolean | undefined,
): Promise<CommandResult> {
  const { db } = context.instance();
  const facts = () => refitFacts(db, refit.id)!.refit;
  if (!wait) {
    const text = added
      ? `Queued: ${facts().name} (refit ${refit.id}).`
      : `In the queue already: ${facts().name} (refit ${refit.id}).`;
    return { data: { ...facts(), added }, text };
  }
  if (!(await followJob(context, jobId))) {
    return { data: facts(), text: "Interrupted: it goes on the next time." };
  }
  const { verdict, reason = "" } = facts();
  if (verdict === "failed") throw new CommandError("refit-failed", reason);
  return { data: refitFacts(db, refit.id), text: reason };
}
