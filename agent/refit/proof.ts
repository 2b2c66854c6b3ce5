import type { Database } from "../../db/open.ts";
import { listProbes, type Probe } from "../../db/probes.ts";
import type { Standing, UnlearnProof } from "../../db/refits.ts";
import type { ProbeScore } from "../../db/scores.ts";
import type { ModelTrainer } from "../../trainer/types.ts";
import { summarise } from "../decide.ts";
import { scoreProbesUnder } from "../learn/score.ts";

/** Report probes of what was unlearned, under the base, the version before and the one without it. */
export interface Proven {
  proof: UnlearnProof;
  base: ProbeScore[];
  before: ProbeScore[];
  after: ProbeScore[];
}

/**
 * Asks the report probes of passages that were unlearned. Where the new version stands as the base does,
 * nothing of them is left; what it still answers, it has from elsewhere.
 * @param adapters before and after; null is the untouched base
 */
export async function proveUnlearned(
  { db, trainer }: { db: Database; trainer: ModelTrainer },
  passageIds: number[],
  model: { embedded: boolean },
  adapters: { before: string | null; after: string | null },
  signal?: AbortSignal,
): Promise<Proven> {
  const probes = passageIds.flatMap((id): Probe[] => listProbes(db, id, "report"));
  const all = [null, adapters.before, adapters.after];
  const [base = [], before = [], after = []] = await scoreProbesUnder(
    trainer,
    probes,
    model,
    all,
    signal,
  );
  const proof = {
    probes: probes.length,
    base: summarise(base),
    before: summarise(before),
    after: summarise(after),
  };
  return { proof, base, before, after };
}

/** In a sentence for people. */
export function describeProof({ probes, base, before, after }: UnlearnProof): string {
  const right = (it: Standing) => Math.round(it.accuracy * probes);
  return `Of its ${probes} report questions ${right(before)} were answered before, ${right(after)} are now, and the untouched base answers ${right(base)} (log p per token ${nats(before)}, now ${nats(after)}, base ${nats(base)}).`;
}

function nats({ logprob }: Standing): string {
  return logprob.toFixed(2).replace("-", "−");
}
