import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import type { Progress } from "../../agent/context.ts";
import { GeneratorError, type TextGenerator } from "../../agent/generator/types.ts";
import { openHome } from "../../agent/home.ts";
import type { LoopState } from "../../agent/loop.ts";
import { loadConfig } from "../../app/config.ts";
import type { Instance } from "../../app/instance.ts";
import type { Learner } from "../../app/learner.ts";
import { type SelkieServer, startServer } from "../../app/server.tsx";
import { closeDatabase, type Database, openDatabase } from "../../db/open.ts";
import { candidates, versions } from "../../db/schema.ts";
import { listVersions } from "../../db/versions.ts";

/** A served instance whose learner does what the test says, and whose model answers by rote. */
export interface TestSite {
  url: string;
  ownKey: string;
  db: Database;
  instance: Instance;
  show(state: LoopState, progress?: Progress): void;
  close(): Promise<void>;
}

/** What the model of these tests says to everything. */
export const ANSWER = "Since 1933, in the town of Lirwold.";

/** Serves a new instance in a directory of its own, filled by `fill`. */
export async function openSite(
  fill: (db: Database) => void = () => {},
  env: Record<string, string> = {},
): Promise<TestSite> {
  const root = mkdtempSync(join(tmpdir(), "selkie-site-"));
  const home = openHome(root);
  const db = openDatabase(home.database);
  fill(db);
  // Adapters that are no models, but there, and what their hashes say.
  for (const { id, file, sha256: name } of listVersions(db)) {
    const content = `adapter ${id}`;
    writeFileSync(join(home.adapters, file), content);
    const sha256 = new Bun.CryptoHasher("sha256").update(content).digest("hex");
    for (const table of [versions, candidates]) {
      db.update(table).set({ sha256 }).where(eq(table.sha256, name)).run();
    }
  }
  const config = loadConfig({ SELKIE_HOME: root, SELKIE_PORT: "0", ...env });
  const generator = fakeGenerator();
  const runtime = () =>
    ({ context: { generator: async () => generator }, close: async () => {} }) as never;
  const instance: Instance = { config, home, db, runtime, close: async () => closeDatabase(db) };
  const { learner, show } = fakeLearner();
  const server: SelkieServer = await startServer(instance, learner);
  return {
    url: server.url.replace(/\/$/, ""),
    ownKey: server.ownKey,
    db,
    instance,
    show,
    close: async () => {
      await server.stop();
      closeDatabase(db);
      rmSync(root, { recursive: true });
    },
  };
}

function fakeLearner() {
  const listeners = new Set<() => void>();
  let state: LoopState = { phase: "idle" };
  let progress: Progress | undefined;
  const learner: Learner = {
    state: () => state,
    progress: () => progress,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ended: new Promise(() => {}),
  };
  const show = (next: LoopState, told?: Progress) => {
    state = next;
    progress = told;
    for (const listener of listeners) listener();
  };
  return { learner, show };
}

function fakeGenerator(): TextGenerator {
  return {
    generate: async (requests, options) => {
      for (const word of ANSWER.split(/(?<= )/)) {
        if (options?.signal?.aborted) throw new GeneratorError("cancelled", "It was cancelled.");
        options?.onText?.(0, word);
        await Bun.sleep(20);
      }
      options?.onEnd?.(0, { reason: "stop", promptTokens: 9, tokens: 7, logprob: -0.25 });
      return requests.map(() => ANSWER);
    },
    embed: async () => {
      throw new Error("This stand-in writes text and nothing else.");
    },
    close: async () => {},
  };
}
