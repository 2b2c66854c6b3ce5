import type { Command } from "commander";
import { type Unlearning, unlearnPassage, unlearnSource } from "../../agent/lineage/unlearn.ts";
import type { Database } from "../../db/open.ts";
import { followRefit } from "../follow-refit.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { parseId } from "../params.ts";

type What = (db: Database, id: number) => Unlearning | undefined;

export function register(program: Command): void {
  const unlearn = program
    .command("unlearn")
    .description("make a version that was never trained on something, and prove it");
  for (const [name, what] of [
    ["source", unlearnSource],
    ["passage", unlearnPassage],
  ] as const) {
    runs<{ wait?: boolean }>(
      unlearn
        .command(name)
        .description(`unlearn ${name === "source" ? "all that a source brought" : "one passage"}`)
        .argument("<id>", "its number")
        .option("--wait", "return when it is done, with the proof"),
      (context, args, options) => run(context, name, what, args, options),
    );
  }
}

async function run(
  context: CommandContext,
  name: "source" | "passage",
  what: What,
  [id = ""]: string[],
  { wait }: { wait?: boolean },
): Promise<CommandResult> {
  const { db } = context.instance();
  const number = parseId(id);
  const result = number === undefined ? undefined : what(db, number);
  if (!result) {
    const list =
      name === "source" ? "`selkie source list` lists them" : "`selkie report` lists them";
    throw new CommandError(`no-${name}`, `There is no ${name} “${id}”: ${list}.`);
  }
  const { request, known, dropped } = result;
  if (!request) {
    const text = `The version that answers was trained on nothing of it; ${dropped} passages that waited will not be learned.`;
    return { data: { known, dropped }, text };
  }
  const more =
    name === "source" ? " The source still brings new documents: pause or remove it." : "";
  context.note(`${known} passages are unlearned, ${dropped} that waited are not learned.${more}`);
  return followRefit(context, request, wait);
}
