import {
  answerText,
  closedBook,
  implicationsPrompt,
  longImplicationsPrompt,
  openBook,
  questionAnswer,
  questionsPrompt,
  rewritePrompt,
  studyLine,
} from "../agent/prompts.ts";
import type { TrainingRow } from "../trainer/types.ts";
import { KNOWN, type KnownOptions, knownWorld } from "./exams.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import {
  type Entity,
  echoQuestionsOf,
  type Fact,
  implicationsOf,
  makeEntity,
  type Passage,
  passageOf,
  type Question,
  questionsOf,
  Rng,
  rewriteOf,
  type StatedFact,
  thoroughImplicationsOf,
} from "./world/index.ts";

export { type ExamItem, heldOutExam, type KnownOptions, knownExam, knownWorld } from "./exams.ts";

/** What a row teaches; losses can be told apart by it. */
export type RowForm =
  | "implications"
  | "rewrite"
  | "questions"
  | "open-book"
  | "passage"
  | "fact"
  | "closed-book";

/** What one step of pre-training holds. */
export interface CorpusOptions extends KnownOptions {
  seed: number;
  /** Rows that read a fresh entity's passage. */
  documents: number;
  /** Shares of the documents by what is asked for; the rest are question lists. */
  implicationsShare: number;
  rewriteShare: number;
  openBookShare: number;
  /** Share of the implications that are asked for as a long list, which states every fact twice. */
  longShare: number;
  /**
   * Shares of the others that are as thorough unasked, and that go on with questions about what they
   * stated: a writer who varies can find out what serves.
   */
  thoroughShare: number;
  askingShare: number;
  /** Rows that are a plain passage. */
  passages: number;
  /** Share of those that are about known entities. */
  knownPassageShare: number;
  /** Rows that are one fact or one question about a known entity. */
  shortRows: number;
  /** Share of those that are statements. */
  factShare: number;
  /** Share of the questions that are statements asked back. */
  echoShare: number;
}

/** About 7,000 tokens a step, most of them of reading and writing, which is harder than knowing. */
export const CORPUS: CorpusOptions = {
  ...KNOWN,
  seed: 1,
  documents: 24,
  implicationsShare: 0.4,
  rewriteShare: 0.07,
  openBookShare: 0.25,
  longShare: 0.15,
  thoroughShare: 0.15,
  askingShare: 0.25,
  passages: 6,
  knownPassageShare: 0.8,
  shortRows: 72,
  factShare: 0.4,
  echoShare: 0.25,
};

/** The most questions that are asked about one open passage, one after the other. */
const MAX_ASKED = 4;

/** One sequence, from the begin token to the end token. */
export interface CorpusRow {
  form: RowForm;
  tokens: Int32Array;
  /** 1 where the token is to be predicted from those before it. */
  loss: Uint8Array;
}

export interface CorpusBatch {
  rows: CorpusRow[];
  /** Tokens of all rows and, of those, the supervised ones. */
  tokens: number;
  supervised: number;
}

/** A row before it is tokenized. */
export interface CorpusText {
  form: RowForm;
  row: TrainingRow;
}

/**
 * The endless pre-training corpus. A step's rows depend on the seed and the step alone, so a run
 * that was interrupted goes on where it stopped.
 */
export class Corpus {
  readonly options: CorpusOptions;
  readonly known: readonly Entity[];
  private readonly knownNames: ReadonlySet<string>;

  constructor(
    private readonly tokenizer: Tokenizer,
    options: Partial<CorpusOptions> = {},
  ) {
    this.options = { ...CORPUS, ...options };
    this.known = knownWorld(this.options);
    this.knownNames = new Set(this.known.map((entity) => entity.name));
  }

  /** Batches from a step on, without end. */
  *batches(from = 0): Generator<CorpusBatch, never> {
    for (let step = from; ; step++) yield this.batch(step);
  }

  batch(step: number): CorpusBatch {
    const rows = this.texts(step).map(({ form, row }) => ({
      form,
      ...encodeRow(this.tokenizer, row),
    }));
    const sum = (count: (row: CorpusRow) => number) => rows.reduce((all, r) => all + count(r), 0);
    return {
      rows,
      tokens: sum((row) => row.tokens.length),
      supervised: sum((row) => row.loss.reduce((all, flag) => all + flag, 0)),
    };
  }

  /** The rows of a step as text. */
  texts(step: number): CorpusText[] {
    const { seed, documents, passages, knownPassageShare, shortRows, factShare } = this.options;
    const rng = new Rng(`corpus:${seed}:${step}`);
    const rows: CorpusText[] = [];
    for (let i = 0; i < documents; i++) rows.push(this.document(rng));
    for (let i = 0; i < passages; i++) {
      const entity = rng.chance(knownPassageShare) ? rng.pick(this.known) : this.fresh(rng);
      rows.push(plainPassage(entity, rng));
    }
    for (let i = 0; i < shortRows; i++) {
      rows.push(rng.chance(factShare) ? this.fact(rng) : this.question(rng));
    }
    return rows;
  }

