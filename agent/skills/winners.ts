import type { TrialScore } from "../../db/skills.ts";

/**
 * ReST-EM's filter: of the recipes for one task those after which more of its tests are solved than before,
 * the most; where there is none, so that small steps count too, the one after which the right outputs are
 * likelier than all others make them, and than they were before.
 */
export function winnersOf<Tried extends TrialScore>(
  tried: readonly Tried[],
  before: TrialScore,
): Tried[] {
  const most = Math.max(before.exact, ...tried.map(({ exact }) => exact));
  if (most > before.exact) return tried.filter(({ exact }) => exact === most);
  const equal = tried.filter(({ exact }) => exact === before.exact);
  const [best] = ranked(equal);
  return best && best.logprob > before.logprob ? [best] : [];
}

/** The best first: what solves most and, among equals, makes the right outputs likeliest. */
export function ranked<Tried extends TrialScore>(tried: readonly Tried[]): Tried[] {
  return [...tried].sort((a, b) => b.exact - a.exact || b.logprob - a.logprob);
}
