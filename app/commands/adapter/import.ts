import { resolve } from "node:path";
import type { Command } from "commander";
import { importAdapter } from "../../../trainer/index.ts";
import { type CommandContext, type CommandResult, runs } from "../../frame.ts";
import { BASE_HELP, basePath, outPath } from "./files.ts";

interface Options {
  out: string;
  base?: string;
}

export function register(adapter: Command): void {
  runs<Options>(
    adapter
      .command("import")
      .description("write a LoRA that PEFT saved as an adapter's GGUF")
      .argument("<folder>", "with adapter_model.safetensors and adapter_config.json")
      .requiredOption("--out <adapter.gguf>", "the file to write")
      .option("--base <model.gguf>", BASE_HELP),
    write,
  );
}

async function write(
  _context: CommandContext,
  [folder = ""]: string[],
  options: Options,
): Promise<CommandResult> {
  const data = await importAdapter({
    folder: resolve(folder),
    base: basePath(options.base),
    out: outPath(options.out),
  });
  return {
    data,
    text: `Wrote ${data.path}: rank ${data.rank}, alpha ${data.alpha}, ${data.matrices} matrices.`,
  };
}
