import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createAdapter, writeAdapter } from "../../../trainer/lora/adapter.ts";
import { loadModel } from "../../../trainer/model/load.ts";
import { LORA_TARGETS } from "../../../trainer/types.ts";
import { SMALL_OF, writeRandomModel } from "../../support/random-model.ts";
import { cpu, SENTENCE, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("fuzz");
afterAll(remove);

/** Three times what the process takes without any model. */
const PEAK_BYTES = 1_000_000_000;

const model = file("model.gguf");
const adapter = file("adapter.gguf");

beforeAll(async () => {
  const { hyper, extras } = SMALL_OF.gemma3!;
  const tiny = { ...hyper, width: 32, feedForward: 32, headDim: 8, ropeDims: 8 };
  writeRandomModel(model, tiny, 1, { ...extras, typeOf: () => 8 });
  const loaded = await loadModel(cpu(), model);
  const lora = { rank: 2, alpha: 4, targets: [...LORA_TARGETS] };
  const made = createAdapter(cpu(), loaded.model, lora, 3);
  writeAdapter(cpu(), loaded.model, made, adapter);
  made.free();
  loaded.free();
});

interface Line {
  seed?: number;
  how?: string;
  outcome?: string;
  done?: boolean;
  peakBytes?: number;
}

/** What a process of its own makes of a file that is damaged in many ways: damage.ts. */
async function damaged(kind: "model" | "adapter", whole: string, cases: number): Promise<Line[]> {
  const child = Bun.spawn({
    cmd: [
      process.execPath,
      `${import.meta.dir}/damage.ts`,
      ...[kind, whole, file(`${kind}-damaged.gguf`), "0", String(cases), model],
    ],
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 100_000,
  });
  const output = await new Response(child.stdout).text();
  await child.exited;
  const lines = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  // After a crash or an endless loop, this shows the case.
  expect(lines.at(-1)).toMatchObject({ done: true });
  expect(child.exitCode).toBe(0);
  return lines;
}

describe("a damaged file is read or refused in a sentence", () => {
  for (const [kind, whole, cases] of [
    ["model", model, 2000],
    ["adapter", adapter, 1000],
  ] as const) {
    test(`${cases} times a ${kind}`, async () => {
      const lines = await damaged(kind, whole, cases);
      const outcomes = lines.flatMap((line) => line.outcome ?? []);
      expect(outcomes.length).toBe(cases);
      const refused = outcomes.filter((outcome) => outcome !== "read");
      const codes = ["model-unreadable", "model-unsupported", "adapter-unreadable"];
      const others = refused.filter((outcome) => {
        const [code = "", ...message] = outcome.split(": ");
        const known = [...codes, "adapter-mismatch", "diverged"].includes(code);
        return !known || !SENTENCE.test(message.join(": "));
      });
      expect(others).toEqual([]);
      // Both happen: a value that is another value, and a file that is none.
      expect(refused.length).toBeGreaterThan(cases / 4);
      expect(refused.length).toBeLessThan(cases);
      expect(lines.at(-1)?.peakBytes).toBeLessThan(PEAK_BYTES);
    });
  }
});
