import type { Pronoun } from "../names.ts";
import type { ValueSpec } from "../values.ts";

/**
 * One attribute of a kind of entity and all its wordings.
 *
 * Slots: `{N}` the entity by name or noun, `{S}` the entity as subject (a pronoun is possible),
 * `{P}` its possessive, `{v}` the value, `{a}` and `{A}` the article before the value.
 */
export interface Attribute {
  id: string;
  value: ValueSpec;
  /** Noun phrases that name the attribute, for general question frames. */
  nouns: string[];
  statements: string[];
  questions: string[];
  /** Wordings that are never trained on: the strict measure of having learned a fact. */
  unseen: string[];
}

export interface Kind {
  id: string;
  /** How the entity is named inside a sentence; `{core}` is the invented word. */
  full: string[];
  /** A longer form that also says what it is; `{name}` is the full form, without its article if a word precedes it. */
  intro: string;
  /** How later sentences refer to it; empty for people, whose family name serves. */
  noun: string;
  /** People are `he` or `she`, one by one. */
  pronoun: Pronoun | "person";
  attributes: Attribute[];
  /** Sentences that state no fact. */
  fillers: string[];
}

/** One string per line, blank lines ignored. */
export function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** Builds an attribute from line tables. */
export function attribute(
  id: string,
  value: ValueSpec,
  nouns: string[],
  table: { statements: string; questions: string; unseen: string },
): Attribute {
  return {
    id,
    value,
    nouns,
    statements: lines(table.statements),
    questions: lines(table.questions),
    unseen: lines(table.unseen),
  };
}
