import { addEvent } from "../db/events.ts";
import type { Database } from "../db/open.ts";
import type { ModelTrainer } from "../trainer/types.ts";
import { Arbiter, type Tenant } from "./arbiter.ts";
import type { BaseModel, LearnerContext } from "./context.ts";
import type { TextGenerator } from "./generator/types.ts";
import type { Home } from "./home.ts";
import type { LoopContext } from "./loop.ts";
import { checkModel } from "./model.ts";
import type { LearnerSettings } from "./settings.ts";
import type { Teacher } from "./teacher/types.ts";

export interface RuntimeOptions {
  db: Database;
  home: Home;
  model: BaseModel;
  settings: LearnerSettings;
  startTrainer(model: BaseModel): Promise<ModelTrainer>;
  startGenerator(model: BaseModel): Promise<TextGenerator>;
  /** Where another model writes in the student's place. */
  startTeacher?(): Promise<Teacher>;
  controlMaterial?: LearnerContext["controlMaterial"];
}

/** What jobs need, and what answers questions: the model's two processes, each started when first asked for. */
export interface Runtime {
  context: LoopContext;
  /** Ends the processes. */
  close(): Promise<void>;
}

/**
 * Makes the context of jobs. Both processes stay while the memory holds both; where it does not, one
 * waits for the other, and the log says so. A process that died is forgotten with the request that it
 * took along, and the next one starts another.
 */
export function createRuntime(options: RuntimeOptions): Runtime {
  const { db, home, model, settings, controlMaterial } = options;
  const arbiter = new Arbiter((message) => note(db, message));
  const trainer = arbiter.tenant("training", async () => {
    await checkModel(db, model);
    return options.startTrainer(model);
  });
  const generator = arbiter.tenant("the chat model", async () => {
    await checkModel(db, model);
    return options.startGenerator(model);
  });
  // It may be elsewhere, and is started only when it is asked: it does not take part.
  const teacher = options.startTeacher && new Arbiter().tenant("the teacher", options.startTeacher);
  return {
    context: {
      db,
      home,
      model,
      settings,
      trainer: () => sharedTrainer(trainer),
      generator: () => sharedGenerator(generator),
      ...(teacher && { teacher: () => teacher.use(async (it) => it) }),
      ...(controlMaterial && { controlMaterial }),
    },
    close: async () => {
      await Promise.allSettled([trainer.close(), generator.close(), teacher?.close()]);
    },
  };
}

/** Starts it where it does not run yet; its process may be another one at each request. */
export async function sharedTrainer(tenant: Tenant<ModelTrainer>): Promise<ModelTrainer> {
  const info = await tenant.use(async (trainer) => trainer.info);
  return {
    info,
    train: (job, options) => tenant.use((trainer) => trainer.train(job, options), options?.signal),
    score: (pairs, options) =>
      tenant.use((trainer) => trainer.score(pairs, options), options?.signal),
    scoreUnder: (adapters, pairs, options) =>
      tenant.use((trainer) => trainer.scoreUnder(adapters, pairs, options), options?.signal),
    countTokens: (texts) => tenant.use((trainer) => trainer.countTokens(texts)),
    close: () => tenant.close(),
  };
}

export async function sharedGenerator(tenant: Tenant<TextGenerator>): Promise<TextGenerator> {
  return {
    generate: (requests, options) =>
      tenant.use((generator) => generator.generate(requests, options), options?.signal),
    embed: (texts, options) =>
      tenant.use((generator) => generator.embed(texts, options), options?.signal),
    close: () => tenant.close(),
  };
}

/** A full disk keeps it from the log, and nothing else. */
function note(db: Database, message: string): void {
  try {
    addEvent(db, { level: "info", kind: "memory.shared", message });
  } catch {}
}
