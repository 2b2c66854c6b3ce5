import type { PromptKind } from "../../db/candidates.ts";
import type { PassageText } from "../prompts.ts";
import type { ChatRequest } from "./chat.ts";

const ROLE =
  "You write study material from a passage, for a small language model that will have to answer questions without it. State only what the passage says or what follows from it. Spell names and numbers exactly as the passage does. Write nothing but what is asked for: no heading, no numbering, no remarks.";

const ASKED: Record<PromptKind, string> = {
  implications:
    "List statements that follow from the passage, one per line. Each must be understandable alone: use names, not pronouns.",
  "implications-long":
    "List every statement that follows from the passage, directly or by combining facts, in many different wordings, one per line. Each must be understandable alone: use names, not pronouns. Make the list as long as you can.",
  rewrite:
    "Say all that the passage says in other words, one sentence per line. Each must be understandable alone: use names, not pronouns.",
  "self-qa":
    "Write questions about the passage with their answers. Each takes two lines: “Question: …” and “Answer: …”. Ask for every fact, in different wordings; a question must be understandable without the passage. Answers are a few words, copied from the passage.",
  none: "Go on after the passage with what else can be said about its subject from it, one sentence per line.",
};

/** How a model that follows instructions is asked for an edit of this kind. */
export function instruct(kind: PromptKind, { title, text }: PassageText): ChatRequest["messages"] {
  return [
    { role: "system", content: ROLE },
    { role: "user", content: `${ASKED[kind]}\n\nTitle: ${title}\n\nPassage:\n${text}` },
  ];
}
