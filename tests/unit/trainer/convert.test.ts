import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { exportAdapter, importAdapter, mergeModel } from "../../../trainer/index.ts";
import { expectedTensors } from "../../../trainer/model/model.ts";
import { LARGE, writeLargeModel } from "../../support/large-model.ts";
import { writeRandomAdapter } from "../../support/random-adapter.ts";
import { SMALL, writeRandomModel } from "../../support/random-model.ts";
import { failure, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("convert");
const base = file("base.gguf");
const adapter = file("adapter.gguf");

beforeAll(async () => {
  writeRandomModel(base);
  await writeRandomAdapter(adapter, SMALL);
});
afterAll(remove);

describe("a large model", () => {
  const large = file("large.gguf");
  const lora = file("large-adapter.gguf");
  beforeAll(async () => {
    writeLargeModel(large);
    await writeRandomAdapter(lora, LARGE, { targets: ["attn_q", "ffn_down"], rank: () => 16 });
  });
  afterAll(() => {
    for (const path of [large, lora]) rmSync(path);
  });

  async function peakOf(job: object): Promise<number> {
    const script = join(import.meta.dir, "merge-memory.ts");
    const child = Bun.spawn([process.execPath, script, JSON.stringify(job)], {
      stdout: "pipe",
      stderr: "ignore",
    });
    const said = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    return Number(said);
  }

  test("is merged in less memory than one of its layers takes, whatever it becomes", async () => {
    expect(statSync(large).size).toBeGreaterThan(200e6);
    const layer = [...expectedTensors(LARGE)]
      .filter(([name]) => name.startsWith("blk.0."))
      .reduce((sum, [, ne]) => sum + ne[0] * ne[1] * 4, 0);
    const out = file("large-merged.gguf");
    const little = await peakOf({ base, adapters: [{ path: adapter }], out: file("little.gguf") });
    for (const type of ["same", "q8_0"]) {
      const much = await peakOf({ base: large, adapters: [{ path: lora }], out, type });
      expect(much - little).toBeLessThan(layer);
    }
    rmSync(out);
  });

  test.skipIf(process.platform === "win32")("that finds no room leaves nothing", async () => {
    const out = file("no-room/out.gguf");
    mkdirSync(dirname(out));
    const script = join(import.meta.dir, "merge-memory.ts");
    const job = JSON.stringify({ base: large, adapters: [{ path: lora }], out });
    // The system refuses to make a file longer than 50 MB instead of ending the process.
    const limited = `trap '' XFSZ; ulimit -f 51200; exec "$0" "$1" "$2"`;
    const child = Bun.spawn(["bash", "-c", limited, process.execPath, script, job], {
      stdout: "ignore",
      stderr: "pipe",
    });
    expect(await new Response(child.stderr).text()).toInclude(
      "out.gguf could not be written: the file",
    );
    expect(await child.exited).toBe(1);
    expect(readdirSync(dirname(out))).toEqual([]);
  });

  test("can be stopped by a signal", async () => {
    const out = file("stopped/large.gguf");
    mkdirSync(dirname(out));
    const stop = new AbortController();
    let seen = 0;
    const error = await failure(() =>
      mergeModel(
        { base: large, adapters: [{ path: lora }], out },
        {
          signal: stop.signal,
          onProgress: () => {
            if (++seen === 3) stop.abort();
          },
        },
      ),
    );
    expect(error.code).toBe("cancelled");
    expect(readdirSync(dirname(out))).toEqual([]);
  });

  test("whose process is killed leaves nothing under the name, and the next merge succeeds", async () => {
    const out = file("killed/merged.gguf");
    mkdirSync(dirname(out));
    const error = await failure(() =>
      mergeModel(
        { base: large, adapters: [{ path: lora }], out },
        {
          onProgress: () => {
            for (const name of readdirSync(dirname(out))) {
              process.kill(Number(name.split(".").at(-2)), "SIGKILL");
            }
          },
        },
      ),
    );
    expect([error.code, error.message]).toEqual([
      "child-died",
      "The process of the model ended unexpectedly (SIGKILL).",
    ]);
    expect(existsSync(out)).toBe(false);
    await mergeModel({ base, adapters: [{ path: adapter }], out });
    expect(readdirSync(dirname(out))).toEqual(["merged.gguf"]);
  });
});

describe("in a process of its own", () => {
  test("an adapter goes to PEFT and comes back", async () => {
    const out = file("peft");
    const exported = await exportAdapter({ adapter, base, out, baseName: "someone/model" });
    expect(exported).toMatchObject({ matrices: 14, rank: 4, alpha: 8, baseName: "someone/model" });
    expect(readdirSync(out).sort()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
    const back = file("back.gguf");
    const imported = await importAdapter({ folder: out, base, out: back });
    expect(imported).toEqual({ path: back, matrices: 14, rank: 4, alpha: 8 });
    const again = file("again.gguf");
    await importAdapter({ folder: out, base, out: again });
    expect(readFileSync(again).equals(readFileSync(back))).toBe(true);
  });

  test("a model is merged, with progress to its end", async () => {
    const out = file("merged.gguf");
    let share = 0;
    const result = await mergeModel(
      { base, adapters: [{ path: adapter }], out, type: "bf16" },
      {
        threads: 1,
        onProgress: ({ bytes, totalBytes }) => {
          share = bytes / totalBytes;
        },
      },
    );
    expect(share).toBe(1);
    expect(result).toMatchObject({ path: out, adapted: 14, types: { bf16: 15, f32: 5 } });
  });

  test("what is refused is refused in its words", async () => {
    const error = await failure(() =>
      mergeModel({ base: adapter, adapters: [{ path: adapter }], out: file("never.gguf") }),
    );
    expect(error.code).toBe("model-unreadable");
    expect(error.message).toStartWith(adapter);
  });
});
