/** What the page about learning shows, as plain data. */
import type { Decision } from "./types.ts";

/** What moves a passage forward or back. */
export interface PriorityPart {
  value: number;
  why: string;
}

/** A passage that waits to be learned. */
export interface WaitingLine {
  passageId: number;
  title: string;
  priority: number;
  parts: PriorityPart[];
}

/** What somebody's use showed. */
export interface FeedbackLine {
  id: number;
  kind: "question" | "correction" | "marked";
  question: string;
  answer: string | null;
  given: string;
  versionId: number;
  via: "page" | "command" | "api";
  times: number;
  at: number;
  passageId: number | null;
  title: string | null;
  decision: Decision | null;
  /** The update that took it up. */
  settledBy: number | null;
}

/** What a passage was decided to be, once. */
export interface DecisionLine {
  verdict: "known" | "study" | "review" | "skip";
  by: "rule" | "person";
  versionId: number;
  accuracy: number | null;
  surprise: number | null;
  typical: number | null;
  reason: string;
  at: number;
}

/** Settings as people write them. */
export interface LearningSettings {
  paused: boolean;
  dailyUpdates: number;
  dailyMinutes: number;
  quietHours: string;
  niceness: number;
  together: number;
  learnFromUse: boolean;
  /** Variables of the environment that are stronger than what is set here. */
  byEnvironment: string[];
}

/** When and what it learns, and what it leaves. */
export interface LearningFacts {
  settings: LearningSettings;
  /** Why nothing is learned now, and until when. */
  rest?: { reason: string; message: string; until?: number };
  today: { updates: number; minutes: number };
  waiting: number;
  /** The last day: passages that came in and were dealt with, and over how many hours that was. */
  pace: { arrived: number; dealt: number; hours: number };
  /** Hours until what waits is dealt with, at that pace; none where nobody can say. */
  behindHours: number | null;
  /** More comes in than is dealt with. */
  growing: boolean;
  /** What is not learned, and why. */
  left: {
    held: number;
    asked: number;
    review: number;
    skipped: number;
    known: number;
    rejected: number;
  };
  next: WaitingLine[];
  reviews: { passageId: number; title: string; reason: string; source: string }[];
  feedback: FeedbackLine[];
}
