import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as v from "valibot";
import {
  DEFAULT_TEACHER,
  TEACHER_TASKS,
  type Teacher,
  type TeacherSettings,
} from "../agent/teacher/types.ts";
import type { Database } from "../db/open.ts";
import { allSettings } from "../db/settings.ts";
import type { Environment } from "./config.ts";
import { ConfigError, type Knob, listOf, numeric, readKnob, whole } from "./knob.ts";

/** A teacher as the instance has it: the key stays apart from the settings. */
export interface TeacherConfig extends TeacherSettings {
  /** Where the key is read when it is needed: it is kept nowhere else. */
  key(): string | undefined;
}

const Words: Knob<string> = {
  schema: v.pipe(v.string(), v.trim(), v.nonEmpty()),
  expected: "a text",
};

/**
 * The teacher that the instance's database and the environment name, if there is one: the address of
 * an OpenAI-compatible interface, or the path of a GGUF.
 * @throws ConfigError for the first value that cannot be used
 */
export function loadTeacher(
  db: Database,
  env: Environment = process.env,
): TeacherConfig | undefined {
  const stored = allSettings(db);
  const read = <T>(key: string, variable: string, knob: Knob<T>): T | undefined => {
    const value = env[variable]?.trim();
    if (value) return readKnob(variable, value, knob);
    const setting = stored[`teacher.${key}`];
    return setting === undefined
      ? undefined
      : readKnob(`The setting teacher.${key}`, setting, knob);
  };
  const at = read("at", "SELKIE_TEACHER", Words);
  if (at === undefined) return undefined;
  const remote = /^https?:\/\//i.test(at);
  const model = read("model", "SELKIE_TEACHER_MODEL", Words);
  if (remote && (!URL.canParse(at) || model === undefined)) {
    throw new ConfigError(
      URL.canParse(at)
        ? "SELKIE_TEACHER is an address, so SELKIE_TEACHER_MODEL must name the model to ask there."
        : `SELKIE_TEACHER is “${at}”, but it must be an address such as http://localhost:11434/v1, or the path of a GGUF.`,
    );
  }
  const keyFile = read("key-file", "SELKIE_TEACHER_KEY_FILE", Words);
  const seconds = read("timeout", "SELKIE_TEACHER_TIMEOUT", numeric(0.1, 3600));
  return {
    ...DEFAULT_TEACHER,
    at: remote ? at : resolve(at),
    model: model ?? at,
    writes:
      read("writes", "SELKIE_TEACHER_WRITES", listOf(TEACHER_TASKS)) ?? DEFAULT_TEACHER.writes,
    dailyTokens:
      read("daily-tokens", "SELKIE_TEACHER_DAILY_TOKENS", whole(0, 1_000_000_000)) ??
      DEFAULT_TEACHER.dailyTokens,
    retries: read("retries", "SELKIE_TEACHER_RETRIES", whole(0, 20)) ?? DEFAULT_TEACHER.retries,
    timeoutMs: seconds === undefined ? DEFAULT_TEACHER.timeoutMs : seconds * 1000,
    key: () => env.SELKIE_TEACHER_KEY?.trim() || (keyFile && readKey(keyFile)),
  };
}

/** Makes the teacher; its model is asked, or started, when there is something to write. */
export async function startTeacher(db: Database, config: TeacherConfig): Promise<Teacher> {
  if (/^https?:\/\//i.test(config.at)) {
    const { EndpointTeacher } = await import("../agent/teacher/endpoint.ts");
    return new EndpointTeacher(db, config, config.key());
  }
  const { LocalTeacher } = await import("../agent/teacher/local.ts");
  return new LocalTeacher(db, config, async () => {
    const { Generator } = await import("../agent/generator/index.ts");
    return Generator.start({ model: config.at });
  });
}

function readKey(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `The teacher's key cannot be read (${reason}): see SELKIE_TEACHER_KEY_FILE.`,
    );
  }
}
