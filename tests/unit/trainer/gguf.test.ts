import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { GgufFile } from "../../../trainer/ggml/gguf.ts";
import { type GgufValue, writeGguf } from "../../../trainer/ggml/gguf-writer.ts";
import { checkAbi, loadLibrary } from "../../../trainer/ggml/library.ts";
import { locateLibraries } from "../../../trainer/ggml/locate.ts";
import { F16, F32, I32, shape } from "../../../trainer/ggml/tensor.ts";
import { bytesOf, TENSOR_TYPES } from "../../../trainer/ggml/tensor-types.ts";
import { createAdapter, readAdapter, writeAdapter } from "../../../trainer/lora/adapter.ts";
import { readHyperparameters } from "../../../trainer/model/hyperparameters.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import { trainAdapter } from "../../../trainer/training/train.ts";
import { LORA_TARGETS } from "../../../trainer/types.ts";
import { SMALL, SMALL_OF, writeRandomModel } from "../../support/random-model.ts";
import { cpu, failure, jobOn, SENTENCE, scratch } from "./fixture.ts";

setDefaultTimeout(60_000);

const library = loadLibrary("cpu");
const { file, remove } = scratch("gguf");
const base = file("base.gguf");
let bytes: Buffer;
let loaded: LoadedModel;

beforeAll(async () => {
  writeRandomModel(base);
  bytes = readFileSync(base);
  loaded = await loadModel(cpu(), base);
});
afterAll(() => {
  loaded.free();
  remove();
});

interface Draft {
  metadata: Record<string, GgufValue>;
  tensors: Map<string, { ne: readonly [number, number, number, number]; type: number }>;
}

/** Writes the random model with changes, weights zero. */
function variant(path: string, change: (draft: Draft) => void): string {
  const h = SMALL;
  const draft: Draft = {
    metadata: {
      "general.architecture": { string: "llama" },
      "llama.block_count": { u32: h.layers },
      "llama.context_length": { u32: h.contextLength },
      "llama.embedding_length": { u32: h.width },
      "llama.feed_forward_length": { u32: h.feedForward },
      "llama.attention.head_count": { u32: h.heads },
      "llama.attention.head_count_kv": { u32: h.kvHeads },
      "llama.attention.layer_norm_rms_epsilon": { f32: h.rmsEps },
    },
    tensors: new Map(),
  };
  const whole = GgufFile.open(base);
  for (const { name, ne, type } of whole.tensors.values()) draft.tensors.set(name, { ne, type });
  whole.close();
  change(draft);
  const tensors = [...draft.tensors].map(([name, { ne, type }]) => ({
    name,
    type,
    ne,
    data: new Uint8Array(ne.reduce((a, b) => a * b) * (type === F16 ? 2 : 4)),
  }));
  writeGguf(library, path, { metadata: draft.metadata, tensors });
  return path;
}

/** Loading a file fails with this code and one sentence that names the file and matches. */
async function expectRefusal(path: string, code: string, message: RegExp): Promise<void> {
  const error = await failure(() => loadModel(cpu(), path));
  expect(error.message).toMatch(message);
  expect(error.message).toStartWith(path);
  expect(error.message).toMatch(SENTENCE);
  expect(error.code).toBe(code as typeof error.code);
}

