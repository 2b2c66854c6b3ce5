import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ControlItemRow } from "../../../db/control.ts";
import type { NewUpdate } from "../../../db/experiment-results.ts";
import {
  addStep,
  type Course,
  courseSteps,
  forgetCourse,
  type StepControl,
} from "../../../db/experiment-steps.ts";
import type { Experiment } from "../../../db/experiments.ts";
import type { Database } from "../../../db/open.ts";
import {
  asksControl,
  BASE_ARM,
  type ForgettingArm,
  type ForgettingConfig,
  isLearnerArm,
  isWhole,
  settingsOf,
} from "./config.ts";
import { LearnerStudent } from "./learner-student.ts";
import { inOrder, makeLessons, sequencePassages } from "./lessons.ts";
import { askControl, askLessons } from "./look.ts";
import { JointStudent, ReplayAllStudent, SealStudent } from "./plain-student.ts";
import type { ForgettingRequest } from "./request.ts";
import type { Learned, Lesson, Student, StudentOptions } from "./student.ts";
import { ensureTemplate, reportControl } from "./template.ts";
import { type Trained, TrainLog } from "./train-log.ts";

export interface CoursesOptions extends Omit<ForgettingRequest, "onProgress"> {
  experiment: Experiment;
  /** Where what arms know lies while they learn. */
  folder: string;
  /** So many passages have been learned (or found learned already). */
  onProgress(work: { phase: string; learned?: number; found?: number }): void;
  isLate(): boolean;
}

/** The courses of a configuration that are not over. */
export function openCourses(
  db: Database,
  experimentId: number,
  { arms, sequences, orders, length }: ForgettingConfig,
): Course[] {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  const all = numbers(sequences).flatMap((sequence) =>
    numbers(orders).flatMap((ordering) =>
      arms.map((arm): Course => ({ experimentId, arm, sequence, ordering })),
    ),
  );
  return all.filter((course) => courseSteps(db, course).at(-1)?.step !== length);
}

/** All courses of an experiment: each arm on each sequence, in each order. */
export class Courses {
  private readonly template: string;
  private control: ControlItemRow[] = [];

  constructor(private readonly options: CoursesOptions) {
    this.template = join(options.folder, "template");
  }

  /**
   * Takes every course that is not over, sequence by sequence, so that what is there is balanced whenever
   * it ends. @returns whether all are over; false where the time was up
   */
  async run(): Promise<boolean> {
    const { config, onProgress } = this.options;
    const { sequences, orders, arms } = config;
    onProgress({ phase: "finding out what the base knows" });
    mkdirSync(this.options.folder, { recursive: true });
    await ensureTemplate(this.template, this.learnerContext());
    this.control = reportControl(this.template);
    for (let sequence = 1; sequence <= sequences; sequence++) {
      if (this.options.isLate()) return false;
      onProgress({ phase: `sequence ${sequence} of ${sequences}: writing edits` });
      const lessons = await this.lessonsOf(sequence);
      await this.askBase(sequence, lessons);
      for (let ordering = 1; ordering <= orders; ordering++) {
        for (const arm of arms) {
          const over = await this.take(arm, { sequence, ordering }, lessons);
          if (!over) return false;
        }
      }
    }
    return true;
  }

  private async lessonsOf(sequence: number): Promise<Lesson[]> {
    const { config, data } = this.options;
    const read = () => data.sequence(sequence);
    const passages = sequencePassages(this.options, sequence, config.length, read);
    return makeLessons(this.options, passages, config);
  }

  /** How the questions of a sequence stand before anything is learned: row 0. */
  private async askBase(sequence: number, lessons: Lesson[]): Promise<void> {
    const { db, config, experiment, signal } = this.options;
    const course = { experimentId: experiment.id, arm: BASE_ARM, sequence, ordering: 1 };
    if (courseSteps(db, course).length > 0) return;
    const voice = { trainer: await this.options.trainer(), adapter: null };
    const scores = await askLessons(voice, lessons, { end: config.end, signal });
    const control = await askControl(voice, this.control, signal);
    const nothing = { learn: 0, train: 0, sleep: 0 };
    const learned = { verdict: "base", reason: "", seconds: nothing };
    this.record(course, 0, { lessons: [], learned, trained: [], control }, scores);
  }

  private async take(
    arm: ForgettingArm,
    place: Pick<Course, "sequence" | "ordering">,
    all: Lesson[],
  ): Promise<boolean> {
    const { db, config, experiment, onProgress, signal } = this.options;
    const { length } = config;
    const course: Course = { experimentId: experiment.id, arm, ...place };
    // Everything at once is the last step, and there is no other.
    const first = arm === "joint" ? length : 1;
    const done = courseSteps(db, course).at(-1)?.step ?? 0;
    const folder = join(this.options.folder, `${arm}-${place.sequence}-${place.ordering}`);
    if (done === length) {
      onProgress({ phase: "", found: length });
      return true;
    }
    const lessons = inOrder(all, place.ordering, place.sequence);
    const { student, begun } = this.open(course, folder, lessons, done);
    onProgress({ phase: "", found: begun });
    try {
      for (let step = Math.max(first, begun + 1); step <= length; step++) {
        signal.throwIfAborted();
        if (this.options.isLate()) return false;
        onProgress({ phase: phaseOf(course, step, config) });
        await this.step(course, student, lessons, step);
        onProgress({ phase: "", learned: arm === "joint" ? length : 1 });
      }
    } finally {
      await student.student.close();
    }
    rmSync(folder, { recursive: true, force: true });
    return true;
  }

