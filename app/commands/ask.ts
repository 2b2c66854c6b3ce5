import type { Command } from "commander";
import { ask, askLatest } from "../../agent/ask.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { parseVersion } from "./exam.ts";

interface Options {
  version: string;
}

export function register(program: Command): void {
  runs<Options>(
    program
      .command("ask")
      .description("answer a question from the weights alone: nothing is looked up")
      .argument("<question...>", "the question, with or without quotes")
      .option("--version <which>", "base, latest or a version's number", "latest"),
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
  return {
    data: { question, answer: text, version: used.version?.id ?? "base" },
    text: text === "" ? "(The model has no answer.)" : text,
  };
}
