import { join } from "node:path";
import type { Bench } from "./bench.ts";
import { machineLoad } from "./machine.ts";
import { modelFile, type Precision } from "./models.ts";
import { run } from "./run.ts";

const PRECISIONS: readonly Precision[] = ["f32", "bf16", "q8_0", "q4_K"];
const BATCH_TOKENS = [1, 512];

interface Arm {
  precision: Precision;
  batchTokens: number;
}

/**
 * The rate of a training step's matrix products, over all of the step's time, as a share of the rate
 * that ggml reaches for the same sizes when it does nothing else.
 */
export async function measureMatmul(bench: Bench): Promise<void> {
  const arms = BATCH_TOKENS.flatMap((batchTokens) =>
    PRECISIONS.map((precision): Arm => ({ precision, batchTokens })),
  );
  for (const model of bench.models) {
    bench.store.describe(`matmul/${model}`, { threads: bench.threads, batchTokens: BATCH_TOKENS });
    const name = ({ precision, batchTokens }: Arm): string =>
      `ours-${precision}${batchTokens > 1 ? "-packed" : ""}`;
    await bench.interleave(`matmul/${model}`, arms, name, async ({ precision, batchTokens }) => {
      const path = await modelFile(bench.places.work, model, precision);
      const load = machineLoad();
      const script = join(import.meta.dir, "matmul-process.ts");
      const output = await run(
        [process.execPath, script, path, bench.threads, batchTokens].map(String),
      );
      const { busyCores, stolenCores } = load();
      return {
        figures: { ...JSON.parse(output.trim().split("\n").at(-1)!), busyCores, stolenCores },
      };
    });
  }
}
