import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Llama } from "node-llama-cpp";
import { type GgufValue, writeGguf } from "../../../trainer/ggml/gguf-writer.ts";
import { loadLibrary } from "../../../trainer/ggml/library.ts";
import { BF16, F16, F32, shape } from "../../../trainer/ggml/tensor.ts";
import { AdapterFile } from "../../../trainer/lora/adapter-file.ts";
import { type LoadedModel, loadModel } from "../../../trainer/model/load.ts";
import { trainAdapter } from "../../../trainer/training/train.ts";
import { LORA_TARGETS } from "../../../trainer/types.ts";
import { llamaLogitsOfFile, openLlama } from "../../support/llama-cpp.ts";
import { type AdapterOptions, writeRandomAdapter } from "../../support/random-adapter.ts";
import { SMALL, writeRandomModel } from "../../support/random-model.ts";
import { byteRow } from "../../support/rows.ts";
import { cpu, failure, jobOn, logitsOf, relativeDifference, SENTENCE, scratch } from "./fixture.ts";

setDefaultTimeout(60_000);

const Q8_0 = 8;
/** llama.cpp rounds activations to the type that it multiplies them by; the trainer computes in F32. */
const TOLERANCE: Record<number, number> = { [F32]: 1e-3, [F16]: 2e-3, [BF16]: 1e-2, [Q8_0]: 2e-2 };
const library = loadLibrary("cpu");
const { file, remove } = scratch("adapter-file");
const base = file("base.gguf");
let loaded: LoadedModel;
let llama: Llama;

beforeAll(async () => {
  writeRandomModel(base);
  loaded = await loadModel(cpu(), base);
  llama = await openLlama();
});
afterAll(async () => {
  loaded.free();
  await llama.dispose();
  remove();
});

describe("adapters as other programs write them give llama.cpp's logits", () => {
  const kinds: [string, AdapterOptions][] = [
    ["F16", { type: F16 }],
    ["BF16", { type: BF16 }],
    ["Q8_0", { type: Q8_0, rank: () => 32, targets: ["attn_q", "attn_v", "ffn_up"] }],
    ["several ranks", { rank: (name) => (name.includes("ffn") ? 2 : 6) }],
    ["some matrices of some layers", { targets: ["attn_output"] }],
    ["no alpha", { alpha: 0 }],
  ];
  for (const [name, options] of kinds) {
    test(name, async () => {
      const path = file(`${name.replaceAll(" ", "-")}.gguf`);
      await writeRandomAdapter(path, SMALL, options);
      const row = byteRow("The ferry Halcyon");
      const [plain] = await logitsOf(loaded, [row]);
      const [got] = await logitsOf(loaded, [row], path);
      const expected = await llamaLogitsOfFile(llama, base, row, path);
      expect(relativeDifference(got![9]!, plain![9]!)).toBeGreaterThan(0.05);
      const tolerance = TOLERANCE[options.type ?? F32]!;
      got!.forEach((logits, i) => {
        expect(relativeDifference(logits, expected[i]!)).toBeLessThan(tolerance);
      });
    });
  }

  test("and training goes on from them", async () => {
    const from = file("half.gguf");
    await writeRandomAdapter(from, SMALL, { type: F16 });
    const out = file("continued.gguf");
    const { losses } = await trainAdapter(loaded, jobOn(out, { from }));
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    const written = AdapterFile.open(library, out);
    expect(new Set(written.matrices.map(({ a }) => a.type))).toEqual(new Set([F32]));
    expect(written.matrices.length).toBe(LORA_TARGETS.length * SMALL.layers);
    written.close();
  });
});

describe("an adapter is refused", () => {
  const refused = (
    name: string,
    message: RegExp,
    tensors: Record<string, [number, number, number?]>,
    metadata: Record<string, GgufValue> = {},
  ): void => {
    test(name, async () => {
      const path = file("refused.gguf");
      writeGguf(library, path, {
        metadata: {
          "general.type": { string: "adapter" },
          "general.architecture": { string: "llama" },
          "adapter.type": { string: "lora" },
          "adapter.lora.alpha": { f32: 8 },
          ...metadata,
        },
        tensors: Object.entries(tensors).map(([key, [n0, n1, n2 = 1]]) => ({
          name: key,
          type: F32,
          ne: shape(n0, n1, n2),
          data: new Uint8Array(n0 * n1 * n2 * 4),
        })),
      });
      const error = await failure(() => AdapterFile.open(library, path));
      expect(error.code).toBe("adapter-unreadable");
      expect(error.message).toStartWith(path);
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(SENTENCE);
    });
  };
  const q = "blk.0.attn_q.weight";
  refused("with half an update", /one half of the update of blk\.0\.attn_q/, {
    [`${q}.lora_a`]: [64, 4],
  });
  refused("with ranks that differ", /\[64,4,1,1\] and \[8,64,1,1\]/, {
    [`${q}.lora_a`]: [64, 4],
    [`${q}.lora_b`]: [8, 64],
  });
  refused("of experts", /do not fit/, {
    [`${q}.lora_a`]: [64, 4, 2],
    [`${q}.lora_b`]: [4, 64, 2],
  });
  refused("with norms", /attn_norm\.weight, which is no part/, {
    "blk.0.attn_norm.weight": [64, 1],
  });
  refused(
    "that waits for certain tokens",
    /aLoRA/,
    {},
    { "adapter.alora.invocation_tokens": { i32s: Int32Array.from([1]) } },
  );
  refused("of another kind", /is no LoRA adapter/, {}, { "adapter.type": { string: "lokr" } });
});
