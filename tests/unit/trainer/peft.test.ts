import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { loadLibrary } from "../../../trainer/ggml/library.ts";
import { dequantize } from "../../../trainer/ggml/quantize.ts";
import { BF16, F16, F32 } from "../../../trainer/ggml/tensor.ts";
import { AdapterFile } from "../../../trainer/lora/adapter-file.ts";
import { fromGgufRows, toGgufRows } from "../../../trainer/lora/head-rows.ts";
import {
  ggufName,
  moduleName,
  parseGgufName,
  parsePeftName,
  peftName,
} from "../../../trainer/lora/names.ts";
import { exportPeft } from "../../../trainer/lora/peft-export.ts";
import { importPeft } from "../../../trainer/lora/peft-import.ts";
import { SafetensorsFile, writeSafetensors } from "../../../trainer/lora/safetensors.ts";
import { loadModel } from "../../../trainer/model/load.ts";
import { normal, random } from "../../../trainer/random.ts";
import { LORA_TARGETS, type PeftExport } from "../../../trainer/types.ts";
import { BASES, OURS, ROW, SEED } from "../../fixtures/peft/shapes.ts";
import { type AdapterOptions, writeRandomAdapter } from "../../support/random-adapter.ts";
import { SMALL, SMALL_OF, writeRandomModel } from "../../support/random-model.ts";
import { cpu, failure, logitsOf, relativeDifference, SENTENCE, scratch } from "./fixture.ts";

setDefaultTimeout(60_000);

const library = loadLibrary("cpu");
const { file, remove } = scratch("peft");
const base = file("llama.gguf");
beforeAll(() => {
  for (const [architecture, { hyper, extras }] of Object.entries(SMALL_OF)) {
    writeRandomModel(file(`${architecture}.gguf`), hyper, 1, extras);
  }
});
afterAll(remove);

const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";

async function exported(name: string, options: AdapterOptions = {}, job: Partial<PeftExport> = {}) {
  const adapter = file(`${name}.gguf`);
  await writeRandomAdapter(adapter, SMALL, options);
  const out = file(name);
  rmSync(out, { recursive: true, force: true });
  const result = await exportPeft(library, { adapter, base, out, ...job });
  return { adapter, out, result, config: JSON.parse(readFileSync(join(out, CONFIG), "utf8")) };
}

/** A·B of every matrix of an adapter GGUF with its scale: what it adds to the weight. */
function updatesOf(path: string): Map<string, Float32Array> {
  const adapter = AdapterFile.open(library, path);
  const updates = adapter.matrices.map(({ name, a, b, rank, scale }) => {
    const product = multiplied(adapter.values(b), adapter.values(a), rank);
    return [name, product.map((value) => value * scale)] as const;
  });
  adapter.close();
  return new Map(updates);
}

/** B·A of row-major `[n_out, rank]` and `[rank, n_in]`. */
function multiplied(b: Float32Array, a: Float32Array, rank: number): Float32Array {
  const nIn = a.length / rank;
  return Float32Array.from({ length: (b.length / rank) * nIn }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < rank; k++) {
      sum += b[Math.floor(i / nIn) * rank + k]! * a[k * nIn + (i % nIn)]!;
    }
    return sum;
  });
}

function farthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe("rows of heads", () => {
  const [heads, dims, rank, nIn] = [3, 8, 2, 5];
  const b = normal(heads * dims * rank, 1, random(1));
  const a = normal(rank * nIn, 1, random(2));

  test("come in the order of llama.cpp's converter", () => {
    // reshape(heads, 2, dims / 2).swapaxes(1, 2) of rows that hold their own number
    const rows = Float32Array.from({ length: 8 }, (_, i) => i);
    expect([...toGgufRows(rows, 1, 1)]).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
    expect([...toGgufRows(rows, 1, 2)]).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
    expect([...toGgufRows(rows, 2, 1)]).toEqual([0, 1, 4, 5, 2, 3, 6, 7]);
  });

  test("the update of reordered rows is the reordered update", () => {
    expect(multiplied(toGgufRows(b, rank, heads), a, rank)).toEqual(
      toGgufRows(multiplied(b, a, rank), nIn, heads),
    );
  });

  test("come back", () => {
    expect(fromGgufRows(toGgufRows(b, rank, heads), rank, heads)).toEqual(b);
    expect(toGgufRows(b, rank, heads)).not.toEqual(b);
    expect(toGgufRows(b, rank, 0)).toEqual(b);
  });
});

