import { type Arm, armName, runArm } from "./arms.ts";
import type { Bench } from "./bench.ts";
import { vocabularyOf } from "./models.ts";
import { planOf, SEAL_LORA, SEAL_OPTIONS, sealRows } from "./workload.ts";

/** Lines beside the passage: the longest row decides how much is needed at most. */
const LINES = 3;

const ARMS: readonly Arm[] = [
  { side: "peft", precision: "f32" },
  { side: "ours", precision: "f32" },
  { side: "peft", precision: "bf16" },
  { side: "ours", precision: "bf16" },
  { side: "ours", precision: "q8_0" },
  { side: "ours", precision: "q4_K" },
  { side: "ours", precision: "f32", transposes: "per-layer" },
  { side: "ours", precision: "bf16", transposes: "per-layer" },
  { side: "ours", precision: "q4_K", transposes: "per-layer" },
];

/** The most memory that is resident while SEAL's rows are trained one by one. */
export async function measureMemory(bench: Bench): Promise<void> {
  for (const model of bench.models) {
    const rows = sealRows(vocabularyOf(model)).slice(-1 - LINES);
    const options = { ...SEAL_OPTIONS, epochs: 1 };
    const plan = planOf(rows, options);
    bench.store.describe(`memory/${model}`, {
      rowTokens: rows.map((row) => row.tokens.length),
      options,
      lora: SEAL_LORA,
      threads: bench.threads,
    });
    await bench.interleave(`memory/${model}`, ARMS, armName, async (arm) => {
      const outcome = await runArm(bench.places, model, arm, {
        threads: bench.threads,
        lora: SEAL_LORA,
        options,
        warmup: [],
        jobs: [{ rows, plan, probes: [] }],
      });
      const { weights, baseline, loaded, peak, activations, adapter } = outcome.memory;
      return {
        outcome,
        figures: {
          weights,
          baseline,
          loaded,
          peak,
          beyondWeights: peak - weights,
          beyondWeightsAndRuntime: peak - weights - baseline,
          seconds: outcome.jobs[0]!.seconds,
          ...(activations !== undefined && { activations }),
          ...(adapter !== undefined && { adapter }),
        },
      };
    });
  }
}
