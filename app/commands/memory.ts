import type { Command } from "commander";
import { endPause } from "../../agent/gate/backoff.ts";
import { requestSweep } from "../../agent/measure/queue.ts";
import { getJob } from "../../db/jobs.ts";
import { acceptPresent } from "../../db/retention.ts";
import type { Estimated, Measure, MemoryPageFacts } from "../../views/memory-types.ts";
import { memoryPageFacts } from "../facts-memory.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { startLearner } from "../learner.ts";
import { decimal, percent, table } from "../table.ts";

export function register(program: Command): void {
  const memory = program
    .command("memory")
    .description("what is remembered, what it cost, and what the gate lets pass");
  runs(
    memory
      .command("status", { isDefault: true })
      .description("the measures with their intervals, the control set, and the gate"),
    status,
  );
  runs(
    memory.command("sweep").description("ask every report question now, for exact figures"),
    sweep,
  );
  runs(
    memory
      .command("accept")
      .description(
        "let the gate measure losses from how things stand now: what is lost is given up",
      ),
    accept,
  );
}

async function status(context: CommandContext): Promise<CommandResult> {
  const data = memoryPageFacts(context.instance().db);
  return { data, text: words(data) };
}

async function sweep(context: CommandContext): Promise<CommandResult> {
  const instance = context.instance();
  const { db } = instance;
  const { job } = requestSweep(db);
  const learner = startLearner(instance, {
    signal: context.signal,
    onTrouble: "stop",
    until: () => ["done", "failed"].includes(getJob(db, job.id)!.state),
  });
  await learner.ended;
  const end = getJob(db, job.id)!;
  if (end.state === "failed") throw new CommandError("sweep-failed", end.error ?? "It failed.");
  return status(context);
}

async function accept(context: CommandContext): Promise<CommandResult> {
  const { db } = context.instance();
  const { changed, lost } = acceptPresent(db);
  endPause(db);
  return {
    data: { changed, lost },
    text: `The gate now measures from how ${changed} questions stood when they were last asked; ${lost} of them were right once and count as given up.`,
  };
}

function words(memory: MemoryPageFacts): string {
  const { latest, gates, reviews } = memory;
  if (!latest) return "Nothing has been learned yet.";
  const sample = `Version ${latest.version}: ${latest.asked} of ${latest.population} questions asked.`;
  const columns = [
    { head: "", cell: ({ name }: Measure) => name },
    { head: "now", cell: (it: Measure) => figure(it, it.value?.mean), right: true },
    { head: "95%", cell: (it: Measure) => interval(it), right: true },
  ];
  const life = latest.halfLife
    ? `Half is forgotten after ${Math.round(latest.halfLife.mean)} updates.`
    : "Nothing is seen to fade.";
  const base = `Perplexity of general text: ${decimal(latest.perplexity)} times the base's; KL to the base: ${decimal(latest.kl)} nats per token.`;
  const gate = table(gates, [
    { head: "update", cell: ({ updateId }) => String(updateId), right: true },
    { head: "gate", cell: ({ verdict }) => verdict },
    { head: "scale", cell: ({ scale }) => String(scale), right: true },
    { head: "old lost", cell: ({ oldLoss }) => percent(oldLoss), right: true },
    { head: "base lost", cell: ({ baseLoss }) => percent(baseLoss), right: true },
    { head: "why", cell: ({ reason }) => reason, max: 80 },
  ]);
  return [
    `${sample}\n${table(latest.measures, columns)}\n${life}`,
    `What the base knew and could do:\n${table(latest.control, columns)}\n${base}`,
    gates.length > 0 ? gate : "",
    `${reviews.due} questions are due for review.`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function figure({ form }: Measure, value: number | undefined): string {
  return form === "share" ? percent(value) : decimal(value, true);
}

function interval({ form, value }: Measure): string {
  const spread = value as Estimated | null;
  if (!spread || spread.low === spread.high) return "";
  return form === "share"
    ? `${percent(Math.max(0, spread.low))} to ${percent(Math.min(1, spread.high))}`
    : `${decimal(spread.low, true)} to ${decimal(spread.high, true)}`;
}
