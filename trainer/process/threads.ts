import { availableParallelism, loadavg } from "node:os";

/**
 * A model file below this many bytes is computed by one thread: ggml's threads meet by spinning
 * after every operation, and beside other work that waiting costs a small model far more than its
 * arithmetic.
 */
const ONE_THREAD_BYTES = 100_000_000;

/**
 * How many threads a model is computed by. ggml gains nothing from hyper-threads, so of many cores
 * half; and each thread that has to wait for a core that is taken keeps all others waiting, so there
 * are no more than cores that were idle in the last minute.
 * @param bytes of the model's file
 */
export function chooseThreads(
  bytes: number,
  cores = availableParallelism(),
  load = loadavg()[0] ?? 0,
): number {
  if (bytes < ONE_THREAD_BYTES) return 1;
  const wanted = cores <= 4 ? cores : Math.ceil(cores / 2);
  return Math.max(1, Math.min(wanted, cores - Math.round(load)));
}
