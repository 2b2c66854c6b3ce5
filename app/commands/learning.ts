import type { Command } from "commander";
import { answerReview, answerReviews } from "../../agent/triage/review.ts";
import type { LearningFacts } from "../../views/learning-types.ts";
import { behindWords, whyWords } from "../../views/learning-words.ts";
import { learningFacts } from "../facts-learning.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { parseId } from "../params.ts";
import { changeSettings, setPaused } from "../settings-list.ts";
import { table } from "../table.ts";

interface SetOptions {
  dailyUpdates?: string;
  dailyMinutes?: string;
  quietHours?: string;
  niceness?: string;
  together?: string;
  learnFromUse?: string;
}

export function register(program: Command): void {
  const learning = program
    .command("learning")
    .description("when and what it learns, what waits, and what is left out");
  runs(
    learning
      .command("status", { isDefault: true })
      .description("how far behind it is, what goes first and why, what waits for you"),
    status,
  );
  runs<SetOptions>(
    learning
      .command("set")
      .description("change when and how much it learns; an empty value is the default again")
      .option("--daily-updates <n>", "updates a day at most; 0 is no limit")
      .option("--daily-minutes <n>", "minutes of learning a day at most; 0 is no limit")
      .option("--quiet-hours <hours>", "hours without learning: 22:00-07:00, several with commas")
      .option("--niceness <n>", "how far the trainer stands behind other programs, 0 to 19")
      .option("--together <n>", "passages in one update at most, where that is cheaper")
      .option("--learn-from-use <on|off>", "whether what is asked is looked up and learned"),
    set,
  );
  for (const pause of ["on", "off"] as const) {
    runs(
      learning
        .command(pause === "on" ? "pause" : "resume")
        .description(pause === "on" ? "learn nothing until told" : "go on learning"),
      async (context) => {
        const { db } = context.instance();
        setPaused(db, pause === "on");
        return status(context);
      },
    );
  }
  for (const [name, learn] of [
    ["approve", true],
    ["skip", false],
  ] as const) {
    runs<{ all?: boolean }>(
      learning
        .command(name)
        .description(
          `${learn ? "let passages be learned" : "do not learn passages"} that wait for you`,
        )
        .argument("[passage...]", "their numbers")
        .option("--all", "all that wait"),
      (context, ids, options) => answer(context, ids, options, learn),
    );
  }
}

async function status(context: CommandContext): Promise<CommandResult> {
  const data = learningFacts(context.instance().db);
  return { data, text: words(data) };
}

async function set(
  context: CommandContext,
  _args: string[],
  options: SetOptions & { json?: boolean },
): Promise<CommandResult> {
  const values: Record<string, string | null> = {};
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== "string") continue;
    values[name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)] = value.trim() || null;
  }
  if (Object.keys(values).length === 0) {
    throw new CommandError(
      "no-change",
      "Nothing was to be changed: see `selkie learning set --help`.",
    );
  }
  changeSettings(context.instance().db, values);
  return status(context);
}

async function answer(
  context: CommandContext,
  ids: string[],
  options: { all?: boolean },
  learn: boolean,
): Promise<CommandResult> {
  const { db } = context.instance();
  const word = learn ? "to be learned" : "skipped";
  const failures: string[] = [];
  let passages = 0;
  if (options.all) passages = answerReviews(db, learn);
  else if (ids.length === 0) {
    throw new CommandError("no-passage", "Say which: numbers of passages, or --all.");
  }
  for (const id of options.all ? [] : ids) {
    const number = parseId(id);
    if (number !== undefined && answerReview(db, number, learn)) passages += 1;
    else failures.push(`Passage “${id}” does not wait: \`selkie learning\` lists those that do.`);
  }
  return { data: { passages }, text: `${passages} passages are ${word}.`, failures };
}

function words(learning: LearningFacts): string {
  const { settings, today, rest, left, next, reviews } = learning;
  const limit = (n: number) => (n > 0 ? ` of ${n}` : "");
  const reviewed = table(reviews, [
    { head: "passage", right: true, cell: ({ passageId }) => String(passageId) },
    { head: "waits for you", max: 40, cell: ({ title }) => title },
    { head: "why", max: 100, cell: ({ reason }) => reason },
  ]);
  const queue = table(next, [
    { head: "passage", right: true, cell: ({ passageId }) => String(passageId) },
    { head: "next", max: 40, cell: ({ title }) => title },
    { head: "priority", right: true, cell: ({ priority }) => priority.toFixed(2) },
    { head: "why", max: 80, cell: ({ parts }) => whyWords(parts) },
  ]);
  return [
    [behindWords(learning), rest?.message ?? ""].filter(Boolean).join("\n"),
    [
      `today        ${today.updates}${limit(settings.dailyUpdates)} updates, ${Math.round(today.minutes)}${limit(settings.dailyMinutes)} minutes`,
      `quiet hours  ${settings.quietHours || "none"}`,
      `left out     ${left.held} held back by their sources, ${left.asked} documents and ${left.review} passages wait for you, ${left.skipped} skipped`,
    ].join("\n"),
    reviews.length > 0 ? reviewed : "",
    next.length > 0 ? queue : "",
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}
