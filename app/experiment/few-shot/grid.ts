import type { FewShotData, NamedTask } from "../../../agent/experiment/few-shot/data.ts";
import { sha256 } from "../../../agent/read/hash.ts";
import { parseTask } from "../../../agent/skills/task.ts";
import { makeTasks } from "../../../models/grid/task.ts";
import { PLANS } from "../../../models/plans.ts";

/** The project's own small model of grids. */
export const GRID_MODEL = PLANS.get("grid")!.out;

/**
 * Tasks of the grid world: those that train the writer are of families that the grid model was not
 * pre-trained on, and the reported ones of others still.
 */
export function gridData(
  seed: number,
  { trainTasks, reportTasks }: { trainTasks: number; reportTasks: number },
): FewShotData {
  const tasks = [
    ...named("practice", "train", seed, trainTasks),
    ...named("heldout", "report", seed, reportTasks),
  ];
  const name = `grid world, seed ${seed}`;
  return { name, hash: sha256(JSON.stringify(tasks)), tasks, problems: [] };
}

function named(
  split: Parameters<typeof makeTasks>[0],
  role: NamedTask["role"],
  seed: number,
  count: number,
): NamedTask[] {
  return makeTasks(split, seed, count).map(({ family, train, test }, i) => {
    return { ...parseTask({ train, test }), name: `${split} ${i + 1}: ${family}`, role };
  });
}
