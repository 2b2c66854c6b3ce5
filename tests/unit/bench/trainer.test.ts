import { afterAll, describe, expect, test } from "bun:test";
import { Bench } from "../../../bench/trainer/bench.ts";
import { flopsOf, recordProducts, timeNodes } from "../../../bench/trainer/nodes.ts";
import { profileTable } from "../../../bench/trainer/profile-table.ts";
import { tables } from "../../../bench/trainer/report.ts";
import { type Repetition, Store } from "../../../bench/trainer/store.ts";
import { planOf, SEAL_OPTIONS, sealRows } from "../../../bench/trainer/workload.ts";
import { Graph, GraphAllocator } from "../../../trainer/ggml/graph.ts";
import { F32, shape } from "../../../trainer/ggml/tensor.ts";
import { cpu, scratch } from "../trainer/fixture.ts";

const { file, remove } = scratch("bench");
afterAll(remove);

function benchOn(path: string, repetitions: number): Bench {
  return new Bench({
    places: { work: file("work"), python: "python" },
    store: Store.open(path),
    models: ["iii"],
    arms: [],
    threads: 1,
    repetitions,
    lessons: 1,
  });
}

describe("repetitions", () => {
  test("arms take turns, and an interrupted run goes on where it was", async () => {
    const path = file("turns.json");
    const done: string[] = [];
    const arms = ["a", "b"];
    const run = (bench: Bench, failing?: string) =>
      bench.interleave("part/iii", arms, String, async (arm, repetition) => {
        const at = `${arm}${repetition}`;
        if (at === failing) throw new Error("the machine went down");
        done.push(at);
        return { figures: { value: repetition * 10 } };
      });
    await expect(run(benchOn(path, 3), "b2")).rejects.toThrow("went down");
    const bench = benchOn(path, 3);
    await run(bench);
    expect(done).toEqual(["a1", "b1", "a2", "b2", "a3", "b3"]);
    expect(bench.store.results.medians["part/iii/b"]).toEqual({ value: 20 });
    expect(Store.open(path).count("part/iii/a")).toBe(3);
  });
});

describe("the report", () => {
  const speed = (tokensPerSecond: number): Repetition => ({
    tokensPerSecond,
    lastEpochLoss: 1,
    cpuSeconds: 1,
  });

  test("compares with the peer and says where its figures are void", () => {
    const { store } = benchOn(file("report.json"), 1);
    store.add("machine/1024/pytorch", { f32: 120, bf16: 300 });
    store.add("machine/1024/ggml", { f32: 71, bf16: 130, q8_0: 170, q4_K: 150 });
    for (const rate of [90, 100, 300]) store.add("speed/ii/peft-f32", speed(rate));
    store.add("speed/ii/ours-q8_0", speed(150));
    const text = tables(store.results);
    expect(text).toContain("VOID");
    expect(text).toMatch(/ours-q8_0 +150 .* 1\.50/);
    expect(text).toMatch(/peft-f32 +100 +90\.\.300 +1\.00/);
  });
});

describe("the profile", () => {
  const product = (shape: string) => ({ shape, seconds: 2, nodes: 1, flops: 1e9, idealSeconds: 1 });

  test("says where time goes beyond what the products would take by themselves", () => {
    const { rows } = profileTable([
      {
        profiled: { model: "iii", precision: "q8_0", batchTokens: 1, steps: 1, tokens: 1 },
        machine: { cpu: "", cores: 1, memoryGiB: 1, os: "", bun: "" },
        threads: 1,
        seconds: 9,
        nodeSeconds: 10,
        idealSeconds: 3,
        flops: 3e9,
        operations: [
          { op: "MUL_MAT", seconds: 4, nodes: 2 },
          { op: "OUT_PROD", seconds: 2, nodes: 1 },
          { op: "CONT", seconds: 1, nodes: 1 },
          { op: "OPT_STEP_ADAMW", seconds: 0.5, nodes: 1 },
          { op: "ADD", seconds: 2.5, nodes: 1 },
        ],
        products: [
          product("q8_0 [512, 1408] x [512, t] x 1"),
          product("q8_0 [512, t] x [512, 32] x 1"),
          product("outer f32 [t, 512] x [t, 32] x 1"),
        ],
      },
    ]);
    expect(rows).toEqual([["(iii) q8_0", "1", "30%", "10%", "10%", "10%", "10%", "5%", "25%"]]);
  });
});

describe("the workload", () => {
  test("is SEAL's: 15 lines of 30 to 80 tokens and a passage of 250, row by row", () => {
    const rows = sealRows(1000);
    const lengths = rows.map((row) => row.tokens.length);
    expect(lengths.length).toBe(16);
    expect(lengths.at(-1)).toBe(250);
    for (const n of lengths.slice(0, -1)) expect(n >= 30 && n <= 80).toBe(true);
    const plan = planOf(rows, { ...SEAL_OPTIONS, epochs: 2 });
    expect(plan.length).toBe(32);
    expect(
      plan
        .slice(0, 16)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual(rows.map((_, i) => i));
  });
});

describe("a graph's products", () => {
  test("are read from its nodes, and each node can be timed", async () => {
    const allocator = new GraphAllocator(cpu());
    let result = Number.NaN;
    const work = async (): Promise<void> => {
      const g = new Graph(cpu(), 16);
      const a = g.input(new Float32Array(64 * 32).fill(1), F32, shape(64, 32));
      const b = g.input(new Float32Array(64 * 5).fill(2), F32, shape(64, 5));
      const y = g.output(g.mulMat(a, b));
      await g.run(allocator);
      result = cpu().download(y)[0] as number;
      g.free();
    };
    const [product, ...others] = await recordProducts(work);
    expect(others).toEqual([]);
    expect(product).toEqual({ outer: false, type: F32, k: 64, m: 32, n: 5, aBatch: 1, batch: 1 });
    expect(flopsOf(product!)).toBe(2 * 64 * 32 * 5);
    result = Number.NaN;
    const times = await timeNodes(cpu(), work);
    expect(times.map(({ op, ne }) => [op, ...ne])).toEqual([["MUL_MAT", 32, 5, 1, 1]]);
    expect(result).toBe(128);
    allocator.free();
  });
});
