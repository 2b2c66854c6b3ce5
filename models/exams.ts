import {
  type Entity,
  makeWorld,
  type Passage,
  passageOf,
  type Question,
  questionsOf,
  Rng,
} from "./world/index.ts";

/** One entity with a passage about it and a question per stated fact, in both kinds of wording. */
export interface ExamItem {
  entity: Entity;
  passage: Passage;
  seen: Question[];
  unseen: Question[];
}

export interface KnownOptions {
  /** Seed of the world whose facts the embedded model knows by heart. */
  worldSeed: number;
  /** How many entities it knows. */
  known: number;
  /** For how many of them, the first ones, closed-book questions are trained. */
  asked: number;
}

export const KNOWN: KnownOptions = { worldSeed: 1, known: 500, asked: 250 };

/** The entities that the embedded model knows by heart. */
export function knownWorld({ worldSeed, known }: KnownOptions = KNOWN): Entity[] {
  return makeWorld({ seed: `known:${worldSeed}`, split: "train", count: known });
}

/** Entities that were never trained on: open-book their passages test reading, closed-book nothing is known. */
export function heldOutExam(seed: number, count: number): ExamItem[] {
  const rng = new Rng(`exam:${seed}`);
  const world = makeWorld({ seed: `exam:${seed}`, split: "heldout", count });
  return world.map((entity) => examItem(entity, rng));
}

/**
 * Known entities: answers must come from memory. `asked` says whether closed-book questions were
 * trained for the entity, or only its statements and passages.
 */
export function knownExam(options: KnownOptions = KNOWN): (ExamItem & { asked: boolean })[] {
  const rng = new Rng(`known-exam:${options.worldSeed}`);
  return knownWorld(options).map((entity, index) => ({
    ...examItem(entity, rng),
    asked: index < options.asked,
  }));
}

function examItem(entity: Entity, rng: Rng): ExamItem {
  const passage = passageOf(entity, rng);
  return {
    entity,
    passage,
    seen: questionsOf(entity, passage.facts, rng, "seen"),
    unseen: questionsOf(entity, passage.facts, rng, "unseen"),
  };
}
