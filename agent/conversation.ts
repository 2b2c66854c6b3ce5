import { oneLine } from "./ask.ts";
import { answerText, closedBook } from "./prompts.ts";

/** One turn of a conversation. */
export interface Turn {
  role: "system" | "user" | "assistant";
  content: string;
}

/** Where an answer ends, beside where the model ends it: it would go on to ask itself. */
export const NEXT_QUESTION = "\nQuestion:";

/**
 * A conversation in the form that the model is trained on: what the system says first, then questions
 * and answers, and the last answer left open. An answer that comes last is gone on with.
 */
export function conversationPrompt(turns: readonly Turn[]): string {
  const blocks: string[] = [];
  for (const { role, content } of turns) {
    if (role === "user") blocks.push(closedBook(oneLine(content)));
    else if (role === "system") blocks.push(`${content.trim()}\n`);
    else if (blocks.at(-1)?.endsWith("\nAnswer:")) {
      blocks.push(`${blocks.pop()}${answerText(content.trim())}`);
    } else blocks.push(content.trim());
  }
  return blocks.join("\n");
}
