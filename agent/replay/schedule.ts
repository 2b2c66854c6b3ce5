import { type Card, createEmptyCard, fsrs, type Grade, Rating } from "ts-fsrs";

/** FSRS's memory state of a probe. Time is counted in versions: what makes an adapter forget is other
 * updates, and a clock that jumps changes nothing. */
export interface ReviewState {
  due: number | null;
  stability: number | null;
  difficulty: number | null;
  reps: number;
  lapses: number;
  phase: number;
  reviewedVersion: number | null;
}

/** What a look at a probe showed. */
export interface Look {
  version: number;
  exact: boolean;
  /** Per token, in nats. */
  logprob: number;
}

const DAY_MS = 86_400_000;
/** Per-token log-probabilities from which a right answer counts as easy, and below which as hard. */
const EASY = Math.log(0.95);
const HARD = Math.log(0.6);

/** FSRS-6 without steps of minutes and without random delays: a day of its time is a version here. */
const scheduler = fsrs({ enable_fuzz: false, enable_short_term: false });

export const UNSEEN: ReviewState = {
  due: null,
  stability: null,
  difficulty: null,
  reps: 0,
  lapses: 0,
  phase: 0,
  reviewedVersion: null,
};

/** How sure an answer was, as somebody would press a button on a flash card. */
export function gradeOf({ exact, logprob }: Pick<Look, "exact" | "logprob">): Grade {
  if (!exact) return Rating.Again;
  if (logprob >= EASY) return Rating.Easy;
  return logprob < HARD ? Rating.Hard : Rating.Good;
}

/**
 * The state after a look (FSRS: Ye et al., "A Stochastic Shortest Path Algorithm for Optimizing Spaced
 * Repetition Scheduling", KDD 2022; version 6 as ts-fsrs has it). A probe that was wrong is due at once;
 * one that is looked at again under the same version, or an earlier one after a roll-back, keeps its
 * state, but for that.
 */
export function afterLook(state: ReviewState, look: Look): ReviewState {
  const { version, exact } = look;
  if (state.reviewedVersion !== null && version <= state.reviewedVersion) {
    return exact ? state : { ...state, due: Math.min(state.due ?? version, version) };
  }
  const { card } = scheduler.next(cardOf(state, version), dateOf(version), gradeOf(look));
  return {
    due: exact ? versionOf(card.due) : version,
    stability: card.stability,
    difficulty: card.difficulty,
    reps: card.reps,
    lapses: card.lapses,
    phase: card.state,
    reviewedVersion: version,
  };
}

function cardOf(state: ReviewState, version: number): Card {
  const empty = createEmptyCard(dateOf(version));
  if (state.reviewedVersion === null) return empty;
  return {
    ...empty,
    due: dateOf(state.due ?? version),
    stability: state.stability ?? 0,
    difficulty: state.difficulty ?? 0,
    reps: state.reps,
    lapses: state.lapses,
    state: state.phase,
    last_review: dateOf(state.reviewedVersion),
  };
}

function dateOf(version: number): Date {
  return new Date(version * DAY_MS);
}

function versionOf(date: Date): number {
  return Math.ceil(date.getTime() / DAY_MS);
}
