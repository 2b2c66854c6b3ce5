/** Scored teacher-forced: log p(answer, end | context). */
export interface ScorePair {
  context: string;
  answer: string;
  /** Whether the end token is part of the answer (default true). */
  end?: boolean;
}

export interface Score {
  /** Sum over the answer's tokens (and the end token) of log p, in nats. */
  logprob: number;
  /** How many tokens that sum has. */
  tokens: number;
  /** Every one of those tokens was the argmax. */
  exact: boolean;
}
