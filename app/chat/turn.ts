import { getLogger } from "@logtape/logtape";
import {
  answerFromWeights,
  answerWithPassages,
  askedOf,
  type Exchange,
  type Sourced,
} from "../../agent/answer/index.ts";
import { oneLine } from "../../agent/ask.ts";
import type { TextGenerator } from "../../agent/generator/types.ts";
import { learnFromQuestion } from "../../agent/use/index.ts";
import { soundVersion } from "../../agent/versions.ts";
import {
  type AskMode,
  addConversation,
  addTurn,
  type Conversation,
  changeAnswer,
  getTurn,
  listTurns,
  saveLookedUp,
  type Turn,
} from "../../db/conversations.ts";
import type { Feedback } from "../../db/feedback.ts";
import type { Database } from "../../db/open.ts";
import { BASE_VERSION, currentVersion } from "../../db/versions.ts";
import type { AnswerFacts, TurnFacts } from "../../views/ask-types.ts";
import { clip } from "../../views/format.ts";
import { explainError } from "../errors.tsx";
import type { Instance } from "../instance.ts";
import { loadSettings } from "../settings.ts";
import type { Site } from "../site.ts";
import { turnFacts, waitFacts } from "./facts.ts";
import { weightsOf } from "./weights.ts";

const logger = getLogger(["selkie", "chat"]);

/** Of a title that is made of the first question. */
const TITLE_LENGTH = 80;
/** How often what an answer waits for is looked at, in milliseconds. */
const TICK_MS = 1000;
/** How often an unfinished answer is written down, in milliseconds: a server that is killed loses no more. */
const SAVE_MS = 1000;

/** Begins a conversation with the version that answers now. */
export async function beginConversation(
  { db, home }: Instance,
  question: string,
): Promise<Conversation> {
  const versionId = (await soundVersion(db, home))?.id ?? BASE_VERSION;
  return addConversation(db, { title: clip(question, TITLE_LENGTH), versionId });
}

/**
 * Adds a question to a conversation; {@link answerTurn} has it answered.
 * @throws RequestError 409 where the conversation's version cannot answer any more
 */
export async function beginTurn(
  site: Site,
  conversation: Conversation,
  { question, mode }: { question: string; mode: AskMode },
): Promise<Turn> {
  const { db } = site.instance;
  await weightsOf(site.instance, conversation);
  const { id: conversationId, versionId } = conversation;
  return addTurn(db, { conversationId, question, mode }, askedOf(mode, versionId));
}

/** How an answering is watched and ended. */
export interface Watching {
  via: Feedback["via"];
  /** Aborted when nobody waits for the answer any more: what was said so far is kept, and marked as cut. */
  signal: AbortSignal;
  show?: (facts: TurnFacts) => void;
}

/**
 * Answers a question, one answer after another, and writes down what is said as it is said. Then the passages are
 * looked through, and what only they could answer is learned, where that is wished.
 * @returns the question with its answers; ones that failed say why
 */
export async function answerTurn(site: Site, turn: Turn, watching: Watching): Promise<TurnFacts> {
  return new Answering(site, turn, watching).run();
}

class Answering {
  private readonly facts: TurnFacts;
  private savedAt = Date.now();

  constructor(
    private readonly site: Site,
    private readonly turn: Turn,
    private readonly watching: Watching,
  ) {
    this.facts = turnFacts(this.db, turn);
  }

  async run(): Promise<TurnFacts> {
    this.wait();
    const clock = setInterval(() => this.facts.waiting && this.wait(), TICK_MS);
    try {
      const { instance } = this.site;
      const generator = await instance.runtime().context.generator();
      const learned = await this.writeAll(generator);
      await this.lookUp(generator, learned);
    } catch (error) {
      this.end(error);
    } finally {
      clearInterval(clock);
    }
    const turn = this.db.$client.open && getTurn(this.db, this.turn.id);
    return turn ? turnFacts(this.db, turn) : this.facts;
  }

  private get db(): Database {
    return this.site.instance.db;
  }

