/**
 * What the pages show, as plain data. The views know nothing of tables, models or requests: whoever
 * renders a page fills these in.
 */

import type { DecisionLine, FeedbackLine, WaitingLine } from "./learning-types.ts";

export type Decision =
  | "new"
  | "known"
  | "learned"
  | "rejected"
  | "failed"
  | "superseded"
  | "review"
  | "skipped"
  | "unlearned";
export type ProbeKind = "written" | "cloze";
export type Stage =
  | "round"
  | "refit"
  | "skill"
  | "sweep"
  | "read"
  | "triage"
  | "probe"
  | "decide"
  | "study"
  | "train"
  | "commit"
  | "measure"
  | "done";

/** How a set of probes was answered from the weights alone. */
export interface ExamResult {
  /** Share of the probes answered word for word. */
  accuracy: number;
  /** Mean log-probability of the answers' tokens, in nats. */
  logprob: number;
}

/** The base model that everything is learned on top of. */
export interface ModelFacts {
  name: string;
  embedded: boolean;
}

/** Live figures of a training run. */
export interface TrainingFacts {
  step: number;
  steps: number;
  loss: number;
  tokensPerSecond: number;
  secondsLeft: number;
}

/** The job that runs at this moment. */
export interface RunningJob {
  title: string;
  stage: Stage;
  detail: string;
  passageId?: number;
  startedAt?: number;
  training?: TrainingFacts;
}

/** What the instance is doing now. */
export interface NowFacts {
  queued: number;
  running: number;
  failed: number;
  done: number;
  job?: RunningJob;
  /** `here`: this process learns; `elsewhere`: another one holds the lease; `stopped`: none does. */
  loop: "here" | "elsewhere" | "stopped";
  /** The process that learns, where it is another one. */
  process?: number;
  /** Why this process does not learn, in a sentence for people. */
  problem?: string;
  /** Why nothing is learned for now though something waits: as people wish, or as the gate says. */
  resting?: string;
  /** When the last good backup was made, and why the latest attempt failed. */
  backup?: { last: number | null; problem: string | null };
}

/** One line of the list of passages. */
export interface PassageLine {
  id: number;
  title: string;
  documentTitle: string;
  source: string;
  decision: Decision;
  reason?: string;
  /** Which kinds of probe the passage has. */
  kinds: ProbeKind[];
  probes: number;
  /** Under the version that its study began from. */
  before?: ExamResult;
  /** Right after it was learned. */
  after?: ExamResult;
  /** Under the version that answers now. */
  now?: ExamResult;
  learning: boolean;
}

/** A stretch of the list of passages. */
export interface PassageList {
  lines: PassageLine[];
  total: number;
  documents: number;
}

/** One update of the lineage. */
export interface UpdateLine {
  id: number;
  passageId: number;
  title: string;
  verdict?: "commit" | "reject" | "known" | "failed" | "review";
  reason?: string;
  gain?: number;
  versionId?: number;
  parentVersionId?: number;
  /** The version that answers now. */
  current: boolean;
  at: number;
  seconds?: number;
}

/** The lineage, the latest first. */
export interface Lineage {
  updates: UpdateLine[];
  versions: number;
  currentVersionId?: number;
  /** Updates that are not in the list because it is long. */
  omitted: number;
}

/** R[t, i]: after update t, the accuracy on passage i. */
export interface Matrix {
  /** All rows and columns that there are. */
  size: { rows: number; columns: number };
  /** The stretch of them that this is, counted from 0; the ends are not part of it. */
  window: { rows: [from: number, to: number]; columns: [from: number, to: number] };
  rows: { updateId: number | null; label: string }[];
  columns: { passageId: number; label: string }[];
  /** null where it was not measured. */
  values: (number | null)[][];
}

/** What was learned, kept and lost, over all passages. */
export interface Metrics {
  acc: number | null;
  bwt: number | null;
  forgetting: number | null;
  netGain: number | null;
}

/** The memory of the instance. */
export interface MemoryFacts {
  rows: number;
  columns: number;
  metrics: Metrics;
  /** Changes when the matrix does: part of the picture's address. */
  revision: string;
  /** The matrix in a sentence, for those who do not see it. */
  description: string;
}

/** One line of the log. */
export interface LogLine {
  id: number;
  level: "info" | "warning" | "error";
  message: string;
  at: number;
  passageId?: number;
}

/** What a fitting real model is for this machine. */
export interface ModelAdvice {
  /** The machine, in words: "16 GB of memory, no GPU found". */
  hardware: string;
  name: string;
  /** Where the model's file is. */
  url: string;
}

