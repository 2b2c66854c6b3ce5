import type { TrialScore } from "../../../db/skills.ts";
import type { ExperimentTask } from "../../../db/tasks.ts";
import { recipeText } from "../../skills/recipe.ts";
import { winnersOf } from "../../skills/winners.ts";
import { recipeRequest } from "../../skills/write.ts";
import { isTrained, trainPolicy } from "../policy.ts";
import { type TaskLab, tasksFor } from "./lab.ts";
import { learnTask } from "./learn.ts";
import { recipesFor, type WrittenTaskRecipe } from "./recipes.ts";

/** A recipe with what came of it. */
type Tried = WrittenTaskRecipe & TrialScore;

/**
 * SEAL's outer loop over recipes from the untouched base (ReST-EM): in each round the writer so far writes
 * M recipes for each training task, each is trained and its tests are scored, and the writer goes on from
 * itself on those that won.
 * @returns what came of it: a writer; `nothing` where no recipe of a round won; `late` where the time was up
 */
export async function trainRounds(
  lab: TaskLab,
  seed: number,
): Promise<"trained" | "nothing" | "late"> {
  const tasks = tasksFor(lab, "train");
  const { rounds, recipes } = lab.config;
  for (let round = 1; round <= rounds; round++) {
    if (isTrained(lab, { seed, kind: "recipe", round })) {
      lab.onProgress({ phase: "", found: tasks.length * recipes });
      continue;
    }
    const winners: Tried[] = [];
    for (const [i, task] of tasks.entries()) {
      const phase = `round ${round} of the writer (seed ${seed}): task ${i + 1} of ${tasks.length}`;
      lab.onProgress({ phase });
      if (lab.isLate()) return "late";
      winners.push(...(await collect(lab, task, { seed, round })));
    }
    if (winners.length === 0) {
      lab.onProblem({
        problem: `Round ${round} of the writer (seed ${seed}) had no recipe that helped: there is no SEAL arm`,
      });
      return "nothing";
    }
    lab.onProgress({ phase: `round ${round} of the writer (seed ${seed}): training it` });
    await fit(lab, { seed, round }, winners);
  }
  return "trained";
}

/** The recipes that won for a task. */
async function collect(
  lab: TaskLab,
  task: ExperimentTask,
  { seed, round }: { seed: number; round: number },
): Promise<Tried[]> {
  const options = { rounds: round - 1, seed, count: lab.config.recipes };
  const written = await recipesFor(lab, task, options);
  const valid = written.filter(({ recipe }) => recipe !== null);
  lab.onProgress({ phase: "", found: written.length - valid.length });
  const specs = [null, ...valid.map(({ recipe }) => recipe)].map((recipe) => ({ recipe, seed }));
  const [base, ...updates] = await learnTask(lab, task, specs, { predict: false });
  const tried = valid.map((recipe, i) => {
    const { exact, logprob } = updates[i]!;
    return { ...recipe, exact, logprob };
  });
  return winnersOf(tried, base!);
}

/** The M-step: the writer learns to write what won, as it should be written. */
async function fit(
  lab: TaskLab,
  { seed, round }: { seed: number; round: number },
  winners: readonly Tried[],
): Promise<void> {
  const trainer = await lab.trainer();
  const prompts = new Map<number, string>();
  for (const task of tasksFor(lab, "train")) {
    prompts.set(task.id, (await recipeRequest(trainer, task)).prompt);
  }
  const examples = winners.map(({ taskId, recipe }) => {
    return { prompt: prompts.get(taskId)!, completions: [recipeText(recipe!)] };
  });
  const ids = winners.map(({ id }) => id);
  await trainPolicy(lab, { seed, kind: "recipe", round }, examples, ids);
}
