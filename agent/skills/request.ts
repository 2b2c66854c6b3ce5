import { dropJob, enqueueJob } from "../../db/jobs.ts";
import { type Database, transaction } from "../../db/open.ts";
import { addSkill, changeSkill, findSkill, removeSkill, type Skill } from "../../db/skills.ts";
import { dropAdapter } from "../adapter-file.ts";
import type { Home } from "../home.ts";
import { type Task, TaskError, taskKey } from "./task.ts";

/** With one held out, two must be left: one to be asked and one to be shown. */
const MIN_EXAMPLES = 3;
/** What a skill may be called: it stands in commands and addresses. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} _.-]{0,63}$/u;

/** A skill that was asked for, and the job that learns it. */
export interface RequestedSkill {
  skill: Skill;
  jobId: number;
}

/**
 * Queues the learning of a skill.
 * @throws TaskError where the task has too few examples, or the name cannot be used
 */
export function requestSkill(db: Database, name: string, task: Task): RequestedSkill {
  if (!NAME.test(name)) {
    throw new TaskError(
      `A skill cannot be called “${name.slice(0, 80)}”: begin with a letter or digit, up to 64 of them with spaces, dots and dashes.`,
    );
  }
  if (task.train.length < MIN_EXAMPLES) {
    throw new TaskError(
      `The task has ${task.train.length} examples: a skill needs ${MIN_EXAMPLES}, since recipes are compared on examples held out.`,
    );
  }
  return transaction(db, () => {
    if (findSkill(db, name)) {
      throw new TaskError(`There is a skill “${name}” already: choose another name, or remove it.`);
    }
    const skill = addSkill(db, name, { ...task, name, key: taskKey(task) });
    const payload = { skillId: skill.id };
    const { job } = enqueueJob(db, { kind: "skill", payload, key: keyOf(skill) });
    return { skill, jobId: job.id };
  });
}

/** Forgets a skill, with its adapter; one that is being learned ends at its next step. */
export function forgetSkill(db: Database, home: Home, skill: Skill): void {
  transaction(db, () => {
    dropJob(db, keyOf(skill));
    removeSkill(db, skill.id);
  });
  if (skill.sha256) dropAdapter(db, home, skill.sha256);
}

/** The learning of a skill came to nothing. */
export function failSkill(db: Database, id: number | undefined, reason: string): void {
  if (id !== undefined) changeSkill(db, id, { state: "failed", reason, finishedAt: Date.now() });
}

function keyOf({ id }: Skill): string {
  return `skill:${id}`;
}
