import { and, asc, desc, eq, sql } from "drizzle-orm";
import type { PromptKind } from "./candidates.ts";
import type { Database } from "./open.ts";
import { recordedEdits, teacherUsage } from "./schema.ts";

export type TeacherUsage = typeof teacherUsage.$inferSelect;
export type RecordedEdit = typeof recordedEdits.$inferSelect;

/** The day of a moment, in UTC: `2026-11-21`. */
export function dayOf(now = Date.now()): string {
  return new Date(now).toISOString().slice(0, 10);
}

/** What a teacher was asked on a day; zeros where nothing was. */
export function teacherUsageOf(db: Database, teacher: string, day = dayOf()): TeacherUsage {
  const row = db
    .select()
    .from(teacherUsage)
    .where(and(eq(teacherUsage.day, day), eq(teacherUsage.teacher, teacher)))
    .get();
  return row ?? { day, teacher, requests: 0, failures: 0, promptTokens: 0, completionTokens: 0 };
}

/** Adds to what a teacher was asked today. */
export function addTeacherUsage(
  db: Database,
  teacher: string,
  more: Partial<Omit<TeacherUsage, "day" | "teacher">>,
): void {
  const { requests = 0, failures = 0, promptTokens = 0, completionTokens = 0 } = more;
  db.insert(teacherUsage)
    .values({ day: dayOf(), teacher, requests, failures, promptTokens, completionTokens })
    .onConflictDoUpdate({
      target: [teacherUsage.day, teacherUsage.teacher],
      set: {
        requests: sql`${teacherUsage.requests} + ${requests}`,
        failures: sql`${teacherUsage.failures} + ${failures}`,
        promptTokens: sql`${teacherUsage.promptTokens} + ${promptTokens}`,
        completionTokens: sql`${teacherUsage.completionTokens} + ${completionTokens}`,
      },
    })
    .run();
}

/** What teachers were asked, the latest day first. */
export function listTeacherUsage(db: Database, limit = 30): TeacherUsage[] {
  return db
    .select()
    .from(teacherUsage)
    .orderBy(desc(teacherUsage.day), asc(teacherUsage.teacher))
    .limit(limit)
    .all();
}

/** Records an edit of a passage that came from a file. @returns false if it is there already */
export function addRecordedEdit(
  db: Database,
  edit: { passageId: number; kind: PromptKind; completion: string; source: string },
): boolean {
  return db.insert(recordedEdits).values(edit).onConflictDoNothing().run().changes > 0;
}

/** The recorded edits of a passage, in the order of their file. */
export function listRecordedEdits(db: Database, passageId: number): RecordedEdit[] {
  return db
    .select()
    .from(recordedEdits)
    .where(eq(recordedEdits.passageId, passageId))
    .orderBy(asc(recordedEdits.id))
    .all();
}

/** How many recorded edits there are, and of how many passages. */
export function countRecordedEdits(db: Database): { edits: number; passages: number } {
  return db
    .select({
      edits: sql<number>`count(*)`,
      passages: sql<number>`count(distinct ${recordedEdits.passageId})`,
    })
    .from(recordedEdits)
    .get()!;
}
