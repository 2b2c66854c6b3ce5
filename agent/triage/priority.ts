import { setPriority } from "../../db/jobs.ts";
import type { Database } from "../../db/open.ts";
import { changeSource, getSource, type Source } from "../../db/sources.ts";
import { type PriorityFacts, priorityFacts, shiftPriorities } from "../../db/triage.ts";
import { surpriseRatio } from "../decide.ts";
import { learnKey } from "./key.ts";
import { typicalSurprise } from "./surprise.ts";

/** What moves a passage forward (above 0) or back among those that wait. */
export interface PriorityPart {
  value: number;
  /** In words for people. */
  why: string;
}

export interface Priority {
  value: number;
  parts: PriorityPart[];
}

const TRUST = { low: -1, normal: 0, high: 1 } as const;
/** What people hand in themselves goes before what comes in by itself. */
const BY_HAND = 1;
/** What use of it counts, the first time and any further time; all of it at most so much. */
const USE = { correction: 3, marked: 2, question: 2, further: 0.5, most: 6 };
/** A passage that the gate or its own exam refused goes back by one each time, at most so far. */
const MOST_REFUSED = 4;
/** Half as surprising again as the typical text is as novel as anything; twice as surprising is no merit. */
const NOVEL = 0.5;
const STRANGE = 2;

/**
 * Where a passage stands among those that wait: how far its source is trusted, how new its text is to the model,
 * whether people asked for it, and how often it was refused already. Among equals the one that came first goes
 * first.
 * @param typical surprise of what was read before, in nats per token
 */
export function priorityOf(facts: PriorityFacts, typical: number | undefined): Priority {
  const { kind, trust, surprise, questions, corrections, marked, refused } = facts;
  const parts: PriorityPart[] = [];
  const add = (value: number, why: string) => {
    if (value !== 0) parts.push({ value: Math.round(value * 100) / 100, why });
  };
  if (kind === "hand") add(BY_HAND, "handed in by you");
  if (trust)
    add(TRUST[trust], trust === "high" ? "its source is trusted" : "its source is trusted little");
  const ratio = surpriseRatio(surprise, typical);
  if (ratio !== undefined && ratio < STRANGE) {
    const novelty = Math.max(-1, Math.min(1, (ratio - 1) / NOVEL));
    add(novelty, novelty > 0 ? "its text is new to the model" : "its text says little that is new");
  }
  const used = corrections + marked + questions;
  if (used > 0) {
    const first = corrections > 0 ? USE.correction : marked > 0 ? USE.marked : USE.question;
    const told = [
      corrections > 0 ? `corrected ${times(corrections)}` : "",
      marked > 0 ? `marked as wrong ${times(marked)}` : "",
      questions > 0 ? `asked about ${times(questions)}` : "",
    ].filter(Boolean);
    add(Math.min(USE.most, first + USE.further * (used - 1)), told.join(", "));
  }
  add(-Math.min(MOST_REFUSED, refused), `not kept ${times(refused)}`);
  return { value: parts.reduce((sum, { value }) => sum + value, 0), parts };
}

/** The priorities of passages, by id. */
export function prioritiesOf(db: Database, passageIds: number[]): Map<number, Priority> {
  const typical = typicalSurprise(db);
  return new Map(
    priorityFacts(db, passageIds).map((facts) => [facts.passageId, priorityOf(facts, typical)]),
  );
}

/** Puts passages that wait where they belong now. @returns their priorities, by id */
export function reprioritise(db: Database, passageIds: number[]): Map<number, Priority> {
  const places = prioritiesOf(db, passageIds);
  for (const [id, { value }] of places) setPriority(db, learnKey(id), value);
  return places;
}

/** Changes how far a source is trusted, and with it the place of all that waits of it. */
export function trustSource(db: Database, id: number, trust: Source["trust"]): void {
  const before = getSource(db, id)?.trust ?? "normal";
  if (before === trust) return;
  changeSource(db, id, { trust });
  shiftPriorities(db, id, TRUST[trust] - TRUST[before]);
}

function times(n: number): string {
  return n === 1 ? "once" : n === 2 ? "twice" : `${n} times`;
}
