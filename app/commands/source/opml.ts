import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { exportOpml, importOpml } from "../../../agent/sources/opml.ts";
import { type CommandContext, CommandError, type CommandResult } from "../../frame.ts";
import { type WishOptions, wished } from "./wishes.ts";

export async function importFile(
  context: CommandContext,
  [path = ""]: string[],
  options: WishOptions,
): Promise<CommandResult> {
  const { db, config } = context.instance();
  if (!existsSync(path)) {
    throw new CommandError("missing", `${path} does not exist: give the OPML file to import.`);
  }
  const raw = { source: path, bytes: new Uint8Array(await readFile(path)) };
  const data = await importOpml(db, raw, config.limits, wished(options));
  const { added, known, failures } = data;
  return { data, text: `${added} added, ${known} here already.`, failures };
}

export async function exportFile(
  context: CommandContext,
  _args: string[],
  { out }: { out?: string },
): Promise<CommandResult> {
  const opml = exportOpml(context.instance().db);
  if (out === undefined) return { data: { opml }, text: opml };
  await writeFile(out, opml);
  return { data: { file: out }, text: `Written to ${out}.` };
}
