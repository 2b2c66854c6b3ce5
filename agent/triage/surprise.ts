import type { Database } from "../../db/open.ts";
import { latestSurprises } from "../../db/triage.ts";
import type { ModelTrainer, ScorePair } from "../../trainer/types.ts";
import type { PassageText } from "../prompts.ts";
import { passageRows } from "../study/rows.ts";

/** So many passages tell what is typical, the latest; with fewer than so few nobody knows. */
const TYPICAL_OF = 200;
const ENOUGH = 8;

/**
 * How much each passage surprises a model: the mean negative log-likelihood of its text behind its title, in
 * nats per token, as the study rows have it. Null where there is no text to read.
 */
export async function surprises(
  trainer: ModelTrainer,
  passages: readonly PassageText[],
  { adapter = null, signal }: { adapter?: string | null; signal?: AbortSignal },
): Promise<(number | null)[]> {
  const pairs: ScorePair[] = [];
  const owners: number[] = [];
  for (const [i, passage] of passages.entries()) {
    for (const { segments } of await passageRows(trainer, passage)) {
      const [heading, body] = segments;
      pairs.push({ context: heading!.text, answer: body!.text, end: false });
      owners.push(i);
    }
  }
  if (pairs.length === 0) return passages.map(() => null);
  const [scores = []] = await trainer.scoreUnder([adapter], pairs, signal ? { signal } : {});
  const sums = passages.map(() => ({ logprob: 0, tokens: 0 }));
  for (const [k, { logprob, tokens }] of scores.entries()) {
    const sum = sums[owners[k]!]!;
    sum.logprob += logprob;
    sum.tokens += tokens;
  }
  return sums.map(({ logprob, tokens }) => (tokens > 0 ? -logprob / tokens : null));
}

/** The median of what the latest passages surprised, in nats per token; nothing where few were read so far. */
export function typicalSurprise(db: Database): number | undefined {
  const sorted = latestSurprises(db, TYPICAL_OF).sort((a, b) => a - b);
  if (sorted.length < ENOUGH) return undefined;
  const half = sorted.length / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half) - 1]!) / 2;
}
