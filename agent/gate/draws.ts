import type { Askable } from "../../db/retention.ts";
import { random, seedFor } from "../../trainer/random.ts";

/**
 * An endless series of probes of what is kept (learned, or known before): a passage, each as likely as
 * the others, then one of its probes. Draws are independent of each other, as sequential tests want
 * them, so a probe may come again; it is not scored again.
 */
export function* drawKept(frame: readonly Askable[], seed: number): Generator<Askable, void> {
  const kept = frame.filter(({ role }) => role !== "rejected");
  const passages = [...Map.groupBy(kept, ({ passageId }) => passageId).values()];
  if (passages.length === 0) return;
  const next = random(seedFor(seed, "gate"));
  for (;;) {
    const probes = passages[Math.floor(next() * passages.length)]!;
    yield probes[Math.floor(next() * probes.length)]!;
  }
}
