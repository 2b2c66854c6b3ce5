import type { ModelTrainer } from "../../trainer/types.ts";
import type { GenerateRequest, TextGenerator } from "../generator/types.ts";
import { LIST_OPENING, LIST_STOPS } from "../probe/written.ts";
import {
  answerText,
  closedBook,
  implicationsPrompt,
  openBook,
  type PassageText,
  questionsPrompt,
} from "../prompts.ts";
import type { ControlDraft, ControlKind, ControlMaterial } from "./types.ts";

/** Tokens of a text that the base writes by itself, and of an edit. */
const SAMPLE_TOKENS = 96;
const WRITING_TOKENS = 240;
/** Words of an own text that stand as its context: it need not begin with a begin token. */
const OPENING_WORDS = 3;
/** Words by which a text can be told from others. */
const TELLING_WORDS = 8;
const FRAME_TOKENS = 2;

/** A control item with what the untouched base made of it. */
export interface ControlItem extends ControlDraft {
  /** Sum over the answer's tokens of log p under the base, in nats. */
  logprob: number;
  tokens: number;
}

export interface ControlOptions {
  /** Items of each kind at most. */
  items: number;
  seed: number;
  /** Whether the model ends its answers, so that the end token is part of them. */
  ends: boolean;
  signal?: AbortSignal;
}

/**
 * Makes a control set for a base model: what it can do of the material, and text of its own. Questions
 * that it does not answer, and lines that it would not write, are left out: they could only be lost
 * by what does not have them.
 */
export async function buildControl(
  models: { generator: TextGenerator; trainer: ModelTrainer },
  material: ControlMaterial,
  options: ControlOptions,
): Promise<ControlItem[]> {
  const { generator, trainer } = models;
  const { items, ends, signal } = options;
  const written = await writtenLines(generator, material.passages, options);
  const drafts: ControlDraft[] = [
    ...material.texts.map(textItem),
    ...(await ownTexts(generator, options)),
    ...material.questions.map(({ question, answer, about }) =>
      item("fact", closedBook(question), answerText(answer), ends, about),
    ),
    ...material.passages.flatMap((passage) =>
      passage.questions.map(({ question, answer }) =>
        item("reading", openBook(passage, question), answerText(answer), ends, passage.title),
      ),
    ),
    ...written,
  ];
  const readable = await keepReadable(trainer, drafts);
  const scores = await trainer.score(readable, signal && { signal });
  const scored = readable.map((draft, i) => ({ draft, score: scores[i]! }));
  const able = scored.filter(({ draft, score }) => isText(draft.kind) || score.exact);
  return [...Map.groupBy(able, ({ draft }) => draft.kind).values()].flatMap((own) =>
    own
      .slice(0, items)
      .map(({ draft, score }) => ({ ...draft, logprob: score.logprob, tokens: score.tokens })),
  );
}

/** Of these kinds the likelihood is watched; of the others, whether they are still right. */
export function isText(kind: ControlKind): boolean {
  return kind === "text" || kind === "sample";
}

function textItem({ title, text }: PassageText): ControlDraft {
  return item("text", `${title}\n`, text, false, title);
}

/** What the base says when nobody asks it anything: drawn from its own distribution, unchanged. */
async function ownTexts(
  generator: TextGenerator,
  { items, seed, signal }: ControlOptions,
): Promise<ControlDraft[]> {
  const requests = Array.from({ length: items }, (_, i) => ({
    prompt: "",
    maxTokens: SAMPLE_TOKENS,
    temperature: 1,
    topP: 1,
    seed: seed + i,
  }));
  const texts = await generator.generate(requests, signal && { signal });
  return texts.flatMap((text) => {
    const opening = new RegExp(`^\\s*(?:\\S+\\s+){${OPENING_WORDS}}`).exec(text)?.[0].trimEnd();
    const rest = opening === undefined ? "" : text.slice(opening.length);
    const about = text.trim().split(/\s+/).slice(0, TELLING_WORDS).join(" ");
    return opening && rest.trim() !== "" ? [item("sample", opening, rest, false, about)] : [];
  });
}

/** The base's own, greedy edits, line by line, each behind the lines before it. */
async function writtenLines(
  generator: TextGenerator,
  passages: readonly PassageText[],
  { items, signal }: ControlOptions,
): Promise<ControlDraft[]> {
  // Of six lines or so each: half as many passages would do.
  const chosen = passages.slice(0, Math.ceil(items / 2));
  const requests: GenerateRequest[] = chosen.map((passage, i) => ({
    prompt: i % 2 === 0 ? implicationsPrompt(passage) : questionsPrompt(passage) + LIST_OPENING,
    maxTokens: WRITING_TOKENS,
    temperature: 0,
    stop: [...LIST_STOPS, "\n\n"],
  }));
  const texts = await generator.generate(requests, signal && { signal });
  return texts.flatMap((text, i) => {
    const prompt = requests[i]!.prompt;
    const lines = text.trimEnd().split("\n");
    const about = chosen[i]!.title;
    return lines.flatMap((line, at) => {
      const before = lines.slice(0, at).map((it) => `${it}\n`);
      return line.trim() === ""
        ? []
        : [item("writing", prompt + before.join(""), line, false, about)];
    });
  });
}

async function keepReadable(
  trainer: ModelTrainer,
  drafts: ControlDraft[],
): Promise<ControlDraft[]> {
  const tokens = await trainer.countTokens(drafts.map(({ context, answer }) => context + answer));
  const room = trainer.info.contextLength - FRAME_TOKENS;
  return drafts.filter((_, i) => (tokens[i] ?? 0) <= room);
}

function item(
  kind: ControlKind,
  context: string,
  answer: string,
  end: boolean,
  about: string,
): ControlDraft {
  return { kind, context, answer, end, about };
}
