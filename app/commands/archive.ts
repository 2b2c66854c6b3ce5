import type { Command } from "commander";
import { inWords } from "../../trainer/devices/memory.ts";
import { exportInstance, importInstance } from "../archive/tar.ts";
import { loadConfig } from "../config.ts";
import { type CommandContext, type CommandResult, runs } from "../frame.ts";
import { StatusLine } from "../status-line.ts";

export function register(program: Command): void {
  runs<{ out?: string }>(
    program
      .command("export")
      .description("write the whole instance into one file: what was read, learned and measured")
      .option("--out <file.tar>", "where to; by default selkie-<date>.tar here"),
    save,
  );
  runs(
    program
      .command("import")
      .description("make an instance of such a file, where there is none: in SELKIE_HOME")
      .argument("<file.tar>"),
    load,
  );
}

async function save(
  context: CommandContext,
  _args: string[],
  { out = `selkie-${new Date().toISOString().slice(0, 10)}.tar` }: { out?: string },
): Promise<CommandResult> {
  const line = new StatusLine(context.json);
  const told = (name: string) => line.show(name);
  const { files, missing, ...data } = await exportInstance(context.instance(), out, told).finally(
    () => line.clear(),
  );
  const failures =
    missing.length > 0
      ? [`Adapters that were not there and are left out: ${missing.join(", ")}.`]
      : [];
  return {
    data: { out, ...data, files: files.length, missing },
    text: `${out}: ${files.length} files, ${inWords(data.bytes)}. The keys of webhooks are in it: keep it to yourself. The base model ${data.model.name} is not.`,
    failures,
  };
}

async function load(_context: CommandContext, [file = ""]: string[]): Promise<CommandResult> {
  const { home } = loadConfig();
  const { files, model, version, missing } = await importInstance(file, home);
  const own = model.embedded ? "" : ` It learned on ${model.name}: set SELKIE_MODEL to that file.`;
  return {
    data: { home, files: files.length, model, version, missing },
    text: `${home} has ${files.length} files of ${file}, all as they were written.${own}`,
  };
}
