import { basename } from "node:path";
import { type FSWatcher, watch } from "chokidar";
import { SKIPPED_FOLDERS } from "../read/files.ts";

/** How long a folder must be quiet before it is looked through, in milliseconds. */
const QUIET_MS = 500;

/**
 * Watches folders and says when something in one of them has changed. That is only a hint: what has
 * changed is found out by looking, which also happens every now and then without a hint.
 */
export class FolderWatch {
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly changed: (folder: string) => void) {}

  /** Watches these folders and no others. */
  set(folders: string[]): void {
    const wanted = new Set(folders);
    for (const folder of this.watchers.keys()) if (!wanted.has(folder)) this.drop(folder);
    for (const folder of wanted) if (!this.watchers.has(folder)) this.add(folder);
  }

  async close(): Promise<void> {
    const closing = [...this.watchers.values()].map((watcher) => watcher.close());
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.watchers.clear();
    await Promise.allSettled(closing);
  }

  private add(folder: string): void {
    const watcher = watch(folder, {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path) => path !== folder && isIgnored(basename(path)),
    });
    watcher.on("all", () => this.hint(folder));
    // A folder that cannot be watched (too many, a network disk) is still looked through.
    watcher.on("error", () => {});
    this.watchers.set(folder, watcher);
  }

  private drop(folder: string): void {
    void this.watchers.get(folder)?.close();
    this.watchers.delete(folder);
    clearTimeout(this.timers.get(folder));
  }

  private hint(folder: string): void {
    clearTimeout(this.timers.get(folder));
    this.timers.set(
      folder,
      setTimeout(() => this.changed(folder), QUIET_MS),
    );
  }
}

function isIgnored(name: string): boolean {
  return name.startsWith(".") || SKIPPED_FOLDERS.has(name);
}
