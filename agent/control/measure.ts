import type { Likelihood, Score } from "../../trainer/types.ts";
import { type Interval, interval } from "../measure/interval.ts";
import type { ControlKind } from "./types.ts";

/** How the control set stands under some weights, against the untouched base. */
export interface ControlFigures {
  /** Perplexity of general text, as a multiple of the base's. */
  perplexity: number | null;
  /** KL(base || now) in nats per token, estimated on text drawn from the base. */
  kl: number | null;
  /** Share of what the base could do that is still right, by skill. */
  fact: Interval | null;
  reading: Interval | null;
  writing: Interval | null;
}

export interface ControlResult {
  kind: ControlKind;
  base: Likelihood;
  now: Pick<Score, "logprob" | "tokens" | "exact">;
}

/**
 * The control set's figures. Perplexity is exp of the mean negative log-likelihood per token over all
 * texts. For text x drawn from the base, the mean of log p_base(x) − log p_now(x) per token estimates
 * KL(base || now) without bias (Monte Carlo), and may fall below zero by chance.
 */
export function controlFigures(results: readonly ControlResult[]): ControlFigures {
  const by = Map.groupBy(results, ({ kind }) => kind);
  const drop = (kind: ControlKind) => {
    const own = by.get(kind) ?? [];
    const tokens = own.reduce((sum, { base }) => sum + base.tokens, 0);
    const fall = own.reduce((sum, { base, now }) => sum + base.logprob - now.logprob, 0);
    return tokens === 0 ? null : fall / tokens;
  };
  const kept = (kind: ControlKind) => {
    const own = by.get(kind) ?? [];
    return own.length === 0 ? null : interval(own.map(({ now }) => (now.exact ? 1 : 0)));
  };
  const rise = drop("text");
  return {
    perplexity: rise === null ? null : Math.exp(rise),
    kl: drop("sample"),
    fact: kept("fact"),
    reading: kept("reading"),
    writing: kept("writing"),
  };
}
