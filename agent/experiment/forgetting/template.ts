import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ControlItemRow, listControl } from "../../../db/control.ts";
import { closeDatabase, openDatabase } from "../../../db/open.ts";
import type { LearnerContext } from "../../context.ts";
import { controlSet, rehearsalSet } from "../../control/store.ts";
import { openHome } from "../../home.ts";
import { baseFingerprint, checkModel } from "../../model.ts";

/** Marks a folder that a student has made to the end. */
const DATABASE = "selkie.db";

/**
 * Makes the data folder that every course of the learner begins from, once: with the control set and what
 * the base wrote to be practised, which are then the same for all.
 * @param context all of a learner's but for its own data folder
 */
export async function ensureTemplate(
  folder: string,
  context: Omit<LearnerContext, "db" | "home">,
): Promise<void> {
  if (existsSync(join(folder, DATABASE))) return;
  const making = `${folder}.part`;
  rmSync(making, { recursive: true, force: true });
  const home = openHome(making);
  const db = openDatabase(home.database);
  try {
    await checkModel(db, context.model);
    await controlSet({ ...context, db, home });
    await rehearsalSet({ ...context, db, home });
  } finally {
    closeDatabase(db);
  }
  renameSync(making, folder);
}

/** Begins a data folder from the template. */
export function copyTemplate(template: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(template, DATABASE), join(folder, DATABASE));
}

/** The half of the control set that decides nothing. */
export function reportControl(template: string): ControlItemRow[] {
  const db = openDatabase(join(template, DATABASE));
  try {
    return listControl(db, baseFingerprint(db), "report");
  } finally {
    closeDatabase(db);
  }
}
