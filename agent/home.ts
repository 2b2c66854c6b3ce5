import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** The data directory of one instance; everything Selkie keeps lies in it. */
export interface Home {
  root: string;
  database: string;
  /** Adapter GGUFs, named by content hash; `adapters/tmp` holds what is not committed yet. */
  adapters: string;
  scratch: string;
  /** Uploaded files, named by content hash, until they are read. */
  inbox: string;
}

/** Lays out (and creates) the data directory at `root`. */
export function openHome(root: string): Home {
  const home: Home = {
    root,
    database: join(root, "selkie.db"),
    adapters: join(root, "adapters"),
    scratch: join(root, "adapters", "tmp"),
    inbox: join(root, "inbox"),
  };
  for (const dir of [root, home.adapters, home.scratch, home.inbox]) {
    // Others of this machine are not to read what was read, nor keys.
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }
  return home;
}
