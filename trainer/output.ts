import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isAlive } from "./alive.ts";
import { TrainerError } from "./errors.ts";

/** Temporary names that this process is writing under. */
const held = new Set<string>();
process.on("exit", () => {
  for (const temporary of held) discard(temporary);
});

/**
 * Takes `path` for writing: returns a temporary name beside it that carries this process's id, and
 * removes what dead processes left under such names.
 * @throws TrainerError `output-busy` where another writer is at work on the same name
 */
export function claim(path: string): string {
  const own = `${resolve(path)}.${process.pid}.tmp`;
  if (held.has(own)) throw busy(path, process.pid, own);
  sweep(path);
  held.add(own);
  return own;
}

/**
 * Gives what was written under a temporary name its own: from one moment to the next it is there,
 * and complete.
 */
export function publish(temporary: string, path: string): void {
  attempt(path, () => {
    renameSync(temporary, path);
    flushFolder(dirname(path));
  });
  held.delete(temporary);
}

/** Removes what was written. Never throws: an error here would hide why. */
export function discard(temporary: string): void {
  try {
    rmSync(temporary, { force: true, recursive: true });
  } catch {}
  held.delete(temporary);
}

/** A file that gets its name when it is complete, so that `path` is absent, as it was, or whole. */
export class OutputFile {
  private fd: number | undefined;

  private constructor(
    readonly path: string,
    private readonly temporary: string,
  ) {}

  /** @throws TrainerError `write-failed`, or `output-busy` where this file is being written */
  static create(path: string): OutputFile {
    const file = new OutputFile(path, claim(path));
    try {
      file.fd = attempt(path, () => openSync(file.temporary, "wx"));
      // Of two that began at the same moment, each sees the other here.
      sweep(path);
    } catch (error) {
      file.discard();
      throw error;
    }
    return file;
  }

  /** Appends bytes. @throws TrainerError `write-failed` */
  write(bytes: Uint8Array): void {
    attempt(this.path, () => {
      let done = 0;
      while (done < bytes.length) done += writeSync(this.fd as number, bytes, done);
    });
  }

  /** Flushes the file to disk and gives it its name. @throws TrainerError `write-failed` */
  publish(): void {
    attempt(this.path, () => {
      fsyncSync(this.fd as number);
      this.close();
    });
    publish(this.temporary, this.path);
  }

  /** Removes what was written; after {@link publish} it does nothing. */
  discard(): void {
    try {
      this.close();
    } catch {}
    discard(this.temporary);
  }

  private close(): void {
    const { fd } = this;
    this.fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * Makes a folder that gets its name when `work` has filled it.
 * @param work writes into the folder that it is given
 * @throws TrainerError `write-failed`, also where there is something of that name
 */
export async function writeFolder(
  path: string,
  work: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = claim(path);
  try {
    attempt(path, () => {
      if (existsSync(path) && !(statSync(path).isDirectory() && readdirSync(path).length === 0)) {
        throw Object.assign(new Error(path), { code: "EEXIST" });
      }
      mkdirSync(temporary);
    });
    // Of two that began at the same moment, each sees the other here.
    sweep(path);
    await work(temporary);
    publish(temporary, path);
  } finally {
    discard(temporary);
  }
}

/** Does some work on files, and says for people why it failed. */
export function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof TrainerError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const reason = (code && REASONS[code]) ?? `${cause}. Choose another name`;
    throw new TrainerError("write-failed", `${path} could not be written: ${reason}.`, { cause });
  }
}

const REASONS: Record<string, string> = {
  ENOSPC: "the disk is full. Free some space there",
  EDQUOT: "the disk quota is used up. Free some space there",
  EFBIG: "the file is larger than this system allows. Choose a smaller type",
  ENOENT: "its folder does not exist. Make it, or choose another name",
  ENOTDIR: "its folder is a file. Choose another name",
  EACCES: "there is no permission. Choose another folder",
  EPERM: "there is no permission. Choose another folder",
  EROFS: "the disk is read-only. Choose another folder",
  EISDIR: "there is a folder of that name. Choose another name",
  ENOTEMPTY: "there is something of that name already. Choose another name",
  EEXIST: "there is something of that name already. Choose another name",
};

/** Removes what dead writers left behind. @throws TrainerError where another one is alive */
function sweep(path: string): void {
  const folder = dirname(resolve(path));
  const prefix = `${basename(path)}.`;
  for (const name of siblings(folder)) {
    const writer = name.startsWith(prefix) && /^(\d+)\.tmp$/.exec(name.slice(prefix.length))?.[1];
    if (!writer) continue;
    const pid = Number(writer);
    const temporary = join(folder, name);
    // A file with this process's own id may come from an earlier process that had it, too.
    const alive = pid === process.pid ? held.has(temporary) : isAlive(pid);
    if (!alive) discard(temporary);
    else if (pid !== process.pid) throw busy(path, pid, temporary);
  }
}

function busy(path: string, writer: number, temporary: string): TrainerError {
  return new TrainerError(
    "output-busy",
    `${path} is being written by process ${writer}. Wait for it or choose another name; if that process does something else, delete ${temporary}.`,
  );
}

function siblings(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Opening the file says what is wrong with its folder.
    return [];
  }
}

/** Makes a rename last; not every system can open a folder. */
function flushFolder(folder: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(folder, "r");
    fsyncSync(fd);
  } catch {
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
