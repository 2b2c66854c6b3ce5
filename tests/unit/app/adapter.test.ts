import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHome } from "../../../agent/home.ts";
import { addDocument } from "../../../db/documents.ts";
import { closeDatabase, openDatabase } from "../../../db/open.ts";
import { addPassages } from "../../../db/passages.ts";
import { openUpdate } from "../../../db/updates.ts";
import { addVersion } from "../../../db/versions.ts";
import { GgufFile } from "../../../trainer/ggml/gguf.ts";
import { runCli, startCli } from "../../support/cli.ts";
import { LARGE, writeLargeModel } from "../../support/large-model.ts";
import { writeRandomAdapter } from "../../support/random-adapter.ts";
import { SMALL, writeRandomModel } from "../../support/random-model.ts";

setDefaultTimeout(60_000);

let dir: string;
let home: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "selkie-adapter-"));
  home = join(dir, "home");
  writeRandomModel(at("base.gguf"));
  await writeRandomAdapter(at("adapter.gguf"), SMALL);
  await learnedVersion();
});
afterAll(() => rmSync(dir, { recursive: true }));

const at = (name: string): string => join(dir, name);

/** An instance that has learned one thing: version 1. */
async function learnedVersion(): Promise<void> {
  const { database, adapters } = openHome(home);
  const db = openDatabase(database);
  const { document } = addDocument(db, {
    source: "/a",
    format: "text",
    title: "a",
    contentHash: "a",
  });
  const draft = { position: 0, title: "a", text: "a", hash: "a" };
  const [passage] = addPassages(db, document.id, [draft]).added;
  await writeRandomAdapter(join(adapters, "version.gguf"), SMALL, { seed: 9 });
  const updateId = openUpdate(db, passage!.id).id;
  addVersion(db, { updateId, file: "version.gguf", sha256: "x" });
  closeDatabase(db);
}

const selkie = (args: string[], env: Record<string, string> = {}, instance = home) =>
  runCli(["adapter", ...args], {
    cwd: dir,
    home: instance,
    env: { SELKIE_MODEL: at("base.gguf"), ...env },
  });

describe("export", () => {
  test("of the latest version, as a folder for PEFT", async () => {
    const result = await selkie([
      "export",
      "latest",
      "--out",
      "peft",
      "--base-name",
      "owner/model",
    ]);
    expect([result.code, result.err]).toEqual([0, ""]);
    expect(result.out).toBe(`Wrote ${at("peft")}: rank 4, alpha 8, 14 matrices of owner/model.\n`);
    expect(readdirSync(at("peft")).sort()).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
    ]);
  });

  test("of a file, with another base, in 16 bits, as JSON", async () => {
    const args = ["export", "adapter.gguf", "--out", "half", "--type", "bf16"];
    const result = await selkie([...args, "--base", "base.gguf", "--json"], {
      SELKIE_MODEL: "/no",
    });
    expect(result.code).toBe(0);
    expect(result.json()).toEqual({
      path: at("half"),
      matrices: 14,
      rank: 4,
      alpha: 8,
      baseName: "random",
    });
  });
});

test("import brings back what export wrote", async () => {
  await selkie(["export", "1", "--out", "there"]);
  const result = await selkie(["import", "there", "--out", "back.gguf"]);
  expect([result.code, result.err]).toEqual([0, ""]);
  expect(result.out).toBe(`Wrote ${at("back.gguf")}: rank 4, alpha 8, 14 matrices.\n`);
  const [was, is] = [join(home, "adapters", "version.gguf"), at("back.gguf")].map((path) => {
    const gguf = GgufFile.open(path);
    const bytes = [...gguf.tensors.values()].map((tensor) => [tensor.name, gguf.read(tensor)]);
    gguf.close();
    return Object.fromEntries(bytes);
  });
  expect(is).toEqual(was);
});

