import type { TrainingRow } from "../../trainer/types.ts";
import type { TextGenerator } from "../generator/types.ts";
import { containsAnswer, normaliseAnswer, sameAnswer } from "../probe/answers.ts";
import { parseQuestions } from "../probe/parse.ts";
import { LIST_OPENING, LIST_STOPS } from "../probe/written.ts";
import {
  answerText,
  closedBook,
  implicationsPrompt,
  openBook,
  type PassageText,
  questionsPrompt,
  rewritePrompt,
} from "../prompts.ts";

/** What a rehearsal row keeps alive: own text, own knowledge, reading, or writing edits. */
export const REHEARSAL_FORMS = ["text", "question", "reading", "writing"] as const;
export type RehearsalForm = (typeof REHEARSAL_FORMS)[number];

/** Of the tokens that are rehearsed. */
const SHARES: Record<RehearsalForm, number> = {
  text: 0.3,
  question: 0.35,
  reading: 0.2,
  writing: 0.15,
};

/** Something that the untouched base said, to be practised beside what is new. */
export interface Rehearsal {
  form: RehearsalForm;
  prompt: string;
  output: string;
}

export interface RehearsalOptions {
  /** Texts and closed-book questions that the base is asked to write; what can be used are fewer. */
  texts: number;
  questions: number;
  seed: number;
  /** Nothing that mentions one of these is kept: the control set is never trained on. */
  forbidden: Iterable<string>;
  signal?: AbortSignal;
}

/** Texts of the control set are drawn with other seeds. */
const SEED_OFFSET = 1_000_000;
const TEXT_TOKENS = 160;
const QUESTION_TOKENS = 64;
const ANSWER_TOKENS = 32;
const LIST_TOKENS = 240;
/** Texts shorter than this say too little to be read or written about. */
const MIN_TEXT_WORDS = 25;
/** Questions that are asked about one open text. */
const READ_QUESTIONS = 3;

/**
 * Lets the untouched base write down what it knows and can do: text that nobody asked for, questions
 * that it answers alike when asked again, and reading and writing about its own texts. Pseudo-rehearsal
 * (Robins 1995); as generative replay for language models in LAMOL (Sun et al., arXiv 1909.03329).
 */
export async function writeRehearsal(
  generator: TextGenerator,
  { texts, questions, seed, forbidden, signal }: RehearsalOptions,
): Promise<Rehearsal[]> {
  const options = signal && { signal };
  const own = await generator.generate(
    Array.from({ length: texts }, (_, i) => ({
      prompt: "",
      maxTokens: TEXT_TOKENS,
      temperature: 1,
      seed: seed + SEED_OFFSET + i,
    })),
    options,
  );
  const passages = own.flatMap(passageOf);
  const rows = [
    ...own
      .filter((text) => text.trim() !== "")
      .map((text): Rehearsal => ({ form: "text", prompt: "", output: text.trim() })),
    ...(await ownQuestions(generator, questions, seed, options)),
    ...(await readingAndWriting(generator, passages, options)),
  ];
  const taboo = [...new Set([...forbidden].map(normaliseAnswer))].filter((it) => it !== "");
  return distinctRows(rows).filter(({ prompt, output }) => {
    const said = ` ${normaliseAnswer(`${prompt} ${output}`)} `;
    return !taboo.some((it) => said.includes(` ${it} `));
  });
}

/**
 * Puts rows in an order in which, wherever it is cut, each form has its share of the tokens; within a
 * form they stay in the order given.
 */
export function inShares<T extends { form: RehearsalForm; tokens: number }>(
  rows: readonly T[],
): T[] {
  const queues = Map.groupBy(rows, ({ form }) => form);
  const used = new Map<RehearsalForm, number>();
  return rows.map(() => {
    const open = [...queues].filter(([, rest]) => rest.length > 0).map(([form]) => form);
    const behind = (form: RehearsalForm) => (used.get(form) ?? 0) / SHARES[form];
    const form = open.reduce((a, b) => (behind(b) < behind(a) ? b : a));
    const row = queues.get(form)!.shift()!;
    used.set(form, (used.get(form) ?? 0) + row.tokens);
    return row;
  });
}

