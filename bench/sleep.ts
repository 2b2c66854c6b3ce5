/**
 * What a sleep is worth: passages of the invented world are learned one after another, as Selkie learns
 * them; then one adapter is fitted from the untouched base on all of them; then one passage is unlearned.
 *
 *     bun run bench:sleep -- --passages 12 --json
 *
 * Every report question and the control set are asked before and after. Interrupted, it goes on where
 * it was: everything is in --work.
 */
import { resolve } from "node:path";
import { Command } from "commander";
import { unlearnPassage } from "../agent/lineage/unlearn.ts";
import { requestSweep } from "../agent/measure/queue.ts";
import { totalSeconds } from "../agent/measure/timing.ts";
import { queueLearning } from "../agent/read/consent.ts";
import { textHash } from "../agent/read/hash.ts";
import { requestSleep } from "../agent/refit/request.ts";
import { type CommandContext, runs } from "../app/frame.ts";
import { startLearner } from "../app/learner.ts";
import { type Column, decimal, percent, table } from "../app/table.ts";
import { addDocument } from "../db/documents.ts";
import { countJobs } from "../db/jobs.ts";
import { latestMeasurement, type MemoryFigures } from "../db/measurements.ts";
import { addPassages, countPassages } from "../db/passages.ts";
import { lastRefit, learnedPassages } from "../db/refits.ts";
import { listUpdates } from "../db/updates.ts";
import { demoPassages } from "../models/demo.ts";

interface Options {
  passages: string;
  worldSeed: string;
  work: string;
}

/** How the memory stands at one moment. */
interface Row {
  when: string;
  version: number;
  seconds: number;
  figures: MemoryFigures;
}

const COLUMNS: Column<Row>[] = [
  { head: "", cell: ({ when }) => when },
  { head: "questions", cell: ({ figures }) => String(figures.asked), right: true },
  { head: "right", cell: ({ figures }) => percent(figures.acc?.mean), right: true },
  { head: "BWT", cell: ({ figures }) => decimal(figures.bwt?.mean, true), right: true },
  { head: "facts", cell: ({ figures }) => percent(figures.control?.fact?.mean), right: true },
  { head: "reading", cell: ({ figures }) => percent(figures.control?.reading?.mean), right: true },
  { head: "ppl", cell: ({ figures }) => decimal(figures.control?.perplexity), right: true },
  { head: "KL", cell: ({ figures }) => decimal(figures.control?.kl), right: true },
  { head: "seconds", cell: ({ seconds }) => seconds.toFixed(0), right: true },
];

const program = new Command("bench:sleep");
runs<Options>(
  program
    .description("learn passages, sleep, unlearn one, and measure in between")
    .option("--passages <n>", "how many", "12")
    .option("--world-seed <n>", "which world", "11")
    .option("--work <folder>", "where it happens", "tmp/sleep"),
  async (context, _args, { passages, worldSeed, work }) => {
    process.env.SELKIE_HOME = resolve(work);
    process.env.SELKIE_WRITER_ROUNDS = "off";
    process.env.SELKIE_SLEEP_VERSIONS = "0";
    process.env.SELKIE_SLEEP_DAYS = "0";
    const { db } = context.instance();
    if (listUpdates(db).length === 0) read(context, Number(passages), Number(worldSeed));
    await settle(context);
    const rows = [await measure(context, "after learning", learningSeconds(context))];
    requestSleep(db);
    await settle(context);
    const sleep = lastRefit(db, "sleep")!;
    rows.push(await measure(context, "after the sleep", totalSeconds(sleep.timing)));
    const first = learnedPassages(db).map(({ passageId }) => passageId)[0];
    if (first !== undefined) unlearnPassage(db, first);
    await settle(context);
    const unlearned = lastRefit(db, "unlearn");
    if (unlearned)
      rows.push(await measure(context, "one unlearned", totalSeconds(unlearned.timing)));
    const verdicts = [sleep, unlearned].flatMap((it) => it?.reason ?? []);
    const data = { passages: countPassages(db), rows, sleep, unlearned };
    return { data, text: `${table(rows, COLUMNS)}\n\n${verdicts.join("\n")}` };
  },
);
await program.parseAsync();

function read(context: CommandContext, count: number, seed: number): void {
  const { db } = context.instance();
  for (const { title, text } of demoPassages(seed, count)) {
    const hash = textHash(text);
    const draft = { source: `demo:${title}`, format: "text", title, contentHash: hash } as const;
    const { document } = addDocument(db, draft);
    const own = addPassages(db, document.id, [{ position: 0, title, text, hash }]).passages;
    queueLearning(
      db,
      own.map(({ id }) => id),
    );
  }
}

/** Runs the loop until nothing waits. */
async function settle(context: CommandContext): Promise<void> {
  const instance = context.instance();
  const until = () => {
    const { queued, running } = countJobs(instance.db);
    return queued + running === 0;
  };
  await startLearner(instance, { signal: context.signal, onTrouble: "stop", until }).ended;
}

async function measure(context: CommandContext, when: string, seconds: number): Promise<Row> {
  const { db } = context.instance();
  requestSweep(db);
  await settle(context);
  const { versionId: version, figures } = latestMeasurement(db)!;
  return { when, version, seconds, figures };
}

function learningSeconds(context: CommandContext): number {
  const updates = listUpdates(context.instance().db);
  return updates.reduce((sum, { timing }) => sum + totalSeconds(timing), 0);
}
