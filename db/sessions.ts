import { and, desc, eq, gt, lte, ne, or, type SQL } from "drizzle-orm";
import type { Database } from "./open.ts";
import { sessions } from "./schema.ts";

export type Session = typeof sessions.$inferSelect;

/** A session ends so long after it was last used, and so long after its sign-in, in milliseconds. */
export const SESSION_IDLE_MS = 30 * 24 * 3_600_000;
export const SESSION_MS = 365 * 24 * 3_600_000;
/** The use of a session is recorded this often at most, in milliseconds: writing takes an fsync. */
const USE_STEP_MS = 3_600_000;

/** Adds a session, and removes those that have ended. */
export function addSession(
  db: Database,
  session: Pick<Session, "hash" | "address" | "agent">,
  now = Date.now(),
): Session {
  db.delete(sessions)
    .where(
      or(lte(sessions.seenAt, now - SESSION_IDLE_MS), lte(sessions.createdAt, now - SESSION_MS)),
    )
    .run();
  return db
    .insert(sessions)
    .values({ ...session, seenAt: now, createdAt: now })
    .returning()
    .get();
}

/** The session with this hash, if it has not ended. */
export function findSession(db: Database, hash: string, now = Date.now()): Session | undefined {
  return db
    .select()
    .from(sessions)
    .where(and(eq(sessions.hash, hash), alive(now)))
    .get();
}

/** Records that a session is used now. */
export function touchSession(db: Database, { id, seenAt }: Session, now = Date.now()): void {
  if (now - seenAt < USE_STEP_MS) return;
  db.update(sessions).set({ seenAt: now }).where(eq(sessions.id, id)).run();
}

/** Those that have not ended, the one used last first. */
export function listSessions(db: Database, now = Date.now()): Session[] {
  return db
    .select()
    .from(sessions)
    .where(alive(now))
    .orderBy(desc(sessions.seenAt), desc(sessions.id))
    .all();
}

export function endSession(db: Database, id: number): void {
  db.delete(sessions).where(eq(sessions.id, id)).run();
}

/** Ends all sessions, or all but one. Returns how many. */
export function endSessions(db: Database, except = 0): number {
  return db.delete(sessions).where(ne(sessions.id, except)).run().changes;
}

function alive(now: number): SQL | undefined {
  return and(gt(sessions.seenAt, now - SESSION_IDLE_MS), gt(sessions.createdAt, now - SESSION_MS));
}
