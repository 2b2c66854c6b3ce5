import { readLedger } from "../agent/triage/budget.ts";
import { hoursText } from "../agent/triage/hours.ts";
import { restAt } from "../agent/triage/permit.ts";
import { prioritiesOf } from "../agent/triage/priority.ts";
import { latestFeedback } from "../db/feedback.ts";
import { countQueued, nextJobs } from "../db/jobs.ts";
import type { Database } from "../db/open.ts";
import { countPassages, getPassages } from "../db/passages.ts";
import { countBySource } from "../db/sources.ts";
import { originOf, paceOf, passagesToReview } from "../db/triage.ts";
import type { FeedbackLine, LearningFacts, WaitingLine } from "../views/learning-types.ts";
import { loadSettings } from "./settings.ts";
import { settingLines } from "./settings-list.ts";

/** The settings of when, how much and from what it learns, which people change while it runs. */
export const LEARNING_KEYS = [
  "pause",
  "daily-updates",
  "daily-minutes",
  "quiet-hours",
  "niceness",
  "together",
  "learn-from-use",
];

/** How much of each list is shown. */
const SHOWN = { next: 20, reviews: 50, feedback: 20 };
const HOUR_MS = 3_600_000;
/** A pace is taken over so long, and over no less than this: the first minutes of an instance say little. */
const PACE_MS = 24 * HOUR_MS;
const LEAST_HOURS = 1 / 60;

/** When and what is learned, what waits, and what is left out. */
export function learningFacts(db: Database, now = Date.now()): LearningFacts {
  const { triage, learnFromUse } = loadSettings(db);
  const rest = restAt(db, triage, now);
  const ledger = readLedger(db, now);
  const waiting = countQueued(db, "learn");
  const counts = countPassages(db);
  const sources = [...countBySource(db).values()];
  const sum = (pick: (counts: (typeof sources)[number]) => number) =>
    sources.reduce((all, one) => all + pick(one), 0);
  return {
    settings: {
      ...triage,
      quietHours: hoursText(triage.quietHours),
      learnFromUse,
      byEnvironment: settingLines(db)
        .filter(({ key, environment }) => LEARNING_KEYS.includes(key) && environment !== null)
        .map(({ variable }) => variable),
    },
    ...(rest && { rest }),
    today: { updates: ledger.updates, minutes: ledger.seconds / 60 },
    waiting,
    ...paceFacts(db, waiting, now),
    left: {
      held: sum(({ held }) => held),
      asked: sum(({ ask }) => ask),
      review: counts.review,
      skipped: counts.skipped,
      known: counts.known,
      rejected: counts.rejected,
    },
    next: waitingLines(db, SHOWN.next),
    reviews: passagesToReview(db, SHOWN.reviews).map(({ id, title, reason }) => ({
      passageId: id,
      title,
      reason: reason ?? "",
      source: originOf(db, id)?.title ?? "",
    })),
    feedback: latestFeedback(db, SHOWN.feedback).map(feedbackLine),
  };
}

/** How fast passages come and go, and how long what waits will take. */
export function paceFacts(
  db: Database,
  waiting: number,
  now = Date.now(),
): Pick<LearningFacts, "pace" | "behindHours" | "growing"> {
  const { arrived, dealt, seconds } = paceOf(db, now - PACE_MS, now);
  const hours = Math.max(LEAST_HOURS, seconds / 3600);
  return {
    pace: { arrived, dealt, hours },
    behindHours: dealt > 0 ? (waiting * hours) / dealt : null,
    // What came before the first update of the day is no sign of a flood.
    growing: waiting > 0 && hours >= 1 && arrived > dealt,
  };
}

/** The next passages in the order in which they are learned, with what put them there. */
export function waitingLines(db: Database, limit: number): WaitingLine[] {
  const ids = nextJobs(db, "learn", limit).flatMap(({ payload }) => payload.passageId ?? []);
  const passages = new Map(getPassages(db, ids).map((passage) => [passage.id, passage]));
  const priorities = prioritiesOf(db, ids);
  return ids.map((passageId) => {
    const { value = 0, parts = [] } = priorities.get(passageId) ?? {};
    return { passageId, title: passages.get(passageId)?.title ?? "", priority: value, parts };
  });
}

export function feedbackLine(row: ReturnType<typeof latestFeedback>[number]): FeedbackLine {
  const { id, kind, question, answer, given, versionId, via, times, lastAt } = row;
  const { passageId, title, decision, settledBy } = row;
  return {
    ...{ id, kind, question, answer, given, versionId, via, times, at: lastAt },
    ...{ passageId, title, decision, settledBy },
  };
}
