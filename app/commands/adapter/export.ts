import type { Command } from "commander";
import { exportAdapter } from "../../../trainer/index.ts";
import { type CommandContext, type CommandResult, runs } from "../../frame.ts";
import { oneOf, readKnob } from "../../knob.ts";
import { ADAPTER_HELP, adapterPath, BASE_HELP, basePath, outPath } from "./files.ts";

interface Options {
  out: string;
  base?: string;
  baseName?: string;
  type: string;
}

const TYPES = oneOf("f32", "f16", "bf16");

export function register(adapter: Command): void {
  runs<Options>(
    adapter
      .command("export")
      .description("write an adapter as a folder that Hugging Face's PEFT loads")
      .argument("<adapter>", ADAPTER_HELP)
      .requiredOption("--out <folder>", "the folder to make")
      .option("--type <type>", "f32, f16 or bf16", "f32")
      .option("--base <model.gguf>", BASE_HELP)
      .option("--base-name <name>", "what the adapter says it was trained on, e.g. owner/model"),
    write,
  );
}

async function write(
  context: CommandContext,
  [which = ""]: string[],
  options: Options,
): Promise<CommandResult> {
  const type = readKnob("--type", options.type, TYPES);
  const data = await exportAdapter({
    adapter: adapterPath(context, which),
    base: basePath(options.base),
    out: outPath(options.out),
    dtype: type.toUpperCase() as "F32",
    ...(options.baseName && { baseName: options.baseName }),
  });
  return {
    data,
    text: `Wrote ${data.path}: rank ${data.rank}, alpha ${data.alpha}, ${data.matrices} matrices of ${data.baseName}.`,
  };
}
