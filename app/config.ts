import { readFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import ipaddr from "ipaddr.js";
import * as v from "valibot";
import type { BaseModel } from "../agent/context.ts";
import { describeModel } from "../agent/model.ts";
import { DEFAULT_LIMITS, type ReadLimits } from "../agent/read/limits.ts";
import type { Kept } from "./archive/backup.ts";
import { ConfigError, type Knob, numeric, oneOf, readKnob, whole } from "./knob.ts";

/** What the environment says about one instance. */
export interface Config {
  /** Absolute path of the data directory. */
  home: string;
  model: BaseModel;
  /** Whether the environment names the model: then nothing else does. */
  modelNamed: boolean;
  /** Absolute path of the folder that models are downloaded to. */
  models: string;
  /** Which compute library to use; none picks the best that works. */
  backend?: "cpu" | "cuda" | "vulkan" | "metal";
  host: string;
  port: number;
  /** What people sign in with, where the environment says so; it takes the place of the one kept. */
  password?: string;
  /** Names under which Selkie may be asked, apart from this machine's own. */
  names: readonly string[];
  /** Addresses of proxies that say truly who asks; this machine's own always do. */
  proxies: readonly Network[];
  /** Bytes of memory that Selkie may take, where that is less than what the machine has free. */
  memoryLimit?: number;
  limits: ReadLimits;
  backups: {
    /** Absolute path of the folder that they are kept in; none where none are to be made. */
    folder?: string;
    everyMs: number;
    /** How many stay: the latest of so many days, weeks and months. */
    kept: Kept;
  };
  /** Share of what was right once that may be forgotten before there is an alarm. */
  alarm: number;
}

/** An address and how many of its leading bits count. */
export type Network = ReturnType<typeof ipaddr.parseCIDR>;

export type Environment = Record<string, string | undefined>;

/** The model that comes with Selkie. */
export const EMBEDDED_MODEL = join(import.meta.dir, "..", "models", "pup", "pup.gguf");

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 7377;
const DEFAULT_ALARM = 0.1;
const DEFAULT_BACKUP_HOURS = 24;
const HOUR_MS = 3_600_000;
const MB = 1024 * 1024;

/** `7d 5w 6m`. */
const kept: Knob<Kept> = {
  schema: v.pipe(
    v.string(),
    v.transform((text) => /^(\d{1,4})d(?:\s+(\d{1,4})w)?(?:\s+(\d{1,4})m)?$/.exec(text)),
    v.nonNullable(v.custom<RegExpExecArray | null>(() => true)),
    v.transform(([, days, weeks = 0, months = 0]) => ({
      days: Number(days),
      weeks: Number(weeks),
      months: Number(months),
    })),
    v.check(({ days }) => days > 0),
  ),
  expected: "days, weeks and months like “7d 5w 6m”, at least one day",
};

/**
 * Reads the configuration from environment variables; an empty one counts as not set.
 * @throws ConfigError for the first value that cannot be used
 */
export function loadConfig(env: Environment = process.env): Config {
  const read = <T>(name: string, knob: Knob<T>): T | undefined => {
    const value = env[name]?.trim();
    return value ? readKnob(name, value, knob) : undefined;
  };
  const backend = read("SELKIE_BACKEND", oneOf("auto", "cpu", "cuda", "vulkan", "metal"));
  const megabytes = read("SELKIE_MAX_DOCUMENT_MB", numeric(0.001, 1024));
  const memory = read("SELKIE_MEMORY_MB", whole(1, 100_000_000));
  const seconds = read("SELKIE_FETCH_TIMEOUT", numeric(0.1, 3600));
  const hosts = listed(env.SELKIE_PRIVATE_HOSTS);
  const password = passwordOf(env);
  const home = homeOf(env);
  const models = env.SELKIE_MODELS?.trim();
  const backups = env.SELKIE_BACKUPS?.trim();
  return {
    home,
    model: modelOf(env),
    modelNamed: Boolean(env.SELKIE_MODEL?.trim()),
    models: models ? resolve(expand(models, env)) : join(home, "models"),
    backend: backend === "auto" ? undefined : backend,
    host: env.SELKIE_HOST?.trim() || DEFAULT_HOST,
    port: read("SELKIE_PORT", whole(0, 65535)) ?? DEFAULT_PORT,
    ...(password !== undefined && { password }),
    names: listed(env.SELKIE_ALLOWED_HOSTS),
    proxies: listed(env.SELKIE_TRUSTED_PROXIES).map(networkOf),
    ...(memory !== undefined && { memoryLimit: memory * MB }),
    limits: {
      ...DEFAULT_LIMITS,
      ...(megabytes !== undefined && { maxBytes: Math.floor(megabytes * MB) }),
      ...(seconds !== undefined && { timeoutMs: Math.ceil(seconds * 1000) }),
      ...(hosts.length > 0 && { privateHosts: hosts[0] === "all" ? "all" : hosts }),
    },
    backups: {
      ...(backups !== "off" && {
        folder: backups ? resolve(expand(backups, env)) : join(home, "backups"),
      }),
      everyMs:
        (read("SELKIE_BACKUP_HOURS", numeric(0.01, 10_000)) ?? DEFAULT_BACKUP_HOURS) * HOUR_MS,
      kept: read("SELKIE_BACKUP_KEEP", kept) ?? { days: 7, weeks: 5, months: 6 },
    },
    alarm: read("SELKIE_ALARM_FORGETTING", numeric(0, 1)) ?? DEFAULT_ALARM,
  };
}

function homeOf(env: Environment): string {
  if (env.SELKIE_HOME?.trim()) return resolve(expand(env.SELKIE_HOME.trim(), env));
  // The XDG specification says that a relative path is to be ignored.
  const data = env.XDG_DATA_HOME?.trim();
  if (data && isAbsolute(data)) return join(data, "selkie");
  const home = env.HOME?.trim() || env.USERPROFILE?.trim();
  if (home) return join(home, ".local", "share", "selkie");
  throw new ConfigError(
    "Neither SELKIE_HOME nor HOME is set, so there is no place for the data: set SELKIE_HOME to a folder.",
  );
}

function listed(value: string | undefined): string[] {
  return (
    value
      ?.toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean) ?? []
  );
}

