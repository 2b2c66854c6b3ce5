/**
 * What the grid model can do with tasks that it has never seen, in the context of their demonstrations
 * and after learning them with one fixed recipe:
 *
 *     bun run bench:grid --seed 7 --tasks 96 --learn 24 --json
 *
 * A task is solved when greedy decoding gives its test's output to the last cell, at the first attempt
 * and without a vote.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { scoreTask } from "../agent/skills/ask.ts";
import { type Recipe, recipeText } from "../agent/skills/recipe.ts";
import { parseTask, type Task } from "../agent/skills/task.ts";
import { planTraining } from "../agent/skills/training.ts";
import { SPLITS, type Split } from "../models/grid/families/index.ts";
import { makeTasks } from "../models/grid/task.ts";
import { PLANS } from "../models/plans.ts";
import { Trainer } from "../trainer/index.ts";
import { LORA_TARGETS } from "../trainer/lora/options.ts";

/** Chosen by hand: all symmetries, at a rate and for as long as a small model needs. */
const RECIPE: Recipe = {
  basic: true,
  size: false,
  chain: false,
  repeat: false,
  loss: "output",
  rate: 0.003,
  epochs: 8,
};
const LORA = { rank: 16, alpha: 32, targets: [...LORA_TARGETS] };
const BATCH_TOKENS = 512;
/** No task of this generator has as many under the recipe. */
const MAX_TOKENS = 200_000;

const { values: flags } = parseArgs({
  options: {
    model: { type: "string", default: PLANS.get("grid")!.out },
    seed: { type: "string", default: "7" },
    tasks: { type: "string", default: "96" },
    learn: { type: "string", default: "24" },
    json: { type: "boolean", default: false },
  },
});

interface Solved {
  family: string;
  inContext: boolean;
  /** Of the tasks that were learned. */
  learned?: boolean;
  seconds?: number;
}

const { signal } = new AbortController();
const seed = Number(flags.seed);
const folder = mkdtempSync(join(tmpdir(), "grid-bench-"));
const trainer = await Trainer.start({ model: flags.model, backend: "cpu" });
const solved = {} as Record<Split, Solved[]>;
try {
  for (const split of SPLITS) {
    solved[split] = [];
    for (const [i, { family, train, test }] of makeTasks(
      split,
      seed,
      Number(flags.tasks),
    ).entries()) {
      const task = parseTask({ train, test });
      const learned = i < Number(flags.learn) ? await learn(task) : undefined;
      const [base, after] = await scoreTask(
        trainer,
        task,
        [null, ...(learned ? [learned.path] : [])],
        signal,
      );
      solved[split].push({
        family,
        inContext: base!.exact === 1,
        ...(learned && { learned: after!.exact === 1, seconds: learned.seconds }),
      });
    }
  }
} finally {
  await trainer.close();
  rmSync(folder, { recursive: true });
}

if (flags.json) console.log(JSON.stringify({ seed, recipe: recipeText(RECIPE), solved }, null, 2));
else {
  console.log(`tasks of seed ${seed}; learned with ${recipeText(RECIPE)}`);
  for (const split of SPLITS) {
    const all = solved[split];
    const learned = all.filter((task) => task.learned !== undefined);
    console.log(`${split}: ${share(all, (task) => task.inContext)} in context`);
    if (learned.length === 0) continue;
    const [before, after] = [share(learned, (t) => t.inContext), share(learned, (t) => t.learned)];
    const seconds = learned.reduce((sum, task) => sum + task.seconds!, 0) / learned.length;
    console.log(
      `  learned ones: ${before} in context, ${after} learned, ${seconds.toFixed(1)} s each`,
    );
  }
}
process.exit(0);

/** Learns a task's demonstrations as an adapter of its own. */
async function learn(task: Task): Promise<{ path: string; seconds: number }> {
  const { rows, epochs } = await planTraining(trainer, task, RECIPE, {
    seed,
    maxTokens: MAX_TOKENS,
  });
  return trainer.train({
    rows,
    lora: LORA,
    options: { epochs, learningRate: RECIPE.rate, batchTokens: BATCH_TOKENS, weightDecay: 0, seed },
    out: join(folder, "task.gguf"),
  });
}

function share(tasks: readonly Solved[], holds: (task: Solved) => boolean | undefined): string {
  const count = tasks.filter(holds).length;
  return `${count} of ${tasks.length} (${((100 * count) / tasks.length).toFixed(1)}%)`;
}
