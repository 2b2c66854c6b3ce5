import type { Command } from "commander";
import type { Weights } from "../../agent/adapter.ts";
import {
  answerFromWeights,
  answerWithPassages,
  askedOf,
  type Sourced,
} from "../../agent/answer/index.ts";
import { underLatest } from "../../agent/ask.ts";
import type { TextGenerator } from "../../agent/generator/types.ts";
import { learnFromQuestion } from "../../agent/use/index.ts";
import type { Arm, AskMode } from "../../db/conversations.ts";
import { BASE_VERSION } from "../../db/versions.ts";
import { armName, capitalised, originWords, sureWords } from "../../views/ask-words.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import type { Instance } from "../instance.ts";
import { loadSettings } from "../settings.ts";
import { parseVersion } from "./exam.ts";

interface Options {
  version: string;
  lookUp: boolean;
  passages?: boolean;
  compare?: boolean;
}

export function register(program: Command): void {
  runs<Options>(
    program
      .command("ask")
      .description(
        "answer a question from the weights, say where the answer comes from, and learn what only a passage could",
      )
      .argument("<question...>", "the question, with or without quotes")
      .option("--version <which>", "base, latest or a version's number", "latest")
      .option("--passages", "answer with passages open, too, and say which")
      .option("--compare", "the untouched base, what was learned, and that with passages open")
      .option("--no-look-up", "do not look through the passages for what the weights do not know"),
    answer,
  );
}

async function answer(
  context: CommandContext,
  words: string[],
  options: Options,
): Promise<CommandResult> {
  const question = words.join(" ").trim();
  if (question === "") throw new CommandError("no-question", "There is no question: ask one.");
  const instance = context.instance();
  const weights = parseVersion(instance, options.version);
  const generator = await instance.runtime().context.generator();
  const { signal } = context;
  const mode = options.compare ? "compare" : options.passages ? "passages" : "weights";
  const work = (used: Weights) => answers(instance, generator, { question, mode, used, signal });
  const { result, weights: used } =
    options.version === "latest"
      ? await underLatest(instance, work)
      : { result: await work(weights), weights };
  const versionId = used.version?.id ?? BASE_VERSION;
  const given = result[0]!.text;
  const data = { question, answer: given, version: used.version?.id ?? "base", answers: result };
  const text = result.map((it) => told(it, result.length > 1)).join("\n\n");
  const { db } = instance;
  // What an earlier version does not know says nothing of what there is to learn.
  const wished = options.lookUp && options.version === "latest" && loadSettings(db).learnFromUse;
  if (!wished) return { data, text };
  const answered = { question, given, versionId, via: "command" } as const;
  const found = await learnFromQuestion(db, generator, answered, { signal });
  if (!found) return { data, text };
  const { passage, answer: read, known, noted } = found;
  const lookedUp = { passage: passage.id, title: passage.title, answer: read, known };
  const says = known
    ? `(“${passage.title}” says the same.)`
    : `(“${passage.title}” says: ${read}. ${noted?.message ?? ""})`;
  return { data: { ...data, lookedUp }, text: `${text}\n${says}` };
}

type Told = Sourced & { arm: Arm; versionId: number };

/** The answers of all who are asked; the weights' own comes first. */
async function answers(
  { db }: Instance,
  generator: TextGenerator,
  asked: { question: string; mode: AskMode; used: Weights; signal: AbortSignal },
): Promise<Told[]> {
  const { question, mode, used, signal } = asked;
  const said: Told[] = [];
  for (const { arm, versionId } of askedOf(mode, used.version?.id ?? BASE_VERSION)) {
    const adapter = arm === "base" ? undefined : used.adapter;
    const whole = { question, history: [], versionId, ...(adapter && { adapter }) };
    const sourced =
      arm === "passages"
        ? await answerWithPassages(db, generator, whole, said[0]!, { signal })
        : await answerFromWeights(db, generator, whole, { signal });
    said.push({ arm, versionId, ...sourced });
  }
  return said;
}

function told(answer: Told, named: boolean): string {
  const { text, logprob, passages, probes } = answer;
  const lines = [
    text === "" ? "(The model has no answer.)" : text,
    `(${originWords(answer)}${logprob === null ? "" : ` ${capitalised(sureWords(logprob))}.`})`,
    ...passages.filter(({ source }) => source).map(({ title }) => `(It stands in “${title}”.)`),
    ...probes.slice(0, 1).map(({ question }) => `(An exam question covers this: “${question}”)`),
  ];
  return (named ? [`${armName(answer)}:`, ...lines] : lines).join("\n");
}
