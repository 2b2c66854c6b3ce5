import type { Command } from "commander";
import { inspectHardware } from "../../agent/hardware.ts";
import type { Pulling } from "../../agent/models/pull.ts";
import { inWords } from "../../trainer/devices/memory.ts";
import { type CommandContext, type CommandResult, runs } from "../frame.ts";
import { dropModel, type ModelLine, modelsFacts, takeModel } from "../models.ts";
import { pull } from "../pulls.ts";
import { StatusLine } from "../status-line.ts";
import { table } from "../table.ts";

/** Characters of a progress bar. */
const BAR = 30;
/** Elsewhere than on a terminal a line is written at every so many percent. */
const STEP = 10;

export function register(program: Command): void {
  const models = program.command("models").description("base models: download, choose, remove");
  runs(models.command("list", { isDefault: true }).description("the models that are here"), list);
  runs<{ use?: boolean }>(
    models
      .command("pull")
      .description("download a model; one that was begun goes on where it was")
      .argument("<model>", "hf:owner/repository:Q4_K_M, hf:owner/repository/file.gguf, an address")
      .option("--use", "choose it, too"),
    fetchModel,
  );
  runs(
    models
      .command("use")
      .description("learn on another model from the next start on")
      .argument("<model>", "its name in the list, or the path of a GGUF file"),
    use,
  );
  runs(
    models
      .command("remove")
      .description("delete a downloaded model, or the rest of a download")
      .argument("<model>", "its name in the list"),
    remove,
  );
  runs(
    models.command("recommend").description("which model suits this machine, and why"),
    recommend,
  );
}

async function list(context: CommandContext): Promise<CommandResult> {
  const data = modelsFacts(context.instance(), await inspectHardware());
  const text = table(data.models, [
    { head: "model", max: 50, cell: ({ name }) => name },
    { head: "", cell: (it) => (it.current ? "in use" : it.chosen ? "from the next start" : "") },
    { head: "size", right: true, cell: ({ bytes }) => inWords(bytes) },
    { head: "parameters", right: true, cell: (it) => millions(it) },
    { head: "memory", right: true, cell: ({ outline }) => memory(outline?.memory) },
    { head: "fits", cell: ({ fits }) => fits },
    { head: "hours a day", right: true, cell: (it) => it.hoursPerDay?.toFixed(1) ?? "–" },
    { head: "problem", max: 80, cell: ({ problem }) => problem ?? "" },
  ]);
  const partial = data.partial.map((name) => `not finished: ${name} (pull it again to go on)`);
  return { data, text: [text, ...partial].join("\n") };
}

async function fetchModel(
  context: CommandContext,
  [uri = ""]: string[],
  { use: choose }: { use?: boolean },
): Promise<CommandResult> {
  const instance = context.instance();
  const line = new StatusLine(context.json);
  let told = 0;
  const onProgress = (pulling: Pulling) => {
    line.show(progressWords(pulling));
    const percent = Math.floor((100 * pulling.done) / Math.max(1, pulling.total));
    if (process.stderr.isTTY || percent < told + STEP) return;
    told = percent - (percent % STEP);
    context.note(`${told}% of ${inWords(pulling.total)}`);
  };
  const { signal } = context;
  const model = await pull(instance, uri, { onProgress, signal }).finally(() => line.clear());
  if (choose && !model.problem) takeModel(instance, model.path);
  return {
    data: { ...model, chosen: choose === true && !model.problem },
    text: `${model.name}: ${inWords(model.bytes)}, ${memory(model.outline?.memory)} of memory. ${
      choose
        ? "It is the base from the next start on."
        : `\`selkie models use ${model.name}\` takes it.`
    }`,
    ...(model.problem && { failures: [model.problem] }),
  };
}

async function use(context: CommandContext, [name = ""]: string[]): Promise<CommandResult> {
  const model = takeModel(context.instance(), name);
  return {
    data: { model: model.name, path: model.path },
    text: `From the next start on this learns on ${model.name}. What was learned on another model is learned again with \`selkie relearn\`.`,
  };
}

async function remove(context: CommandContext, [name = ""]: string[]): Promise<CommandResult> {
  const freed = dropModel(context.instance(), name);
  return {
    data: { removed: name, freed },
    text: `${name} is removed; ${inWords(freed)} are free.`,
  };
}

async function recommend(context: CommandContext): Promise<CommandResult> {
  const { hardware, recommended, suggestions } = modelsFacts(
    context.instance(),
    await inspectHardware(),
  );
  const rows = table(suggestions, [
    { head: "", cell: ({ uri }) => (uri === recommended.uri ? "→" : "") },
    { head: "model", cell: ({ name }) => name },
    { head: "needs", right: true, cell: ({ needsBytes }) => inWords(needsBytes) },
    { head: "pull", cell: ({ uri }) => uri },
  ]);
  return {
    data: { hardware, recommended, suggestions },
    text: `This machine has ${hardware}.\n${rows}\n\nselkie models pull ${recommended.uri} --use`,
  };
}

/** `[######      ] 45% of 1.3 GB, 12 MB/s`. */
export function progressWords({ done, total, bytesPerSecond }: Pulling): string {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const bar = "#".repeat(Math.floor(share * BAR)).padEnd(BAR);
  const speed = bytesPerSecond > 0 ? `, ${inWords(bytesPerSecond)}/s` : "";
  return `[${bar}] ${Math.floor(share * 100)}% of ${total > 0 ? inWords(total) : "?"}${speed}`;
}

function millions({ outline }: ModelLine): string {
  return outline ? `${(outline.parameters / 1e6).toFixed(1)}M` : "–";
}

function memory(needs: { least: number; fast: number } | undefined): string {
  return needs ? `${inWords(needs.least)} to ${inWords(needs.fast)}` : "–";
}
