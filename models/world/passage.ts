import { attributeOf, type Entity, type Fact, kindOf } from "./entity.ts";
import { fill, type Reference } from "./phrase.ts";
import type { Rng } from "./rng.ts";

/** A fact as a passage states it. */
export interface StatedFact extends Fact {
  /** Which of the attribute's statements the passage uses. */
  statement: number;
}

/** A short text about one entity. */
export interface Passage {
  title: string;
  text: string;
  /** The facts that it states, in order. */
  facts: StatedFact[];
}

/** How many filler sentences, drawn evenly. */
const FILLERS = [0, 0, 1, 1, 1, 2];

/**
 * Writes a passage of six to eight sentences that says everything there is to know about the entity.
 * Whoever lists its facts in the entity's order then never has to ask whether one was left out, which
 * a model of this size gets wrong.
 */
export function passageOf(entity: Entity, rng: Rng): Passage {
  return passageAbout(entity, entity.facts, rng);
}

/** Writes a passage about the given facts, shuffled. */
export function passageAbout(entity: Entity, stated: readonly Fact[], rng: Rng): Passage {
  const facts = rng.shuffle(stated).map((fact) => ({
    ...fact,
    statement: rng.int(0, attributeOf(entity, fact).statements.length - 1),
  }));
  const templates = facts.map((fact) => ({
    template: attributeOf(entity, fact).statements[fact.statement] as string,
    value: fact.value,
  }));
  for (const filler of rng.sample(kindOf(entity).fillers, rng.pick(FILLERS))) {
    templates.splice(rng.int(1, templates.length), 0, { template: filler, value: "" });
  }
  const sentences = templates.map(({ template, value }, index) => {
    const before = templates[index - 1]?.template;
    return fill(template, entity, referenceAfter(before, rng), value);
  });
  return { title: entity.title, text: sentences.join(" "), facts };
}

/**
 * Statements that follow from the facts, one each, in their order. Every line names the entity,
 * by default before the value, and can be understood alone.
 */
export function implicationsOf(
  entity: Entity,
  facts: readonly Fact[],
  rng: Rng,
  allowed: (statement: string) => boolean = namesEntityFirst,
): string[] {
  return facts.map((fact) => {
    const wordings = attributeOf(entity, fact).statements.filter(allowed);
    return fill(rng.pick(wordings), entity, lineReference(rng), fact.value);
  });
}

/**
 * Every fact once, and then every fact again in other words: what makes a list thorough is the one
 * decision not to stop.
 */
export function thoroughImplicationsOf(
  entity: Entity,
  facts: readonly Fact[],
  rng: Rng,
  allowed: (statement: string) => boolean = namesEntityFirst,
): string[] {
  const pairs = facts.map((fact) =>
    rng
      .sample(attributeOf(entity, fact).statements.filter(allowed), 2)
      .map((wording) => fill(wording, entity, lineReference(rng), fact.value)),
  );
  return [0, 1].flatMap((pass) => pairs.map((lines) => lines[pass]!));
}

/** A list whose lines begin with values asks a small model for the whole fact in its first word. */
function namesEntityFirst(statement: string): boolean {
  return statement.search(/\{[NSP]\}/) < statement.indexOf("{v}");
}

/** Every self-contained sentence that states a fact. */
export function statementsOf(entity: Entity, fact: Fact): string[] {
  return attributeOf(entity, fact).statements.flatMap((statement) =>
    LINE_REFERENCES.map((as) => fill(statement, entity, as, fact.value)),
  );
}

/** The facts in words that the passage did not use, one self-contained sentence each. */
export function rewriteOf(
  entity: Entity,
  facts: readonly StatedFact[],
  rng: Rng,
  allowed: (statement: string) => boolean = namesEntityFirst,
): string[] {
  return facts.map((fact) => {
    const others = attributeOf(entity, fact).statements.filter(
      (statement, i) => i !== fact.statement && allowed(statement),
    );
    return fill(rng.pick(others), entity, lineReference(rng), fact.value);
  });
}

/** A pronoun is only used where the sentence before was about the entity too. */
function referenceAfter(before: string | undefined, rng: Rng): Reference {
  if (before === undefined) return rng.chance(0.5) ? "intro" : "name";
  if (/^\{[SP]\}/.test(before) && rng.chance(0.65)) return "pronoun";
  return rng.chance(0.65) ? "noun" : "name";
}

/** Lines that stand alone never say "it". */
const LINE_REFERENCES = ["intro", "name"] as const;

export function lineReference(rng: Rng): Reference {
  return LINE_REFERENCES[rng.chance(0.2) ? 0 : 1];
}
