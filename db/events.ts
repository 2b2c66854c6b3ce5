import { asc, desc, eq, gt, inArray } from "drizzle-orm";
import type { Database } from "./open.ts";
import { events, jobs } from "./schema.ts";

export type Event = typeof events.$inferSelect;
export type NewEvent = Omit<typeof events.$inferInsert, "id" | "createdAt">;

/** Names and passwords in addresses: `https://me:secret@example.org`. */
const SIGN_IN = /(?<=:\/\/)[^\s/@"]+(?=@)/g;

/** Records what happened, for the page's log; the message is one sentence for people. */
export function addEvent(db: Database, event: NewEvent): Event {
  const message = event.message.replace(SIGN_IN, "…");
  return db
    .insert(events)
    .values({ ...event, message })
    .returning()
    .get();
}

/** What happened after the event with this id, in order. */
export function eventsAfter(db: Database, id: number, limit = 500): Event[] {
  return db
    .select()
    .from(events)
    .where(gt(events.id, id))
    .orderBy(asc(events.id))
    .limit(limit)
    .all();
}

/** What happened of some kinds, the latest first, with the state of the job that it was about. */
export function eventsOfKinds(
  db: Database,
  kinds: readonly string[],
  limit: number,
): { event: Event; job: (typeof jobs.$inferSelect)["state"] | null }[] {
  return db
    .select({ event: events, job: jobs.state })
    .from(events)
    .leftJoin(jobs, eq(jobs.id, events.jobId))
    .where(inArray(events.kind, [...kinds]))
    .orderBy(desc(events.id))
    .limit(limit)
    .all();
}

/** What happened last, the latest first. */
export function latestEvents(db: Database, limit = 50): Event[] {
  return db.select().from(events).orderBy(desc(events.id)).limit(limit).all();
}