describe("names", () => {
  test("of every projection there and back", () => {
    for (const target of LORA_TARGETS) {
      const place = { layer: 12, target };
      expect(parseGgufName(ggufName(place))).toEqual(place);
      for (const part of ["A", "B"] as const) {
        expect(parsePeftName(peftName(place, part))).toEqual({ place, part });
      }
    }
    expect(peftName({ layer: 0, target: "attn_output" }, "B")).toBe(
      "base_model.model.model.layers.0.self_attn.o_proj.lora_B.weight",
    );
    expect(ggufName({ layer: 3, target: "ffn_down" })).toBe("blk.3.ffn_down.weight");
  });

  test("of Gemma 3's language model are known, of its vision model not", () => {
    const tail = "layers.2.mlp.up_proj.lora_A.weight";
    for (const prefix of ["", "model.", "language_model.model.", "model.language_model."]) {
      expect(parsePeftName(`base_model.model.${prefix}${tail}`)?.place.layer).toBe(2);
    }
    for (const name of [
      `base_model.model.vision_tower.vision_model.encoder.${tail}`,
      "base_model.model.model.layers.0.mlp.experts.0.up_proj.lora_A.weight",
      "base_model.model.lm_head.lora_A.weight",
      "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector.weight",
      tail,
    ]) {
      expect(parsePeftName(name)).toBeUndefined();
    }
    expect(parseGgufName("blk.0.attn_q.bias")).toBeUndefined();
    expect(parseGgufName("output.weight")).toBeUndefined();
  });
});

