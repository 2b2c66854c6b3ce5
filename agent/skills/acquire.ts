import { rmSync } from "node:fs";
import { join, relative } from "node:path";
import { addEvent } from "../../db/events.ts";
import { finishJob, type Job } from "../../db/jobs.ts";
import { transaction } from "../../db/open.ts";
import {
  changeSkill,
  getSkill,
  type Skill,
  type SkillChange,
  type SkillTrial,
  type TrialScore,
  taskOf,
} from "../../db/skills.ts";
import { adapterFile, dropAdapter, keepAdapter } from "../adapter-file.ts";
import type { LearnerContext } from "../context.ts";
import { mean, percent } from "../decide.ts";
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
const RECIPES = 4;
/** Recipes that compete with them, whatever the writer: the base alone may write none that is any good. */
const STANDING: readonly Recipe[] = [
  { basic: true, rate: 0.003, epochs: 4 } as const,
  { basic: false, rate: 0.001, epochs: 8 } as const,
  { basic: false, rate: 0.01, epochs: 8 } as const,
].map((it) => ({ ...it, size: false, chain: false, repeat: false, loss: "output" }));
/** Examples that are held out, one after the other, to choose among recipes. */
const HELD_OUT = 2;
const SEED = 1;

/** A task without one of its examples, which is asked. */
interface Fold extends Task {
  test: Pair[];
}

/**
 * Learns a skill: recipes compete for its task, each is trained without an example and asked that one, and
 * the best is trained on all examples and kept, if it does better than the base with the examples in its
 * context. Otherwise nothing is kept but the record.
 * @throws TrainerError, GeneratorError; the abort reason when asked to stop
 */
export async function learnSkill(context: LearnerContext, job: Job): Promise<void> {
  const { db } = context;
  const skill = job.payload.skillId === undefined ? undefined : getSkill(db, job.payload.skillId);
  // Somebody took it back.
  if (skill?.state !== "learning") return;
  const task = taskOf(db, skill);
  const tell = (detail: string) =>
    context.onProgress({ jobId: job.id, title: `Skill “${skill.name}”`, stage: "skill", detail });
  const { base, trials } = await compete(context, skill, task, tell);
  const [best] = ranked(trials);
  if (!best || !isBetter(best, base)) {
    return end(context, job, skill, { state: "useless", reason: uselessWords(trials.length) });
  }
  const reason = `Chosen among ${trials.length} recipes: right on ${percent(best.exact)} of the examples held out, ${percent(base.exact)} in context.`;
  end(context, job, skill, await keep(context, skill, task, { recipe: best.recipe, reason }, tell));
}

type Tell = (detail: string) => void;
type Trial = SkillTrial & { recipe: Recipe };

/**
 * Lets the base write recipes and tries each of them, and the standing ones, on examples held out; the record
 * grows with them.
 */
async function compete(
  context: LearnerContext,
  { id }: Skill,
  task: Task,
  tell: Tell,
): Promise<{ base: TrialScore; trials: Trial[] }> {
  const { db, signal } = context;
  tell("Writing recipes");
  const models = await modelsOf(context);
  const written = await writeRecipes(models, task, { count: RECIPES, seed: SEED, signal });
  const valid = written.flatMap(({ recipe }) => recipe ?? []);
  const recipes = distinct([...valid, ...STANDING].map((recipe) => forFormat(recipe, task)));
  const folds = foldsOf(task);
  const base = await scoreBase(context, folds);
  changeSkill(db, id, { base, trials: [], invalid: written.length - valid.length });
  const trials: Trial[] = [];
  for (const [i, recipe] of recipes.entries()) {
    tell(`Trying recipe ${i + 1} of ${recipes.length}`);
    signal.throwIfAborted();
    trials.push(await tryRecipe(context, folds, recipe));
    changeSkill(db, id, { trials });
  }
  return { base, trials };
}

/** Trains the best recipe on all examples, lets it answer the tests, and gives the adapter its final name. */
async function keep(
  context: LearnerContext,
  { id }: Skill,
  task: Task,
  { recipe, reason }: { recipe: Recipe; reason: string },
  tell: Tell,
): Promise<SkillChange & { reason: string }> {
  const { db, home, signal } = context;
  tell("Training the best recipe on all examples");
  const models = await modelsOf(context);
  const out = join(home.scratch, `skill-${id}.gguf`);
  const options = { ...DEFAULT_TRAINING, seed: SEED, out, signal };
  const { adapter } = await trainTask(models.trainer, task, recipe, options);
  if (adapter === null) {
    const why = "Training on all examples diverged: nothing is kept. More examples may help.";
    return { state: "useless", reason: why };
  }
  tell("Answering");
  const views = { adapter, views: DEFAULT_VIEWS, seed: SEED, signal };
  const answers = await attemptTask(models, task, views);
  const sha256 = await fileHash(adapter);
  if (!(await keepAdapter(home, relative(home.adapters, adapter), sha256))) {
    throw new Error("The skill's adapter was damaged while it was written: look at the disk.");
  }
  const model = baseFingerprint(db);
  return { state: "ready", reason, recipe, file: adapterFile(sha256), sha256, answers, model };
}

/** Records the end, with the job's; a skill that was taken back in the meantime leaves nothing. */
function end(
  { db, home }: LearnerContext,
  job: Job,
  { id, name }: Skill,
  change: SkillChange & { reason: string },
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

async function modelsOf(context: LearnerContext) {
  return { trainer: await context.trainer(), generator: await context.generator() };
}

function uselessWords(recipes: number): string {
  return `None of ${recipes} recipes gets more of the examples held out right than the examples in context do: nothing is kept. More examples, or a larger model, may help.`;
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
): Promise<Trial> {
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

/** It gets more of the examples right; or as many, if there are any, and is surer of them. */
function isBetter(best: TrialScore, base: TrialScore): boolean {
  if (best.exact !== base.exact) return best.exact > base.exact;
  return best.exact > 0 && best.logprob > base.logprob;
}

/** A recipe without what says nothing of a text. */
function forFormat(recipe: Recipe, { format }: Task): Recipe {
  if (format === "grid") return recipe;
  return { ...recipe, basic: false, size: false, chain: false, repeat: false };
}

function distinct(recipes: readonly Recipe[]): Recipe[] {
  return [...new Map(recipes.map((recipe) => [recipeText(recipe), recipe])).values()];
}

function meanScore(scores: readonly TrialScore[]): TrialScore {
  return {
    exact: mean(scores.map(({ exact }) => exact)),
    logprob: mean(scores.map(({ logprob }) => logprob)),
  };
}
