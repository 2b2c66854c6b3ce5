import type { QuestionAnswer } from "../probe/parse.ts";
import type { PassageText } from "../prompts.ts";

/**
 * What is watched of the base model, and never trained on:
 * - `text`: general text, whose perplexity should not rise
 * - `sample`: text that the base wrote itself, which tells how far the weights have moved from it
 * - `fact`: closed-book questions that it could answer
 * - `reading`: questions about an open passage that it could answer
 * - `writing`: lines of the edits that it writes about a passage
 */
export const CONTROL_KINDS = ["text", "sample", "fact", "reading", "writing"] as const;
export type ControlKind = (typeof CONTROL_KINDS)[number];

/** One continuation that the base model is held to. */
export interface ControlDraft {
  kind: ControlKind;
  context: string;
  answer: string;
  /** Whether the end token is part of the answer. */
  end: boolean;
  /** What no training row may mention: a name of the invented world, or the question itself. */
  about: string;
}

/** A closed-book question that the base may know the answer to. */
export interface ControlQuestion extends QuestionAnswer {
  about: string;
}

/** What a control set is made of. */
export interface ControlMaterial {
  texts: PassageText[];
  questions: ControlQuestion[];
  /** Passages to read and to write about, with questions whose answers stand in them. */
  passages: (PassageText & { questions: QuestionAnswer[] })[];
}
