import { attributeOf, type Entity, type Fact } from "./entity.ts";
import { lineReference } from "./passage.ts";
import { fill, type Reference } from "./phrase.ts";
import type { Rng } from "./rng.ts";
import type { ValueSpec } from "./values.ts";

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

/**
 * One question per fact, in their order, each a statement whose value is asked for in its place
 * ("The builders of the Torvane Bridge used what?"). They teach that a question may use any
 * statement's words. None is an unseen wording.
 */
export function echoQuestionsOf(entity: Entity, facts: readonly Fact[], rng: Rng): Question[] {
  return facts.map((fact) => ({
    question: fill(rng.pick(echoTemplates(entity, fact)), entity, lineReference(rng)),
    answer: fact.value,
    attribute: fact.attribute,
  }));
}

/** An attribute's statements as questions. */
function echoTemplates(entity: Entity, fact: Fact): string[] {
  const { statements, unseen, value } = attributeOf(entity, fact);
  return statements
    .map((statement) => echo(statement, value))
    .filter((template) => !unseen.some((other) => sameWords(template, other)));
}

function echo(statement: string, value: ValueSpec): string {
  const first = statement.startsWith("{v}");
  return statement
    .replace(/((a|an|the|\{a\}|\{A\}) )?((river|year|colour) )?\{v\}/i, questionWord(value, first))
    .replace(/\.$/, "?");
}

function questionWord(value: ValueSpec, first: boolean): string {
  switch (value.type) {
    case "year":
      return "which year";
    case "date":
      return "which date";
    case "quantity":
      return `how many ${value.unit}`;
    case "person":
      return first ? "who" : "whom";
    case "place":
      return "which place";
    case "river":
      return "which river";
    case "list":
      return "what";
  }
}

const sameWords = (a: string, b: string): boolean => bare(a) === bare(b);
const bare = (template: string): string => template.replace(/\{[NS]\}/g, "{N}").toLowerCase();
