import type { Command } from "commander";
import { Follower, type Outcome } from "../../agent/jobs/follow.ts";
import { isDead } from "../../agent/jobs/owner.ts";
import { LOOP_LEASE, LoopError } from "../../agent/loop.ts";
import { type Accepted, acceptSource } from "../../agent/read/accept.ts";
import { ReadError } from "../../agent/read/errors.ts";
import { leaseHolder } from "../../db/leases.ts";
import { type CommandContext, type CommandResult, runs } from "../frame.ts";
import type { Instance } from "../instance.ts";
import { type Learner, startLearner } from "../learner.ts";
import { StatusLine } from "../status-line.ts";

/** How often the journal is looked at while waiting, in milliseconds. */
const LOOK_MS = 500;

interface Options {
  wait?: boolean;
  title?: string;
}

export function register(program: Command): void {
  runs(
    program
      .command("ingest")
      .description("read files, folders and addresses, and learn them")
      .argument("<source...>", "paths of files or folders, or addresses with http:// or https://")
      .option("--wait", "return when all of it has been learned, found known, or rejected")
      .option("--title <title>", "what the document is called, instead of the title it has"),
    ingest,
  );
}

async function ingest(
  context: CommandContext,
  sources: string[],
  options: Options,
): Promise<CommandResult> {
  const instance = context.instance();
  const { accepted, failures } = record(instance, sources, options.title);
  if (!options.wait) return recorded(accepted, failures);

  const follower = new Follower(
    instance.db,
    accepted.map(({ job }) => job.id),
  );
  try {
    await settle(context, instance, follower);
  } catch (error) {
    // What stopped the loop is one failure more; what came before it is told as well.
    if (!(error instanceof LoopError)) throw error;
    failures.push(error.message);
  }
  const outcome = follower.outcome();
  const { reading, learning } = follower.advance();
  const left = reading + learning;
  if (context.signal.aborted) {
    context.note(`Stopped. ${left} of it still to do: recorded, and taken up again the next time.`);
  }
  return finished(outcome, failures, left);
}

/** Records what can be read; what cannot is told, and does not hold up the rest. */
function record(
  instance: Instance,
  sources: string[],
  title: string | undefined,
): { accepted: (Accepted & { source: string })[]; failures: string[] } {
  const accepted: (Accepted & { source: string })[] = [];
  const failures: string[] = [];
  for (const source of sources) {
    try {
      accepted.push({
        source,
        ...acceptSource(instance.db, source, instance.config.limits, title),
      });
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      failures.push(error.message);
    }
  }
  return { accepted, failures };
}

/** Runs the loop here, or waits for the process that does, until all of it is settled. */
async function settle(
  context: CommandContext,
  instance: Instance,
  follower: Follower,
): Promise<void> {
  const line = new StatusLine(context.json);
  const stop = new AbortController();
  const learner = startLearner(instance, {
    signal: AbortSignal.any([context.signal, stop.signal]),
    until: () => follower.settled(),
    onTrouble: "stop",
  });
  let problem: string | undefined;
  const timer = setInterval(() => {
    line.show(describe(learner, follower));
    // Another process has the queue, and cannot go on: waiting for it could take for ever.
    if (learner.state().phase !== "standby") return;
    const holder = leaseHolder(instance.db, LOOP_LEASE);
    if (!holder?.problem || isDead(holder.owner)) return;
    problem = holder.problem;
    stop.abort();
  }, LOOK_MS);
  try {
    await learner.ended;
  } finally {
    clearInterval(timer);
    line.clear();
  }
  if (problem) throw new LoopError("model", problem);
}

function describe(learner: Learner, follower: Follower): string {
  const { reading, learning, passages } = follower.advance();
  const counts = [
    reading > 0 ? `${reading} to read` : "",
    passages > 0 ? `${passages - learning} of ${passages} passages done` : "",
  ].filter(Boolean);
  const state = learner.state();
  const progress = learner.progress();
  const training = progress?.training;
  const now =
    state.phase === "standby"
      ? "another Selkie process is learning"
      : progress
        ? `${progress.title}: ${progress.detail}`
        : "";
  const steps = training
    ? `step ${training.step}/${training.steps}, loss ${training.loss.toFixed(3)}`
    : "";
  return [...counts, now, steps].filter(Boolean).join(" · ");
}

function recorded(accepted: (Accepted & { source: string })[], failures: string[]): CommandResult {
  const lines = accepted.map(({ source, job, added }) =>
    added
      ? `Recorded ${source} (job ${job.id}).`
      : `${source} is in the queue already (job ${job.id}).`,
  );
  if (accepted.length > 0) lines.push("It is read and learned while `selkie serve` runs.");
  return {
    data: {
      recorded: accepted.map(({ source, job, added }) => ({ source, jobId: job.id, added })),
      failures,
    },
    text: lines.join("\n"),
    failures,
  };
}

function finished(outcome: Outcome, refused: string[], left: number): CommandResult {
  const { reads, passages } = outcome;
  const failures = [...refused, ...outcome.failures];
  const lines = reads.flatMap((job) => job.result?.message ?? []);
  for (const { title, decision, reason } of passages) {
    if (decision === "failed") continue;
    lines.push(`${decision.padEnd(8)}  ${title}${reason ? `: ${reason}` : ""}`);
  }
  return {
    data: {
      sources: reads.map((job) => ({
        source: job.payload.source,
        state: job.state,
        message: job.result?.message ?? job.error,
      })),
      passages: passages.map(({ id, title, decision, reason }) => ({
        id,
        title,
        decision,
        reason,
      })),
      unfinished: left,
      failures,
    },
    text: lines.join("\n"),
    failures,
  };
}
