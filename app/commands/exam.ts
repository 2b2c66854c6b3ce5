import type { Command } from "commander";
import { findWeights, parseWhich, type Weights } from "../../agent/adapter.ts";
import { mean } from "../../agent/decide.ts";
import {
  describeProblem,
  type Exam,
  type ExamAnswer,
  ExamError,
  type ExamOutcome,
  parseExam,
  takeExam,
} from "../../agent/exam.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import type { Instance } from "../instance.ts";
import { comparePlacebo, PLACEBO_PASSAGES } from "../placebo.ts";
import { decimal, percent, table } from "../table.ts";

interface Options {
  version: string;
  answers?: boolean;
  placebo?: boolean;
  passages: string;
}

/** Bad items that are told one by one; the rest are counted. */
const MAX_COMPLAINTS = 20;

export function register(program: Command): void {
  runs<Options>(
    program
      .command("exam")
      .description("ask questions that the learner has never seen, from the weights alone")
      .argument(
        "<questions.json>",
        "[{ title, context, questions: [{ question, answer }] }]; the contexts are not read",
      )
      .option("--version <which>", "base, latest or a version's number", "latest")
      .option("--answers", "let the model answer in its own words, too")
      .option(
        "--placebo",
        "learn passages of the file apart, and compare with another article's text",
      )
      .option("--passages <n>", "how many of them, with --placebo", String(PLACEBO_PASSAGES)),
    exam,
  );
}

async function exam(
  context: CommandContext,
  [path = ""]: string[],
  options: Options,
): Promise<CommandResult> {
  const questions = await readExam(path);
  if (options.placebo) return comparePlacebo(context, questions, passagesOf(options.passages));
  const instance = context.instance();
  const weights = parseVersion(instance, options.version);
  const models = instance.runtime().context;
  const generator = options.answers ? await models.generator() : undefined;
  const outcome = await takeExam(await models.trainer(), questions, {
    signal: context.signal,
    ...(weights.adapter && { adapter: weights.adapter }),
    ...(generator && { generator }),
  });
  const items = summariseItems(outcome.answers);
  return {
    data: { version: weights.version?.id ?? "base", ...outcome, items },
    text: words(weights, outcome, items),
    failures: complaints(outcome),
  };
}

/** How many passages. @throws CommandError */
export function passagesOf(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new CommandError("bad-passages", `--passages is “${text}”, but it must be a whole number.`);
}

/** The weights that `--version` names. @throws CommandError */
export function parseVersion(instance: Instance, text: string): Weights {
  const which = parseWhich(text);
  if (which === undefined) {
    throw new CommandError(
      "bad-version",
      `--version is “${text}”, but it must be base, latest or a version's number.`,
    );
  }
  const weights = findWeights(instance.db, instance.home, which);
  if (weights) return weights;
  throw new CommandError(
    "no-version",
    `There is no version ${which}, or its adapter is not there: \`selkie versions\` lists them.`,
  );
}

/** The questions of a file. @throws CommandError */
export async function readExam(path: string): Promise<Exam> {
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError("unreadable", `The questions ${path} cannot be read: ${reason}.`);
  }
  try {
    return parseExam(JSON.parse(text));
  } catch (error) {
    if (error instanceof ExamError) {
      throw new CommandError("bad-questions", `${path}: ${error.message}`);
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError("bad-questions", `The questions ${path} are not JSON: ${reason}.`);
  }
}

interface ItemSummary {
  item: number;
  title: string;
  questions: number;
  logprobPerToken: number;
  exact: number;
  match?: number;
}

function summariseItems(answers: ExamAnswer[]): ItemSummary[] {
  const share = (list: ExamAnswer[], hit: (answer: ExamAnswer) => boolean | undefined) =>
    mean(list.map((answer) => (hit(answer) ? 1 : 0)));
  return [...Map.groupBy(answers, ({ item }) => item)].map(([item, list]) => ({
    item,
    title: list[0]!.title,
    questions: list.length,
    logprobPerToken: mean(list.map((answer) => answer.logprobPerToken)),
    exact: share(list, ({ exact }) => exact),
    ...(list[0]!.match !== undefined && { match: share(list, ({ match }) => match) }),
  }));
}

function words(weights: Weights, { summary }: ExamOutcome, items: ItemSummary[]): string {
  const said = summary.match !== undefined;
  const total = { item: 0, title: "all", ...summary };
  const rows = table([...items, total] as ItemSummary[], [
    { head: "item", cell: ({ item }) => (item === 0 ? "" : String(item)), right: true },
    { head: "title", cell: ({ title }) => title, max: 48 },
    { head: "questions", cell: ({ questions }) => String(questions), right: true },
    { head: "log p/token", cell: (row) => decimal(row.logprobPerToken), right: true },
    { head: "exact", cell: ({ exact }) => percent(exact), right: true },
    ...(said
      ? [{ head: "answered", cell: ({ match }: ItemSummary) => percent(match), right: true }]
      : []),
  ]);
  return `Answered closed-book by ${weights.name}.\n\n${rows}`;
}

function complaints({ problems }: ExamOutcome): string[] {
  const told = problems.slice(0, MAX_COMPLAINTS).map((it) => `Left out ${describeProblem(it)}`);
  const rest = problems.length - told.length;
  return rest > 0 ? [...told, `Left out ${rest} more.`] : told;
}
