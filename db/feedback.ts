import { and, desc, eq, isNull, sql } from "drizzle-orm";
import type { Database } from "./open.ts";
import { feedback, passages } from "./schema.ts";

export type Feedback = typeof feedback.$inferSelect;
export type FeedbackKind = Feedback["kind"];
export type NewFeedback = Omit<
  typeof feedback.$inferInsert,
  "id" | "times" | "settledBy" | "createdAt" | "lastAt"
>;

/**
 * Records what somebody's use showed; said again before anything was done about it, it is counted, and the right
 * answer of the last time holds.
 */
export function addFeedback(db: Database, row: NewFeedback, now = Date.now()): Feedback {
  const same = db
    .select()
    .from(feedback)
    .where(and(eq(feedback.key, row.key), eq(feedback.kind, row.kind), isNull(feedback.settledBy)))
    .orderBy(desc(feedback.id))
    .limit(1)
    .get();
  if (!same) {
    return db
      .insert(feedback)
      .values({ ...row, lastAt: now })
      .returning()
      .get();
  }
  return db
    .update(feedback)
    .set({ ...row, times: sql`${feedback.times} + 1`, lastAt: now })
    .where(eq(feedback.id, same.id))
    .returning()
    .get();
}

export function getFeedback(db: Database, id: number): Feedback | undefined {
  return db.select().from(feedback).where(eq(feedback.id, id)).get();
}

/** What was said of a passage and no update has taken up. */
export function openFeedback(db: Database, passageId: number): Feedback[] {
  return db
    .select()
    .from(feedback)
    .where(and(eq(feedback.passageId, passageId), isNull(feedback.settledBy)))
    .all();
}

/** Everything that was said of a passage, the latest first. */
export function feedbackOf(db: Database, passageId: number): Feedback[] {
  return db
    .select()
    .from(feedback)
    .where(eq(feedback.passageId, passageId))
    .orderBy(desc(feedback.id))
    .all();
}

/** What was said last of anything, the latest first, with the passage's title where there is one. */
export function latestFeedback(
  db: Database,
  limit: number,
): (Feedback & {
  title: string | null;
  decision: (typeof passages.$inferSelect)["decision"] | null;
})[] {
  return db
    .select({ feedback, title: passages.title, decision: passages.decision })
    .from(feedback)
    .leftJoin(passages, eq(passages.id, feedback.passageId))
    .orderBy(desc(feedback.id))
    .limit(limit)
    .all()
    .map(({ feedback, ...rest }) => ({ ...feedback, ...rest }));
}

/** Records which update of the passage took up what was said of it. */
export function settleFeedback(db: Database, passageId: number, updateId: number): void {
  db.update(feedback)
    .set({ settledBy: updateId })
    .where(and(eq(feedback.passageId, passageId), isNull(feedback.settledBy)))
    .run();
}
