import {
  implicationsPrompt,
  openBook,
  questionAnswer,
  questionsPrompt,
  rewritePrompt,
} from "../../agent/prompts.ts";
import {
  implicationsOf,
  passageAbout,
  questionsOf,
  Rng,
  rewriteOf,
  streamEntities,
} from "../world/index.ts";
import { LISTS, MONTHS } from "../world/lists.ts";
import { EVERYDAY } from "./english.ts";
import { splitPieces } from "./split.ts";

/** Values that are words are common enough to become tokens. */
const VALUE_COUNT = 150;
/** Everyday words count as if each occurred this often, by itself and capitalised. */
const EVERYDAY_COUNT = 60;

/** Of an entity's facts, in a text. */
const MIN_FACTS = 4;
const anyWording = () => true;

/**
 * Counts the pieces of `entities` fresh entities' texts and of everyday English. Each entity
 * comes once: frequent syllables become tokens, whole names do not.
 */
export function countPieces(seed: number, entities: number): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (text: string, times = 1) => {
    for (const piece of splitPieces(text)) counts.set(piece, (counts.get(piece) ?? 0) + times);
  };
  const rng = new Rng(`tokenizer:${seed}`);
  const stream = streamEntities({ seed: `tokenizer:${seed}`, split: "train" });
  for (let i = 0; i < entities; i++) {
    const entity = stream.next().value;
    const some = rng.sample(entity.facts, rng.int(MIN_FACTS, entity.facts.length));
    const passage = passageAbout(entity, some, rng);
    count(implicationsPrompt(passage));
    count(implicationsOf(entity, passage.facts, rng, anyWording).join("\n"));
    const questions = questionsOf(entity, passage.facts, rng, "seen");
    count(questions.map((q) => questionAnswer(q.question, q.answer)).join("\n"));
    count(rng.pick(["", rewritePrompt(passage), questionsPrompt(passage), openBook(passage, "")]));
    count(rewriteOf(entity, passage.facts, rng, anyWording).join("\n"));
  }
  for (const values of [...Object.values(LISTS), MONTHS]) {
    for (const value of values) count(` ${value}`, VALUE_COUNT);
  }
  for (const word of EVERYDAY) {
    count(` ${word}`, EVERYDAY_COUNT);
    count(` ${word.charAt(0).toUpperCase()}${word.slice(1)}`, EVERYDAY_COUNT / 6);
    count(word, EVERYDAY_COUNT / 6);
  }
  return counts;
}
