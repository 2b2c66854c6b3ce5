import { capitalise, type Entity } from "./entity.ts";

/** How a sentence refers to its entity. */
export type Reference = "name" | "intro" | "noun" | "pronoun";

const POSSESSIVE = { he: "his", she: "her", it: "its" } as const;

/**
 * Fills the slots of a template (kinds/kind.ts lists them). A pronoun can only stand as subject
 * or possessive; elsewhere the noun does. Whatever follows the first mention is a pronoun too:
 * nobody says "Ilsa Torvane earned Ilsa Torvane's living".
 */
export function fill(template: string, entity: Entity, as: Reference, value = ""): string {
  let mentioned = false;
  const text = template.replace(/\{(\w)\}/g, (_, slot: string) => {
    if (slot === "v") return value;
    if (slot === "a") return article(value);
    if (slot === "A") return capitalise(article(value));
    const second = mentioned;
    mentioned = true;
    if (slot === "P") {
      if (second || as === "pronoun") return POSSESSIVE[entity.pronoun];
      // "The town of Torvane's river" would be the river of something else.
      return possessive(referent(entity, as === "intro" ? "name" : as));
    }
    if (slot === "S" && (second || as === "pronoun")) return entity.pronoun;
    return referent(entity, as === "pronoun" ? "noun" : as);
  });
  return capitalise(text);
}

function referent(entity: Entity, as: Exclude<Reference, "pronoun">): string {
  if (as === "noun") return entity.noun;
  return as === "intro" ? entity.intro : entity.name;
}

function possessive(name: string): string {
  return name.endsWith("s") ? `${name}'` : `${name}'s`;
}

function article(value: string): string {
  return /^[aeiou]/i.test(value) ? "an" : "a";
}
