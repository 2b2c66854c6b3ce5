import { join } from "node:path";
import type { Config } from "../config.ts";
import { CommandError } from "../frame.ts";
import { ConfigError } from "../knob.ts";
import type { Made } from "./backup.ts";

/** Makes a backup in a process of its own, see `child.ts`. @throws CommandError */
export async function backUpAside(config: Config, folder: string): Promise<Made> {
  const child = Bun.spawn(command(config, folder, false), { ...OPTIONS, stdout: "pipe" });
  const [made, problem, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code === 0) return JSON.parse(made) as Made;
  throw new CommandError("no-backup", lastLine(problem) || `Its process ended with code ${code}.`);
}

/**
 * Makes a backup of an instance whose database is about to be changed to another form; nothing is changed
 * where that fails. Whoever opens a database waits for it.
 * @throws ConfigError
 */
export function backUpBeforeUpdate(config: Config): void {
  const { home, backups } = config;
  if (backups.folder === undefined) return;
  const child = Bun.spawnSync(command(config, backups.folder, true), OPTIONS);
  if (child.success) return;
  throw new ConfigError(
    `The database in ${home} is of an earlier Selkie, and could not be backed up before it is brought up to date (${lastLine(child.stderr.toString())}): mend that, or set SELKIE_BACKUPS to another folder, or to “off”. Nothing was changed.`,
  );
}

const OPTIONS = {
  env: { PATH: process.env.PATH ?? "" },
  stdin: "ignore",
  stdout: "ignore",
  stderr: "pipe",
} as const;

function command({ home, model }: Config, folder: string, beforeUpdate: boolean): string[] {
  const wish = JSON.stringify({ home, folder, model, beforeUpdate });
  return [process.execPath, join(import.meta.dir, "child.ts"), wish];
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
