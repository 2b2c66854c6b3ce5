/**
 * Scored teacher-forced: log p(answer, end | context). Context and answer are tokenized apart, as
 * training rows' segments are: an answer that begins a word carries its space itself (" 1832"), and no
 * token spans the border, even where the model would write one across it.
 */
export interface ScorePair {
  context: string;
  answer: string;
  /** Whether the end token is part of the answer (default true). */
  end?: boolean;
  /** Wrong answers to the same context, scored in the same way. */
  distractors?: string[];
}

/** How likely a continuation of a context is. */
export interface Likelihood {
  /** Sum over the answer's tokens (and the end token) of log p, in nats. */
  logprob: number;
  /** How many tokens that sum has. */
  tokens: number;
}

export interface Score extends Likelihood {
  /** Every one of those tokens was the argmax: greedy decoding gives this answer. */
  exact: boolean;
  /** Of each distractor, where the pair has any, in its order. */
  distractors?: Likelihood[];
  /**
   * 1 + how many distinct distractors have a higher log-probability (the whole sum, not per token),
   * where the pair has any. One that equals the answer is none.
   */
  rank?: number;
}