describe("merge", () => {
  test("writes a model of the type asked for", async () => {
    const args = [
      "merge",
      "latest",
      "adapter.gguf:0.5",
      "--out",
      "merged.gguf",
      "--type",
      "q4_k_m",
    ];
    const result = await selkie([...args, "--name", "Both"]);
    expect(result.code).toBe(0);
    expect(result.out).toMatch(
      /^Wrote .*merged\.gguf: 0\.1 MB in 20 tensors \(.*\), 14 of them adapted\.\n$/,
    );
    expect(result.err).toInclude(
      "blk.0.attn_q.weight has rows of 64 values, which q4_K cannot hold: it becomes q5_0.\n",
    );
    const gguf = GgufFile.open(at("merged.gguf"));
    expect(gguf.string("general.name")).toBe("Both");
    gguf.close();
  });

  test("as JSON says the types, and only that", async () => {
    const result = await selkie(["merge", "1:2", "--out", "json.gguf", "--type", "f16", "--json"]);
    expect([result.code, result.err]).toEqual([0, ""]);
    expect(result.json()).toMatchObject({
      path: at("json.gguf"),
      tensors: 20,
      adapted: 14,
      types: { f16: 15, f32: 5 },
      fallbacks: [],
    });
  });

  test("that is stopped by Ctrl-C leaves nothing", async () => {
    writeLargeModel(at("large.gguf"));
    await writeRandomAdapter(at("large-adapter.gguf"), LARGE, { targets: ["attn_v"] });
    mkdirSync(at("stopped"));
    const args = ["merge", "large-adapter.gguf", "--out", "stopped/out.gguf", "--type", "q4_k_m"];
    const child = startCli(["adapter", ...args], {
      cwd: dir,
      home,
      env: { SELKIE_MODEL: at("large.gguf") },
    });
    while (readdirSync(at("stopped")).length === 0) await Bun.sleep(5);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(await new Response(child.stderr).text()).toBe("");
    expect(readdirSync(at("stopped"))).toEqual([]);
  });
});

describe("in a sentence, and nothing written:", () => {
  const refused = (name: string, args: string[], message: string | RegExp, instance?: string) =>
    test(name, async () => {
      const before = readdirSync(dir).filter((entry) => entry !== "empty");
      const result = await selkie(args, {}, instance && at(instance));
      expect(result.code).toBe(1);
      expect(result.err).toMatch(message);
      expect(result.err.trim().split("\n").length).toBe(1);
      expect(readdirSync(dir).filter((entry) => entry !== "empty")).toEqual(before);
    });
  refused("no such version", ["export", "7", "--out", "x"], /^selkie: There is no version 7:/);
  refused("the base", ["export", "base", "--out", "x"], /The untouched base has no adapter/);
  refused(
    "nothing learned",
    ["merge", "latest", "--out", "x"],
    /nothing has been learned/,
    "empty",
  );
  refused(
    "no such file",
    ["merge", "no.gguf", "--out", "x"],
    /no\.gguf cannot be read: no such file/,
  );
  refused(
    "a taken name",
    ["import", "x", "--out", "base.gguf"],
    /base\.gguf exists already: choose another name, or delete it\.$/m,
  );
  refused(
    "an unknown type",
    ["merge", "1", "--out", "x", "--type", "q3"],
    /--type is “q3”, but it must be one of same, f32,/,
  );
  refused(
    "a factor that is none",
    ["merge", "1:half", "--out", "x"],
    /“1:half” has the factor “half”, but it must be a number: 1:0\.5/,
  );
  refused(
    "a folder of nothing",
    ["import", "home", "--out", "x"],
    /adapter_config\.json cannot be read \(ENOENT\)/,
  );

  test("a name in a folder that does not exist", async () => {
    const result = await selkie(["merge", "1", "--out", "no/such/out.gguf", "--json"]);
    expect(result.json().error).toEqual({
      code: "write-failed",
      message: `${at("no/such/out.gguf")} could not be written: its folder does not exist. Make it, or choose another name.`,
    });
    expect(existsSync(at("no"))).toBe(false);
  });

  test("options that are missing", async () => {
    for (const command of ["export", "import", "merge"]) {
      const result = await selkie([command, "1"]);
      expect([result.code, result.err]).toEqual([
        1,
        expect.stringContaining("required option '--out"),
      ]);
    }
    expect(readFileSync(at("base.gguf")).length).toBeGreaterThan(0);
  });
});
