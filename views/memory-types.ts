/** What the page about the memory shows, as plain data. */

/** A mean with its 95% interval. */
export interface Estimated {
  mean: number;
  low: number;
  high: number;
}

/** One measure of the memory; null where there is nothing to measure yet. */
export interface Measure {
  name: string;
  /** What it is, in a sentence. */
  what: string;
  value: Estimated | null;
  /** A share, or a difference of two. */
  form: "share" | "difference";
}

/** The measures at one version. */
export interface MemoryPoint {
  version: number;
  values: Record<string, number | null>;
}

export interface GateLine {
  updateId: number;
  passageId: number;
  title: string;
  verdict: "commit" | "rescale" | "reject";
  scale: number;
  reason: string;
  /** Shares lost: of old answers, and of what the base could do. */
  oldLoss?: number;
  asked?: number;
  baseLoss?: number;
  at: number;
}

export interface BeliefLine {
  question: string;
  answer: string;
  said: string;
  probability: number;
}

export interface SupersededLine {
  question: string;
  answer: string;
  newAnswer: string;
  passageId: number;
  title: string;
  /** The passage that says otherwise. */
  byId: number;
  from: number;
  until: number;
}

export interface MemoryPageFacts {
  /** None before the first update. */
  latest?: {
    version: number;
    at: number;
    kind: "sample" | "sweep";
    population: number;
    asked: number;
    seconds: number;
    passages: { learned: number; known: number; rejected: number };
    measures: Measure[];
    control: Measure[];
    perplexity: number | null;
    kl: number | null;
    halfLife: Estimated | null;
    ages: { from: number; to: number; probes: number; kept: Estimated }[];
    believed: Estimated | null;
  };
  points: number;
  revision: string;
  beliefs: BeliefLine[];
  gates: GateLine[];
  superseded: SupersededLine[];
  reviews: { due: number; next: number | null };
  rehearsals: number;
}