describe("export", () => {
  test("writes what PEFT reads, and nothing else", async () => {
    const { out, result, config } = await exported("plain");
    expect(readdirSync(out).sort()).toEqual([CONFIG, WEIGHTS]);
    expect(result).toEqual({ path: out, matrices: 14, rank: 4, alpha: 8, baseName: "random" });
    expect(config).toMatchObject({
      peft_type: "LORA",
      task_type: "CAUSAL_LM",
      r: 4,
      lora_alpha: 8,
      bias: "none",
      use_rslora: false,
      base_model_name_or_path: "random",
      rank_pattern: {},
      alpha_pattern: {},
    });
    expect(config.target_modules.sort()).toEqual([
      "down_proj",
      "gate_proj",
      "k_proj",
      "o_proj",
      "q_proj",
      "up_proj",
      "v_proj",
    ]);
    const weights = SafetensorsFile.open(join(out, WEIGHTS));
    const shapeOf = (name: string) => weights.tensors.get(`base_model.model.${name}.weight`)?.shape;
    expect(weights.tensors.size).toBe(28);
    expect(shapeOf("model.layers.1.self_attn.k_proj.lora_A")).toEqual([4, 64]);
    expect(shapeOf("model.layers.1.self_attn.k_proj.lora_B")).toEqual([32, 4]);
    weights.close();
  });

  test("gives queries and keys of llama the order of Hugging Face, and the others theirs", async () => {
    const { adapter, out } = await exported("order");
    const ours = AdapterFile.open(library, adapter);
    const theirs = SafetensorsFile.open(join(out, WEIGHTS));
    for (const { name, b, rank } of ours.matrices) {
      const place = parseGgufName(name)!;
      const tensor = theirs.tensors.get(peftName(place, "B"))!;
      const got = dequantize(library, F32, theirs.read(tensor));
      const heads = { attn_q: SMALL.heads, attn_k: SMALL.kvHeads }[place.target as "attn_q"] ?? 0;
      expect(toGgufRows(got, rank, heads)).toEqual(ours.values(b));
      if (heads > 0) expect(got).not.toEqual(ours.values(b));
    }
    ours.close();
    theirs.close();
  });

  test("says which modules have other ranks, and which layers have none", async () => {
    const { config } = await exported("patterns", {
      rank: (name) => (name === "blk.1.ffn_up.weight" ? 2 : 4),
      targets: ["ffn_up", "attn_v"],
    });
    expect(config).toMatchObject({ r: 4, lora_alpha: 8, alpha_pattern: {} });
    expect(config.rank_pattern).toEqual({ "model.layers.1.mlp.up_proj": 2 });
    expect(config.target_modules.sort()).toEqual(["up_proj", "v_proj"]);
    const none = await exported("no-alpha", {
      alpha: 0,
      rank: (name) => (name === "blk.1.attn_v.weight" ? 2 : 4),
      targets: ["attn_v"],
    });
    expect(none.config.lora_alpha).toBe(4);
    expect(none.config.alpha_pattern).toEqual({ "model.layers.1.self_attn.v_proj": 2 });
  });

  test("in fewer bits", async () => {
    for (const [dtype, type] of [
      ["F16", F16],
      ["BF16", BF16],
    ] as const) {
      const { adapter, out } = await exported(dtype, {}, { dtype, baseName: "someone/model" });
      const weights = SafetensorsFile.open(join(out, WEIGHTS));
      const tensor = weights.tensors.get(peftName({ layer: 0, target: "attn_v" }, "A"))!;
      expect(tensor.dtype).toBe(dtype);
      const values = dequantize(library, type, weights.read(tensor));
      const ours = AdapterFile.open(library, adapter);
      const exact = ours.values(
        ours.matrices.find(({ name }) => name === "blk.0.attn_v.weight")!.a,
      );
      expect(farthest(values, exact)).toBeLessThan(0.01);
      expect(values).not.toEqual(exact);
      ours.close();
      weights.close();
    }
  });

  test("of another base, onto something that is there: refused, and nothing changed", async () => {
    const { adapter, out } = await exported("taken");
    const before = readFileSync(join(out, CONFIG));
    const again = await failure(() => exportPeft(library, { adapter, base, out }));
    expect([again.code, again.message]).toEqual([
      "write-failed",
      `${out} could not be written: there is something of that name already. Choose another name.`,
    ]);
    expect(readFileSync(join(out, CONFIG))).toEqual(before);
    for (const [architecture, message] of [
      ["qwen2", /adapts a "llama" model, .* is "qwen2"/],
      ["narrow", /has matrices of .* for blk\.0\.attn_q\.weight, which is \[32,/],
    ] as const) {
      const other = file(`${architecture}.gguf`);
      if (architecture === "narrow") writeRandomModel(other, { ...SMALL, width: 32 });
      const error = await failure(() =>
        exportPeft(library, { adapter, base: other, out: file("never") }),
      );
      expect(error.code).toBe("adapter-mismatch");
      expect(error.message).toMatch(message);
      expect(existsSync(file("never"))).toBe(false);
    }
    expect(readdirSync(dirname(out)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("import", () => {
  for (const [architecture, { hyper }] of Object.entries(SMALL_OF)) {
    test(`an exported ${architecture} adapter comes back bit by bit`, async () => {
      const adapter = file(`${architecture}-adapter.gguf`);
      const out = file(`${architecture}-peft`);
      await writeRandomAdapter(adapter, hyper);
      const baseOf = file(`${architecture}.gguf`);
      await exportPeft(library, { adapter, base: baseOf, out });
      const back = file(`${architecture}-back.gguf`);
      const result = importPeft(library, { folder: out, base: baseOf, out: back });
      expect(result).toEqual({ path: back, matrices: 7 * hyper.layers, rank: 4, alpha: 8 });
      const was = updatesOf(adapter);
      for (const [name, update] of updatesOf(back)) expect(update).toEqual(was.get(name)!);
      expect([...updatesOf(back).keys()]).toEqual([...was.keys()]);
    });
  }

  /** Exports an adapter, changes its files, and imports it. */
  async function changed(
    change: (config: Record<string, unknown>, folder: string) => unknown,
    options: AdapterOptions = {},
  ) {
    const { adapter, out, config } = await exported("changed", options);
    await change(config, out);
    if (existsSync(join(out, CONFIG))) writeFileSync(join(out, CONFIG), JSON.stringify(config));
    const back = file("changed-back.gguf");
    rmSync(back, { force: true });
    const result = importPeft(library, { folder: out, base, out: back });
    return { was: updatesOf(adapter), is: updatesOf(back), result };
  }

  const scaledBy = (was: Float32Array, is: Float32Array): number => {
    const factor = is[0]! / was[0]!;
    expect(
      farthest(
        is,
        was.map((value) => value * factor),
      ),
    ).toBeLessThan(1e-5);
    return factor;
  };

  test("rsLoRA divides by the root of the rank", async () => {
    const { was, is, result } = await changed((config) => {
      config.use_rslora = true;
    });
    expect(result.alpha).toBe(16);
    for (const [name, update] of is) expect(scaledBy(was.get(name)!, update)).toBeCloseTo(2, 5);
  });

  test("patterns of ranks and alphas hold for the modules that they match", async () => {
    const { was, is, result } = await changed(
      (config) => {
        config.rank_pattern = { "layers\\.1\\.mlp\\.up_proj": 2 };
        config.alpha_pattern = { v_proj: 24, "model.layers.0.self_attn.q_proj": 4, rej: 1000 };
      },
      { rank: (name) => (name === "blk.1.ffn_up.weight" ? 2 : 4) },
    );
    expect(result.rank).toBe(4);
    const factor = (name: string) => scaledBy(was.get(name)!, is.get(name)!);
    expect(factor("blk.0.attn_v.weight")).toBeCloseTo(3, 5);
    expect(factor("blk.1.attn_v.weight")).toBeCloseTo(3, 5);
    expect(factor("blk.0.attn_q.weight")).toBeCloseTo(0.5, 5);
    expect(factor("blk.1.attn_q.weight")).toBeCloseTo(1, 5);
    expect(factor("blk.1.ffn_up.weight")).toBeCloseTo(1, 5);
  });

  test("16-bit tensors, and settings that only mattered in training", async () => {
    const { adapter, out } = await exported("half", {}, { dtype: "F16" });
    const config = JSON.parse(readFileSync(join(out, CONFIG), "utf8"));
    Object.assign(config, {
      lora_dropout: 0.1,
      layers_to_transform: [0, 1],
      init_lora_weights: "gaussian",
      loftq_config: {},
      modules_to_save: [],
      something_new: { of: "no importance" },
    });
    writeFileSync(join(out, CONFIG), JSON.stringify(config));
    const back = file("half-back.gguf");
    importPeft(library, { folder: out, base, out: back });
    const was = updatesOf(adapter);
    for (const [name, update] of updatesOf(back)) {
      expect(farthest(update, was.get(name)!)).toBeLessThan(0.01);
    }
  });

  describe("refuses", () => {
    const refused = (
      name: string,
      message: RegExp,
      change: Parameters<typeof changed>[0],
      code = "adapter-unreadable",
    ): void => {
      test(name, async () => {
        const error = await failure(() => changed(change));
        expect(error.message).toMatch(message);
        expect(error.message).toMatch(SENTENCE);
        expect(error.code).toBe(code as typeof error.code);
        expect(existsSync(file("changed-back.gguf"))).toBe(false);
      });
    };
    const settings: [string, unknown][] = [
      ["use_dora", true],
      ["use_qalora", true],
      ["use_bdlora", { blocks: 2 }],
      ["fan_in_fan_out", true],
      ["modules_to_save", ["lm_head"]],
      ["lora_bias", true],
      ["layer_replication", [[0, 2]]],
      ["trainable_token_indices", [3]],
      ["target_parameters", ["experts"]],
      ["alora_invocation_tokens", [1, 2]],
      ["kasa_config", { beta: 1 }],
    ];
    for (const [key, value] of settings) {
      refused(key, new RegExp(`adapter_config\\.json uses ${key}, which`), (config) => {
        config[key] = value;
      });
    }
    refused("biases", /has bias "all"/, (config) => {
      config.bias = "all";
    });
    refused("a start that changed the base", /was initialised by "pissa_niter_4"/, (config) => {
      config.init_lora_weights = "pissa_niter_4";
    });
    refused("another kind", /of the kind LOHA; only LORA/, (config) => {
      config.peft_type = "LOHA";
    });
    refused("a rank that is not the tensors'", /whose rank is 8 by/, (config) => {
      config.r = 8;
    });
    refused("no rank", /no usable r /, (config) => {
      config.r = undefined;
    });
    refused("an alpha of no size", /no usable lora_alpha/, (config) => {
      config.lora_alpha = 0;
    });
    refused("a pattern that is none", /the pattern "\(\?P<x", which is no/, (config) => {
      config.alpha_pattern = { "(?P<x": 2 };
    });
    refused("no configuration", /cannot be read \(ENOENT\)/, (_, folder) => {
      rmSync(join(folder, CONFIG));
    });
    refused("no weights", /has no adapter_model\.safetensors/, (_, folder) => {
      rmSync(join(folder, WEIGHTS));
    });
    refused("a pickle", /only adapter_model\.bin, whose format/, (_, folder) => {
      copyFileSync(join(folder, WEIGHTS), join(folder, "adapter_model.bin"));
      rmSync(join(folder, WEIGHTS));
    });

    /** Replaces the weights with one matrix's, changed. */
    const weights =
      (name: string, shapeA: number[], shapeB: number[], value = 1, tail = "lora_A") =>
      async (_: unknown, folder: string) => {
        const data = (shape: number[]) => async () =>
          new Uint8Array(new Float32Array(shape[0]! * shape[1]!).fill(value).buffer);
        const module = `base_model.model.${name}`;
        await writeSafetensors(join(folder, WEIGHTS), [
          { name: `${module}.${tail}.weight`, dtype: "F32", shape: shapeA, data: data(shapeA) },
          { name: `${module}.lora_B.weight`, dtype: "F32", shape: shapeB, data: data(shapeB) },
        ]);
      };
    const q = moduleName({ layer: 0, target: "attn_q" });
    refused(
      "another base",
      /as a matrix of \[99, 64\], which is \[64, 64\]/,
      weights(q, [4, 64], [99, 4]),
      "adapter-mismatch",
    );
    refused(
      "a layer too many",
      /layers\.9\..* which is not in/,
      weights(moduleName({ layer: 9, target: "attn_q" }), [4, 64], [64, 4]),
      "adapter-mismatch",
    );
    refused("shapes that do not fit", /whose rank is 4/, weights(q, [4, 64], [64, 5]));
    refused(
      "values that are no numbers",
      /that are no numbers/,
      weights(q, [4, 64], [64, 4], Number.NaN),
    );
    refused(
      "the embedding",
      /holds base_model\.model\.model\.embed_tokens/,
      weights("model.embed_tokens", [4, 64], [64, 4]),
    );
    refused(
      "DoRA's magnitudes",
      /lora_magnitude_vector/,
      weights(q, [4, 64], [64, 4], 1, "lora_magnitude_vector"),
    );
    refused("half an update", /one half of the update of blk\.0\.attn_q/, async (_, folder) => {
      await writeSafetensors(join(folder, WEIGHTS), [
        {
          name: peftName({ layer: 0, target: "attn_q" }, "A"),
          dtype: "F32",
          shape: [4, 64],
          data: async () => new Uint8Array(1024),
        },
      ]);
    });
    refused("an adapter of nothing", /holds no tensors/, (_, folder) =>
      writeSafetensors(join(folder, WEIGHTS), []),
    );
  });

  test("leaves a name that cannot be written alone", async () => {
    const { out } = await exported("unwritable");
    mkdirSync(file("folder.gguf"), { recursive: true });
    const error = await failure(() =>
      importPeft(library, { folder: out, base, out: file("folder.gguf") }),
    );
    expect(error.code).toBe("write-failed");
    expect(readdirSync(file("folder.gguf"))).toEqual([]);
  });
});

describe("with PEFT itself, by what it computed (tests/fixtures/peft)", () => {
  const folder = join(import.meta.dir, "../../fixtures/peft");
  for (const [name, { hyper, extras }] of Object.entries(BASES)) {
    const model = file(`peft-${name}.gguf`);
    const expectLogits = async (fixture: string, adapter?: string) => {
      writeRandomModel(model, hyper, SEED, extras);
      const loaded = await loadModel(cpu(), model);
      const [got] = await logitsOf(loaded, [ROW], adapter);
      loaded.free();
      const expected = new Float32Array(await Bun.file(join(folder, name, fixture)).arrayBuffer());
      expect(expected.length).toBe(got!.length * hyper.vocabulary);
      got!.forEach((logits, i) => {
        const reference = expected.slice(i * hyper.vocabulary, (i + 1) * hyper.vocabulary);
        expect(relativeDifference(logits, reference)).toBeLessThan(1e-3);
      });
      return got!;
    };

    test(`${name}: the same base, and our adapter as PEFT loaded it`, async () => {
      const plain = await expectLogits("base.f32");
      const adapter = file(`peft-${name}-ours.gguf`);
      await writeRandomAdapter(adapter, hyper, OURS);
      const adapted = await expectLogits("ours.f32", adapter);
      expect(relativeDifference(adapted[5]!, plain[5]!)).toBeGreaterThan(0.05);
    });

    test(`${name}: an adapter that PEFT trained, imported`, async () => {
      writeRandomModel(model, hyper, SEED, extras);
      const out = file(`peft-${name}-theirs.gguf`);
      importPeft(library, { folder: join(folder, name), base: model, out });
      await expectLogits("theirs.f32", out);
    });
  }
});
