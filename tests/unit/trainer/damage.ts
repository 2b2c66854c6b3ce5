/**
 * Run as a process by gguf-fuzz.test.ts: damages a file in seeded ways, one after the other, and does
 * with each what the trainer does with a file. Prints a line of JSON per case; what is printed last
 * before a crash is the case that crashed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Backend } from "../../../trainer/ggml/backend.ts";
import { GgufFile } from "../../../trainer/ggml/gguf.ts";
import { readAdapter } from "../../../trainer/lora/adapter.ts";
import { loadModel } from "../../../trainer/model/load.ts";
import { random, seedFor } from "../../../trainer/random.ts";
import { scoreRows } from "../../../trainer/scoring/score.ts";
import { TrainerError } from "../../../trainer/types.ts";
import { randomRow } from "../../support/rows.ts";

const [kind, whole = "", damaged = "", from = "0", to = "0"] = process.argv.slice(2);
const bytes = readFileSync(whole);
const header = GgufFile.open(whole);
const dataStart = Math.min(...[...header.tensors.values()].map((t) => t.offset));
header.close();

const backend = Backend.open("cpu", 1);
const base = kind === "adapter" ? await loadModel(backend, process.argv[7] as string) : undefined;

for (let seed = Number(from); seed < Number(to); seed++) {
  const { content, how } = damage(seed);
  writeFileSync(damaged, content);
  console.log(JSON.stringify({ seed, how }));
  console.log(JSON.stringify({ seed, outcome: await outcome(seed) }));
}
console.log(JSON.stringify({ done: true, peakBytes: 1024 * process.resourceUsage().maxRSS }));
process.exit(0);

async function outcome(seed: number): Promise<string> {
  try {
    if (base) {
      readAdapter(backend, base.model, damaged).free();
      return "read";
    }
    const transposes = seed % 2 === 0 ? "cached" : "per-layer";
    const loaded = await loadModel(backend, damaged, { transposes });
    try {
      const { vocabulary, contextLength } = loaded.model.hyper;
      await scoreRows(loaded, [randomRow(Math.min(9, contextLength), seed, vocabulary)]);
      return "read";
    } finally {
      loaded.free();
    }
  } catch (error) {
    if (error instanceof TrainerError) return `${error.code}: ${error.message}`;
    return `untyped: ${error}`;
  }
}

/** A seeded way to damage the file, most of them in its header. */
function damage(seed: number): { content: Uint8Array; how: string } {
  const next = random(seedFor(seed, "damage"));
  const below = (n: number): number => Math.floor(next() * n);
  const copy = Buffer.from(bytes);
  switch (seed % 5) {
    case 0: {
      const length = below(seed % 2 === 0 ? dataStart + 64 : bytes.length);
      return { content: copy.subarray(0, length), how: `cut after ${length}` };
    }
    case 1: {
      const at = below(bytes.length);
      flip(copy, at, below(8));
      return { content: copy, how: `a bit of byte ${at}` };
    }
    case 2: {
      const places = Array.from({ length: 1 + below(8) }, () => below(dataStart));
      for (const at of places) flip(copy, at, below(8));
      return { content: copy, how: `bits of bytes ${places}` };
    }
    case 3: {
      const at = below(dataStart - 8);
      const extremes = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
      const value = extremes[below(extremes.length)] as bigint;
      copy.writeBigUInt64LE(value, at);
      return { content: copy, how: `${value} at byte ${at}` };
    }
    default: {
      const at = below(dataStart);
      const length = 1 + below(40);
      const content = Buffer.concat([copy.subarray(0, at), copy.subarray(at + length)]);
      return { content, how: `without bytes ${at} to ${at + length}` };
    }
  }
}

function flip(target: Buffer, at: number, bit: number): void {
  target[at] = (target[at] as number) ^ (1 << bit);
}
