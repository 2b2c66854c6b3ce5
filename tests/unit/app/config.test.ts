import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { DEFAULT_SETTINGS } from "../../../agent/settings.ts";
import { EMBEDDED_MODEL, type Environment, loadConfig } from "../../../app/config.ts";
import { ConfigError } from "../../../app/knob.ts";
import { loadSettings } from "../../../app/settings.ts";
import { openDatabase } from "../../../db/open.ts";
import { setSetting } from "../../../db/settings.ts";

const BASE = { HOME: "/home/me" };
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("loadConfig", () => {
  test("defaults", () => {
    const config = loadConfig(BASE);
    expect(config).toMatchObject({
      home: "/home/me/.local/share/selkie",
      model: { path: EMBEDDED_MODEL, name: "pup", embedded: true },
      host: "127.0.0.1",
      port: 7377,
    });
    expect(config.backend).toBeUndefined();
    expect(config.limits.maxBytes).toBe(20 * 1024 * 1024);
  });

  test("the data directory", () => {
    const home = (env: Environment) => loadConfig(env).home;
    expect(home({ ...BASE, XDG_DATA_HOME: "/data" })).toBe("/data/selkie");
    expect(home({ ...BASE, XDG_DATA_HOME: "data" })).toBe("/home/me/.local/share/selkie");
    expect(home({ ...BASE, XDG_DATA_HOME: "/data", SELKIE_HOME: "/s" })).toBe("/s");
    expect(home({ ...BASE, SELKIE_HOME: "~/s" })).toBe("/home/me/s");
    expect(home({ SELKIE_HOME: "here" })).toBe(join(process.cwd(), "here"));
    expect(home({ ...BASE, SELKIE_HOME: " " })).toBe("/home/me/.local/share/selkie");
    expect(refusal(() => loadConfig({}))).toContain("set SELKIE_HOME to a folder");
    expect(refusal(() => loadConfig({ HOME: "" }))).toContain("set SELKIE_HOME to a folder");
  });

  test("the model, the backend and the limits", () => {
    const config = loadConfig({
      ...BASE,
      SELKIE_MODEL: "/models/Big-1B.gguf",
      SELKIE_BACKEND: "Vulkan",
      SELKIE_HOST: "0.0.0.0",
      SELKIE_PORT: "0",
      SELKIE_MEMORY_MB: "2000",
      SELKIE_MAX_DOCUMENT_MB: "0.5",
      SELKIE_FETCH_TIMEOUT: "2",
    });
    expect(config).toMatchObject({
      model: { path: "/models/Big-1B.gguf", name: "Big-1B", embedded: false },
      backend: "vulkan",
      host: "0.0.0.0",
      port: 0,
      memoryLimit: 2000 * 1024 * 1024,
    });
    expect(loadConfig(BASE).memoryLimit).toBeUndefined();
    expect([config.limits.maxBytes, config.limits.timeoutMs]).toEqual([512 * 1024, 2000]);
    expect(loadConfig({ ...BASE, SELKIE_BACKEND: "auto" }).backend).toBeUndefined();
  });

  const BAD: [string, string, string][] = [
    ["SELKIE_PORT", "http", "a whole number from 0 to 65535"],
    ["SELKIE_PORT", "70000", "a whole number from 0 to 65535"],
    ["SELKIE_PORT", "80.5", "a whole number from 0 to 65535"],
    ["SELKIE_PORT", "0x50", "a whole number from 0 to 65535"],
    ["SELKIE_BACKEND", "rocm", "one of auto, cpu, cuda, vulkan, metal"],
    ["SELKIE_MEMORY_MB", "8G", "a whole number from 1 to 100000000"],
    ["SELKIE_MAX_DOCUMENT_MB", "-1", "a number from 0.001 to 1024"],
    ["SELKIE_FETCH_TIMEOUT", "Infinity", "a number from 0.1 to 3600"],
    ["SELKIE_MODEL", "hf:org/model", "a file"],
  ];
  test.each(BAD)("%s=%s is refused in a sentence", (name, value, expected) => {
    const message = refusal(() => loadConfig({ ...BASE, [name]: value }));
    expect(message).toStartWith(`${name} is “${value}”, but it must be ${expected}`);
  });
});

describe("loadSettings", () => {
  test("the database changes the defaults, the environment changes both", () => {
    const db = openDatabase(":memory:");
    expect(loadSettings(db, {})).toEqual(DEFAULT_SETTINGS);
    setSetting(db, "learner.epochs", 3);
    setSetting(db, "learner.lora-rank", 8);
    const settings = loadSettings(db, {
      SELKIE_EPOCHS: "5",
      SELKIE_LORA_TARGETS: "attn_q, attn_v",
      SELKIE_LEARNING_RATE: "1e-4",
      SELKIE_SEED: "7",
    });
    expect(settings.train).toMatchObject({ epochs: 5, learningRate: 1e-4, seed: 7 });
    expect(settings.lora).toMatchObject({ rank: 8, targets: ["attn_q", "attn_v"] });
    expect(settings.seed).toBe(7);
    expect(DEFAULT_SETTINGS.lora.rank).not.toBe(8);
  });

  test("what cannot be is refused, wherever it stands", () => {
    const db = openDatabase(":memory:");
    expect(refusal(() => loadSettings(db, { SELKIE_LORA_TARGETS: "attn_q,mlp" }))).toContain(
      "SELKIE_LORA_TARGETS is “attn_q,mlp”, but it must be some of attn_q",
    );
    setSetting(db, "learner.known-accuracy", 2);
    expect(refusal(() => loadSettings(db, {}))).toBe(
      "The setting learner.known-accuracy is “2”, but it must be a number from 0 to 1.",
    );
  });
});
