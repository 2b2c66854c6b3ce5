import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import type { ExperimentProblem } from "../../../db/experiments.ts";
import type { ExperimentTask } from "../../../db/tasks.ts";
import { random, seedFor, shuffled } from "../../../trainer/random.ts";
import type { ModelTrainer } from "../../../trainer/types.ts";
import { sha256 } from "../../read/hash.ts";
import { Lengths } from "../../skills/lengths.ts";
import { parseTask, parseTaskText, type Task, TaskError, taskKey } from "../../skills/task.ts";
import { ExperimentDataError } from "../data.ts";

/** A task with its name and, where the data says so, what it is for. */
export interface NamedTask extends Task {
  name: string;
  role?: ExperimentTask["role"];
}

/** What an experiment of few examples is about. */
export interface FewShotData {
  /** As people know it. */
  name: string;
  hash: string;
  tasks: NamedTask[];
  problems: ExperimentProblem[];
}

/** A task that has its part in an experiment. */
export type DealtTask = NamedTask & Pick<ExperimentTask, "role" | "key">;

/** As ARC's repository lays out its tasks. */
const FOLDERS = { training: "train", evaluation: "report" } as const;

/**
 * Reads a folder of tasks, one a file: ARC's JSON, or text. Where it has folders `training` and
 * `evaluation`, their tasks are for training and for the report. What cannot be used is told file by file.
 * @throws ExperimentDataError where there is no such folder, or nothing of it can be used
 */
export function readTasks(folder: string): FewShotData {
  const parts = existsSync(join(folder, "training"))
    ? Object.entries(FOLDERS).map(([name, role]) => ({ path: join(folder, name), role }))
    : [{ path: folder, role: undefined }];
  const tasks: NamedTask[] = [];
  const problems: ExperimentProblem[] = [];
  for (const { path, role } of parts) {
    for (const file of taskFiles(path)) {
      const task = readTask(join(path, file), (problem) => problems.push({ problem }));
      if (task) tasks.push({ ...task, ...(role && { role }) });
    }
  }
  if (tasks.length === 0) {
    const [first] = problems;
    throw new ExperimentDataError(
      `There is no task in ${folder} that can be used${first ? `; ${first.problem}` : ""}: name a folder of ARC's JSON files.`,
    );
  }
  return { name: basename(folder), hash: sha256(JSON.stringify(tasks)), tasks, problems };
}

/**
 * Gives tasks their parts. Where the data does not say what they are for, it is drawn at random. Tasks that
 * the model cannot read with one example, and those without known outputs, are left out and told.
 * @throws ExperimentDataError where there are too few
 */
export async function dealTasks(
  trainer: ModelTrainer,
  data: FewShotData,
  wanted: Record<ExperimentTask["role"], number>,
): Promise<{ tasks: DealtTask[]; problems: ExperimentProblem[] }> {
  const problems = [...data.problems];
  const usable = new Map<string, NamedTask & { key: string }>();
  for (const task of data.tasks) {
    const refuse = (problem: string) => problems.push({ problem: `${task.name} ${problem}` });
    const key = taskKey(task);
    const other = usable.get(key);
    if (other) refuse(`is the same as ${other.name}`);
    else if (task.test.some(({ output }) => output === null))
      refuse("has a test without its output");
    else if (!(await isReadable(trainer, task))) {
      refuse(`is longer than the ${trainer.info.contextLength} tokens that the model reads`);
    } else usable.set(key, { ...task, key });
  }
  const all = [...usable.values()];
  const drawn = shuffled(all.length, random(seedFor(1, "tasks"))).map((i) => all[i]!);
  const told = all.some(({ role }) => role !== undefined);
  const tasks: DealtTask[] = [];
  for (const role of ["train", "report"] as const) {
    const free = drawn.filter((task) => (told ? task.role === role : !tasks.some(sameAs(task))));
    if (free.length < wanted[role]) {
      throw new ExperimentDataError(
        `${data.name} has ${free.length} tasks for ${role === "train" ? "training the writer" : "the report"}, and ${wanted[role]} are wanted: ask for fewer, or add some.`,
      );
    }
    tasks.push(...free.slice(0, wanted[role]).map((task) => ({ ...task, role })));
  }
  return { tasks, problems };
}

function taskFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => [".json", ".txt"].includes(extname(name)))
      .sort();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ExperimentDataError(`The folder ${folder} cannot be read: ${reason}.`);
  }
}

function readTask(path: string, tell: (problem: string) => void): NamedTask | undefined {
  const file = basename(path);
  try {
    const text = readFileSync(path, "utf8");
    const task = extname(path) === ".json" ? parseTask(JSON.parse(text)) : parseTaskText(text);
    return { ...task, name: basename(path, extname(path)) };
  } catch (error) {
    if (error instanceof TaskError) tell(`${file}: ${error.message.replace(/\.$/, "")}`);
    else if (error instanceof SyntaxError) tell(`${file} is no JSON: ${error.message}`);
    else throw error;
    return undefined;
  }
}

async function isReadable(trainer: ModelTrainer, { train, test }: Task): Promise<boolean> {
  const asked = test.map(({ input, output }) => ({ input, output: output ?? "" }));
  const lengths = await Lengths.of(trainer, [...train, ...asked]);
  return asked.every((pair) => {
    const shown = Math.min(
      lengths.beforeInput(train, pair.input).length,
      lengths.last(train, lengths.pair(pair)).length,
    );
    return shown > 0;
  });
}

function sameAs({ key }: { key: string }): (other: { key: string }) => boolean {
  return (other) => other.key === key;
}