/** A rehearsal row for the trainer, held to the base by `kl` and learned with `weight`. */
export function rehearsalRow(
  { prompt, output }: Pick<Rehearsal, "prompt" | "output">,
  { kl, weight, end }: { kl: number; weight: number; end: boolean },
): TrainingRow {
  const segments = prompt === "" ? [] : [{ text: prompt, loss: false }];
  return {
    segments: [...segments, { text: output, loss: true }],
    end,
    ...(weight !== 1 && { weight }),
    ...(kl > 0 && { kl }),
  };
}

/** Questions of its own, of which it must know the answer without having just written it. */
async function ownQuestions(
  generator: TextGenerator,
  count: number,
  seed: number,
  options: { signal: AbortSignal } | undefined,
): Promise<Rehearsal[]> {
  const written = await generator.generate(
    Array.from({ length: count }, (_, i) => ({
      prompt: LIST_OPENING,
      maxTokens: QUESTION_TOKENS,
      temperature: 1,
      seed: seed + SEED_OFFSET + i,
      stop: ["\nQuestion:", "\n\n"],
    })),
    options,
  );
  const pairs = written.flatMap((text) => parseQuestions(LIST_OPENING + text).slice(0, 1));
  const prompts = pairs.map(({ question }) => closedBook(question));
  const answers = await greedy(generator, prompts, options);
  return pairs.flatMap(({ answer }, i): Rehearsal[] =>
    sameAnswer(answers[i]!, answer)
      ? [{ form: "question", prompt: prompts[i]!, output: answerText(answer) }]
      : [],
  );
}

async function readingAndWriting(
  generator: TextGenerator,
  passages: PassageText[],
  options: { signal: AbortSignal } | undefined,
): Promise<Rehearsal[]> {
  const asked = passages.map((passage, i) => [
    questionsPrompt(passage) + LIST_OPENING,
    i % 2 === 0 ? implicationsPrompt(passage) : rewritePrompt(passage),
  ]);
  const texts = await generator.generate(
    asked.flat().map((prompt) => ({
      prompt,
      maxTokens: LIST_TOKENS,
      temperature: 0,
      stop: [...LIST_STOPS, "\n\n"],
    })),
    options,
  );
  const reading = passages.flatMap((passage, i) =>
    parseQuestions(LIST_OPENING + texts[2 * i]!)
      .filter(({ answer }) => containsAnswer(`${passage.title} ${passage.text}`, answer))
      .slice(0, READ_QUESTIONS)
      .map(({ question, answer }): Rehearsal => {
        return { form: "reading", prompt: openBook(passage, question), output: answerText(answer) };
      }),
  );
  const writing = asked.flat().flatMap((prompt, i): Rehearsal[] => {
    const output = texts[i]!.trimEnd();
    return output === "" ? [] : [{ form: "writing", prompt, output }];
  });
  return [...reading, ...writing];
}

async function greedy(
  generator: TextGenerator,
  prompts: string[],
  options: { signal: AbortSignal } | undefined,
): Promise<string[]> {
  const requests = prompts.map((prompt) => ({
    prompt,
    maxTokens: ANSWER_TOKENS,
    temperature: 0,
    stop: ["\n"],
  }));
  return generator.generate(requests, options);
}

/** A text with its first line as the title, where it is long enough. */
function passageOf(own: string): PassageText[] {
  const [title = "", ...rest] = own.trim().split("\n");
  const text = rest.join(" ").trim();
  // A text that was cut off ends with its last whole sentence.
  const whole = /^.*[.!?]/su.exec(text || title)?.[0] ?? "";
  if (whole.split(/\s+/).length < MIN_TEXT_WORDS) return [];
  return [{ title: text === "" ? whole.split(/\s+/).slice(0, 4).join(" ") : title, text: whole }];
}

function distinctRows(rows: Rehearsal[]): Rehearsal[] {
  const seen = new Set<string>();
  return rows.filter(({ prompt, output }) => {
    const key = `${prompt}\u0000${output}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
