/** What the pages of experiments show, as plain data. */

/** One line of the list. */
export interface ExperimentLine {
  id: number;
  kind: "knowledge" | "acceptance" | "forgetting" | "few-shot";
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

/** One arm of an experiment of forgetting, in one wording; what it has none of is null. */
export interface KeptFacts {
  name: string;
  courses: number;
  base: number;
  right: ShareFigure | null;
  final: ShareFigure;
  /** final / right */
  kept: ShareFigure | null;
  bwt: ShareFigure | null;
  forgetting: ShareFigure | null;
  fwt: ShareFigure | null;
  rightOfSeal: ShareFigure | null;
}

/** What an arm left of the base, and what it took. */
export interface CostFacts {
  name: string;
  fact: ShareFigure | null;
  reading: ShareFigure | null;
  perplexity: ShareFigure | null;
  updates: number;
  rejected: number;
  seconds: number;
  sleepSeconds: number;
  /** Seconds of an update in the last quarter, as a multiple of the first's. */
  slowdown: ShareFigure | null;
}

/** An experiment of forgetting. */
export interface ForgettingFacts {
  line: ExperimentLine;
  sequences: number;
  length: number;
  orders: number;
  courses: { over: number; planned: number };
  audit: { rows: number; asked: number };
  forms: { wording: string; arms: KeptFacts[] }[];
  costs: CostFacts[];
  overlaps: OverlapFacts[];
}

/** One arm on tasks that are learned from examples. */
export interface TaskArmFacts {
  name: string;
  tasks: number;
  solved: ShareFigure;
  first: ShareFigure;
  logprob: ShareFigure;
  /** Of a recipe; null where none was trained. */
  steps: number | null;
  seconds: number | null;
  bounded: number;
  invalid: number;
}

/** What a writer's recipes are like: shares and means. */
export interface RecipesFacts {
  writer: string;
  seed: number;
  role: string;
  recipes: number;
  invalid: number;
  augmentations: Record<string, number>;
  output: number;
  rate: number;
  epochs: number;
}

/** An experiment of tasks that are learned from a handful of examples. */
export interface FewShotFacts {
  line: ExperimentLine;
  tasks: { report: number; reported: number; train: number };
  seeds: number;
  /** Ways in which a test is asked. */
  views: number;
  secondsPerRecipe: { training: number; all: number } | null;
  arms: TaskArmFacts[];
  differences: DifferenceFacts[];
  writers: RecipesFacts[];
  problems: string[];
  problemCount: number;
}
