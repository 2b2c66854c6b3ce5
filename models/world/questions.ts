import { attributeOf, type Entity, type Fact } from "./entity.ts";
import { lineReference } from "./passage.ts";
import { fill, type Reference } from "./phrase.ts";
import type { Rng } from "./rng.ts";

/** `seen` wordings are trained on, `unseen` ones never. */
export type Wording = "seen" | "unseen";

export interface Question {
  /** Names its entity, so that it can be asked with the passage closed. */
  question: string;
  /** Stands verbatim in any passage that states the fact. */
  answer: string;
  attribute: string;
}

/** Wordings that fit every attribute; `{W}` is the question word, `{n}` the attribute's noun. */
const FRAMES = [
  "{W} is the {n} of {N}?",
  "{W} was the {n} of {N}?",
  "{W} is {P} {n}?",
  "Do you know the {n} of {N}?",
  "Can you name the {n} of {N}?",
];

/** Share of seen questions that use a general frame. */
const FRAME_SHARE = 0.25;

/** All templates of an attribute's questions: its own, then the general frames. */
export function questionTemplates(
  entity: Entity,
  fact: Fact,
  wording: Wording,
): { own: string[]; framed: string[] } {
  const attribute = attributeOf(entity, fact);
  if (wording === "unseen") return { own: attribute.unseen, framed: [] };
  const word = attribute.value.type === "person" ? "Who" : "What";
  const framed = attribute.nouns.flatMap((noun) =>
    FRAMES.map((frame) => frame.replace("{W}", word).replace("{n}", noun)),
  );
  return { own: attribute.questions, framed };
}

/** Every wording of the question about one fact. */
export function questionWordings(
  entity: Entity,
  fact: Fact,
  wording: Wording,
  as: Reference = "name",
): string[] {
  const { own, framed } = questionTemplates(entity, fact, wording);
  return [...new Set([...own, ...framed].map((template) => fill(template, entity, as)))];
}

/** One question per fact, in their order, each in a wording drawn at random. */
export function questionsOf(
  entity: Entity,
  facts: readonly Fact[],
  rng: Rng,
  wording: Wording,
): Question[] {
  return facts.map((fact) => {
    const { own, framed } = questionTemplates(entity, fact, wording);
    const template = rng.pick(framed.length > 0 && rng.chance(FRAME_SHARE) ? framed : own);
    return {
      question: fill(template, entity, lineReference(rng)),
      answer: fact.value,
      attribute: fact.attribute,
    };
  });
}