/** A probe and how it was answered. */
export interface ProbeLine {
  id: number;
  kind: ProbeKind;
  split: "reward" | "report";
  /** Made with the passage's exam, or brought by use. */
  origin?: "made" | "question" | "correction" | "marked";
  question: string;
  answer: string;
  before?: ProbeScore;
  after?: ProbeScore;
  now?: ProbeScore;
}

export interface ProbeScore {
  /** Per token, in nats. */
  logprob: number;
  exact: boolean;
}

/** A self-edit, and what the adapter trained on it earned. */
export interface CandidateLine {
  id: number;
  ordinal: number;
  kind: string;
  origin: "self" | "teacher" | "recorded" | "rule";
  lines: string[];
  reward?: number;
  losses: number[];
  trainTokens?: number;
  seconds?: number;
  winner: boolean;
}

/** One pass of a passage through the loop. */
export interface UpdateFacts extends UpdateLine {
  stage: Stage;
  timing: Record<string, number>;
  candidates: CandidateLine[];
}

/** Everything known about one passage. */
export interface PassageFacts {
  line: PassageLine;
  text: string;
  position: number;
  siblings: number;
  readAt: number;
  probes: ProbeLine[];
  /** The latest first. */
  updates: UpdateFacts[];
  /** Why it stands where it does among those that wait, if it waits. */
  waiting?: WaitingLine;
  /** The latest first. */
  decisions: DecisionLine[];
  feedback: FeedbackLine[];
}

/** The note under the forms after something was handed in. */
export interface AddNote {
  kind: "added" | "duplicate" | "warning" | "error";
  message: string;
}

/** A round of the outer loop. */
export interface RoundLine {
  id: number;
  verdict?: "adopt" | "reject" | "failed";
  stage: "train" | "try" | "done";
  reason?: string;
  /** The policy that it began from; 0 is the untouched base. */
  policyId: number;
  newPolicyId?: number;
  trained: number;
  tried: number;
  /** Mean gains of the edits of either writer on the passages that were tried, nats per token. */
  trial?: { passages: number; before: number; after: number; low: number; high: number; p: number };
  at: number;
  seconds?: number;
}

/** What edits of one kind earned. */
export interface KindLine {
  kind: string;
  origin: "self" | "teacher" | "recorded" | "rule";
  edits: number;
  reward: number;
  /** Of the edits of their passages, how often it was the best. */
  best: number;
}

/** The writer of edits: who writes now, what its next round waits for, and how it got here. */
export interface WriterFacts {
  /** Who writes now; 0 is the untouched base. */
  policyId: number;
  /** All that can write, the oldest first; without the base. */
  policies: { id: number; parentId: number; roundId: number; at: number }[];
  collected: { fresh: number; wanted: number; edits: number; winners: number };
  /** Whether rounds begin by themselves. */
  rounds: boolean;
  history: RoundLine[];
  kinds: KindLine[];
  /** Another model that writes, if there is one. */
  teacher?: { name: string; writes: string[]; dailyTokens?: number };
  usage: {
    day: string;
    teacher: string;
    requests: number;
    failures: number;
    tokens: number;
  }[];
  recorded: { edits: number; passages: number };
}

/** The edits of both writers about one passage. */
export interface TrialLine {
  passageId: number;
  title: string;
  before: { kind: string; lines: string[]; gain: number }[];
  after: { kind: string; lines: string[]; gain: number }[];
}

/** A place that documents come from. */
export interface SourceLine {
  id: number;
  kind: "hand" | "feed" | "arxiv" | "folder" | "demo";
  title: string;
  address: string;
  site: string | null;
  mode: "learn" | "ask" | "read";
  content: "auto" | "feed" | "page";
  trust: "low" | "normal" | "high";
  /** Items a day; none is no limit. */
  quota: number | null;
  state: "active" | "failing" | "paused" | "gone";
  /** Milliseconds between two looks, where people chose that. */
  every: number | null;
  error: string | null;
  failures: number;
  checkedAt: number | null;
  changedAt: number | null;
  nextCheckAt: number | null;
  counts: {
    held: number;
    queued: number;
    read: number;
    failed: number;
    gone: number;
    documents: number;
    ask: number;
  };
}

/** Something of a source, as the source tells of it. */
export interface ItemRow {
  id: number;
  title: string;
  address: string;
  state: "held" | "queued" | "read" | "failed" | "gone";
  error: string | null;
  publishedAt: number | null;
  retryAt: number | null;
}

/** A document in a list. */
export interface DocumentRow {
  id: number;
  title: string;
  origin: string;
  format: string;
  consent: "yes" | "ask" | "no" | "read";
  supersededBy: number | null;
  publishedAt: number | null;
  readAt: number;
  passages: number;
}
