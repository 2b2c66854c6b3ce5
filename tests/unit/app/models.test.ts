import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pullModel } from "../../../agent/models/pull.ts";
import { describeFile, listModels, removeModelFile } from "../../../agent/models/store.ts";
import { progressWords } from "../../../app/commands/models.ts";
import { loadConfig } from "../../../app/config.ts";
import { openInstance } from "../../../app/instance.ts";
import { openSite } from "../../browser/site.ts";
import { runCli, startCli } from "../../support/cli.ts";
import { type ModelServer, serveModels } from "../../support/model-server.ts";
import { SMALL, writeRandomModel } from "../../support/random-model.ts";

setDefaultTimeout(60_000);

const MB = 1024 * 1024;
/** Large enough that its download takes some time. */
const LARGE = { ...SMALL, width: 256, feedForward: 2560, headDim: 64, ropeDims: 64 };
const URI = "hf:owner/tiny/tiny.gguf";

let folder: string;
let server: ModelServer;
let bytes: Uint8Array;
let homes = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "selkie-models-"));
  const path = join(folder, "tiny.gguf");
  writeRandomModel(path, LARGE);
  bytes = readFileSync(path);
  const other = new TextEncoder().encode("GGUF, or so it says");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const manifest = { ggufFile: { rfilename: "tiny.gguf" } };
  server = await serveModels(
    {
      "v2/owner/tiny/manifests/Q8_0": new TextEncoder().encode(JSON.stringify(manifest)),
      "owner/tiny/resolve/main/signed.gguf": bytes,
      "owner/tiny/resolve/main/damaged.gguf": bytes,
      "owner/tiny/resolve/main/tiny.gguf": bytes,
      "owner/tiny/resolve/main/broken.gguf": other,
      "owner/tiny/resolve/main/part-00001-of-00002.gguf": other,
      "owner/tiny/resolve/main/part-00002-of-00002.gguf": other,
    },
    {
      "owner/tiny/resolve/main/signed.gguf": sha256,
      "owner/tiny/resolve/main/damaged.gguf": sha256.replaceAll(/[0-9]/g, "a"),
    },
  );
  process.env.HF_ENDPOINT = server.url;
});
afterEach(() => {
  server.breakAfter(Number.POSITIVE_INFINITY);
  server.slow(0);
  server.sent();
});
afterAll(() => {
  delete process.env.HF_ENDPOINT;
  server.close();
  rmSync(folder, { recursive: true });
});

/** The command line on an instance of its own. */
function newCli() {
  homes += 1;
  const home = join(folder, `home-${homes}`);
  const env = { HF_ENDPOINT: server.url };
  const options = { cwd: folder, home, env };
  return {
    home,
    run: (...args: string[]) => runCli(["models", ...args], options),
    start: (...args: string[]) => startCli(["models", ...args], options),
  };
}

async function partialBytes(home: string): Promise<number> {
  const [name] = listModels(join(home, "models")).partial;
  return name === undefined ? 0 : (await Bun.file(join(home, "models", name)).stat()).size;
}

/** A folder that has a small model. */
function withModel(name = "small.gguf") {
  homes += 1;
  const models = join(folder, `models-${homes}`);
  mkdirSync(models);
  writeRandomModel(join(models, name), SMALL);
  return models;
}

