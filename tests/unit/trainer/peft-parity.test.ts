import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AdapterFile } from "../../../trainer/lora/adapter-file.ts";
import { importPeft } from "../../../trainer/lora/peft-import.ts";
import { loadModel } from "../../../trainer/model/load.ts";
import { trainAdapter } from "../../../trainer/training/train.ts";
import {
  COMPARED,
  comparedJob,
  digest,
  FIXTURES,
  jobText,
  weightsDigest,
} from "../../support/peft-job.ts";
import { SMALL_OF, writeRandomModel } from "../../support/random-model.ts";
import { cpu, scratch } from "./fixture.ts";

setDefaultTimeout(60_000);

/** The bars: F32 against F32, through 20 steps of AdamW. */
const STEPS = 20;
const LOSS_TOLERANCE = 1e-3;
const UPDATE_TOLERANCE = 1e-2;

interface Recorded {
  sha256: { weights: string; job: string };
  losses: number[];
}

const { file, remove } = scratch("peft-parity");
afterAll(remove);

/** B·A of every adapted matrix, `[n_out][n_in]` flattened, without its scale. */
function updatesOf(path: string): Map<string, Float32Array> {
  const adapter = AdapterFile.open(cpu().library, path);
  try {
    return new Map(
      adapter.matrices.map(({ name, a, b, rank }) => {
        const [down, up] = [adapter.values(a), adapter.values(b)];
        const [nIn, nOut] = [a.ne[0], b.ne[1]];
        const product = new Float32Array(nIn * nOut);
        for (let o = 0; o < nOut; o++) {
          for (let r = 0; r < rank; r++) {
            const factor = up[o * rank + r] as number;
            for (let i = 0; i < nIn; i++) {
              product[o * nIn + i]! += factor * (down[r * nIn + i] as number);
            }
          }
        }
        return [name, product];
      }),
    );
  } finally {
    adapter.close();
  }
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
}

for (const architecture of COMPARED) {
  describe(`a ${architecture} model is trained as PyTorch and PEFT train it`, () => {
    const at = (name: string): string => file(`${architecture}-${name}`);
    const recorded: Recorded = JSON.parse(
      readFileSync(join(FIXTURES, architecture, "losses.json"), "utf8"),
    );

    test("it is the same model and the same job", () => {
      const { hyper, extras } = SMALL_OF[architecture]!;
      writeRandomModel(at("base.gguf"), hyper, 1, extras);
      // Where these differ, bench/peft/fixtures.ts makes the fixtures anew.
      expect(weightsDigest(at("base.gguf"))).toBe(recorded.sha256.weights);
      expect(digest(jobText(comparedJob(at("ours.gguf"))))).toBe(recorded.sha256.job);
    });

    test("losses and what was learned agree", async () => {
      const loaded = await loadModel(cpu(), at("base.gguf"));
      const { losses } = await trainAdapter(loaded, comparedJob(at("ours.gguf")));
      loaded.free();
      expect(losses.length).toBe(recorded.losses.length);
      expect(losses.length).toBeGreaterThanOrEqual(STEPS);
      losses.forEach((loss, i) => {
        const expected = recorded.losses[i] as number;
        expect(Math.abs(loss - expected) / expected).toBeLessThan(LOSS_TOLERANCE);
      });

      importPeft(cpu().library, {
        folder: join(FIXTURES, architecture),
        base: at("base.gguf"),
        out: at("theirs.gguf"),
      });
      const ours = updatesOf(at("ours.gguf"));
      const theirs = updatesOf(at("theirs.gguf"));
      expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
      for (const [name, update] of ours) {
        const reference = theirs.get(name) as Float32Array;
        const difference = update.map((x, i) => x - (reference[i] as number));
        expect(norm(difference) / norm(reference)).toBeLessThan(UPDATE_TOLERANCE);
      }
    });
  });
}
