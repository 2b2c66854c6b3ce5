import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Home, openHome } from "../agent/home.ts";
import { createRuntime, type Runtime } from "../agent/runtime.ts";
import { isDiskFull } from "../db/errors.ts";
import { closeDatabase, type Database, openDatabase } from "../db/open.ts";
import { backUpBeforeUpdate } from "./archive/aside.ts";
import { RESTORING } from "./archive/restoring.ts";
import { type Config, loadConfig } from "./config.ts";
import { ConfigError } from "./knob.ts";
import { withChosenModel } from "./models.ts";
import { loadSettings } from "./settings.ts";
import { loadTeacher, startTeacher } from "./teacher.ts";

/** One data directory, opened. */
export interface Instance {
  config: Config;
  home: Home;
  db: Database;
  /**
   * The model's processes, which start when something asks for them.
   * @throws ConfigError when a learner's setting cannot be used
   */
  runtime(): Runtime;
  /** Ends the processes and closes the database. */
  close(): Promise<void>;
}

/**
 * Opens the instance that the configuration names, and makes it where there is none.
 * @throws ConfigError, DatabaseError
 */
export function openInstance(given: Config = loadConfig()): Instance {
  checkWhole(given.home);
  const home = makeHome(given.home);
  const db = openDatabase(home.database, () => backUpBeforeUpdate(given));
  const config = withChosenModel(given, db);
  let runtime: Runtime | undefined;
  return {
    config,
    home,
    db,
    runtime: () => {
      runtime ??= makeRuntime(config, home, db);
      return runtime;
    },
    close: async () => {
      await runtime?.close();
      closeDatabase(db);
    },
  };
}

/** @throws ConfigError where a restore was interrupted */
function checkWhole(root: string): void {
  if (!existsSync(join(root, RESTORING))) return;
  throw new ConfigError(
    `A restore in ${root} did not come to its end: run \`selkie restore\` again; nothing of what was there before is lost.`,
  );
}

function makeHome(root: string): Home {
  try {
    return openHome(root);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (isDiskFull(error)) {
      throw new ConfigError(`The disk that holds ${root} is full: free some space there.`);
    }
    throw new ConfigError(
      `The data directory ${root} cannot be made (${reason}): change its permissions, or set SELKIE_HOME to another folder.`,
    );
  }
}

function makeRuntime(config: Config, home: Home, db: Database): Runtime {
  const { model, backend, memoryLimit } = config;
  const teacher = loadTeacher(db);
  return createRuntime({
    db,
    home,
    model,
    settings: loadSettings(db),
    // Loaded when needed: most commands never touch a model, and start faster so.
    startTrainer: async ({ path }) => {
      const { Trainer } = await import("../trainer/index.ts");
      const { niceness } = loadSettings(db).triage;
      return Trainer.start({ model: path, backend, memoryLimit, niceness });
    },
    startGenerator: async ({ path }) => {
      const { Generator } = await import("../agent/generator/index.ts");
      return Generator.start({ model: path, backend, memoryLimit });
    },
    ...(teacher && { startTeacher: () => startTeacher(db, teacher) }),
    ...(model.embedded && {
      controlMaterial: async () => (await import("./control.ts")).worldControl(),
    }),
  });
}