describe("a download", () => {
  test("comes whole over connections that break, and is not done twice", async () => {
    const { home, run } = newCli();
    server.breakAfter(7 * MB);
    setTimeout(() => server.breakAfter(9 * MB), 1500);
    setTimeout(() => server.breakAfter(Number.POSITIVE_INFINITY), 3000);
    const { err, code, json } = await run("pull", URI, "--json");
    expect([code, err]).toEqual([0, ""]);
    const { path, outline } = json() as { path: string; outline: { architecture: string } };
    expect(path).toStartWith(join(home, "models"));
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(outline.architecture).toBe("llama");
    server.sent();
    expect((await run("pull", URI)).code).toBe(0);
    expect(server.sent()).toBeLessThan(MB);
  });

  test("goes on where it was when its process was killed, and says so in between", async () => {
    const { run, start, home } = newCli();
    server.slow(40);
    const child = start("pull", URI);
    const partial = () => listModels(join(home, "models")).partial;
    while ((await partialBytes(home)) < 5 * MB) await Bun.sleep(20);
    child.kill("SIGKILL");
    await child.exited;
    server.sent();
    const list = await run();
    expect(list.out).toContain("not finished: ");
    expect(listModels(join(home, "models")).models).toEqual([]);
    server.slow(0);
    const again = await run("pull", URI);
    expect(again.code).toBe(0);
    // On no terminal there are lines.
    expect(again.err).toContain("100% of");
    expect(server.sent()).toBeLessThan(bytes.length - 4 * MB);
    expect(partial()).toEqual([]);
    const [model] = listModels(join(home, "models")).models;
    expect(readFileSync(model!.path).equals(bytes)).toBe(true);
  });

  test("is stopped and gone on with", async () => {
    const target = join(folder, "stopped");
    server.slow(20);
    const stop = new AbortController();
    const stopped = pullModel(URI, target, {
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done > 11 * MB) stop.abort(new Error("enough"));
      },
    });
    await expect(stopped).rejects.toThrow("enough");
    expect(listModels(target).models).toEqual([]);
    server.slow(0);
    expect(readFileSync(await pullModel(URI, target)).equals(bytes)).toBe(true);
  });

  test("of what is not there, comes in parts, or is no model, is told in a sentence", async () => {
    const target = join(folder, "refused");
    const cases: [string, string, string][] = [
      ["hf:owner/tiny/none.gguf", "missing", "HTTP 404"],
      ["hf:owner/tiny/part-00001-of-00002.gguf", "several-parts", "2 files"],
      ["hf:owner/tiny:Q9", "missing", "HTTP 404"],
      ["https://example.org/..%2f..%2fa.gguf", "bad-uri", "no GGUF file"],
      ["hf:owner/../a.gguf", "bad-uri", "names no model"],
      ["tiny.gguf", "bad-uri", "names no model"],
      ["hf:", "bad-uri", "names no model"],
      ["file:///etc/passwd", "bad-uri", "names no model"],
    ];
    for (const [uri, code, words] of cases) {
      const error = await pullModel(uri, target).catch((error: unknown) => error);
      expect([uri, error]).toMatchObject([uri, { code }]);
      expect(String(error)).toContain(words);
    }
    const { run } = newCli();
    const broken = await run("pull", "hf:owner/tiny/broken.gguf");
    expect([broken.code, broken.err]).toEqual([1, expect.stringContaining("broken.gguf")]);
  });

  test("is begun anew where the file has changed, and refused where it is damaged", async () => {
    const target = join(folder, "changed");
    mkdirSync(target);
    writeFileSync(join(target, "tiny.gguf.part"), new Uint8Array(6 * MB));
    writeFileSync(join(target, "tiny.gguf.part.tag"), '"another"');
    expect(readFileSync(await pullModel(URI, target)).equals(bytes)).toBe(true);
    const damaged = await pullModel("hf:owner/tiny/damaged.gguf", target).catch((it) => it);
    expect(damaged).toMatchObject({ code: "damaged" });
    expect(listModels(target).partial).toEqual([]);
    const signed = await pullModel("hf:owner/tiny/signed.gguf", target);
    expect(readFileSync(signed).equals(bytes)).toBe(true);
  });

  test("by type asks Hugging Face which file that is", async () => {
    const path = await pullModel("hf:owner/tiny:Q8_0", join(folder, "typed"));
    expect(path).toEndWith("tiny.gguf");
  });

  test("is one at a time", async () => {
    const { run, start } = newCli();
    server.slow(250);
    const first = start("pull", URI);
    while (server.sent() === 0) await Bun.sleep(20);
    const second = await run("pull", URI);
    expect([second.code, second.err]).toEqual([1, expect.stringContaining("downloads a model")]);
    server.slow(0);
    expect(await first.exited).toBe(0);
  });
});