  private async writeAll(generator: TextGenerator): Promise<AnswerFacts> {
    const { question, conversationId } = this.turn;
    const { instance } = this.site;
    const embedded = instance.config.model.embedded;
    // The embedded model answers single questions: what was said before would only confuse it.
    const history = embedded ? [] : historyOf(listTurns(this.db, conversationId), this.turn.id);
    const [learned, ...others] = this.facts.answers as [AnswerFacts, ...AnswerFacts[]];
    for (const answer of [learned, ...others]) {
      const { versionId, arm } = answer;
      const { adapter } = await weightsOf(instance, answer);
      const asked = { question, history, versionId, ...(adapter && { adapter }) };
      const hooks = {
        signal: this.watching.signal,
        onText: (text: string) => this.say(answer, text),
        onOpen: () => {
          answer.text = "";
        },
      };
      const closed = { text: learned.text, logprob: learned.logprob ?? null };
      const sourced =
        arm === "passages"
          ? await answerWithPassages(this.db, generator, asked, closed, hooks)
          : await answerFromWeights(this.db, generator, asked, hooks);
      this.finish(answer, sourced);
    }
    return learned;
  }

  /** What the passages say to the question; if that fails, the answers stand all the same. */
  private async lookUp(generator: TextGenerator, learned: AnswerFacts): Promise<void> {
    const { versionId, text: given } = learned;
    const { via, signal } = this.watching;
    // What an earlier version does not know says nothing of what there is to learn.
    const latest = versionId === (currentVersion(this.db)?.id ?? BASE_VERSION);
    if (!latest || !loadSettings(this.db).learnFromUse) return;
    this.facts.looking = true;
    this.show();
    try {
      const { id, question } = this.turn;
      const found = await learnFromQuestion(
        this.db,
        generator,
        { question, given, versionId, via },
        { signal },
      );
      if (!found) return;
      const { passage, answer, known, noted } = found;
      const message = noted && { message: noted.message };
      const { id: passageId, title } = passage;
      saveLookedUp(this.db, id, { passageId, title, answer, known, ...message });
    } catch (error) {
      logger.warn("Looking up what was asked failed: {error}", { error });
    }
  }

  private say(answer: AnswerFacts, text: string): void {
    delete this.facts.waiting;
    answer.text += text;
    if (Date.now() - this.savedAt > SAVE_MS) {
      this.savedAt = Date.now();
      changeAnswer(this.db, answer.id, { text: answer.text });
    }
    this.show();
  }

  private finish(answer: AnswerFacts, { text, logprob, origin, passages, probes }: Sourced): void {
    delete this.facts.waiting;
    const sourced = { text, origin, passages, probes, state: "done" as const };
    Object.assign(answer, sourced, logprob !== null && { logprob });
    changeAnswer(this.db, answer.id, { ...sourced, logprob });
    this.show();
  }

  /** What is not complete stays as far as it was said. */
  private end(error: unknown): void {
    const cut = this.watching.signal.aborted;
    const { status, message } = explainError(error, this.site.instance.home.database);
    if (!cut && status === 500) logger.error("{error}", { error });
    for (const answer of this.facts.answers) {
      if (answer.state !== "writing") continue;
      const state = cut
        ? ({ state: "cut" } as const)
        : ({ state: "failed", error: message } as const);
      Object.assign(answer, state);
      // A server that stops may have closed the database: the next start marks what was left.
      if (this.db.$client.open) {
        changeAnswer(this.db, answer.id, { ...state, text: oneLine(answer.text) });
      }
    }
  }

  private wait(): void {
    this.facts.waiting = waitFacts(this.db, this.site.learner);
    this.show();
  }

  private show(): void {
    this.watching.show?.(this.facts);
  }
}

/** What was said in a conversation before a question: of several answers, the one with the most to go by. */
function historyOf(turns: Turn[], before: number): Exchange[] {
  return turns.flatMap(({ id, question, answers }) => {
    const said = answers.filter(
      ({ arm, state, text }) => arm !== "base" && state === "done" && text,
    );
    const answer = said.find(({ arm }) => arm === "passages") ?? said[0];
    return id < before && answer ? [{ question, answer: answer.text }] : [];
  });
}