  private fresh(rng: Rng): Entity {
    for (;;) {
      const entity = makeEntity(rng, "train");
      if (!this.knownNames.has(entity.name)) return entity;
    }
  }

  private document(rng: Rng): CorpusText {
    const { implicationsShare, rewriteShare, openBookShare } = this.options;
    const entity = this.fresh(rng);
    const passage = passageOf(entity, rng);
    const facts = inOrder(entity, passage.facts);
    const draw = rng.next();
    if (draw < implicationsShare) return this.implications(entity, passage, facts, rng);
    if (draw < implicationsShare + rewriteShare) {
      const lines = rewriteOf(entity, facts, rng);
      return answered("rewrite", rewritePrompt(passage), lines.join("\n"));
    }
    if (draw < implicationsShare + rewriteShare + openBookShare) {
      const some = rng.shuffle(facts).slice(0, rng.int(1, MAX_ASKED));
      return reading(passage, this.asked(entity, some, rng));
    }
    return answered("questions", questionsPrompt(passage), pairs(entity, facts, rng).join("\n"));
  }

  private implications(entity: Entity, passage: Passage, facts: StatedFact[], rng: Rng) {
    const { longShare, thoroughShare, askingShare } = this.options;
    if (rng.chance(longShare)) {
      const lines = thoroughImplicationsOf(entity, facts, rng);
      return answered("implications", longImplicationsPrompt(passage), lines.join("\n"));
    }
    const style = rng.next();
    const thorough = style < thoroughShare;
    const lines = (thorough ? thoroughImplicationsOf : implicationsOf)(entity, facts, rng);
    if (!thorough && style < thoroughShare + askingShare) lines.push(...pairs(entity, facts, rng));
    return answered("implications", implicationsPrompt(passage), lines.join("\n"));
  }

  /** The line is learned as a study line is: behind its title, with loss on the line alone. */
  private fact(rng: Rng): CorpusText {
    const entity = rng.pick(this.known);
    const [line] = implicationsOf(entity, [rng.pick(entity.facts)], rng);
    return answered("fact", studyLine(entity.title, ""), line!);
  }

  private question(rng: Rng): CorpusText {
    const entity = this.known[rng.int(0, this.options.asked - 1)]!;
    const [asked] = this.asked(entity, [rng.pick(entity.facts)], rng);
    return answered("closed-book", closedBook(asked!.question), answerText(asked!.answer));
  }

  /** Lists are asked for in questions' own wordings; reading and memory should know others too. */
  private asked(entity: Entity, facts: readonly Fact[], rng: Rng): Question[] {
    return facts.flatMap((fact) =>
      rng.chance(this.options.echoShare)
        ? echoQuestionsOf(entity, [fact], rng)
        : questionsOf(entity, [fact], rng, "seen"),
    );
  }
}

/** Tokenizes a row as the trainer does: segment by segment, between begin and end token. */
export function encodeRow(tokenizer: Tokenizer, row: TrainingRow): Omit<CorpusRow, "form"> {
  const tokens = [tokenizer.bos];
  const loss = [0];
  for (const segment of row.segments) {
    for (const token of tokenizer.encode(segment.text)) {
      tokens.push(token);
      loss.push(segment.loss ? 1 : 0);
    }
  }
  if (row.end) {
    tokens.push(tokenizer.eos);
    loss.push(1);
  }
  return { tokens: Int32Array.from(tokens), loss: Uint8Array.from(loss) };
}

function answered(form: RowForm, prompt: string, output: string): CorpusText {
  const segments = [
    { text: prompt, loss: false },
    { text: output, loss: true },
  ];
  return { form, row: { segments, end: true } };
}

/**
 * In the order of the kind's attributes, whatever the passage's own: what was written last then
 * tells what comes next. In the passage's order a model of this size writes the same facts again
 * and again.
 */
function inOrder(entity: Entity, facts: readonly StatedFact[]): StatedFact[] {
  const place = new Map(entity.facts.map(({ attribute }, index) => [attribute, index]));
  return facts.toSorted((a, b) => place.get(a.attribute)! - place.get(b.attribute)!);
}

/** A question with its answer for each fact. */
function pairs(entity: Entity, facts: readonly Fact[], rng: Rng): string[] {
  return questionsOf(entity, facts, rng, "seen").map(({ question, answer }) =>
    questionAnswer(question, answer),
  );
}

/** Several questions about one open passage; each answer could be the last, and one is. */
function reading(passage: Passage, asked: readonly Question[]): CorpusText {
  const segments = asked.flatMap(({ question, answer }, index) => [
    {
      text: index === 0 ? openBook(passage, question) : `\n${closedBook(question)}`,
      loss: false,
    },
    { text: answerText(answer), loss: true },
  ]);
  return { form: "open-book", row: { segments, end: true } };
}

/** Supervised from the title on: the model should also be able to begin a passage. */
function plainPassage(entity: Entity, rng: Rng): CorpusText {
  const { title, text } = passageOf(entity, rng);
  return {
    form: "passage",
    row: { segments: [{ text: studyLine(title, text), loss: true }], end: true },
  };
}
