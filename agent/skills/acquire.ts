import { rmSync } from "node:fs";
import { join } from "node:path";
import { addEvent } from "../../db/events.ts";
import { finishJob, type Job } from "../../db/jobs.ts";
import { transaction } from "../../db/open.ts";
import {
  changeSkill,
  getSkill,
  type Skill,
  type SkillTrial,
  type TrialScore,
  taskOf,
} from "../../db/skills.ts";
import { adapterFile, dropAdapter, keepAdapter } from "../adapter-file.ts";
import type { LearnerContext } from "../context.ts";
import { mean } from "../decide.ts";
import { baseFingerprint } from "../model.ts";
import { fileHash } from "../read/hash.ts";
import { attemptTask, scoreTask } from "./ask.ts";
import type { Pair } from "./prompts.ts";
import { type Recipe, recipeText } from "./recipe.ts";
import type { Task } from "./task.ts";
import { DEFAULT_TRAINING, trainTask } from "./train.ts";
import { DEFAULT_VIEWS } from "./views.ts";
import { ranked } from "./winners.ts";
import { writeRecipes } from "./write.ts";

/** Recipes that are written for a skill. */
const RECIPES = 6;
/** Examples that are held out, one after the other, to choose among recipes. */
const HELD_OUT = 2;
const SEED = 1;

/** A task without one of its examples, which is asked. */
interface Fold extends Task {
  test: Pair[];
}

/**
 * Learns a skill: recipes are written for its task, each is trained without an example and asked that one, and
 * the best is trained on all examples and kept, if it does better than the base with the examples in its
 * context. Otherwise nothing is kept but the record.
 * @throws TrainerError, GeneratorError; the abort reason when asked to stop
 */
export async function learnSkill(context: LearnerContext, job: Job): Promise<void> {
  const { db, home } = context;
  const skill = job.payload.skillId === undefined ? undefined : getSkill(db, job.payload.skillId);
  // Somebody took it back.
  if (skill?.state !== "learning") return;
  const task = taskOf(db, skill);
  const tell = (detail: string) =>
    context.onProgress({ jobId: job.id, title: `Skill “${skill.name}”`, stage: "skill", detail });
  const models = { trainer: await context.trainer(), generator: await context.generator() };
  const { signal } = context;
  tell("Writing recipes");
  const options = { count: RECIPES, seed: SEED, signal };
  const written = await writeRecipes(models, task, options);
  const valid = written.flatMap(({ recipe }) => recipe ?? []);
  const recipes = [...new Map(valid.map((recipe) => [recipeText(recipe), recipe])).values()];
  const folds = foldsOf(task);
  const base = await scoreBase(context, folds);
  changeSkill(db, skill.id, { base, trials: [], invalid: written.length - valid.length });
  const trials: (SkillTrial & { recipe: Recipe })[] = [];
  for (const [i, recipe] of recipes.entries()) {
    tell(`Trying recipe ${i + 1} of ${recipes.length}`);
    signal.throwIfAborted();
    trials.push(await tryRecipe(context, folds, recipe));
    changeSkill(db, skill.id, { trials });
  }
  const [best] = ranked(trials);
  if (!best || !isBetter(best, base)) {
    const reason = best
      ? `None of ${recipes.length} recipes does better on examples held out than the examples in context do: nothing is kept. More examples, or a larger model, may help.`
      : "The model wrote no recipe that can be used: nothing is kept.";
    return end(context, job, skill, { state: "useless", reason });
  }
  tell("Training the best recipe on all examples");
  const scratch = join("tmp", `skill-${skill.id}.gguf`);
  const out = join(home.adapters, scratch);
  const { figures } = await trainTask(models.trainer, task, best.recipe, {
    ...DEFAULT_TRAINING,
    ...{ seed: SEED, out, signal },
  });
  const reason = `Chosen among ${recipes.length} recipes: right on ${percent(best.exact)} of the examples held out, ${percent(base.exact)} in context.`;
  if (figures.diverged) {
    return end(context, job, skill, {
      state: "useless",
      reason: "Training on all examples diverged: nothing is kept. Try again with more examples.",
    });
  }
  tell("Answering");
  const answers = await attemptTask(models, task, {
    ...{ adapter: out, views: DEFAULT_VIEWS, seed: SEED, signal },
  });
  const sha256 = await fileHash(out);
  if (!(await keepAdapter(home, scratch, sha256))) {
    throw new Error("The skill's adapter was damaged while it was written: look at the disk.");
  }
  const kept = { recipe: best.recipe, file: adapterFile(sha256), sha256, answers };
  end(context, job, skill, { state: "ready", reason, ...kept, model: baseFingerprint(db) });
}

/** Records the end, with the job's; a skill that was taken back in the meantime leaves nothing. */
function end(
  { db, home }: LearnerContext,
  job: Job,
  { id, name }: Skill,
  change: Parameters<typeof changeSkill>[2] & { reason: string },
): void {
  const stays = transaction(db, () => {
    finishJob(db, job);
    if (!getSkill(db, id)) return false;
    changeSkill(db, id, { ...change, finishedAt: Date.now() });
    const message = `Skill “${name}”: ${change.reason}`;
    const kind = `skill.${change.state}`;
    addEvent(db, { level: "info", kind, message, jobId: job.id });
    return true;
  });
  if (!stays && change.sha256) dropAdapter(db, home, change.sha256);
}

function foldsOf({ format, train }: Task): Fold[] {
  return train.slice(-HELD_OUT).map((held) => {
    return { format, train: train.filter((pair) => pair !== held), test: [held] };
  });
}

async function scoreBase(context: LearnerContext, folds: readonly Fold[]): Promise<TrialScore> {
  const trainer = await context.trainer();
  const scores: TrialScore[] = [];
  for (const fold of folds)
    scores.push(...(await scoreTask(trainer, fold, [null], context.signal)));
  return meanScore(scores);
}

async function tryRecipe(
  context: LearnerContext,
  folds: readonly Fold[],
  recipe: Recipe,
): Promise<SkillTrial & { recipe: Recipe }> {
  const { home, signal } = context;
  const trainer = await context.trainer();
  const out = join(home.scratch, `skill-trial-${process.pid}.gguf`);
  const scores: TrialScore[] = [];
  const trial = { recipe, seconds: 0, bounded: false, diverged: false };
  try {
    for (const fold of folds) {
      const options = { ...DEFAULT_TRAINING, seed: SEED, out, signal };
      const { adapter, training, figures } = await trainTask(trainer, fold, recipe, options);
      scores.push(...(await scoreTask(trainer, fold, [adapter], signal)));
      trial.seconds += figures.seconds;
      trial.bounded ||= training.bounded;
      trial.diverged ||= figures.diverged;
    }
  } finally {
    rmSync(out, { force: true });
  }
  return { ...trial, ...meanScore(scores) };
}

function isBetter(best: TrialScore, base: TrialScore): boolean {
  return best.exact > base.exact || (best.exact === base.exact && best.logprob > base.logprob);
}

function meanScore(scores: readonly TrialScore[]): TrialScore {
  return {
    exact: mean(scores.map(({ exact }) => exact)),
    logprob: mean(scores.map(({ logprob }) => logprob)),
  };
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
