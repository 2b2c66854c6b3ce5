/** What the pages of experiments show, as plain data. */

/** One line of the list. */
export interface ExperimentLine {
  id: number;
  kind: "knowledge" | "acceptance";
  model: string;
  data: string;
  at: number;
  seconds: number;
  finished: boolean;
}

/** A share of right answers with its 95% interval, all from 0 to 1. */
export interface ShareFigure {
  mean: number;
  low: number;
  high: number;
}

/** One arm in one wording. */
export interface ArmFacts {
  name: string;
  passages: number;
  right: ShareFigure;
  logprob: number;
  tokens: number;
  epochs: number;
  learningRate: number | null;
}

/** One arm against another, as shares and in nats per token. */
export interface DifferenceFacts {
  name: string;
  passages: number;
  difference: ShareFigure & { p: number };
  logprob: ShareFigure;
}

/** Arms that may be compared: one regime, one budget, one wording. */
export interface FormFacts {
  name: string;
  wording: string;
  arms: ArmFacts[];
  differences: DifferenceFacts[];
}

/** How much of the report questions' words stand in other texts. */
export interface OverlapFacts {
  wording: string;
  source: string;
  questions: number;
  texts: number;
  meanRun: number;
  longestRun: number;
  verbatim: number;
}

/** One experiment. */
export interface ExperimentFacts {
  line: ExperimentLine;
  reported: number;
  planned: number;
  seeds: number;
  forms: FormFacts[];
  overlaps: OverlapFacts[];
  /** What was left out, in sentences; the first of them. */
  problems: string[];
  problemCount: number;
}