describe("a model file that cannot be read", () => {
  const cut = (name: string, content: Uint8Array | string): string => {
    writeFileSync(file(name), content);
    return file(name);
  };

  test("missing", () => expectRefusal(file("none.gguf"), "model-unreadable", /no such file/));
  test("a folder", () => {
    mkdirSync(file("folder.gguf"));
    return expectRefusal(file("folder.gguf"), "model-unreadable", /it is a folder/);
  });
  test("empty", () =>
    expectRefusal(cut("empty.gguf", ""), "model-unreadable", /is not a GGUF file/));
  test("of another format", () =>
    expectRefusal(cut("zip.gguf", "PK\u0003\u0004 and so on"), "model-unreadable", /not a GGUF/));
  test("nothing but its magic", () =>
    expectRefusal(cut("magic.gguf", bytes.subarray(0, 4)), "model-unreadable", /damaged/));
  for (const length of [8, 23, 24, 60, 300, 3000]) {
    test(`cut in its header, after ${length} bytes`, () =>
      expectRefusal(
        cut(`header-${length}.gguf`, bytes.subarray(0, length)),
        "model-unreadable",
        new RegExp(`damaged or truncated GGUF header \\(${length} bytes\\)`),
      ));
  }
  test("cut in its tensors", () =>
    expectRefusal(
      cut("half.gguf", bytes.subarray(0, bytes.length / 2)),
      "model-unreadable",
      /is truncated: tensor .* ends at byte \d+, the file has \d+\. Download/,
    ));
  test("short of its last byte", () =>
    expectRefusal(
      cut("almost.gguf", bytes.subarray(0, -64)),
      "model-unreadable",
      /is truncated: tensor output_norm.weight/,
    ));
  test("of a version that is not known", () => {
    const copy = Buffer.from(bytes);
    copy.writeUInt32LE(99, 4);
    return expectRefusal(cut("version.gguf", copy), "model-unreadable", /damaged/);
  });
  test("with impossible counts", () => {
    const copy = Buffer.from(bytes);
    copy.fill(0x7f, 8, 16);
    return expectRefusal(cut("counts.gguf", copy), "model-unreadable", /damaged/);
  });
});

