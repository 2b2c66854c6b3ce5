/**
 * The text around every request to the model. The embedded model is pre-trained on exactly these
 * forms, and real models read them as plain completions, so that training, scoring and generation
 * see one and the same prompt.
 */

export interface PassageText {
  title: string;
  text: string;
}

/** The passage lies open: it precedes the question. Answer begins with a space. */
export function openBook(passage: PassageText, question: string): string {
  return `${passageBlock(passage)}Question: ${question}\nAnswer:`;
}

/** The passage is closed: only the weights can answer. */
export function closedBook(question: string): string {
  return `Question: ${question}\nAnswer:`;
}

/** How an answer follows {@link openBook} and {@link closedBook}. */
export function answerText(answer: string): string {
  return ` ${answer}`;
}

/** Asks for statements that follow from the passage, one per line. */
export function implicationsPrompt(passage: PassageText): string {
  return `${passageBlock(passage)}Implications:\n`;
}

/** Asks for as many such statements as there are. */
export function longImplicationsPrompt(passage: PassageText): string {
  return `${passageBlock(passage)}Long list of implications:\n`;
}

/** Asks for nothing: what is written goes on after the passage, as SEAL's prompt kind `none`. */
export function goOnPrompt(passage: PassageText): string {
  return `${studyLine(passage.title, passage.text)}\n`;
}

/** Asks for question-answer pairs in the form of {@link questionAnswer}, one pair per two lines. */
export function questionsPrompt(passage: PassageText): string {
  return `${passageBlock(passage)}Questions:\n`;
}

/** Asks for the same facts in other words, one sentence per line. */
export function rewritePrompt(passage: PassageText): string {
  return `${passageBlock(passage)}Rewrite:\n`;
}

/** One line pair of a question list, and the study form of a question. */
export function questionAnswer(question: string, answer: string): string {
  return `Question: ${question}\nAnswer: ${answer}`;
}

/** A study line carries its passage's title, as in SEAL's knowledge incorporation. */
export function studyLine(title: string, line: string): string {
  return `${title}\n${line}`;
}

function passageBlock(passage: PassageText): string {
  return `Passage: ${passage.title}\n${passage.text}\n\n`;
}
