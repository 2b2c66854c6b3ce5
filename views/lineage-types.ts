/** What the page of versions shows, as plain data. */

/** `current` answers now; `kept` could; `pruned` was removed to save space; `elsewhere` is another base's. */
export type VersionState = "current" | "kept" | "pruned" | "broken" | "elsewhere";

export interface VersionLine {
  id: number;
  /** 0 is the untouched base. */
  parentId: number;
  /** What made it, in words. */
  how: string;
  /** Where that is told. */
  passageId?: number;
  refitId?: number;
  at: number;
  bytes?: number;
  pinned: boolean;
  state: VersionState;
  /** Why it cannot answer, where it cannot. */
  why?: string;
}

/** A version, and the branches that begin at it beside the line that it stands in. */
export interface TreeNode extends VersionLine {
  branches: TreeLine[];
}

/** Versions that follow each other, the latest first. */
export type TreeLine = TreeNode[];

export type RefitVerdict = "commit" | "rescale" | "reject" | "failed" | "stopped";

/** How questions were answered. */
export interface StandingFacts {
  accuracy: number;
  logprob: number;
}

export interface RefitLine {
  id: number;
  /** As people know it: "Sleep", "Unlearning …". */
  name: string;
  verdict?: RefitVerdict;
  /** What it is doing, where it is under way here. */
  doing?: { detail: string; step?: number; steps?: number; secondsLeft?: number };
  reason?: string;
  keep: number;
  drop: number;
  at: number;
  seconds: number;
  versionId?: number;
  /** Of what was unlearned, on its report questions. */
  proof?: {
    probes: number;
    base: StandingFacts;
    before: StandingFacts;
    after: StandingFacts;
  };
}

/** One question of what was unlearned: log p per token and whether it was right, before, after and of the base. */
export interface ProofLine {
  passageId: number;
  title: string;
  question: string;
  answer: string;
  base?: { logprob: number; exact: boolean };
  before?: { logprob: number; exact: boolean };
  after?: { logprob: number; exact: boolean };
}

export interface LineageFacts {
  /** 0 is the untouched base. */
  currentId: number;
  /** Lines that begin at the untouched base; the one that answers comes first. */
  roots: TreeLine[];
  versions: number;
  /** Versions that are left out because there are many. */
  omitted: number;
  room: { used: number; needed: number; budget: number };
  sleep: { versions: number; days: number; afterVersions: number; afterDays: number };
  refits: RefitLine[];
  /** Where the instance runs on another base model than it has learned on: the two names. */
  moved?: { from: string; to: string };
}

/** What it would mean if a version answered. */
export interface ChoiceFacts {
  /** The version that answers now; 0 is the untouched base. */
  currentId: number;
  version: VersionLine;
  lost: { id: number; title: string }[];
  gained: { id: number; title: string }[];
}

/** How the report questions of a passage were answered on the way to a version. */
export interface ComparedScore {
  /** Share that was right, and the mean of log p per token, in nats. */
  accuracy: number;
  logprob: number;
  probes: number;
  /** The latest version that any of them was asked under, where it is not the one that is compared. */
  asOf?: number;
}

/** A passage that at least one of two versions was taught. */
export interface ComparedPassage {
  id: number;
  title: string;
  knownToA: boolean;
  knownToB: boolean;
  a?: ComparedScore;
  b?: ComparedScore;
}

/** Two versions, passage by passage: first those that only one of them knows. */
export interface CompareFacts {
  /** 0 is the untouched base. */
  a: number;
  b: number;
  onlyA: number;
  onlyB: number;
  both: number;
  lines: ComparedPassage[];
  page: number;
  pages: number;
}
