import { Backend } from "../../trainer/ggml/backend.ts";
import type { Bench } from "./bench.ts";
import { machineLoad } from "./machine.ts";
import { PRECISIONS } from "./models.ts";
import { ggmlRate } from "./rates.ts";
import { peerMatmul } from "./run.ts";

const SIZE = 1024;

/** Products of 1024 x 1024 matrices: what PyTorch and ggml reach here at best. */
export async function measureMachine(bench: Bench): Promise<void> {
  bench.store.describe("machine", { size: SIZE, threads: bench.threads });
  const arms = ["pytorch", "ggml"];
  await bench.interleave("machine/1024", arms, String, async (arm) => {
    const load = machineLoad();
    const figures =
      arm === "pytorch" ? await peerMatmul(bench.places, bench.threads) : await ours(bench.threads);
    const { busyCores, stolenCores } = load();
    return { figures: { ...figures, busyCores, stolenCores } };
  });
}

async function ours(threads: number): Promise<Record<string, number>> {
  const backend = Backend.open("cpu", threads);
  const figures: Record<string, number> = {};
  for (const [name, type] of Object.entries(PRECISIONS)) {
    const product = { outer: false, type, k: SIZE, m: SIZE, n: SIZE, aBatch: 1, batch: 1 };
    figures[name] = (await ggmlRate(backend, product)) / 1e9;
  }
  backend.free();
  return figures;
}