describe("a model file that is no usable model", () => {
  const refused = (
    name: string,
    code: string,
    message: RegExp,
    change: (draft: Draft) => void,
  ): void => {
    test(name, () =>
      expectRefusal(variant(file(`${name.replaceAll(" ", "-")}.gguf`), change), code, message),
    );
  };

  test("the unchanged variant loads", async () => {
    (
      await loadModel(
        cpu(),
        variant(file("same.gguf"), () => {}),
      )
    ).free();
  });
  refused("an unknown architecture", "model-unsupported", /"mamba".*Supported: llama/, (d) => {
    d.metadata["general.architecture"] = { string: "mamba" };
  });
  refused("no architecture", "model-unsupported", /"unknown"/, (d) => {
    delete d.metadata["general.architecture"];
  });
  refused("experts", "model-unsupported", /mixture of experts/, (d) => {
    d.metadata["llama.expert_count"] = { u32: 8 };
  });
  refused("a part of a model", "model-unsupported", /one of 3 parts.*llama-gguf-split/, (d) => {
    d.metadata["split.count"] = { u32: 3 };
  });
  refused("capped logits", "model-unsupported", /caps its logits/, (d) => {
    d.metadata["llama.final_logit_softcapping"] = { f32: 30 };
  });
  refused("attention to what follows", "model-unsupported", /attends to what follows/, (d) => {
    d.metadata["llama.attention.causal"] = { bool: false };
  });
  refused("heads by layer", "model-unsupported", /layers of different shapes/, (d) => {
    d.metadata["llama.attention.head_count"] = { i32s: Int32Array.from([4, 2]) };
  });
  refused("partly rotated heads", "model-unsupported", /8 \(rotated\) dimensions/, (d) => {
    d.metadata["llama.rope.dimension_count"] = { u32: 8 };
  });
  refused("key heads that do not divide", "model-unreadable", /4 query heads share 3/, (d) => {
    d.metadata["llama.attention.head_count_kv"] = { u32: 3 };
  });
  refused("a width of zero", "model-unreadable", /llama\.embedding_length as 0/, (d) => {
    d.metadata["llama.embedding_length"] = { u32: 0 };
  });
  refused("an endless rope base", "model-unreadable", /rope\.freq_base as Infinity/, (d) => {
    d.metadata["llama.rope.freq_base"] = { f32: Number.POSITIVE_INFINITY };
  });
  refused("more tokens than embeddings", "model-unreadable", /has 259 tokens/, (d) => {
    const strings = Array.from({ length: SMALL.vocabulary + 1 }, (_, i) => `token ${i}`);
    d.metadata["tokenizer.ggml.tokens"] = { strings };
  });
  refused("a token twice", "model-unreadable", /has tokens twice/, (d) => {
    d.metadata["tokenizer.ggml.tokens"] = { strings: ["a", "", "", "b", "a"] };
  });
  refused(
    "weights of a type without products",
    "model-unsupported",
    /attn_q\.weight as i32/,
    (d) => {
      d.tensors.set("blk.0.attn_q.weight", { ne: shape(SMALL.width, SMALL.width), type: I32 });
    },
  );
  refused("an unknown rope scaling", "model-unsupported", /"yarn"/, (d) => {
    d.metadata["llama.rope.scaling.type"] = { string: "yarn" };
  });
  refused(
    "an unknown tensor",
    "model-unsupported",
    /the tensor blk\.0\.attn_sinks\.weight/,
    (d) => {
      d.tensors.set("blk.0.attn_sinks.weight", { ne: shape(SMALL.heads), type: F32 });
    },
  );
  refused("a bias of the wrong size", "model-unreadable", /attn_q\.bias is \[63/, (d) => {
    d.tensors.set("blk.0.attn_q.bias", { ne: shape(SMALL.width - 1), type: F32 });
  });
  refused("norms of another type", "model-unsupported", /blk\.0\.ffn_norm\.weight as f16/, (d) => {
    d.tensors.set("blk.0.ffn_norm.weight", { ne: shape(SMALL.width), type: F16 });
  });
  refused("a missing tensor", "model-unreadable", /lacks the tensor blk\.1\.ffn_up/, (d) => {
    d.tensors.delete("blk.1.ffn_up.weight");
  });
  refused("no embedding", "model-unreadable", /no token_embd\.weight/, (d) => {
    d.tensors.delete("token_embd.weight");
  });
  refused("no tensors", "model-unreadable", /no token_embd\.weight/, (d) => {
    d.tensors.clear();
  });
  refused("a misshapen tensor", "model-unreadable", /blk\.0\.attn_k\.weight is \[64,33/, (d) => {
    d.tensors.set("blk.0.attn_k.weight", { ne: shape(64, 33), type: F32 });
  });
  refused("missing metadata", "model-unreadable", /llama\.context_length/, (d) => {
    delete d.metadata["llama.context_length"];
  });
  refused("metadata of another type", "model-unreadable", /llama\.block_count/, (d) => {
    d.metadata["llama.block_count"] = { string: "two" };
  });
  refused(
    "more layers than tensors",
    "model-unreadable",
    /4000000000 layers, in 20 tensors/,
    (d) => {
      d.metadata["llama.block_count"] = { u32: 4_000_000_000 };
    },
  );
});

describe("an adapter file", () => {
  const lora = { rank: 4, alpha: 8, targets: [...LORA_TARGETS] };
  const written = (name: string): string => {
    const adapter = createAdapter(cpu(), loaded.model, lora, 3);
    writeAdapter(cpu(), loaded.model, adapter, file(name));
    adapter.free();
    return file(name);
  };
  const refusal = async (path: string, model = loaded) => {
    const error = await failure(() => readAdapter(cpu(), model.model, path));
    expect(error.message).toStartWith(path);
    expect(error.message).toMatch(SENTENCE);
    return error;
  };

  test("is read as it was written", () => {
    const path = written("adapter.gguf");
    const adapter = readAdapter(cpu(), loaded.model, path);
    expect(adapter.alpha).toBe(lora.alpha);
    for (const [name, { ne }] of adapter.tensors) {
      expect(ne[name.endsWith("lora_a") ? 1 : 0]).toBe(lora.rank);
    }
    writeAdapter(cpu(), loaded.model, adapter, file("again.gguf"));
    adapter.free();
    expect(readFileSync(file("again.gguf")).equals(readFileSync(path))).toBe(true);
  });

  test("has what llama.cpp looks for", () => {
    const gguf = GgufFile.open(written("keys.gguf"));
    expect(gguf.string("general.type")).toBe("adapter");
    expect(gguf.string("general.architecture")).toBe("llama");
    expect(gguf.string("adapter.type")).toBe("lora");
    expect(gguf.number("adapter.lora.alpha")).toBe(8);
    expect(gguf.tensors.get("blk.1.attn_k.weight.lora_a")?.ne).toEqual([64, 4, 1, 1]);
    expect(gguf.tensors.get("blk.1.attn_k.weight.lora_b")?.ne).toEqual([4, 32, 1, 1]);
    gguf.close();
  });

  test("missing, cut, or a whole model", async () => {
    expect((await refusal(file("none.gguf"))).code).toBe("adapter-unreadable");
    const whole = readFileSync(written("whole.gguf"));
    writeFileSync(file("cut.gguf"), whole.subarray(0, whole.length / 2));
    expect((await refusal(file("cut.gguf"))).message).toInclude("is truncated");
    const model = await refusal(base);
    expect([model.code, model.message]).toEqual([
      "adapter-unreadable",
      `${base} is no LoRA adapter.`,
    ]);
  });

  test("of another base model", async () => {
    for (const change of [{ width: 32 }, { layers: 1 }, { feedForward: 64 }]) {
      const path = file("other.gguf");
      writeRandomModel(path, { ...SMALL, ...change });
      const other = await loadModel(cpu(), path);
      const error = await refusal(written("of-another.gguf"), other);
      expect(error.code).toBe("adapter-mismatch");
      other.free();
    }
  });

  test("of another architecture", async () => {
    const path = file("mamba.gguf");
    writeGguf(library, path, {
      metadata: {
        "general.type": { string: "adapter" },
        "general.architecture": { string: "mamba" },
        "adapter.type": { string: "lora" },
      },
      tensors: [],
    });
    const error = await refusal(path);
    expect([error.code, error.message]).toEqual([
      "adapter-mismatch",
      `${path} adapts a "mamba" model, the base is "llama". Choose the base that it was trained on.`,
    ]);
  });

  test("to continue from must exist", async () => {
    const error = await failure(() =>
      trainAdapter(loaded, jobOn(file("x.gguf"), { from: file("none.gguf") })),
    );
    expect(error.code).toBe("adapter-unreadable");
  });
});

describe("writing", () => {
  test("where no file can be leaves nothing", async () => {
    const parent = file("a-file");
    writeFileSync(parent, "no folder");
    for (const out of [`${parent}/adapter.gguf`, file("no-folder/adapter.gguf")]) {
      const error = await failure(() => trainAdapter(loaded, jobOn(out)));
      expect(error.code).toBe("write-failed");
      expect(error.message).toStartWith(out);
      expect(error.message).toMatch(SENTENCE);
      expect(existsSync(out)).toBe(false);
    }
    expect(readFileSync(parent, "utf8")).toBe("no folder");
  });

  test("over a folder fails and removes the temporary file", async () => {
    const out = file("taken/adapter.gguf");
    mkdirSync(out, { recursive: true });
    const error = await failure(() => trainAdapter(loaded, jobOn(out)));
    expect(error.code).toBe("write-failed");
    expect(readdirSync(dirname(out))).toEqual(["adapter.gguf"]);
  });

  test("values of every kind come back", () => {
    const path = file("values.gguf");
    writeGguf(library, path, {
      metadata: {
        u32: { u32: 4_294_967_295 },
        f32: { f32: 0.5 },
        bool: { bool: true },
        string: { string: "Grüße 👋" },
        strings: { strings: ["a", "", "ü"] },
        i32s: { i32s: Int32Array.from([1, -2]) },
        f32s: { f32s: Float32Array.from([1, 2, 3]) },
      },
      tensors: [],
    });
    const gguf = GgufFile.open(path);
    expect(["u32", "f32", "bool"].map((key) => gguf.number(key))).toEqual([4_294_967_295, 0.5, 1]);
    expect(gguf.string("string")).toBe("Grüße 👋");
    expect(["strings", "i32s", "f32s", "none"].map((key) => gguf.arrayLength(key))).toEqual([
      3, 2, 3, 0,
    ]);
    expect([gguf.number("string"), gguf.string("u32"), gguf.number("none")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    gguf.close();
  });
});

describe("what a header says", () => {
  for (const [architecture, { hyper, extras }] of Object.entries(SMALL_OF)) {
    test(`of a ${architecture} model, in numbers`, () => {
      writeRandomModel(file("hyper.gguf"), hyper, 1, extras);
      const gguf = GgufFile.open(file("hyper.gguf"));
      const read = readHyperparameters(gguf);
      gguf.close();
      const round = (value: unknown) => (typeof value === "number" ? Math.fround(value) : value);
      for (const [key, value] of Object.entries(hyper)) {
        expect([key, round(read[key as keyof typeof read])]).toEqual([key, round(value)]);
      }
    });
  }

  test("every sixth layer sees everything where the file names none", () => {
    const layers = [true, true, true, true, true, false, true];
    const { hyper } = SMALL_OF.gemma3!;
    const sliding = { window: 9, ropeBase: 5000, layers };
    writeRandomModel(file("pattern.gguf"), { ...hyper, layers: 7, sliding });
    const gguf = GgufFile.open(file("pattern.gguf"));
    expect(gguf.has("gemma3.attention.sliding_window_pattern")).toBe(false);
    expect(readHyperparameters(gguf).sliding).toEqual(sliding);
    gguf.close();
  });

  test("strings are read where they lie", () => {
    const gguf = GgufFile.open(base);
    const tokens = gguf.strings("tokenizer.ggml.tokens");
    expect(tokens?.slice(0, 4)).toEqual(["<|end|>", "<|begin|>", "Ā", "ā"]);
    expect(tokens?.length).toBe(SMALL.vocabulary);
    expect(gguf.strings("general.name")).toBeUndefined();
    gguf.close();
  });
});

test("tensor types are laid out as ggml's are", () => {
  const { c } = library;
  for (const { id, name, elements, bytes } of TENSOR_TYPES.values()) {
    expect([
      c.ggml_type_name(id),
      Number(c.ggml_blck_size(id)),
      Number(c.ggml_type_size(id)),
    ]).toEqual([name, elements, bytes]);
  }
  expect(bytesOf(12, 512)).toBe(288);
});

describe("the libraries", () => {
  const set = locateLibraries("cpu")!;
  const refusal = async (change: Record<string, unknown>) => {
    const symbols = { ...library.c, ...change } as typeof library.c;
    const error = await failure(() => checkAbi(symbols, set));
    expect(error.code).toBe("library-mismatch");
    expect(error.message).toInclude(set.dir);
    expect(error.message).toEndWith('Run "bun install" to restore the pinned node-llama-cpp.');
    return error.message;
  };

  test("that are installed are those the bindings were written for", () => {
    expect(() => checkAbi(library.c, set)).not.toThrow();
  });
  test("of another version are refused", async () => {
    expect(await refusal({ ggml_version: () => "0.99.0" })).toInclude(
      "version is 0.99.0, expected",
    );
  });
  test("with other structs are refused", async () => {
    expect(await refusal({ ggml_tensor_overhead: () => 400n })).toInclude("tensor size is 400");
  });
  test("with other types are refused", async () => {
    const sizes = (type: number): bigint => (type === 12 ? 148n : library.c.ggml_type_size(type));
    expect(await refusal({ ggml_type_size: sizes })).toInclude("size of type 12 is 148");
  });
  test("of another kind cannot be loaded too", async () => {
    const error = await failure(() => loadLibrary("vulkan"));
    expect(error.message).toMatch(/has loaded ggml's cpu libraries/);
  });
});