/** Containers are given secrets as files. */
function passwordOf(env: Environment): string | undefined {
  const file = env.SELKIE_PASSWORD_FILE?.trim();
  if (!file) return env.SELKIE_PASSWORD || undefined;
  try {
    return readFileSync(expand(file, env), "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `SELKIE_PASSWORD_FILE cannot be read (${reason}): give it a file that has the password.`,
    );
  }
}

function networkOf(text: string): Network {
  try {
    if (text.includes("/")) return ipaddr.parseCIDR(text);
    const address = ipaddr.parse(text);
    return [address, address.kind() === "ipv4" ? 32 : 128] as Network;
  } catch {
    throw new ConfigError(
      `SELKIE_TRUSTED_PROXIES has “${text}”, but it must be addresses like 172.18.0.2 or 172.18.0.0/16.`,
    );
  }
}

function modelOf(env: Environment): BaseModel {
  const value = env.SELKIE_MODEL?.trim();
  if (!value) return describeModel(EMBEDDED_MODEL, true);
  if (/^(?:hf|https?):/i.test(value)) {
    throw new ConfigError(
      `SELKIE_MODEL is “${value}”, but it must be a file: \`selkie models pull\` downloads it, and \`selkie models use\` takes it.`,
    );
  }
  const path = resolve(expand(value, env));
  return describeModel(path, path === resolve(EMBEDDED_MODEL));
}

/** Shells expand `~` only where it stands unquoted, and service files not at all. */
function expand(path: string, env: Environment): string {
  return env.HOME && /^~(?=\/|$)/.test(path) ? env.HOME + path.slice(1) : path;
}
