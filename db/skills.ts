import { asc, eq, isNotNull } from "drizzle-orm";
import type { Database } from "./open.ts";
import { skills, tasks } from "./schema.ts";
import { type NewTask, storeTask, type TaskRow } from "./tasks.ts";

export type Skill = typeof skills.$inferSelect;
export type SkillChange = Partial<Omit<typeof skills.$inferInsert, "id" | "name" | "taskId">>;
export type { SkillAttempt, SkillTrial, TrialScore } from "./schema.ts";

/** Records a skill that is to be learned. */
export function addSkill(db: Database, name: string, task: NewTask): Skill {
  const taskId = storeTask(db, task);
  return db.insert(skills).values({ name, taskId }).returning().get();
}

export function getSkill(db: Database, id: number): Skill | undefined {
  return db.select().from(skills).where(eq(skills.id, id)).get();
}

export function findSkill(db: Database, name: string): Skill | undefined {
  return db.select().from(skills).where(eq(skills.name, name)).get();
}

/** All skills, by name. */
export function listSkills(db: Database): Skill[] {
  return db.select().from(skills).orderBy(asc(skills.name)).all();
}

/** The task of a skill. */
export function taskOf(db: Database, { taskId }: Pick<Skill, "taskId">): TaskRow {
  return db.select().from(tasks).where(eq(tasks.id, taskId)).get()!;
}

export function changeSkill(db: Database, id: number, change: SkillChange): void {
  db.update(skills).set(change).where(eq(skills.id, id)).run();
}

/** Forgets a skill; its task stays. */
export function removeSkill(db: Database, id: number): void {
  db.delete(skills).where(eq(skills.id, id)).run();
}

/** The adapter files of all skills. */
export function skillFiles(db: Database): string[] {
  return db
    .selectDistinct({ file: skills.file })
    .from(skills)
    .where(isNotNull(skills.file))
    .all()
    .map(({ file }) => file!);
}
