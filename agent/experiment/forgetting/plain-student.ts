import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mergeModel } from "../../../trainer/index.ts";
import { type ModelTrainer, TrainerError, type TrainingRow } from "../../../trainer/types.ts";
import { rewardOf, standings, standingsUnder } from "../../reward/reward.ts";
import { editRows } from "../../study/rows.ts";
import { probeOf } from "../learn.ts";
import {
  type Learned,
  type Lesson,
  type Student,
  type StudentOptions,
  textOf,
  type Voice,
} from "./student.ts";

/** Whose weights a step begins from, and what it is trained on besides the lesson. */
interface Beginning {
  trainer: ModelTrainer;
  /** An adapter that goes on. */
  from?: string;
  lessons: Lesson[];
  /** Lessons that were learned before and are trained on again. */
  again: Lesson[];
}

/** Training without the learner around it: what arms have in common that are no setting of its. */
export abstract class PlainStudent implements Student {
  constructor(protected readonly options: StudentOptions) {}

  abstract knows(steps: number): boolean;
  abstract learn(step: number): Promise<Learned>;
  abstract voice(): Promise<Voice>;
  async close(): Promise<void> {}

  /**
   * Trains an adapter for each edit and keeps the one that earned the highest reward; where there is one edit,
   * nothing is chosen. It is trained as the learner's candidates are.
   */
  protected async train(
    step: number,
    { trainer, from, lessons, again }: Beginning,
  ): Promise<Learned> {
    const { learner } = this.options.config;
    const { signal } = this.options;
    const started = performance.now();
    const count = Math.max(...lessons.map(({ edits }) => edits.length));
    const old = (await Promise.all(again.map((lesson) => rowsOf(trainer, lesson, 0)))).flat();
    const made: string[] = [];
    let seconds = 0;
    for (let i = 0; i < count; i++) {
      const own = await Promise.all(lessons.map((lesson) => rowsOf(trainer, lesson, i)));
      const out = this.path(`candidate-${i}.gguf`);
      try {
        const result = await trainer.train(
          {
            rows: [...own.flat(), ...old],
            lora: learner.lora,
            options: { ...learner.train, seed: learner.train.seed + step },
            ...(from !== undefined && { from }),
            out,
          },
          { signal },
        );
        seconds += result.seconds;
        made.push(out);
      } catch (error) {
        if (!(error instanceof TrainerError && error.code === "diverged")) throw error;
      }
    }
    const best = await this.best(trainer, from, lessons, made);
    if (best) await Bun.write(this.adapter(step), Bun.file(best));
    else if (from) await Bun.write(this.adapter(step), Bun.file(from));
    for (const path of made) rmSync(path, { force: true });
    return {
      verdict: best ? "commit" : "reject",
      reason: best ? "" : "Training diverged.",
      seconds: { learn: (performance.now() - started) / 1000, train: seconds, sleep: 0 },
    };
  }

  /** The adapter after a step. */
  protected adapter(step: number): string {
    return this.path(`adapter-${step}.gguf`);
  }

  /** The same, where the training of that step did not diverge. */
  protected learned(step: number): string | null {
    return existsSync(this.adapter(step)) ? this.adapter(step) : null;
  }

  protected path(name: string): string {
    return join(this.options.folder, name);
  }

  private async best(
    trainer: ModelTrainer,
    from: string | undefined,
    lessons: Lesson[],
    made: string[],
  ): Promise<string | undefined> {
    if (made.length < 2) return made[0];
    const { config, signal } = this.options;
    const probes = lessons.flatMap(({ questions }) =>
      questions.filter(({ use }) => use === "reward").map((it) => probeOf(it, config.end)),
    );
    const before = await standings(trainer, probes, { adapter: from ?? null, signal });
    const after = await standingsUnder(trainer, made, probes, { signal });
    const rewards = after.map((own) => rewardOf(before, own).reward);
    return made[rewards.indexOf(Math.max(...rewards))];
  }
}

