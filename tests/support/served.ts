import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../app/config.ts";
import { type Instance, openInstance } from "../../app/instance.ts";
import type { Learner } from "../../app/learner.ts";
import { startServer } from "../../app/server.tsx";
import type { Database } from "../../db/open.ts";

/** A served instance with real processes behind it, whose loop does not run. */
export interface Served {
  url: string;
  ownKey: string;
  root: string;
  db: Database;
  instance: Instance;
  close(): Promise<void>;
}

/** A loop that stands still. */
const RESTING: Learner = {
  state: () => ({ phase: "idle" }),
  progress: () => undefined,
  subscribe: () => () => {},
  ended: new Promise(() => {}),
};

/**
 * Serves a new instance in a folder of its own.
 * @param fill makes what the instance has, and may name more of the environment
 */
export async function openServed(
  fill: (place: { root: string }) => Promise<Record<string, string>> | Record<string, string>,
): Promise<Served> {
  const root = mkdtempSync(join(tmpdir(), "selkie-served-"));
  const env = await fill({ root });
  const config = loadConfig({
    SELKIE_HOME: join(root, "home"),
    SELKIE_PORT: "0",
    SELKIE_BACKEND: "cpu",
    ...env,
  });
  const instance = openInstance(config);
  const server = await startServer(instance, RESTING);
  return {
    url: server.url.replace(/\/$/, ""),
    ownKey: server.ownKey,
    root,
    db: instance.db,
    instance,
    close: async () => {
      await server.stop();
      await instance.close();
      rmSync(root, { recursive: true });
    },
  };
}
