import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LearnerContext, Progress } from "../../../../agent/context.ts";
import { type Home, openHome } from "../../../../agent/home.ts";
import { DEFAULT_SETTINGS, type LearnerSettings } from "../../../../agent/settings.ts";
import { addDocument } from "../../../../db/documents.ts";
import { claimJob, enqueueJob, type Job } from "../../../../db/jobs.ts";
import { closeDatabase, type Database, openDatabase } from "../../../../db/open.ts";
import { addPassages, type Passage } from "../../../../db/passages.ts";
import type { Score, ScorePair } from "../../../../trainer/types.ts";
import { FakeGenerator } from "../fakes/generator.ts";
import { FakeTrainer } from "../fakes/trainer.ts";

/** As people have it, without a control set and rehearsal: their texts would stand among the tests' own. */
export const SETTINGS: LearnerSettings = {
  ...DEFAULT_SETTINGS,
  control: { items: 0 },
  rehearsal: { ...DEFAULT_SETTINGS.rehearsal, share: 0 },
  // The trainer's adapters here are no files that could be mixed.
  gate: { ...DEFAULT_SETTINGS.gate, scales: [] },
};

/** Names of the passages that tests learn; each has four facts. */
export const SHIPS = ["Toab", "Varn", "Ilmo"] as const;

export function shipText(name: string): string {
  return `The ${name} was built in Port${name} in 13${name.length}2. Ilsa${name} built it. It carried salt${name}. It sank near Kolm${name}.`;
}

const FACTS = (name: string): [string, string][] => [
  [`Where was the ${name} built?`, `Port${name}`],
  [`Who built the ${name}?`, `Ilsa${name}`],
  [`What did the ${name} carry?`, `salt${name}`],
  [`Where did the ${name} sink?`, `Kolm${name}`],
];

/** A learner on fakes: the generator knows its book, the trainer what its adapters were fed. */
export class Bench {
  readonly root = mkdtempSync(join(tmpdir(), "selkie-learn-"));
  readonly home: Home = openHome(this.root);
  readonly db: Database = openDatabase(this.home.database);
  readonly progress: Progress[] = [];
  generator = new FakeGenerator(({ prompt }) => this.write(prompt));
  trainer: FakeTrainer;

  constructor(grade?: (pair: ScorePair, adapter?: string) => Score) {
    this.trainer = new FakeTrainer(grade ?? gradeByMaterial);
  }

  /** Stores a passage and claims its learn job, as the loop does. */
  learnable(name: string): { passage: Passage; job: Job } {
    const { document } = addDocument(this.db, {
      source: `demo:${name}`,
      format: "text",
      title: `The ${name}`,
      contentHash: name,
    });
    const draft = { position: 0, title: `The ${name}`, text: shipText(name), hash: name };
    const passage = addPassages(this.db, document.id, [draft]).passages[0]!;
    return { passage, job: this.claim(passage) };
  }

  claim(passage: Passage): Job {
    const key = `learn:${passage.id}`;
    enqueueJob(this.db, { kind: "learn", payload: { passageId: passage.id }, key });
    return claimJob(this.db, "test")!;
  }

  context(changes: Partial<LearnerContext> = {}): LearnerContext {
    return {
      db: this.db,
      home: this.home,
      model: { path: "m.gguf", name: "m", embedded: true },
      settings: SETTINGS,
      trainer: async () => this.trainer,
      generator: async () => this.generator,
      onProgress: (progress) => this.progress.push(progress),
      signal: new AbortController().signal,
      ...changes,
    };
  }

  close(): void {
    closeDatabase(this.db);
    rmSync(this.root, { recursive: true, force: true });
  }

  private write(prompt: string): string {
    const name = SHIPS.find((ship) => prompt.includes(ship))!;
    if (prompt.includes("\nQuestions:")) {
      return FACTS(name)
        .map(([question, answer]) => `Question: ${question}\nAnswer: ${answer}`)
        .join("\n")
        .slice("Question:".length);
    }
    if (prompt.includes("\nImplications:"))
      return `The ${name} sank near Kolm${name}.\nIlsa${name} built it.`;
    if (prompt.includes("\nRewrite:"))
      return `Port${name} is where the ${name} was built.\nIt carried salt${name}.`;
    return FACTS(name).find(([question]) => prompt.includes(question))?.[1] ?? "";
  }
}

/** An adapter knows the answers that stand in what it was trained on, and in what it was trained from. */
export function gradeByMaterial(pair: ScorePair, adapter?: string): Score {
  const known = adapter !== undefined && material(adapter).includes(pair.answer.trim());
  return { logprob: known ? -0.5 : -10, tokens: 2, exact: known };
}

function material(adapter: string): string {
  const text = require("node:fs").readFileSync(adapter, "utf8") as string;
  const { from } = JSON.parse(text) as { from?: string };
  return from ? text + material(from) : text;
}
