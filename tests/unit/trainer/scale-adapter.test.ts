import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { GgufFile } from "../../../trainer/ggml/gguf.ts";
import { F16, F32 } from "../../../trainer/ggml/tensor.ts";
import { scaleAdapter } from "../../../trainer/index.ts";
import { writeRandomAdapter } from "../../support/random-adapter.ts";
import { SMALL } from "../../support/random-model.ts";
import { scratch } from "./fixture.ts";

const { file, remove } = scratch("scale-adapter");
const [parent, candidate, other, halves] = ["p", "c", "o", "h"].map((it) => file(`${it}.gguf`));

beforeAll(async () => {
  const hyper = SMALL;
  await writeRandomAdapter(parent!, hyper, { seed: 1 });
  await writeRandomAdapter(candidate!, hyper, { seed: 2 });
  await writeRandomAdapter(other!, hyper, { seed: 3, rank: () => 2 });
  await writeRandomAdapter(halves!, hyper, { seed: 3, type: F16 });
});
afterAll(remove);

function values(path: string): Map<string, Float32Array> {
  const gguf = GgufFile.open(path);
  const found = [...gguf.tensors.values()].map((tensor) => {
    expect(tensor.type).toBe(F32);
    return [tensor.name, new Float32Array(gguf.read(tensor).buffer)] as const;
  });
  gguf.close();
  return new Map(found);
}

describe("an adapter between its parent and a candidate", () => {
  test("is one at the ends and the mean in the middle", () => {
    const [from, to] = [values(parent!), values(candidate!)];
    for (const scale of [0, 0.5, 1]) {
      const out = file(`${scale}.gguf`);
      scaleAdapter({ adapter: candidate!, parent: parent!, scale, out });
      for (const [name, mixed] of values(out)) {
        mixed.forEach((value, i) => {
          const [a, b] = [from.get(name)![i]!, to.get(name)![i]!];
          expect(value).toBeCloseTo(a + scale * (b - a), 6);
        });
      }
    }
    const whole = readFileSync(file("1.gguf"));
    expect(whole.equals(readFileSync(candidate!))).toBe(true);
  });

  test("from the base, the update itself is scaled: A stays, B shrinks", () => {
    const out = file("base.gguf");
    const sha256 = scaleAdapter({ adapter: candidate!, scale: 0.25, out });
    expect(sha256).toBe(createHash("sha256").update(readFileSync(out)).digest("hex"));
    const to = values(candidate!);
    for (const [name, scaled] of values(out)) {
      const factor = name.endsWith("lora_b") ? 0.25 : 1;
      scaled.forEach((value, i) => {
        expect(value).toBeCloseTo(factor * to.get(name)![i]!, 6);
      });
    }
  });

  test("adapters of different forms are refused, and nothing is written", () => {
    const out = file("refused.gguf");
    const mix = (job: { adapter: string; parent?: string }) => () =>
      scaleAdapter({ ...job, scale: 0.5, out });
    expect(mix({ adapter: candidate!, parent: other! })).toThrow("cannot be mixed");
    expect(mix({ adapter: halves! })).toThrow("cannot be mixed");
    expect(mix({ adapter: candidate!, parent: file("none.gguf") })).toThrow("no such file");
    expect(existsSync(out)).toBe(false);
  });

  test.each([-0.1, 1.1, Number.NaN])("a scale of %p is refused", (scale) => {
    const out = file("beyond.gguf");
    expect(() => scaleAdapter({ adapter: candidate!, scale, out })).toThrow("Choose from 0 to 1.");
    expect(existsSync(out)).toBe(false);
  });
});
