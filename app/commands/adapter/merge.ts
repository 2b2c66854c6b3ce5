import type { Command } from "commander";
import {
  FILE_TYPES,
  type FileType,
  type MergeProgress,
  type MergeResult,
  mergeModel,
} from "../../../trainer/index.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../../frame.ts";
import { oneOf, readKnob } from "../../knob.ts";
import { StatusLine } from "../../status-line.ts";
import { ADAPTER_HELP, adapterPath, BASE_HELP, basePath, outPath } from "./files.ts";

interface Options {
  out: string;
  base?: string;
  type: string;
  name?: string;
}

const TYPES = oneOf("same", ...(Object.keys(FILE_TYPES) as FileType[]));

export function register(adapter: Command): void {
  runs<Options>(
    adapter
      .command("merge")
      .description("write the model with adapters merged in")
      .argument("<adapter[:factor]...>", `${ADAPTER_HELP}; with a factor of its update`)
      .requiredOption("--out <model.gguf>", "the file to write")
      .option("--type <type>", TYPES.expected, "same")
      .option("--base <model.gguf>", BASE_HELP)
      .option("--name <name>", "what the model calls itself"),
    merge,
  );
}

async function merge(
  context: CommandContext,
  adapters: string[],
  options: Options,
): Promise<CommandResult> {
  const job = {
    adapters: adapters.map((text) => scaledAdapter(context, text)),
    base: basePath(options.base),
    out: outPath(options.out),
    type: readKnob("--type", options.type, TYPES),
    ...(options.name && { name: options.name }),
  };
  const line = new StatusLine(context.json);
  try {
    const data = await mergeModel(job, {
      signal: context.signal,
      onProgress: (progress) => line.show(describe(progress)),
    });
    line.clear();
    for (const sentence of data.fallbacks) context.note(sentence);
    return { data, text: words(data) };
  } finally {
    line.clear();
  }
}

/** `latest`, `3:0.5` or `adapter.gguf:2`. @throws CommandError */
function scaledAdapter(context: CommandContext, text: string): { path: string; scale: number } {
  const [, name = text, factor] = /^(.+):([^:/\\]*)$/.exec(text) ?? [];
  if (factor === undefined) return { path: adapterPath(context, text), scale: 1 };
  const scale = Number(factor);
  if (factor.trim() === "" || !Number.isFinite(scale)) {
    throw new CommandError(
      "bad-factor",
      `“${text}” has the factor “${factor}”, but it must be a number: ${name}:0.5, for example.`,
    );
  }
  return { path: adapterPath(context, name), scale };
}

function describe({ bytes, totalBytes, tensor }: MergeProgress): string {
  return `Merging, ${Math.floor((100 * bytes) / totalBytes)}% (${tensor})`;
}

function words({ path, bytes, tensors, adapted, types }: MergeResult): string {
  const kinds = Object.entries(types)
    .sort(([, a], [, b]) => b - a)
    .map(([type, count]) => `${count} ${type}`);
  return `Wrote ${path}: ${size(bytes)} in ${tensors} tensors (${kinds.join(", ")}), ${adapted} of them adapted.`;
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
