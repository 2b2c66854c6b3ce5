import type { Database } from "../db/open.ts";
import type { ModelTrainer } from "../trainer/types.ts";
import type { BaseModel } from "./context.ts";
import type { TextGenerator } from "./generator/types.ts";
import type { Home } from "./home.ts";
import type { LoopContext } from "./loop.ts";
import { checkModel } from "./model.ts";
import type { LearnerSettings } from "./settings.ts";

export interface RuntimeOptions {
  db: Database;
  home: Home;
  model: BaseModel;
  settings: LearnerSettings;
  startTrainer(model: BaseModel): Promise<ModelTrainer>;
  startGenerator(model: BaseModel): Promise<TextGenerator>;
}

/** What jobs need, and what answers questions: the model's two processes, each started when first asked for. */
export interface Runtime {
  context: LoopContext;
  /** Ends the processes. */
  close(): Promise<void>;
}

/**
 * Makes the context of jobs. A process that died is forgotten with the request that it took along,
 * and the next `trainer()` or `generator()` starts another.
 */
export function createRuntime(options: RuntimeOptions): Runtime {
  const { db, home, model, settings } = options;
  const trainer = new Restartable(async () => {
    await checkModel(db, model);
    return options.startTrainer(model);
  });
  const generator = new Restartable(async () => {
    await checkModel(db, model);
    return options.startGenerator(model);
  });
  return {
    context: {
      db,
      home,
      model,
      settings,
      trainer: async () => watchTrainer(await trainer.get(), trainer),
      generator: async () => watchGenerator(await generator.get(), generator),
    },
    close: async () => {
      await Promise.allSettled([trainer.close(), generator.close()]);
    },
  };
}

/** Something that is started once, however many ask at a time, and again after it was dropped. */
class Restartable<T extends { close(): Promise<void> }> {
  private current: Promise<T> | undefined;

  constructor(private readonly start: () => Promise<T>) {}

  get(): Promise<T> {
    if (this.current) return this.current;
    const current = this.start();
    this.current = current;
    // A failed start is not kept: what was wrong may be put right.
    current.catch(() => {
      if (this.current === current) this.current = undefined;
    });
    return current;
  }

  drop(value: T): void {
    const { current } = this;
    void current?.then((it) => {
      if (it !== value || this.current !== current) return;
      this.current = undefined;
      return value.close();
    }, ignore);
  }

  async close(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.then((value) => value.close(), ignore);
  }
}

function watchTrainer(trainer: ModelTrainer, from: Restartable<ModelTrainer>): ModelTrainer {
  const watch = <R>(result: Promise<R>) => watched(result, () => from.drop(trainer));
  return {
    info: trainer.info,
    train: (job, options) => watch(trainer.train(job, options)),
    score: (pairs, options) => watch(trainer.score(pairs, options)),
    scoreUnder: (adapters, pairs, options) => watch(trainer.scoreUnder(adapters, pairs, options)),
    countTokens: (texts) => watch(trainer.countTokens(texts)),
    close: () => trainer.close(),
  };
}

function watchGenerator(generator: TextGenerator, from: Restartable<TextGenerator>): TextGenerator {
  return {
    generate: (requests, options) =>
      watched(generator.generate(requests, options), () => from.drop(generator)),
    close: () => generator.close(),
  };
}

async function watched<R>(result: Promise<R>, died: () => void): Promise<R> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "child-died") died();
    throw error;
  }
}

function ignore(): void {}
