import type { Command } from "commander";
import { askLatest } from "../../agent/ask.ts";
import { correct, markWrong } from "../../agent/use/index.ts";
import { BASE_VERSION, currentVersion } from "../../db/versions.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";

interface Options {
  answer?: string;
}

export function register(program: Command): void {
  runs<Options>(
    program
      .command("correct")
      .description("say that an answer is wrong, and what it should be: that is learned")
      .argument("<question...>", "the question, with or without quotes")
      .option("--answer <text>", "the right answer; without it, the passages are asked for one"),
    run,
  );
}

async function run(
  context: CommandContext,
  words: string[],
  options: Options,
): Promise<CommandResult> {
  const question = words.join(" ").trim();
  if (question === "") {
    throw new CommandError("no-question", "There is no question: say which answer is wrong.");
  }
  const instance = context.instance();
  const { db } = instance;
  const { signal } = context;
  const right = options.answer?.trim();
  if (right === "")
    throw new CommandError("no-answer", "The right answer is empty: say what it is.");
  const versionId = currentVersion(db)?.id ?? BASE_VERSION;
  const via = "command" as const;
  if (right !== undefined) {
    return result(correct(db, { question, given: "", versionId, via }, right));
  }
  const generator = await instance.runtime().context.generator();
  const { answer: given } = await askLatest(instance, generator, question, { signal });
  return result(await markWrong(db, generator, { question, given, versionId, via }, { signal }));
}

function result({ feedback, passage, queued, message }: ReturnType<typeof correct>): CommandResult {
  const { id, question, answer } = feedback;
  const data = { feedback: id, question, answer, passage: passage?.id ?? null, queued };
  return { data, text: message };
}
