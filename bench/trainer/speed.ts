import type { TrainOptions } from "../../trainer/types.ts";
import { type Arm, armName, runArm, type Work } from "./arms.ts";
import type { Bench } from "./bench.ts";
import { type ModelName, type Precision, vocabularyOf } from "./models.ts";
import type { PlainRow } from "./spec.ts";
import { planOf, SEAL_LORA, SEAL_OPTIONS, sealRows } from "./workload.ts";

/** Epochs of a repetition, so that it takes about a minute or less: rates do not depend on it. */
const EPOCHS: Record<ModelName, number> = { i: 1, ii: 3, iii: 10 };

/** Tokens of a packed step. */
const PACKED_TOKENS = 512;

const OURS: readonly Precision[] = ["f32", "bf16", "q8_0", "q4_K"];
const PEERS: readonly Precision[] = ["f32", "bf16"];

/** SEAL's inner loop, row by row and packed: tokens per second and the losses of the last epoch. */
export async function measureSpeed(bench: Bench): Promise<void> {
  for (const model of bench.models) {
    const rows = sealRows(vocabularyOf(model));
    const plans = {
      plain: work(bench, rows, { ...SEAL_OPTIONS, epochs: EPOCHS[model] }),
      packed: work(bench, rows, {
        ...SEAL_OPTIONS,
        epochs: EPOCHS[model],
        batchTokens: PACKED_TOKENS,
      }),
    };
    bench.store.describe(`speed/${model}`, {
      rowTokens: rows.map((row) => row.tokens.length),
      epochs: EPOCHS[model],
      packedTokens: PACKED_TOKENS,
      lora: plans.plain.lora,
      options: plans.plain.options,
      threads: bench.threads,
    });
    const arms: Arm[] = (["plain", "packed"] as const).flatMap((layout) =>
      // The peer and ours in turn.
      OURS.flatMap((precision) => [
        ...(PEERS.includes(precision) ? [{ side: "peft", precision, layout } as const] : []),
        { side: "ours", precision, layout } as const,
      ]),
    );
    await bench.interleave(`speed/${model}`, arms, armName, async (arm) => {
      const outcome = await runArm(bench.places, model, arm, plans[arm.layout ?? "plain"]);
      const [job] = outcome.jobs;
      const { seconds, cpuSeconds, tokens, losses } = job!;
      const perEpoch = losses.length / EPOCHS[model];
      const last = losses.slice(-perEpoch);
      return {
        outcome,
        figures: {
          tokensPerSecond: tokens / seconds,
          seconds,
          cpuSeconds,
          tokens,
          steps: losses.length,
          firstLoss: losses[0]!,
          lastEpochLoss: last.reduce((sum, x) => sum + x, 0) / last.length,
        },
      };
    });
  }
}

function work(bench: Bench, rows: PlainRow[], options: TrainOptions): Work {
  return {
    threads: bench.threads,
    lora: SEAL_LORA,
    options,
    // Two short rows and the longest: memory is taken and kernels are chosen before the clock starts.
    warmup: [...rows.slice(0, 2), ...rows.slice(-1)],
    jobs: [{ rows, plan: planOf(rows, options), probes: [] }],
  };
}
