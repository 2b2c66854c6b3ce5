/**
 * Does learning a passage raise the log-probability of the answers to questions that people asked
 * about it by more than training on as many tokens of another article?
 *
 *     bun run bench:placebo -- --data squad-dev.json --passages 24 --json
 *
 * Only the contexts are learned. Interrupted, it goes on where it was: what is done is in --work.
 */
import { resolve } from "node:path";
import { Command } from "commander";
import { passagesOf, readExam } from "../app/commands/exam.ts";
import { runs } from "../app/frame.ts";
import { comparePlacebo, PLACEBO_PASSAGES } from "../app/placebo.ts";

interface Options {
  data: string;
  passages: string;
  work: string;
}

const program = new Command("bench:placebo");
runs<Options>(
  program
    .description("compare learning with a placebo: as many tokens of another article")
    .requiredOption("--data <file>", "[{ title, context, questions: [{ question, answer }] }]")
    .option("--passages <n>", "how many", String(PLACEBO_PASSAGES))
    .option("--work <folder>", "where results are kept", "tmp/placebo"),
  async (context, _args, { data, passages, work }) => {
    process.env.SELKIE_HOME = resolve(work);
    return comparePlacebo(context, await readExam(data), passagesOf(passages));
  },
);
await program.parseAsync();
