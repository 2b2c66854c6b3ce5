import { TrainerError } from "../errors.ts";
import type { LoadedModel } from "../model/load.ts";
import type { TokenRow } from "../model/packing.ts";
import type { Likelihood, Score, ScorePair } from "./pair.ts";
import { type ScoringOptions, scoreRowsUnder } from "./score.ts";

/** The continuations of a pair's context: the answer, and each distinct distractor. */
interface Continuation {
  pair: number;
  answer: string;
  name: string;
}

/**
 * Scores pairs and their distractors under each adapter, null being the untouched base.
 * @param toRow tokenizes a pair; its distractors are ignored
 * @throws TrainerError `invalid-job` naming the pair: nothing to score, nothing before the first
 *   token, or longer than the context; `not-enough-memory` | `adapter-unreadable` |
 *   `adapter-mismatch` | `cancelled` | `diverged`
 */
export async function scorePairs(
  loaded: LoadedModel,
  pairs: readonly ScorePair[],
  adapters: readonly (string | null)[],
  toRow: (pair: ScorePair) => TokenRow,
  options: Pick<ScoringOptions, "cancelled" | "room"> = {},
): Promise<Score[][]> {
  const continuations = pairs.flatMap(continuationsOf);
  const rows = continuations.map(({ pair, answer, name }) => {
    const row = toRow({ ...(pairs[pair] as ScorePair), answer });
    if (row.loss[0]) throw nothingBefore(name);
    return row;
  });
  const nameOf = (row: number): string => (continuations[row] as Continuation).name;
  const scores = await scoreRowsUnder(loaded, rows, adapters, { ...options, nameOf });
  return scores.map((own) => {
    const byPair = pairs.map(() => new Map<string, Score>());
    continuations.forEach(({ pair, answer }, i) => {
      byPair[pair]?.set(answer, own[i] as Score);
    });
    return pairs.map((pair, i) => graded(pair, byPair[i] as Map<string, Score>));
  });
}

function continuationsOf({ answer, distractors = [] }: ScorePair, pair: number): Continuation[] {
  const first = { pair, answer, name: `Pair ${pair + 1}` };
  const others = new Set(distractors.filter((text) => text !== answer));
  return [
    first,
    ...[...others].map((text) => ({
      pair,
      answer: text,
      name: `Pair ${pair + 1} with the distractor "${text}"`,
    })),
  ];
}

function graded({ answer, distractors }: ScorePair, byText: Map<string, Score>): Score {
  const own = byText.get(answer) as Score;
  if (!distractors) return own;
  const likelier = [...byText.values()].filter(({ logprob }) => logprob > own.logprob);
  return {
    ...own,
    distractors: distractors.map((text): Likelihood => {
      const { logprob, tokens } = byText.get(text) as Score;
      return { logprob, tokens };
    }),
    rank: 1 + likelier.length,
  };
}

function nothingBefore(name: string): TrainerError {
  return new TrainerError(
    "invalid-job",
    `${name} has an empty context, and the model's vocabulary has no begin token: nothing predicts the answer's first token. Give it a context.`,
  );
}
