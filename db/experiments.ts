import { and, asc, desc, eq, sql } from "drizzle-orm";
import { type Database, transaction } from "./open.ts";
import {
  type ExperimentProblem,
  experimentPassages,
  experimentQuestions,
  experiments,
  type Overlap,
} from "./schema.ts";

export type Experiment = typeof experiments.$inferSelect;
export type ExperimentPassage = typeof experimentPassages.$inferSelect;
export type ExperimentQuestion = typeof experimentQuestions.$inferSelect;
export type NewQuestion = Omit<ExperimentQuestion, "id" | "passageId">;
export type { ExperimentProblem, Overlap, QuestionWording } from "./schema.ts";

export type NewExperiment = Pick<
  Experiment,
  "kind" | "key" | "config" | "model" | "modelHash" | "data" | "dataHash" | "machine" | "problems"
>;
export type NewExperimentPassage = Pick<ExperimentPassage, "role" | "round" | "title" | "text"> & {
  questions: NewQuestion[];
};

/** SQLite takes so many values in one statement, and questions have eight each. */
const CHUNK = 500;

export function findExperiment(db: Database, key: string): Experiment | undefined {
  return db.select().from(experiments).where(eq(experiments.key, key)).get();
}

export function getExperiment(db: Database, id: number): Experiment | undefined {
  return db.select().from(experiments).where(eq(experiments.id, id)).get();
}

/** All experiments, the latest first. */
export function listExperiments(db: Database): Experiment[] {
  return db.select().from(experiments).orderBy(desc(experiments.id)).all();
}

/** Records an experiment with its passages and their gold questions, all or nothing. */
export function addExperiment(
  db: Database,
  experiment: NewExperiment,
  passages: readonly NewExperimentPassage[],
): Experiment {
  return transaction(db, () => {
    const row = db.insert(experiments).values(experiment).returning().get();
    addExperimentPassages(db, row.id, passages);
    return row;
  });
}

/** Adds passages with their gold questions behind those that an experiment has, all or nothing. */
export function addExperimentPassages(
  db: Database,
  experimentId: number,
  passages: readonly NewExperimentPassage[],
): void {
  transaction(db, () => {
    const first = listExperimentPassages(db, experimentId).length;
    passages.forEach(({ questions, ...passage }, i) => {
      const { id } = db
        .insert(experimentPassages)
        .values({ ...passage, ordinal: first + i, experimentId })
        .returning()
        .get();
      addQuestions(db, id, questions);
    });
  });
}

/** Lets an experiment go on with more than it was begun with. */
export function extendExperiment(
  db: Database,
  id: number,
  config: Record<string, unknown>,
): Experiment {
  return db
    .update(experiments)
    .set({ config, finishedAt: null })
    .where(eq(experiments.id, id))
    .returning()
    .get();
}

/** Adds to the time that was spent on it, in seconds. */
export function spendTime(db: Database, id: number, seconds: number): void {
  db.update(experiments)
    .set({ seconds: sql`${experiments.seconds} + ${seconds}` })
    .where(eq(experiments.id, id))
    .run();
}

export function finishExperiment(db: Database, id: number, audit: Overlap[]): void {
  db.update(experiments).set({ audit, finishedAt: Date.now() }).where(eq(experiments.id, id)).run();
}

/** Records what could not be used; the same thing once. */
export function addProblem(db: Database, id: number, problem: ExperimentProblem): void {
  transaction(db, () => {
    const { problems } = getExperiment(db, id)!;
    const text = JSON.stringify(problem);
    if (problems.some((it) => JSON.stringify(it) === text)) return;
    db.update(experiments)
      .set({ problems: [...problems, problem] })
      .where(eq(experiments.id, id))
      .run();
  });
}

/** Forgets what a teacher did not write, before he is asked again. */
export function forgetTeacherProblems(db: Database, id: number): void {
  transaction(db, () => {
    const { problems } = getExperiment(db, id)!;
    const rest = problems.filter(({ by }) => by !== "teacher");
    if (rest.length === problems.length) return;
    db.update(experiments).set({ problems: rest }).where(eq(experiments.id, id)).run();
  });
}

/** The passages of an experiment, in their order. */
export function listExperimentPassages(db: Database, experimentId: number): ExperimentPassage[] {
  return db
    .select()
    .from(experimentPassages)
    .where(eq(experimentPassages.experimentId, experimentId))
    .orderBy(asc(experimentPassages.ordinal))
    .all();
}

/** Records the reward probes that were written about a passage, which has them from now on. */
export function saveWrittenProbes(db: Database, passageId: number, probes: NewQuestion[]): void {
  transaction(db, () => {
    addQuestions(db, passageId, probes);
    db.update(experimentPassages)
      .set({ probed: true })
      .where(eq(experimentPassages.id, passageId))
      .run();
  });
}

/** The questions of a passage, or those for one use. */
export function listQuestions(
  db: Database,
  passageId: number,
  use?: ExperimentQuestion["use"],
): ExperimentQuestion[] {
  const ofPassage = eq(experimentQuestions.passageId, passageId);
  return db
    .select()
    .from(experimentQuestions)
    .where(use ? and(ofPassage, eq(experimentQuestions.use, use)) : ofPassage)
    .orderBy(asc(experimentQuestions.id))
    .all();
}

/** All questions of an experiment, with what their passage is used for. */
export function allQuestions(
  db: Database,
  experimentId: number,
): (ExperimentQuestion & { role: ExperimentPassage["role"] })[] {
  return db
    .select({ question: experimentQuestions, role: experimentPassages.role })
    .from(experimentQuestions)
    .innerJoin(experimentPassages, eq(experimentPassages.id, experimentQuestions.passageId))
    .where(eq(experimentPassages.experimentId, experimentId))
    .orderBy(asc(experimentQuestions.id))
    .all()
    .map(({ question, role }) => ({ ...question, role }));
}

function addQuestions(db: Database, passageId: number, questions: NewQuestion[]): void {
  for (let i = 0; i < questions.length; i += CHUNK) {
    const rows = questions.slice(i, i + CHUNK).map((question) => ({ ...question, passageId }));
    db.insert(experimentQuestions).values(rows).run();
  }
}
