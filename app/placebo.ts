import { join } from "node:path";
import type { Exam } from "../agent/exam.ts";
import { choosePassages, type PlaceboResult, runPlacebo } from "../agent/measure/placebo/index.ts";
import { type CommandContext, CommandError, type CommandResult } from "./frame.ts";
import { decimal, table } from "./table.ts";

/** How many passages the experiment takes unless told otherwise. */
export const PLACEBO_PASSAGES = 24;

/**
 * Learns passages of an exam's file one by one, each on a fresh adapter, and compares what that does
 * for the questions about it with a placebo: as many tokens of another article. The instance is not
 * touched; what is done is kept in its folder `placebo`, and not done again.
 */
export async function comparePlacebo(
  context: CommandContext,
  exam: Exam,
  passages: number,
): Promise<CommandResult> {
  const instance = context.instance();
  const cases = chooseCases(exam, passages);
  const learner = { ...instance.runtime().context, signal: context.signal };
  const results: PlaceboResult[] = [];
  for (const [i, work] of cases.entries()) {
    context.signal.throwIfAborted();
    const result = await runPlacebo(learner, work, join(instance.home.root, "placebo"));
    results.push(result);
    context.note(
      `${i + 1}/${cases.length} ${result.title}: learned ${decimal(result.learned - result.base, true)}, placebo ${decimal(result.placebo - result.base, true)} (${result.seconds.toFixed(1)} s)`,
    );
  }
  const wins = results.filter((result) => result.wins).length;
  return {
    data: { wins, passages: results.length, results },
    text: `${rows(results)}\n\nlog-probability rises more than under placebo in ${wins} of ${results.length}`,
  };
}

function chooseCases(exam: Exam, passages: number) {
  try {
    return choosePassages(exam.items, passages, 1);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError("bad-questions", error.message);
    throw error;
  }
}

function rows(results: PlaceboResult[]): string {
  const rise = (value: number, { base }: PlaceboResult) => decimal(value - base, true);
  return table(results, [
    { head: "passage", cell: ({ title }) => title, max: 36 },
    { head: "questions", cell: ({ questions }) => String(questions), right: true },
    { head: "decision", cell: ({ decision }) => decision },
    { head: "probes", cell: ({ kind }) => kind ?? "–" },
    { head: "base log p", cell: ({ base }) => decimal(base), right: true },
    { head: "learned", cell: (result) => rise(result.learned, result), right: true },
    { head: "placebo", cell: (result) => rise(result.placebo, result), right: true },
    { head: "tokens", cell: ({ learnedTokens }) => String(learnedTokens), right: true },
    { head: "placebo's", cell: ({ placeboTokens }) => String(placeboTokens), right: true },
    { head: "", cell: ({ wins }) => (wins ? "more" : "") },
  ]);
}
