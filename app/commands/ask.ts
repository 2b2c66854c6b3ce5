import type { Command } from "commander";
import { ask, askLatest } from "../../agent/ask.ts";
import { learnFromQuestion } from "../../agent/use/index.ts";
import { BASE_VERSION } from "../../db/versions.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { loadSettings } from "../settings.ts";
import { parseVersion } from "./exam.ts";

interface Options {
  version: string;
  lookUp: boolean;
}

export function register(program: Command): void {
  runs<Options>(
    program
      .command("ask")
      .description("answer a question from the weights alone, and learn what only a passage could")
      .argument("<question...>", "the question, with or without quotes")
      .option("--version <which>", "base, latest or a version's number", "latest")
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
  const { adapter } = weights;
  const { signal } = context;
  const { answer: text, weights: used } =
    options.version === "latest"
      ? await askLatest(instance, generator, question, { signal })
      : {
          answer: await ask(generator, question, { signal, ...(adapter && { adapter }) }),
          weights,
        };
  const data = { question, answer: text, version: used.version?.id ?? "base" };
  const said = text === "" ? "(The model has no answer.)" : text;
  const { db } = instance;
  // What an earlier version does not know says nothing of what there is to learn.
  const wished = options.lookUp && options.version === "latest" && loadSettings(db).learnFromUse;
  if (!wished) return { data, text: said };
  const versionId = used.version?.id ?? BASE_VERSION;
  const answered = { question, given: text, versionId, via: "command" } as const;
  const found = await learnFromQuestion(db, generator, answered, { signal });
  if (!found) return { data, text: said };
  const { passage, answer: read, known, noted } = found;
  const lookedUp = { passage: passage.id, title: passage.title, answer: read, known };
  const told = known
    ? `(“${passage.title}” says the same.)`
    : `(“${passage.title}” says: ${read}. ${noted?.message ?? ""})`;
  return { data: { ...data, lookedUp }, text: `${said}\n${told}` };
}
