#!/usr/bin/env bun
/**
 * Writes tasks in ARC's JSON format, one file each, in which the family's name is the file's:
 *
 *     bun run grid:tasks --split heldout --tasks 60 --seed 1 tmp/tasks
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SPLITS, type Split } from "./families/index.ts";
import { makeTasks, type NamedTask } from "./task.ts";

const usage = `bun run grid:tasks --split ${SPLITS.join("|")} --tasks 60 --seed 1 <folder>`;

/** Numbered, so that a folder's files are in the order of the draws. */
function fileName({ family }: NamedTask, index: number): string {
  const number = String(index + 1).padStart(3, "0");
  return `${number}-${family.replace(/[^a-z]+/g, "-")}.json`;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      split: { type: "string", default: "heldout" },
      tasks: { type: "string", default: "60" },
      seed: { type: "string", default: "1" },
    },
  });
  const [folder] = positionals;
  const split = SPLITS.find((name) => name === values.split);
  const [tasks, seed] = [Number(values.tasks), Number(values.seed)];
  if (!folder || !split || !(Number.isInteger(tasks) && tasks > 0) || !Number.isInteger(seed)) {
    console.error(`Usage: ${usage}`);
    process.exit(2);
  }
  const made = writeTasks(folder, split, seed, tasks);
  console.log(
    `${made.length} tasks of ${new Set(made.map((t) => t.family)).size} families in ${folder}`,
  );
}

/** Writes a split's tasks into a folder, which is made where there is none. */
export function writeTasks(folder: string, split: Split, seed: number, count: number): NamedTask[] {
  mkdirSync(folder, { recursive: true });
  const tasks = makeTasks(split, seed, count);
  for (const [i, task] of tasks.entries()) {
    const { train, test } = task;
    writeFileSync(join(folder, fileName(task, i)), `${JSON.stringify({ train, test })}\n`);
  }
  return tasks;
}
