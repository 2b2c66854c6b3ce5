import type { AnswerFacts, ConversationFacts } from "../../views/ask-types.ts";
import { armName, capitalised, originWords, sureWords } from "../../views/ask-words.ts";

/** A conversation as Markdown: each question a heading, each answer a quotation with where it comes from. */
export function conversationMarkdown({ title, turns }: ConversationFacts): string {
  const parts = turns.map(({ question, answers, lookedUp }) => {
    const said = answers.map((answer) => answerMarkdown(answer, answers.length > 1));
    const found =
      lookedUp && `A passage says: ${plain(lookedUp.answer)} (${plain(lookedUp.title)}).`;
    return [`## ${plain(question)}`, ...said, ...(found ? [found] : [])].join("\n\n");
  });
  return `${[`# ${plain(title)}`, ...parts].join("\n\n")}\n`;
}

function answerMarkdown(answer: AnswerFacts, named: boolean): string {
  const { text, state, logprob, error, passages, right } = answer;
  const name = named ? `**${armName(answer)}**\n\n` : "";
  const said = error ? plain(error) : `> ${plain(text) || "(nothing)"}`;
  const sure = logprob === undefined ? "" : ` ${capitalised(sureWords(logprob))}.`;
  const notes = [
    ...(state === "cut" ? ["Cut off: the connection was lost."] : []),
    ...(state === "done" ? [`${originWords(answer)}${sure}`] : []),
    ...passages.filter(({ source }) => source).map((it) => `Passage: ${plain(it.title)}.`),
    ...(right ? [`Corrected: ${plain(right)}.`] : right === null ? ["Marked as wrong."] : []),
  ];
  return `${name}${said}${notes.length > 0 ? `\n\n*${notes.join(" ")}*` : ""}`;
}

/** A text in one line that Markdown takes as it is: no marks, no HTML. */
function plain(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[\\`*_[\]#|~]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
