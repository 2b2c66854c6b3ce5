import { join } from "node:path";
import type { Config } from "../config.ts";
import { ConfigError } from "../knob.ts";

/**
 * Makes a backup of an instance whose database is about to be changed to another form; nothing is changed
 * where that fails. In a process of its own, since whoever opens a database waits for it.
 * @throws ConfigError
 */
export function backUpBeforeUpdate({ home, backups, model }: Config): void {
  if (backups.folder === undefined) return;
  const about = JSON.stringify({ home, folder: backups.folder, model });
  const child = Bun.spawnSync([process.execPath, join(import.meta.dir, "child.ts"), about], {
    env: { PATH: process.env.PATH ?? "" },
    stdout: "ignore",
    stderr: "pipe",
  });
  if (child.success) return;
  const reason = child.stderr.toString().trim().split("\n").at(-1);
  throw new ConfigError(
    `The database in ${home} is of an earlier Selkie, and could not be backed up before it is brought up to date (${reason}): mend that, or set SELKIE_BACKUPS to another folder, or to “off”. Nothing was changed.`,
  );
}
