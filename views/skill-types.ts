/** One line of the list of skills. */
export interface SkillLine {
  name: string;
  state: "learning" | "ready" | "useless" | "failed";
  format: "grid" | "text";
  examples: number;
  reason?: string;
  /** Shares of the examples held out that were right: in context, and with the best recipe so far. */
  inContext?: number;
  best?: number;
  at: number;
}

/** A recipe that was tried. */
export interface TrialFacts {
  recipe: string;
  exact: number;
  logprob: number;
  seconds: number;
  bounded: boolean;
  diverged: boolean;
  chosen: boolean;
}

/** A skill as its page shows it. */
export interface SkillFacts extends SkillLine {
  train: { input: string; output: string }[];
  tests: {
    input: string;
    /** Where it is known. */
    output: string | null;
    attempts: { output: string; votes: number }[];
  }[];
  /** Texts that were no recipe. */
  invalid: number;
  /** The best first. */
  trials: TrialFacts[];
}
