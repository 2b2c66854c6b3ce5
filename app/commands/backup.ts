import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { inWords } from "../../trainer/devices/memory.ts";
import { listBackups, verifyBackup } from "../archive/backup.ts";
import type { Manifest } from "../archive/manifest.ts";
import { restoreInstance } from "../archive/restore.ts";
import { backUp } from "../archive/schedule.ts";
import { unpackChecked } from "../archive/tar.ts";
import { loadConfig } from "../config.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";

export function register(program: Command): void {
  runs(
    program.command("backup").description("make a backup now, while Selkie goes on, and check it"),
    make,
  );
  runs(
    program
      .command("verify")
      .description("check backups, or an export, byte by byte")
      .argument("[backup]", "its name, or the file of an export; all backups by default"),
    verify,
  );
  runs<{ force?: boolean }>(
    program
      .command("restore")
      .description("put the instance back as it was; what is there now is kept aside")
      .argument(
        "[backup]",
        "its name, or the file of an export; by default the latest that is sound",
      )
      .option("--force", "also where it cannot be known whether Selkie runs on a damaged database"),
    restore,
  );
}

async function make(context: CommandContext): Promise<CommandResult> {
  const { folder, name, manifest, removed } = await backUp(context.instance());
  const { files, missing, ...about } = manifest;
  const bytes = sizeOf(manifest);
  const gone = removed.length > 0 ? ` Removed: ${removed.join(", ")}.` : "";
  return {
    data: { folder, name, ...about, files: files.length, bytes, missing, removed },
    text: `${join(folder, name)}: ${files.length} files, ${inWords(bytes)}, read back and found sound. The keys of webhooks are in it: keep it to yourself. The base model ${about.model.name} is not.${gone}`,
    failures: missing.map(
      (file) =>
        `The adapter ${file} is missing or damaged in the instance itself, and is left out.`,
    ),
  };
}

async function verify(_context: CommandContext, [which]: string[]): Promise<CommandResult> {
  const { backups } = loadConfig();
  const folder = backups.folder ?? "";
  const names = listBackups(folder).map(({ name }) => name);
  if (which === undefined && names.length === 0) {
    throw new CommandError("no-backup", `There is no backup in ${folder || "any folder"}.`);
  }
  const checked: { name: string; sound: boolean; bytes?: number; problem?: string }[] = [];
  for (const name of which === undefined ? names : [which]) {
    try {
      const isFile = which !== undefined && !names.includes(which);
      const manifest = await (isFile ? verifyFile(which) : verifyBackup(folder, name));
      checked.push({ name, sound: true, bytes: sizeOf(manifest) });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      checked.push({ name, sound: false, problem: error.message });
    }
  }
  const sound = checked.filter((it) => it.sound);
  return {
    data: { folder, checked },
    text: sound.map(({ name, bytes }) => `${name}  sound, ${inWords(bytes!)}`).join("\n"),
    failures: checked.flatMap(({ problem }) => problem ?? []),
  };
}

/** Unpacked beside it, where there is room for such a file. */
async function verifyFile(file: string): Promise<Manifest> {
  if (!(await Bun.file(file).exists())) {
    throw new CommandError("no-backup", `There is no backup and no file ${file}.`);
  }
  const folder = mkdtempSync(join(dirname(resolve(file)), ".selkie-verify-"));
  try {
    return await unpackChecked(file, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function restore(
  _context: CommandContext,
  [which]: string[],
  { force = false }: { force?: boolean },
): Promise<CommandResult> {
  const { home, backups } = loadConfig();
  const wish = { ...(which !== undefined && { which }), force };
  const { manifest, from, replaced } = await restoreInstance(home, backups.folder ?? "", wish);
  const { createdAt, version, model } = manifest;
  const aside = replaced
    ? ` What was there before is in ${replaced}: remove it when all is well.`
    : "";
  return {
    data: { home, from, createdAt, version, model, replaced, missing: manifest.missing },
    text: `${home} is as it was at ${createdAt}, and sound.${aside}`,
  };
}

function sizeOf({ files }: Manifest): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
