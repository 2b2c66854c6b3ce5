import type { Recipe } from "../agent/skills/recipe.ts";
import { recipeText } from "../agent/skills/recipe.ts";
import { parseTask, parseTaskText, type Task, TaskError } from "../agent/skills/task.ts";
import { ranked } from "../agent/skills/winners.ts";
import type { Database } from "../db/open.ts";
import { findSkill, type Skill, taskOf } from "../db/skills.ts";
import type { SkillFacts, SkillLine } from "../views/skill-types.ts";

/** One line of the list of skills. */
export function skillLine(db: Database, skill: Skill): SkillLine {
  const { name, state, reason, base, createdAt: at } = skill;
  const { format, train } = taskOf(db, skill);
  const best = ranked(skill.trials)[0];
  return {
    ...{ name, state, format, examples: train.length, at },
    ...(reason !== null && { reason }),
    ...(base && { inContext: base.exact }),
    ...(best && { best: best.exact }),
  };
}

/** A skill with its task, the recipes that competed, and what became of the tests. */
export function skillFacts(db: Database, skill: Skill): SkillFacts {
  const { train, test } = taskOf(db, skill);
  const chosen = skill.recipe && recipeText(skill.recipe as Recipe);
  return {
    ...skillLine(db, skill),
    train,
    tests: test.map(({ input, output }, i) => ({
      input,
      output,
      attempts: skill.answers?.[i] ?? [],
    })),
    invalid: skill.invalid,
    trials: ranked(skill.trials).map(({ recipe, ...trial }) => {
      const text = recipeText(recipe as Recipe);
      return { ...trial, recipe: text, chosen: text === chosen };
    }),
  };
}

/** @throws TaskError where there is none of that name */
export function namedSkill(db: Database, name: string): Skill {
  const skill = findSkill(db, name);
  if (skill) return skill;
  throw new TaskError(`There is no skill “${name}”: \`selkie skill list\` has them all.`);
}

/** A task as people write it: ARC's JSON, or examples as text. @throws TaskError */
export function readTaskText(text: string): Task {
  if (!text.trimStart().startsWith("{")) return parseTaskText(text);
  try {
    return parseTask(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new TaskError(`The task begins like JSON and is none: ${error.message}.`);
  }
}
