import {
  addControl,
  addRehearsals,
  type ControlItemRow,
  listControl,
  listRehearsals,
  type RehearsalRow,
} from "../../db/control.ts";
import { addEvent } from "../../db/events.ts";
import { transaction } from "../../db/open.ts";
import type { LearnerContext } from "../context.ts";
import { baseFingerprint } from "../model.ts";
import { writeRehearsal } from "../replay/rehearsal.ts";
import { buildControl } from "./build.ts";
import { GENERAL } from "./general.ts";

/** Begin and end token of a row. */
const FRAME_TOKENS = 2;

/**
 * The control set of the instance's base model; made at first use and then never changed, since what
 * is compared must stay the same. Items go to the gate and to the report in turn.
 */
export async function controlSet(
  context: LearnerContext,
  split?: ControlItemRow["split"],
): Promise<ControlItemRow[]> {
  const { db, settings, signal } = context;
  const { items } = settings.control;
  if (items === 0) return [];
  const model = baseFingerprint(db);
  if (listControl(db, model).length === 0) {
    const [generator, trainer] = await Promise.all([context.generator(), context.trainer()]);
    const material = (await context.controlMaterial?.()) ?? GENERAL;
    const options = { items: 2 * items, seed: settings.seed, ends: context.model.embedded, signal };
    const built = await buildControl({ generator, trainer }, material, options);
    const rows = [...Map.groupBy(built, ({ kind }) => kind).values()].flatMap((own) =>
      own.map((item, i) => ({
        ...item,
        model,
        split: i % 2 === 0 ? ("gate" as const) : ("report" as const),
      })),
    );
    transaction(db, () => {
      if (listControl(db, model).length > 0) return;
      addControl(db, rows);
      const message = `Chose ${rows.length} things that the base model knows and can do, to watch them: none of them is ever trained on.`;
      addEvent(db, { level: "info", kind: "control.made", message });
    });
  }
  return listControl(db, model, split);
}

/** What the base wrote to be practised beside what is new; written at first use. */
export async function rehearsalSet(context: LearnerContext): Promise<RehearsalRow[]> {
  const { db, settings, signal } = context;
  const { share, texts, questions } = settings.rehearsal;
  if (share === 0 || texts + questions === 0) return [];
  const model = baseFingerprint(db);
  const stored = listRehearsals(db, model);
  if (stored.length > 0) return stored;
  const control = await controlSet(context);
  const [generator, trainer] = await Promise.all([context.generator(), context.trainer()]);
  const written = await writeRehearsal(generator, {
    texts,
    questions,
    seed: settings.seed,
    forbidden: control.map(({ about }) => about),
    signal,
  });
  const tokens = await trainer.countTokens(written.map(({ prompt, output }) => prompt + output));
  const room = trainer.info.contextLength;
  const rows = written
    .map((row, i) => ({ ...row, model, tokens: tokens[i]! + FRAME_TOKENS }))
    .filter((row) => row.tokens <= room);
  transaction(db, () => {
    if (listRehearsals(db, model).length > 0) return;
    addRehearsals(db, rows);
    const message = `The base model wrote ${rows.length} rows about what it knows and can do, to be practised beside what is new.`;
    addEvent(db, { level: "info", kind: "rehearsal.made", message });
  });
  return listRehearsals(db, model);
}