describe("the models that are here", () => {
  test("are listed with what they take, chosen, and removed", async () => {
    const { home, run } = newCli();
    const models = join(home, "models");
    mkdirSync(models, { recursive: true });
    copyFileSync(join(folder, "tiny.gguf"), join(models, "tiny.gguf"));
    writeFileSync(join(models, "cut.gguf"), bytes.subarray(0, 100_000));
    const { models: lines } = (await run("list", "--json")).json() as {
      models: { name: string; bytes: number; problem?: string; current: boolean }[];
    };
    expect(lines.map(({ name }) => name).sort()).toEqual(["cut", "pup", "tiny"]);
    expect(lines.find(({ current }) => current)!.name).toBe("pup");
    expect(lines.find(({ name }) => name === "cut")!.problem).toContain("cut.gguf");
    expect((await run("use", "cut")).code).toBe(1);
    expect((await run("use", "none")).err).toContain("There is no model “none”");
    const used = await run("use", "tiny");
    expect(used.out).toContain("selkie relearn");
    expect((await run()).out).toMatch(/tiny +in use/);
    expect((await run("remove", "tiny")).err).toContain("choose another one first");
    expect((await run("remove", "cut")).code).toBe(0);
    expect(existsSync(join(models, "cut.gguf"))).toBe(false);
    const config = loadConfig({ SELKIE_HOME: home });
    const instance = openInstance(config);
    expect(instance.config.model).toMatchObject({ name: "tiny", embedded: false });
    await instance.close();
    // What the environment says goes before.
    const pup = openInstance(loadConfig({ SELKIE_HOME: home, SELKIE_MODEL: config.model.path }));
    expect(pup.config.model.name).toBe("pup");
    await pup.close();
  });

  test("say what memory they take, without being loaded", () => {
    const { outline, bytes: size } = describeFile(join(folder, "tiny.gguf"));
    const weights = outline!.parameters * 4;
    expect(size).toBeGreaterThanOrEqual(weights);
    expect(outline!.memory.least).toBeGreaterThan(weights);
    expect(outline!.memory.fast).toBeGreaterThan(outline!.memory.least);
    expect(outline!.memory.fast).toBeLessThan(2.1 * weights);
    expect(outline!.types).toEqual(["f32"]);
  });

  test("are removed by name only, and links without what they lead to", () => {
    const models = withModel();
    for (const name of ["../tiny.gguf", "../tiny", "/etc/passwd", "none", ""]) {
      expect(removeModelFile(models, name)).toBeUndefined();
    }
    symlinkSync(join(folder, "tiny.gguf"), join(models, "linked.gguf"));
    expect(removeModelFile(models, "linked")).toBe(0);
    expect(existsSync(join(folder, "tiny.gguf"))).toBe(true);
    expect(removeModelFile(models, "small")).toBeGreaterThan(1000);
    expect(listModels(models).models).toEqual([]);
  });

  test("one is recommended, with the command that fetches it", async () => {
    const { run } = newCli();
    const { out } = await run("recommend");
    expect(out).toMatch(/^This machine has .* of memory/);
    expect(out).toMatch(/selkie models pull hf:\S+\.gguf --use$/m);
  });
});

test("over HTTP and on the page, models are downloaded, chosen and removed", async () => {
  const site = await openSite();
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${site.url}/api/models${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      data: (await response.json()) as { pull: { state: string } },
    };
  };
  const page = async () => (await fetch(`${site.url}/models`)).text();
  expect(await page()).toContain("suits it");
  server.slow(20);
  expect((await call("POST", "/pull", { uri: "http://127.0.0.1/x.gguf" })).status).toBe(422);
  expect((await call("POST", "/pull", { uri: URI })).status).toBe(202);
  expect((await call("POST", "/pull", { uri: URI })).status).toBe(409);
  expect(await page()).toContain("Downloading hf:owner/tiny");
  expect(await (await fetch(`${site.url}/models/pull`)).text()).toContain("<progress");
  await call("DELETE", "/pull");
  const state = async () => (await call("GET", "/pull")).data.pull.state;
  while ((await state()) === "running") await Bun.sleep(50);
  expect(await state()).toBe("stopped");
  server.slow(0);
  expect((await call("POST", "/pull", { uri: URI })).status).toBe(202);
  while ((await state()) === "running") await Bun.sleep(50);
  expect(await state()).toBe("done");
  expect(await page()).toContain("tiny");
  expect((await call("POST", "/tiny/use")).status).toBe(200);
  expect(await page()).toContain("from the next start");
  expect((await call("POST", "/pup/use")).status).toBe(200);
  expect(await page()).not.toContain("from the next start</span>");
  expect((await call("DELETE", `/${encodeURIComponent("../selkie.db")}`)).status).toBe(404);
  // What lies elsewhere is not touched.
  expect((await call("DELETE", "/pup")).status).toBe(404);
  expect((await call("DELETE", "/tiny")).status).toBe(200);
  await site.close();
});

test("a progress bar says how far it is", () => {
  const words = (done: number, total: number) =>
    progressWords({ file: "a", done, total, bytesPerSecond: 2_000_000 });
  expect(words(0, 0)).toBe(`[${" ".repeat(30)}] 0% of ?, 2.0 MB/s`);
  expect(words(650e6, 1.3e9)).toBe(`[${"#".repeat(15)}${" ".repeat(15)}] 50% of 1.3 GB, 2.0 MB/s`);
  expect(words(1.3e9, 1.3e9)).toStartWith(`[${"#".repeat(30)}] 100%`);
});
