import type { PromptKind } from "../../db/candidates.ts";
import {
  addArms,
  type Budget,
  type ExperimentEdit,
  type Regime,
} from "../../db/experiment-results.ts";
import { type Arm, hasEdits, type Setting } from "./config.ts";
import { randomEdit, taughtEdit, writerName, writtenEdits } from "./edits.ts";
import type { Lab, LabPassage } from "./lab.ts";
import { learn, rowsOf, scoreBase, supervisedTokens, type UpdateSpec } from "./learn.ts";
import { bestEdit, ensureProbes, type RewardedEdit, rewardEdits } from "./reward.ts";

/** An arm in one of its forms. */
export interface ArmForm {
  arm: Arm;
  /** Empty where the arm has no edits. */
  kind: PromptKind | "";
  regime: Regime;
  budget: Budget;
}

/** What the reward chooses with: one passage at a time, at equal epochs. */
export type Selecting = (kind: PromptKind) => Promise<Setting>;

/** Which edits an arm learns on a passage. */
export class Edits {
  private readonly selections = new Map<string, Promise<ExperimentEdit>>();

  constructor(
    private readonly lab: Lab,
    private readonly selecting: Selecting,
  ) {}

  /** At most `samples` of them; none where the arm has none to learn. */
  async of(
    { arm, kind }: Pick<ArmForm, "arm" | "kind">,
    passage: LabPassage,
    seed: number,
    samples: number,
  ): Promise<ExperimentEdit[]> {
    const { lab } = this;
    const { rounds, edits: count } = lab.config;
    if (!hasEdits(arm) || kind === "") return [];
    if (arm === "teacher") {
      const edit = await taughtEdit(lab, passage, { seed, kind });
      return edit ? [edit] : [];
    }
    if (arm === "own") return writtenEdits(lab, passage, { rounds: 0, seed, kind, count: samples });
    if (arm === "seal") return writtenEdits(lab, passage, { rounds, seed, kind, count: samples });
    const best = await this.best(passage, seed, kind);
    if (arm === "best") return [best];
    const own = await writtenEdits(lab, passage, { rounds: 0, seed, kind, count });
    return [await randomEdit(lab, passage, own, best)];
  }

  /** The own edit with the highest reward. */
  private best(passage: LabPassage, seed: number, kind: PromptKind): Promise<ExperimentEdit> {
    const key = `${passage.id} ${seed} ${kind}`;
    let selection = this.selections.get(key);
    if (!selection) {
      selection = this.select(passage, seed, kind);
      this.selections.set(key, selection);
    }
    return selection;
  }

  private async select(passage: LabPassage, seed: number, kind: PromptKind) {
    const rewarded = await earnRewards(this.lab, passage, {
      seed,
      kind,
      rounds: 0,
      setting: await this.selecting(kind),
    });
    return bestEdit(rewarded);
  }
}

/** Has M edits written, each learned one passage at a time at equal epochs, and rewarded. */
export async function earnRewards(
  lab: Lab,
  passage: LabPassage,
  {
    seed,
    kind,
    rounds,
    setting,
  }: { seed: number; kind: PromptKind; rounds: number; setting: Setting },
): Promise<RewardedEdit[]> {
  const { config } = lab;
  if (needsProbes(lab, passage)) await ensureProbes(lab, passage);
  const edits = await writtenEdits(lab, passage, { rounds, seed, kind, count: config.edits });
  const base = await scoreBase(lab, [passage]);
  const { learningRate } = setting;
  const epochs = setting.epochs ?? config.recipe.epochs;
  const specs = edits.map((edit) => ({
    passages: [passage],
    edits: [edit],
    seed,
    learningRate,
    epochs,
  }));
  const updates = await learn(lab, specs);
  const place = {
    experimentId: lab.experiment.id,
    regime: "single" as const,
    budget: "epochs" as const,
    seed,
    unit: passage.id,
  };
  addArms(lab.db, [
    { ...place, arm: "none", kind: "", ordinal: 0, updateId: base.id },
    ...updates.map(({ id: updateId }, ordinal) => ({
      ...place,
      arm: writerName(rounds),
      kind,
      ordinal,
      updateId,
    })),
  ]);
  return rewardEdits(lab, base, edits, updates);
}

/** Whether a passage's reward questions are to be written: data with rules has them, and files may. */
export function needsProbes({ config }: Pick<Lab, "config">, passage: LabPassage): boolean {
  if (passage.role === "tune") return false;
  const own =
    passage.role === "write" ? config.reward === "gold" : passage.item.reward !== undefined;
  return !own;
}

/**
 * Epochs of an update under a budget of tokens: as many as come nearest to the supervised tokens that
 * the passages with the first own edit of each have at equal epochs.
 */
export async function epochsWithin(
  lab: Lab,
  spec: Pick<UpdateSpec, "passages" | "edits" | "seed">,
  kind: PromptKind,
): Promise<number> {
  const { recipe } = lab.config;
  const trainer = await lab.trainer();
  const own: ExperimentEdit[] = [];
  for (const passage of spec.passages) {
    const [edit] = await writtenEdits(lab, passage, { rounds: 0, seed: spec.seed, kind, count: 1 });
    own.push(edit!);
  }
  const wanted =
    recipe.epochs *
    (await supervisedTokens(
      trainer,
      await rowsOf(trainer, { passages: spec.passages, edits: own }),
    ));
  const each = await supervisedTokens(trainer, await rowsOf(trainer, spec));
  return Math.max(1, Math.round(wanted / each));
}

/**
 * What an arm learns with a setting, all of its samples. Passages that it has no edit for are left out:
 * there is nothing where none is left.
 */
export async function specsOf(
  lab: Lab,
  edits: Edits,
  form: ArmForm,
  passages: LabPassage[],
  { seed, samples, setting }: { seed: number; samples: number; setting: Setting },
): Promise<UpdateSpec[]> {
  const { arm, kind } = form;
  const { learningRate } = setting;
  const reference = kind === "" ? lab.config.kinds[0]! : kind;
  const able: { passage: LabPassage; own: ExperimentEdit[] }[] = [];
  for (const passage of passages) {
    const own = await edits.of(form, passage, seed, samples);
    if (own.length > 0 || !hasEdits(arm)) able.push({ passage, own });
  }
  if (able.length === 0) return [];
  const count = hasEdits(arm) ? Math.min(...able.map(({ own }) => own.length)) : 1;
  const specs: UpdateSpec[] = [];
  for (let i = 0; i < count; i++) {
    const spec = {
      passages: able.map(({ passage }) => passage),
      edits: able.flatMap(({ own }) => own.slice(i, i + 1)),
      seed,
    };
    const epochs = setting.epochs ?? (await epochsWithin(lab, spec, reference));
    specs.push({ ...spec, learningRate, epochs });
  }
  return specs;
}
