import { join } from "node:path";
import type { Database } from "../../db/open.ts";
import { type Skill, type SkillAttempt, taskOf } from "../../db/skills.ts";
import { isSound } from "../adapter-file.ts";
import type { LearnerContext } from "../context.ts";
import { baseFingerprint } from "../model.ts";
import { attemptTask } from "./ask.ts";
import { readInput, TaskError } from "./task.ts";
import { DEFAULT_VIEWS } from "./views.ts";

const SEED = 1;

/**
 * What a skill makes of an input: its attempts, the best first.
 * @throws TaskError where the skill is not ready, or the input is none of its task's; TrainerError, GeneratorError
 */
export async function useSkill(
  context: Pick<LearnerContext, "db" | "home" | "trainer" | "generator"> & { signal: AbortSignal },
  skill: Skill,
  text: string,
): Promise<SkillAttempt[]> {
  const { db, home, signal } = context;
  const task = taskOf(db, skill);
  const input = readInput(text, task.format);
  const adapter = await adapterOf(db, home.adapters, skill);
  const models = { trainer: await context.trainer(), generator: await context.generator() };
  const asked = { ...task, test: [{ input, output: null }] };
  const options = { adapter, views: DEFAULT_VIEWS, seed: SEED, signal };
  const [attempts = []] = await attemptTask(models, asked, options);
  return attempts;
}

async function adapterOf(
  db: Database,
  folder: string,
  { name, state, reason, file, sha256, model }: Skill,
): Promise<string> {
  if (state !== "ready" || file === null || sha256 === null) {
    const why = state === "learning" ? "It is still being learned." : (reason ?? "");
    throw new TaskError(`The skill “${name}” cannot be used. ${why}`);
  }
  if (model !== baseFingerprint(db)) {
    throw new TaskError(
      `The skill “${name}” belongs to another base model: remove it and add it again, or set SELKIE_MODEL back.`,
    );
  }
  const path = join(folder, file);
  if (await isSound(path, sha256)) return path;
  throw new TaskError(
    `The adapter of the skill “${name}” is gone or damaged: remove the skill and add it again.`,
  );
}
