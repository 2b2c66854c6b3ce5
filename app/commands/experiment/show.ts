import type { Command } from "commander";
import { listExperiments } from "../../../db/experiments.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../../frame.ts";
import { parseId } from "../../params.ts";
import { table } from "../../table.ts";

export function register(experiment: Command): void {
  runs(experiment.command("list").description("the experiments that there are"), list);
  runs<{ out?: string; rows: boolean }>(
    experiment
      .command("show")
      .description("what an experiment found, or has found so far")
      .argument("[id]", "its number (default: the latest)")
      .option("--out <file.json>", "write everything to a file, and the chart beside it (.svg)")
      .option("--no-rows", "leave the rows of every passage out"),
    show,
  );
}

async function list(context: CommandContext): Promise<CommandResult> {
  const data = listExperiments(context.instance().db);
  if (data.length === 0) {
    return { data, text: "There is none yet: `selkie experiment knowledge` makes one." };
  }
  const text = table(data, [
    { head: "id", cell: ({ id }) => String(id), right: true },
    { head: "kind", cell: ({ kind }) => kind },
    { head: "model", cell: ({ model }) => model, max: 32 },
    { head: "data", cell: ({ data }) => data, max: 32 },
    {
      head: "begun (UTC)",
      cell: ({ createdAt }) => new Date(createdAt).toISOString().slice(0, 16).replace("T", " "),
    },
    { head: "minutes", cell: ({ seconds }) => (seconds / 60).toFixed(1), right: true },
    { head: "", cell: ({ finishedAt }) => (finishedAt === null ? "not finished" : "finished") },
  ]);
  return { data, text };
}

async function show(
  context: CommandContext,
  [given]: string[],
  options: { out?: string; rows: boolean },
): Promise<CommandResult> {
  const latest = listExperiments(context.instance().db)[0]?.id;
  const id = given === undefined ? latest : parseId(given);
  if (id === undefined) {
    throw new CommandError(
      "no-experiment",
      given === undefined
        ? "There is no experiment yet: `selkie experiment knowledge` makes one."
        : `There is no experiment “${given}”: \`selkie experiment list\` has them all.`,
    );
  }
  const { present } = await import("../../experiment/index.ts");
  return present(context, id, options);
}