/** SEAL's way: a new adapter at each step, merged into the weights (arXiv 2506.10943, section 5). */
export class SealStudent extends PlainStudent {
  /** The model that the next adapter is trained on, and how many are merged in it. */
  private loaded: { merged: number; trainer: ModelTrainer } | undefined;
  private steps = 0;

  knows(steps: number): boolean {
    this.steps = steps;
    const base = steps < 2 || existsSync(this.merged(steps - 1));
    return steps === 0 || existsSync(this.merged(steps)) || (base && this.learned(steps) !== null);
  }

  async learn(step: number): Promise<Learned> {
    const lesson = this.options.lessons[step - 1]!;
    const trainer = await this.load(step - 1);
    const learned = await this.train(step, { trainer, lessons: [lesson], again: [] });
    this.steps = step;
    if (step > 1) rmSync(this.adapter(step - 1), { force: true });
    return learned;
  }

  async voice(): Promise<Voice> {
    const trainer = await this.load(Math.max(0, this.steps - 1));
    return { trainer, adapter: this.learned(this.steps) };
  }

  override async close(): Promise<void> {
    await this.loaded?.trainer.close();
    this.loaded = undefined;
  }

  /** The base with the adapters of so many steps merged into it, exactly: in single precision. */
  private async load(steps: number): Promise<ModelTrainer> {
    if (steps === 0) return this.options.trainer();
    if (this.loaded?.merged === steps) return this.loaded.trainer;
    await this.close();
    const out = this.merged(steps);
    if (!existsSync(out)) {
      const base = steps === 1 ? this.options.model.path : this.merged(steps - 1);
      const part = `${out}.part`;
      const adapters = [{ path: this.adapter(steps) }];
      if (this.learned(steps) === null) copyFileSync(base, part);
      else await mergeModel({ base, adapters, out: part, type: "f32" }, { threads: 1 });
      renameSync(part, out);
    }
    const trainer = this.options.log.watch(await this.options.startTrainer(out));
    this.loaded = { merged: steps, trainer };
    if (steps > 1) rmSync(this.merged(steps - 1), { force: true });
    return trainer;
  }

  private merged(steps: number): string {
    return this.path(`merged-${steps}.gguf`);
  }
}

/** One adapter that goes on, trained on everything so far each time: what replay costs at most, and brings. */
export class ReplayAllStudent extends PlainStudent {
  private steps = 0;

  knows(steps: number): boolean {
    this.steps = steps;
    return steps === 0 || this.learned(steps) !== null;
  }

  async learn(step: number): Promise<Learned> {
    const { lessons, trainer } = this.options;
    const from = this.learned(step - 1);
    const learned = await this.train(step, {
      trainer: await trainer(),
      lessons: [lessons[step - 1]!],
      again: lessons.slice(0, step - 1),
      ...(from !== null && { from }),
    });
    this.steps = step;
    rmSync(this.adapter(step - 2), { force: true });
    return learned;
  }

  async voice(): Promise<Voice> {
    return { trainer: await this.options.trainer(), adapter: this.learned(this.steps) };
  }
}

/** Everything at once from the untouched base, in one training: nothing comes before or after. */
export class JointStudent extends PlainStudent {
  knows(steps: number): boolean {
    return steps === 0;
  }

  async learn(step: number): Promise<Learned> {
    const { lessons, trainer } = this.options;
    return this.train(step, { trainer: await trainer(), lessons, again: [] });
  }

  async voice(): Promise<Voice> {
    const { lessons, trainer } = this.options;
    return { trainer: await trainer(), adapter: this.learned(lessons.length) };
  }
}

/** The rows of one of a lesson's edits; of the first where there are not as many. */
async function rowsOf(trainer: ModelTrainer, lesson: Lesson, edit: number): Promise<TrainingRow[]> {
  const { lines } = lesson.edits[edit] ?? lesson.edits[0]!;
  return editRows(trainer, textOf(lesson), lines);
}
