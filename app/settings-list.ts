import { endPause } from "../agent/gate/backoff.ts";
import { type Database, transaction } from "../db/open.ts";
import { allSettings, deleteSetting, setSetting } from "../db/settings.ts";
import type { Environment } from "./config.ts";
import { ConfigError } from "./knob.ts";
import { KNOBS } from "./settings.ts";

/** A setting of the learner: what it may be, and what is said of it where. */
export interface SettingLine {
  key: string;
  expected: string;
  /** What the instance keeps; null is the default. */
  stored: unknown;
  /** The variable that goes before it, and its value now. */
  variable: string;
  environment: string | null;
}

/** Every setting of the learner. */
export function settingLines(db: Database, env: Environment = process.env): SettingLine[] {
  const stored = allSettings(db);
  return KNOBS.map(({ key, env: variable, expected }) => ({
    key,
    expected,
    stored: stored[`learner.${key}`] ?? null,
    variable,
    environment: env[variable]?.trim() || null,
  }));
}

/**
 * Keeps settings in the instance, all of them or none; null goes back to the default. They count from the
 * next start.
 * @throws ConfigError for the first that cannot be used
 */
export function changeSettings(db: Database, changes: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(changes)) {
    const knob = KNOBS.find((it) => it.key === key);
    if (!knob) throw new ConfigError(`There is no setting “${key}”.`);
    if (value !== null) knob.read(key, value);
  }
  transaction(db, () => {
    for (const [key, value] of Object.entries(changes)) {
      if (value === null || value === undefined) deleteSetting(db, `learner.${key}`);
      else setSetting(db, `learner.${key}`, value);
    }
  });
}

/** Pauses the learning until people say otherwise, or lets it go on: then the gate's own pause ends, too. */
export function setPaused(db: Database, paused: boolean): void {
  changeSettings(db, { pause: paused ? "on" : "off" });
  if (!paused) endPause(db);
}