  /** Who takes a course: where it was, or from the beginning where what was known is gone. */
  private open(course: Course, folder: string, lessons: Lesson[], done: number) {
    const open = () => {
      mkdirSync(folder, { recursive: true });
      const questions = lessons.flatMap(({ questions }) =>
        questions.flatMap(({ use, question }) => (use === "report" ? [question] : [])),
      );
      const log = new TrainLog(join(folder, "trained.jsonl"), questions);
      return { log, student: this.student(course.arm as ForgettingArm, folder, lessons, log) };
    };
    if (done > 0 && existsSync(folder)) {
      const student = open();
      if (student.student.knows(done)) return { student, begun: done };
      void student.student.close();
    }
    forgetCourse(this.options.db, course);
    rmSync(folder, { recursive: true, force: true });
    return { student: open(), begun: 0 };
  }

  private student(arm: ForgettingArm, folder: string, lessons: Lesson[], log: TrainLog): Student {
    const { config, model, generator, startTrainer, signal } = this.options;
    const trainer = async () => log.watch(await this.options.trainer());
    const own: StudentOptions = {
      ...{ config, model, folder, lessons, log, trainer, startTrainer, generator, signal },
    };
    if (isLearnerArm(arm)) return new LearnerStudent(own, settingsOf(config, arm), this.template);
    if (arm === "seal") return new SealStudent(own);
    return arm === "joint" ? new JointStudent(own) : new ReplayAllStudent(own);
  }

  private async step(
    course: Course,
    { student, log }: { student: Student; log: TrainLog },
    lessons: Lesson[],
    step: number,
  ): Promise<void> {
    const { config, signal } = this.options;
    log.step = step;
    const learned = await student.learn(step);
    const voice = await student.voice();
    // The passage itself, and the next one: what forward transfer needs.
    const asked = isWhole(config, step) ? lessons : lessons.slice(step - 1, step + 1);
    const scores = await askLessons(voice, asked, { end: config.end, signal });
    const control = asksControl(config, step)
      ? await askControl(voice, this.control, signal)
      : null;
    const taught = course.arm === "joint" ? lessons : [lessons[step - 1]!];
    this.record(course, step, { lessons: taught, learned, trained: log.of(step), control }, scores);
  }

  private record(
    course: Course,
    step: number,
    found: { lessons: Lesson[]; learned: Learned; trained: Trained[]; control: StepControl | null },
    scores: Parameters<typeof addStep>[3],
  ): void {
    const { lessons, learned, trained, control } = found;
    const total = (value: (one: Trained) => number) =>
      trained.reduce((sum, one) => sum + value(one), 0);
    const { verdict, reason, seconds } = learned;
    const row = {
      ...course,
      step,
      passageId: lessons.length === 1 ? lessons[0]!.passage.id : null,
      ...{ verdict, reason, seconds, control },
      rows: total(({ rows }) => rows),
      askedRows: total(({ asked }) => asked),
    };
    const { train } = this.options.config.learner;
    const update: NewUpdate = {
      experimentId: course.experimentId,
      key: [course.arm, course.sequence, course.ordering, step].join("/"),
      passageIds: lessons.map(({ passage }) => passage.id),
      editIds: lessons.flatMap(({ editIds }) => editIds),
      seed: train.seed,
      learningRate: train.learningRate,
      epochs: train.epochs,
      tokens: total(({ tokens }) => tokens),
      supervisedTokens: total(({ supervisedTokens }) => supervisedTokens),
      steps: total(({ steps }) => steps),
      firstLoss: trained[0]?.firstLoss ?? null,
      lastLoss: trained.at(-1)?.lastLoss ?? null,
      diverged: false,
      seconds: learned.seconds.learn + learned.seconds.sleep,
    };
    addStep(this.options.db, row, update, scores);
  }

  /** All of a learner's context but for its data folder, with every defence. */
  private learnerContext() {
    const { config, model, trainer, generator, controlMaterial, signal } = this.options;
    const settings = settingsOf(config, "full");
    return {
      ...{ model, settings, trainer, generator, signal, onProgress: () => {} },
      ...(controlMaterial && { controlMaterial }),
    };
  }
}

function phaseOf(
  { arm, sequence, ordering }: Course,
  step: number,
  { sequences, orders, length }: ForgettingRequest["config"],
): string {
  const order = orders > 1 ? `, order ${ordering} of ${orders}` : "";
  return `sequence ${sequence} of ${sequences}${order}: ${arm}, passage ${step} of ${length}`;
}
