import { KINDS } from "./kinds/index.ts";
import type { Attribute, Kind } from "./kinds/kind.ts";
import { coreName, type Pronoun, personName, type Split } from "./names.ts";
import { Rng } from "./rng.ts";
import { drawDistractors, drawValue, typeName } from "./values.ts";

/** One thing that is true of an entity. */
export interface Fact {
  /** Attribute id, unique within the kind. */
  attribute: string;
  /** Facts of one type have interchangeable values: `person`, `year`, `quantity:metres`. */
  type: string;
  value: string;
}

export interface Entity {
  kind: string;
  split: Split;
  /** The name inside a sentence, with its article: `the Torvane Bridge`. */
  name: string;
  /** The name as a heading: `The Torvane Bridge`. */
  title: string;
  /** The longer form: `the ship Torvane`. */
  intro: string;
  /** The short form: `the ship`, or a person's family name. */
  noun: string;
  pronoun: Pronoun;
  /** One fact per attribute of the kind, in its order. */
  facts: Fact[];
}

const KIND_BY_ID = new Map(KINDS.map((kind) => [kind.id, kind]));

export function kindOf(entity: Entity): Kind {
  return KIND_BY_ID.get(entity.kind) as Kind;
}

export function attributeOf(entity: Entity, fact: Fact): Attribute {
  const found = kindOf(entity).attributes.find((attribute) => attribute.id === fact.attribute);
  if (found === undefined) throw new Error(`a ${entity.kind} has no ${fact.attribute}`);
  return found;
}

/** Invents one entity of a random kind (or of `kind`). */
export function makeEntity(rng: Rng, split: Split, kind: Kind = rng.pick(KINDS)): Entity {
  let pronoun: Pronoun;
  let name: string;
  let noun = kind.noun;
  if (kind.pronoun === "person") {
    pronoun = rng.chance(0.5) ? "she" : "he";
    name = personName(rng, split, pronoun);
    noun = name.slice(name.indexOf(" ") + 1);
  } else {
    pronoun = kind.pronoun;
    name = rng.pick(kind.full).replace("{core}", coreName(rng, split));
  }
  const intro =
    kind.intro === "{name}" ? name : kind.intro.replace("{name}", name.replace(/^the /, ""));
  const facts = kind.attributes.map((attribute) => ({
    attribute: attribute.id,
    type: typeName(attribute.value),
    value: drawValue(attribute.value, rng, split),
  }));
  return { kind: kind.id, split, name, title: capitalise(name), intro, noun, pronoun, facts };
}

export interface WorldOptions {
  seed: number | string;
  split: Split;
  /** Names that must not appear again. */
  avoid?: Iterable<string>;
}

/** An endless stream of entities with different names. */
export function* streamEntities(options: WorldOptions): Generator<Entity, never> {
  const rng = new Rng(`${options.split}:${options.seed}`);
  const used = new Set(options.avoid ?? []);
  for (;;) {
    const entity = makeEntity(rng, options.split);
    if (used.has(entity.name)) continue;
    used.add(entity.name);
    yield entity;
  }
}

/**
 * `count` entities with different names. The name spaces of the two splits never meet, nor do
 * the names of the people and places in their facts.
 */
export function makeWorld(options: WorldOptions & { count: number }): Entity[] {
  const world: Entity[] = [];
  if (options.count <= 0) return world;
  for (const entity of streamEntities(options)) {
    world.push(entity);
    if (world.length === options.count) return world;
  }
  return world;
}

/** Other values that the same question could have had. */
export function distractorsOf(entity: Entity, fact: Fact, count: number, rng: Rng): string[] {
  return drawDistractors(attributeOf(entity, fact).value, fact.value, count, rng, entity.split);
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
