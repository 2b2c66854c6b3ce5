import { and, asc, eq } from "drizzle-orm";
import { type Database, transaction } from "./open.ts";
import {
  experimentTasks,
  taskArms,
  taskPredictions,
  taskRecipes,
  tasks,
  taskUpdates,
} from "./schema.ts";

export type TaskRow = typeof tasks.$inferSelect;
export type NewTask = Omit<TaskRow, "id" | "createdAt">;
export type ExperimentTask = TaskRow &
  Pick<typeof experimentTasks.$inferSelect, "ordinal" | "role">;
export type TaskRecipe = typeof taskRecipes.$inferSelect;
export type NewTaskRecipe = Omit<TaskRecipe, "id">;
export type TaskUpdate = typeof taskUpdates.$inferSelect;
export type NewTaskUpdate = Omit<TaskUpdate, "id" | "views">;
export type TaskPrediction = typeof taskPredictions.$inferSelect;
export type NewTaskPrediction = Omit<TaskPrediction, "updateId">;
export type TaskArm = typeof taskArms.$inferSelect;

/** Stores a task; one that is stored already is that one. @returns its id */
export function storeTask(db: Database, task: NewTask): number {
  db.insert(tasks).values(task).onConflictDoNothing().run();
  return db.select({ id: tasks.id }).from(tasks).where(eq(tasks.key, task.key)).get()!.id;
}

/** Gives an experiment its tasks, in their order, all or nothing. */
export function addExperimentTasks(
  db: Database,
  experimentId: number,
  list: readonly (NewTask & { role: ExperimentTask["role"] })[],
): void {
  transaction(db, () => {
    for (const [ordinal, { role, ...task }] of list.entries()) {
      const taskId = storeTask(db, task);
      db.insert(experimentTasks).values({ experimentId, ordinal, taskId, role }).run();
    }
  });
}

/** The tasks of an experiment, in their order. */
export function listExperimentTasks(db: Database, experimentId: number): ExperimentTask[] {
  return db
    .select({ task: tasks, ordinal: experimentTasks.ordinal, role: experimentTasks.role })
    .from(experimentTasks)
    .innerJoin(tasks, eq(tasks.id, experimentTasks.taskId))
    .where(eq(experimentTasks.experimentId, experimentId))
    .orderBy(asc(experimentTasks.ordinal))
    .all()
    .map(({ task, ...place }) => ({ ...task, ...place }));
}

/** A writer's recipes for a task, in their order. */
export function listTaskRecipes(
  db: Database,
  {
    experimentId,
    taskId,
    seed,
    writer,
  }: Pick<TaskRecipe, "experimentId" | "taskId" | "seed" | "writer">,
): TaskRecipe[] {
  return db
    .select()
    .from(taskRecipes)
    .where(
      and(
        eq(taskRecipes.experimentId, experimentId),
        eq(taskRecipes.taskId, taskId),
        eq(taskRecipes.seed, seed),
        eq(taskRecipes.writer, writer),
      ),
    )
    .orderBy(asc(taskRecipes.ordinal))
    .all();
}

/** All recipes of an experiment that somebody wrote. */
export function allTaskRecipes(db: Database, experimentId: number): TaskRecipe[] {
  return db
    .select()
    .from(taskRecipes)
    .where(eq(taskRecipes.experimentId, experimentId))
    .orderBy(asc(taskRecipes.id))
    .all();
}

/** Records recipes, all or nothing; what another process recorded in their places stands. */
export function addTaskRecipes(db: Database, recipes: NewTaskRecipe[]): void {
  if (recipes.length === 0) return;
  transaction(db, () => db.insert(taskRecipes).values(recipes).onConflictDoNothing().run());
}

export function findTaskUpdate(
  db: Database,
  { experimentId, taskId, key, seed }: Pick<TaskUpdate, "experimentId" | "taskId" | "key" | "seed">,
): TaskUpdate | undefined {
  return db
    .select()
    .from(taskUpdates)
    .where(
      and(
        eq(taskUpdates.experimentId, experimentId),
        eq(taskUpdates.taskId, taskId),
        eq(taskUpdates.key, key),
        eq(taskUpdates.seed, seed),
      ),
    )
    .get();
}

/** Records an update; what another process recorded in its place stands. */
export function addTaskUpdate(db: Database, update: NewTaskUpdate): TaskUpdate {
  db.insert(taskUpdates).values(update).onConflictDoNothing().run();
  return findTaskUpdate(db, update)!;
}

/** All updates of an experiment. */
export function listTaskUpdates(db: Database, experimentId: number): TaskUpdate[] {
  return db
    .select()
    .from(taskUpdates)
    .where(eq(taskUpdates.experimentId, experimentId))
    .orderBy(asc(taskUpdates.id))
    .all();
}

/** Records what was predicted after an update, all or nothing, in place of earlier predictions. */
export function savePredictions(
  db: Database,
  updateId: number,
  views: number,
  predictions: readonly NewTaskPrediction[],
): void {
  transaction(db, () => {
    db.delete(taskPredictions).where(eq(taskPredictions.updateId, updateId)).run();
    for (const prediction of predictions) {
      db.insert(taskPredictions)
        .values({ ...prediction, updateId })
        .run();
    }
    db.update(taskUpdates).set({ views }).where(eq(taskUpdates.id, updateId)).run();
  });
}

/** All predictions of an experiment, by update, test and attempt. */
export function listPredictions(db: Database, experimentId: number): TaskPrediction[] {
  const { updateId, test, attempt } = taskPredictions;
  return db
    .select({ prediction: taskPredictions })
    .from(taskPredictions)
    .innerJoin(taskUpdates, eq(taskUpdates.id, updateId))
    .where(eq(taskUpdates.experimentId, experimentId))
    .orderBy(asc(updateId), asc(test), asc(attempt))
    .all()
    .map(({ prediction }) => prediction);
}

/** Says which updates are an arm's. */
export function addTaskArms(db: Database, arms: TaskArm[]): void {
  if (arms.length === 0) return;
  db.insert(taskArms).values(arms).onConflictDoNothing().run();
}

/** Which updates are whose, of an experiment's reported tasks. */
export function listTaskArms(db: Database, experimentId: number): TaskArm[] {
  return db
    .select()
    .from(taskArms)
    .where(eq(taskArms.experimentId, experimentId))
    .orderBy(asc(taskArms.seed), asc(taskArms.taskId), asc(taskArms.ordinal))
    .all();
}
