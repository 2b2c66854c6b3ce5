import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Llama } from "node-llama-cpp";
import { FILE_TYPES, type FileType } from "../../../trainer/ggml/file-type.ts";
import { GgufFile } from "../../../trainer/ggml/gguf.ts";
import { GgufWriter } from "../../../trainer/ggml/gguf-writer.ts";
import { loadLibrary } from "../../../trainer/ggml/library.ts";
import { dequantize } from "../../../trainer/ggml/quantize.ts";
import { BF16, F16, F32 } from "../../../trainer/ggml/tensor.ts";
import { tensorType } from "../../../trainer/ggml/tensor-types.ts";
import { AdapterFile } from "../../../trainer/lora/adapter-file.ts";
import { mergeAdapters } from "../../../trainer/lora/merge.ts";
import type { Hyperparameters } from "../../../trainer/model/hyperparameters.ts";
import type { MergeJob } from "../../../trainer/types.ts";
import { llamaLogits, openLlama } from "../../support/llama-cpp.ts";
import { llamaQuantize } from "../../support/llama-quantize.ts";
import { writeRandomAdapter } from "../../support/random-adapter.ts";
import { SMALL, SMALL_OF, VOCABULARY, wide, writeRandomModel } from "../../support/random-model.ts";
import { randomRow } from "../../support/rows.ts";
import { cpu, failure, relativeDifference, SENTENCE, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const library = loadLibrary("cpu");
const { file, remove } = scratch("merge");
const base = file("base.gguf");
const adapter = file("adapter.gguf");
const second = file("second.gguf");
const ROW = randomRow(23, 5, VOCABULARY);
let llama: Llama;

beforeAll(async () => {
  writeRandomModel(base);
  await writeRandomAdapter(adapter, SMALL);
  await writeRandomAdapter(second, SMALL, {
    seed: 2,
    rank: () => 3,
    targets: ["attn_q", "ffn_down"],
  });
  llama = await openLlama();
});
afterAll(async () => {
  await llama.dispose();
  remove();
});

const merge = (job: Partial<MergeJob>, threads = 1) =>
  mergeAdapters(
    cpu(),
    { base, adapters: [{ path: adapter }], out: file("merged.gguf"), ...job },
    threads,
  );

async function logitsOf(path: string, lora?: Parameters<typeof llamaLogits>[2]) {
  const model = await llama.loadModel({ modelPath: path });
  try {
    return await llamaLogits(model, ROW, lora);
  } finally {
    await model.dispose();
  }
}

const worst = (got: Float32Array[], expected: Float32Array[]): number =>
  Math.max(...got.map((logits, i) => relativeDifference(logits, expected[i]!)));

/** A tensor of a file as F32. */
function valuesOf(path: string, name: string): Float32Array {
  const gguf = GgufFile.open(path);
  const tensor = gguf.tensors.get(name)!;
  const values = dequantize(library, tensor.type, gguf.read(tensor));
  gguf.close();
  return values;
}

/** W + Σ scale · B·A by its definition. */
function expectedSum(name: string, adapters: [string, number][], of = base): Float32Array {
  const sum = Float64Array.from(valuesOf(of, name));
  for (const [path, factor] of adapters) {
    const opened = AdapterFile.open(library, path);
    const matrix = opened.matrices.find((each) => each.name === name);
    if (matrix) {
      const [a, b] = [opened.values(matrix.a), opened.values(matrix.b)];
      const columns = matrix.a.ne[0];
      for (let i = 0; i < sum.length; i++) {
        for (let k = 0; k < matrix.rank; k++) {
          const product =
            b[Math.floor(i / columns) * matrix.rank + k]! * a[k * columns + (i % columns)]!;
          sum[i]! += factor * matrix.scale * product;
        }
      }
    }
    opened.close();
  }
  return Float32Array.from(sum);
}

function rootMeanSquare(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

describe("the merged model gives llama.cpp's logits of the base with the adapter", () => {
  const tolerances: [FileType, number][] = [
    ["f32", 1e-4],
    ["f16", 5e-3],
    ["bf16", 3e-2],
    ["q8_0", 6e-2],
  ];
  for (const [type, tolerance] of tolerances) {
    test(`as ${type}`, async () => {
      const out = file(`logits-${type}.gguf`);
      await merge({ out, type });
      const [plain, merged, both] = [
        await logitsOf(base),
        await logitsOf(out),
        await logitsOf(base, adapter),
      ];
      expect(worst(merged, both)).toBeLessThan(tolerance);
      expect(worst(plain, both)).toBeGreaterThan(0.2);
    });
  }

  for (const [architecture, { hyper, extras }] of Object.entries(SMALL_OF)) {
    test(`${architecture}, two adapters with factors`, async () => {
      const model = file(`${architecture}.gguf`);
      const [first, other] = [file(`${architecture}-1.gguf`), file(`${architecture}-2.gguf`)];
      writeRandomModel(model, hyper, 3, extras);
      await writeRandomAdapter(first, hyper, { seed: 4 });
      await writeRandomAdapter(other, hyper, {
        seed: 5,
        rank: () => 2,
        targets: ["attn_v", "ffn_up"],
      });
      const out = file(`${architecture}-merged.gguf`);
      await merge({
        base: model,
        out,
        adapters: [
          { path: first, scale: 0.5 },
          { path: other, scale: -1 },
        ],
      });
      const expected = await logitsOf(model, {
        adapters: [
          { filePath: first, scale: 0.5 },
          { filePath: other, scale: -1 },
        ],
      });
      expect(worst(await logitsOf(out), expected)).toBeLessThan(1e-4);
    });
  }
});

describe("the sum", () => {
  test("is that of its definition", async () => {
    const out = file("sum.gguf");
    const adapters: [string, number][] = [
      [adapter, 1],
      [second, 0.25],
    ];
    const result = await merge({
      out,
      adapters: adapters.map(([path, scale]) => ({ path, scale })),
    });
    expect(result).toMatchObject({
      path: out,
      tensors: 20,
      adapted: 14,
      types: { f32: 20 },
      fallbacks: [],
    });
    for (const name of [
      "blk.0.attn_q.weight",
      "blk.1.ffn_down.weight",
      "blk.1.attn_k.weight",
      "token_embd.weight",
    ]) {
      const got = valuesOf(out, name);
      const difference = expectedSum(name, adapters).map((value, i) => value - got[i]!);
      expect(rootMeanSquare(difference)).toBeLessThan(1e-7);
    }
  });

  test("does not depend on the number of threads", async () => {
    const [one, four] = [file("one.gguf"), file("four.gguf")];
    await merge({ out: one, type: "q8_0" });
    await merge({ out: four, type: "q8_0" }, 4);
    expect(readFileSync(four).equals(readFileSync(one))).toBe(true);
  });

  test("of an adapter and itself, taken away, is the base", async () => {
    const out = file("zero.gguf");
    await merge({ out, adapters: [{ path: adapter }, { path: adapter, scale: -1 }] });
    const [was, is] = [base, out].map((path) => valuesOf(path, "blk.0.ffn_up.weight"));
    const difference = is!.map((value, i) => value - was![i]!);
    expect(rootMeanSquare(difference)).toBeLessThan(1e-7);
  });
});

describe("types", () => {
  test("stay as they are: what is not adapted bit by bit, what is within the type", async () => {
    const hyper = wide(SMALL);
    const mixed = file("mixed.gguf");
    const types: [RegExp, number, number][] = [
      [/attn_q/, 12, 0.09],
      [/attn_k/, 14, 0.03],
      [/attn_v/, 8, 0.01],
      [/attn_output/, BF16, 0.005],
      [/ffn_gate/, F16, 0.001],
      [/ffn_up/, 2, 0.1],
      [/ffn_down/, 23, 0.1],
      [/./, F32, 1e-6],
    ];
    const typeOf = (name: string): number => types.find(([pattern]) => pattern.test(name))![1];
    writeRandomModel(mixed, hyper, 1, { typeOf });
    const lora = file("mixed-adapter.gguf");
    await writeRandomAdapter(lora, hyper, {
      targets: ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"],
    });
    const out = file("mixed-merged.gguf");
    await merge({ base: mixed, adapters: [{ path: lora }], out });
    const [before, after] = [GgufFile.open(mixed), GgufFile.open(out)];
    expect([...after.tensors.keys()]).toEqual([...before.tensors.keys()]);
    for (const { name, type } of before.tensors.values()) {
      expect(after.tensors.get(name)?.type).toBe(type);
      const projection =
        /^blk\.\d+\.(attn_[qkv]|attn_output|ffn_\w+)\.weight$/.test(name) && !name.includes("norm");
      if (projection) {
        const wanted = expectedSum(name, [[lora, 1]], mixed);
        const got = valuesOf(out, name);
        const error =
          rootMeanSquare(wanted.map((value, i) => value - got[i]!)) / rootMeanSquare(wanted);
        const [, , tolerance] = types.find(([pattern]) => pattern.test(name))!;
        expect(error).toBeLessThan(tolerance);
      } else {
        expect(after.read(after.tensors.get(name)!)).toEqual(
          before.read(before.tensors.get(name)!),
        );
      }
    }
    before.close();
    after.close();
  });

  /** Layers enough for a mixture, and rows in the feed-forward that K-quants cannot hold. */
  const deep: Hyperparameters = {
    ...wide(SMALL),
    layers: 9,
    feedForward: 96,
    heads: 2,
    kvHeads: 1,
    headDim: 32,
    ropeDims: 32,
  };
  const shapes: [string, Hyperparameters, boolean][] = [
    ["nine layers, an output of its own", deep, true],
    ["a tied output", { ...deep, layers: 2 }, false],
    ["rows that are no multiple of 32", { ...SMALL, feedForward: 40 }, true],
  ];
  for (const [name, hyper, untied] of shapes) {
    test(`are llama.cpp's choice, and its bytes: ${name}`, async () => {
      const model = file("plain.gguf");
      writeRandomModel(model, hyper, 7, { untied });
      const lora = file("plain-adapter.gguf");
      await writeRandomAdapter(lora, hyper, { targets: ["attn_v", "ffn_down"] });
      const exact = file("exact.gguf");
      await merge({ base: model, adapters: [{ path: lora }], out: exact, type: "f32" });
      for (const type of Object.keys(FILE_TYPES) as FileType[]) {
        const [ours, theirs] = [file("ours.gguf"), file("theirs.gguf")];
        const { fallbacks } = await merge({
          base: model,
          adapters: [{ path: lora }],
          out: ours,
          type,
        });
        llamaQuantize(exact, theirs, FILE_TYPES[type].id);
        const [a, b] = [GgufFile.open(ours), GgufFile.open(theirs)];
        const choices = (gguf: GgufFile) =>
          [...gguf.tensors.values()].map((t) => `${t.name} ${tensorType(t.type).name}`).sort();
        expect(choices(a)).toEqual(choices(b));
        for (const tensor of b.tensors.values()) {
          expect(Buffer.compare(a.read(a.tensors.get(tensor.name)!), b.read(tensor))).toBe(0);
        }
        expect(a.number("general.file_type")).toBe(b.number("general.file_type")!);
        expect(a.number("general.quantization_version")).toBe(2);
        for (const sentence of fallbacks)
          expect(sentence).toMatch(
            /^\S+ has rows of \d+ values, which \w+ cannot hold: it becomes \w+\.$/,
          );
        if (hyper === deep) expect(fallbacks.length).toBe(/_k/.test(type) ? 2 * deep.layers : 0);
        a.close();
        b.close();
      }
    });
  }
});

test("metadata are the base's, with a name of its own", async () => {
  const out = file("metadata.gguf");
  await merge({ out, type: "bf16" });
  const [before, after] = [GgufFile.open(base), GgufFile.open(out)];
  expect(after.string("general.name")).toBe("random, adapter merged");
  expect(after.number("general.file_type")).toBe(32);
  expect(after.arrayLength("tokenizer.ggml.tokens")).toBe(VOCABULARY);
  expect(after.string("tokenizer.ggml.pre")).toBe(before.string("tokenizer.ggml.pre")!);
  for (const key of [
    "llama.rope.freq_base",
    "llama.attention.layer_norm_rms_epsilon",
    "tokenizer.ggml.bos_token_id",
  ]) {
    expect(after.number(key)).toBe(before.number(key)!);
  }
  expect(after.tensors.get("blk.0.attn_norm.weight")?.type).toBe(F32);
  before.close();
  after.close();
  await merge({
    out: file("named.gguf"),
    name: "Grüße",
    adapters: [{ path: adapter }, { path: second }],
  });
  const named = GgufFile.open(file("named.gguf"));
  expect(named.string("general.name")).toBe("Grüße");
  named.close();
});

test("the alignment that a base names is not taken over", async () => {
  const aligned = file("aligned.gguf");
  const source = GgufFile.open(base);
  const tensors = [...source.tensors.values()];
  const writer = GgufWriter.create(
    library,
    aligned,
    { metadata: { "general.alignment": { u32: 32 } }, tensors },
    source,
  );
  for (const tensor of tensors) writer.append(source.read(tensor));
  writer.publish();
  source.close();
  const out = file("aligned-merged.gguf");
  await merge({ base: aligned, out });
  const after = GgufFile.open(out);
  expect(after.has("general.alignment")).toBe(false);
  after.close();
  await merge({ out: file("unaligned-merged.gguf") });
  expect(valuesOf(out, "output_norm.weight")).toEqual(
    valuesOf(file("unaligned-merged.gguf"), "output_norm.weight"),
  );
});

describe("refused before any work", () => {
  const refused = (
    name: string,
    code: string,
    message: RegExp,
    job: () => Partial<MergeJob> | Promise<Partial<MergeJob>>,
  ) =>
    test(name, async () => {
      const folder = file(`refused/${name.replaceAll(" ", "-")}`);
      mkdirSync(folder, { recursive: true });
      const out = `${folder}/out.gguf`;
      const change = await job();
      const error = await failure(() => merge({ out, ...change }));
      expect(error.code).toBe(code as typeof error.code);
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(SENTENCE);
      expect(readdirSync(folder)).toEqual([]);
    });
  refused("no adapter", "invalid-job", /no adapter to merge/, () => ({ adapters: [] }));
  refused("an unknown type", "invalid-job", /^The type "q3" is unknown: choose same, f32/, () => ({
    type: "q3" as FileType,
  }));
  refused("a factor that is no number", "invalid-job", /scaled by NaN/, () => ({
    adapters: [{ path: adapter, scale: Number.NaN }],
  }));
  refused("onto its base", "invalid-job", /would replace what is merged/, () => ({ out: base }));
  refused("onto its base by another name", "invalid-job", /would replace/, () => ({
    out: `${dirname(base)}/./base.gguf`,
  }));
  refused("no base", "model-unreadable", /no such file/, () => ({ base: file("none.gguf") }));
  refused("an adapter for a base", "model-unreadable", /token_embd|block_count/, () => ({
    base: adapter,
  }));
  refused("a base for an adapter", "adapter-unreadable", /is no LoRA adapter/, () => ({
    adapters: [{ path: file("model-as-adapter.gguf") }],
  }));
  refused("an adapter of another base", "adapter-mismatch", /Choose the base/, async () => {
    const path = file("other-adapter.gguf");
    await writeRandomAdapter(path, { ...SMALL, layers: 3 });
    return { adapters: [{ path }] };
  });
  refused(
    "weights that need an importance matrix",
    "model-unsupported",
    /blk\.0\.attn_q\.weight has the type tq1_0.*Choose a type/,
    async () => {
      const model = file("iq.gguf");
      writeRandomModel(model, wide(SMALL), 1, {
        typeOf: (name) => (name.includes("attn_q") ? 34 : F32),
      });
      const path = file("iq-adapter.gguf");
      await writeRandomAdapter(path, wide(SMALL), { targets: ["attn_q"] });
      return { base: model, adapters: [{ path }] };
    },
  );
  beforeAll(() => linkSync(base, file("model-as-adapter.gguf")));
});

describe("nothing is left under the name", () => {
  const empty = (name: string): string => {
    mkdirSync(file(name), { recursive: true });
    return `${file(name)}/out.gguf`;
  };

  test("when it is cancelled", async () => {
    const out = empty("cancelled");
    let asked = 0;
    const error = await failure(() =>
      mergeAdapters(cpu(), { base, adapters: [{ path: adapter }], out }, 1, {
        cancelled: () => ++asked > 3,
      }),
    );
    expect([error.code, asked]).toEqual(["cancelled", 4]);
    expect(readdirSync(dirname(out))).toEqual([]);
  });

  test("when values leave the type, which is told with the tensor's name", async () => {
    const out = empty("overflow");
    const error = await failure(() =>
      merge({ out, type: "f16", adapters: [{ path: adapter, scale: 1e8 }] }),
    );
    expect(error.code).toBe("model-unsupported");
    expect(error.message).toMatch(/^blk\.0\.\w+\.weight has values that are not finite in f16/);
    expect(readdirSync(dirname(out))).toEqual([]);
  });

  test("when another merge is writing it, which goes on", async () => {
    const out = empty("two");
    let refusal: ReturnType<typeof failure> | undefined;
    await mergeAdapters(cpu(), { base, adapters: [{ path: adapter }], out }, 1, {
      onProgress: () => {
        refusal ??= failure(() => merge({ out }));
      },
    });
    const error = await refusal;
    expect(error?.code).toBe("output-busy");
    expect(error?.message).toStartWith(`${out} is being written by process ${process.pid}.`);
    expect(existsSync(out)).toBe(true);
    expect(readdirSync(dirname(out))).toEqual(["out.gguf"]);
  });
});

test("progress counts the bytes of all tensors", async () => {
  const seen: number[] = [];
  const { bytes } = await mergeAdapters(
    cpu(),
    { base, adapters: [{ path: adapter }], out: file("progress.gguf") },
    1,
    {
      onProgress: (progress) => {
        seen.push(progress.bytes);
        expect(progress.totalBytes).toBeGreaterThanOrEqual(progress.bytes);
      },
    },
  );
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(bytes);
});
