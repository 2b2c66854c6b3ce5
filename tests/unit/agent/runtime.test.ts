import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type GenerateRequest,
  GeneratorError,
  type TextGenerator,
} from "../../../agent/generator/types.ts";
import { openHome } from "../../../agent/home.ts";
import { ModelError } from "../../../agent/jobs/trouble.ts";
import { describeModel } from "../../../agent/model.ts";
import { createRuntime } from "../../../agent/runtime.ts";
import { DEFAULT_SETTINGS } from "../../../agent/settings.ts";
import { addDocument } from "../../../db/documents.ts";
import { closeDatabase, type Database, openDatabase } from "../../../db/open.ts";
import { addPassages } from "../../../db/passages.ts";
import { addPolicy } from "../../../db/policies.ts";
import { addRound } from "../../../db/rounds.ts";
import { openUpdate } from "../../../db/updates.ts";
import { addVersion } from "../../../db/versions.ts";

let dir: string;
let db: Database;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "selkie-runtime-"));
  db = openDatabase(openHome(dir).database);
});
afterEach(() => {
  closeDatabase(db);
  rmSync(dir, { recursive: true });
});

/** Counts its starts, and dies when asked to complete "die". */
class Mortal implements TextGenerator {
  closed = false;

  async generate(requests: GenerateRequest[]): Promise<string[]> {
    const { prompt } = requests[0]!;
    if (prompt === "die") throw new GeneratorError("child-died", "It died.");
    if (prompt === "long") throw new GeneratorError("prompt-too-long", "It is long.");
    return [prompt];
  }

  async embed(texts: string[]) {
    return { vectors: texts.map(() => [1]), tokens: texts.length };
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function runtimeOf(model: string, content = model) {
  const path = join(dir, model);
  if (content) writeFileSync(path, content);
  const started: Mortal[] = [];
  const runtime = createRuntime({
    db,
    home: openHome(dir),
    model: describeModel(path, false),
    settings: DEFAULT_SETTINGS,
    startTrainer: () => Promise.reject(new Error("not here")),
    startGenerator: async () => {
      const generator = new Mortal();
      started.push(generator);
      return generator;
    },
  });
  const ask = async (prompt: string) => {
    const generator = await runtime.context.generator();
    return generator.generate([{ prompt, maxTokens: 1, temperature: 0 }]);
  };
  return { runtime, started, ask };
}

test("a process is started when first asked for, once, and again after it died", async () => {
  const { runtime, started, ask } = runtimeOf("m.gguf");
  expect(started).toHaveLength(0);
  expect(await Promise.all([ask("a"), ask("b")])).toEqual([["a"], ["b"]]);
  expect(started).toHaveLength(1);
  await expect(ask("long")).rejects.toThrow("It is long.");
  expect(started).toHaveLength(1);
  await expect(ask("die")).rejects.toThrow("It died.");
  expect(await ask("c")).toEqual(["c"]);
  expect(started.map((generator) => generator.closed)).toEqual([true, false]);
  await runtime.close();
  expect(started[1]!.closed).toBe(true);
});

test("a start that failed is tried again", async () => {
  const { runtime } = runtimeOf("m.gguf");
  await expect(runtime.context.trainer()).rejects.toThrow("not here");
  await expect(runtime.context.trainer()).rejects.toThrow("not here");
});

test("a model that is not there", async () => {
  const { ask } = runtimeOf("none.gguf", "");
  const error = await ask("a").catch((thrown) => thrown);
  expect(error).toBeInstanceOf(ModelError);
  expect(error.message).toContain(`${join(dir, "none.gguf")} cannot be opened`);
});

test("another model may come until something was learned, and not after", async () => {
  await runtimeOf("a.gguf").ask("x");
  await runtimeOf("b.gguf").ask("x");
  const { document } = addDocument(db, {
    source: "/a",
    format: "text",
    title: "a",
    contentHash: "a",
  });
  const draft = { position: 0, title: "a", text: "a", hash: "a" };
  const [passage] = addPassages(db, document.id, [draft]).added;
  addVersion(db, { updateId: openUpdate(db, passage!.id).id, file: "x.gguf", sha256: "x" });
  await runtimeOf("b.gguf").ask("x");
  const error = await runtimeOf("a.gguf")
    .ask("x")
    .catch((thrown) => thrown);
  expect(error.code).toBe("model-changed");
  expect(error.message).toContain("belongs to the model b");
  expect(error.message).toContain("set SELKIE_MODEL back");
});

test("a writer that was adopted belongs to its model, too", async () => {
  await runtimeOf("a.gguf").ask("x");
  const round = addRound(db, { policyId: 0, versionId: 0 }, []);
  addPolicy(db, { parentId: 0, roundId: round.id, file: "p.gguf", sha256: "p" });
  const error = await runtimeOf("b.gguf")
    .ask("x")
    .catch((thrown) => thrown);
  expect(error.code).toBe("model-changed");
});
