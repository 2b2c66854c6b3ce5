import { describe, expect, test } from "bun:test";
import {
  distractorsOf,
  echoQuestionsOf,
  implicationsOf,
  makeWorld,
  passageOf,
  questionsOf,
  questionWordings,
  Rng,
  rewriteOf,
  splitOf,
} from "../../../models/world/index.ts";
import { KINDS } from "../../../models/world/kinds/index.ts";
import { PLACE_PREFIXES } from "../../../models/world/names.ts";

const train = makeWorld({ seed: 1, split: "train", count: 300 });
const heldout = makeWorld({ seed: 1, split: "heldout", count: 300 });

const words = (text: string): string[] => text.match(/\p{Lu}\p{L}+/gu) ?? [];
const familyName = (person: string) => person.slice(person.indexOf(" ") + 1);

describe("tables", () => {
  for (const kind of KINDS) {
    test(`${kind.id} has enough wordings, all with their slots`, () => {
      expect(kind.attributes.length).toBeGreaterThanOrEqual(6);
      expect(new Set(kind.attributes.map((a) => a.id)).size).toBe(kind.attributes.length);
      for (const attribute of kind.attributes) {
        expect(attribute.statements.length).toBeGreaterThanOrEqual(6);
        expect(attribute.questions.length).toBeGreaterThanOrEqual(6);
        expect(attribute.unseen).toHaveLength(2);
        for (const statement of attribute.statements) {
          expect(statement).toMatch(/^(?=.*\{v\}).*\{[NSP]\}.*\.$/);
          expect(statement).not.toMatch(/\b[Aa]n? \{v\}/);
        }
        for (const question of [...attribute.questions, ...attribute.unseen]) {
          expect(question).toMatch(/\{[NP]\}.*\?$/);
          expect(question).not.toContain("{v}");
        }
      }
    });
  }

  test("no unseen wording is a seen one of any kind", () => {
    const seen = new Set<string>();
    const unseen = new Set<string>();
    for (const entity of train) {
      const as = { ...entity, name: "the X", title: "The X" };
      for (const fact of entity.facts) {
        for (const wording of questionWordings(as, fact, "seen")) seen.add(wording);
        for (let i = 0; i < 20; i++) seen.add(echoQuestionsOf(as, [fact], new Rng(i))[0]!.question);
        for (const wording of questionWordings(as, fact, "unseen")) unseen.add(wording);
      }
    }
    expect([...unseen].filter((wording) => seen.has(wording))).toEqual([]);
  });
});

describe("entities", () => {
  test("the same seed gives the same world", () => {
    expect(makeWorld({ seed: 1, split: "train", count: 300 })).toEqual(train);
    expect(makeWorld({ seed: 2, split: "train", count: 300 })).not.toEqual(train);
  });

  test("names differ, and every kind occurs", () => {
    expect(new Set(train.map((entity) => entity.name)).size).toBe(300);
    expect(new Set(train.map((entity) => entity.kind)).size).toBe(KINDS.length);
  });

  test("avoided names do not appear", () => {
    const first = train.slice(0, 10).map((entity) => entity.name);
    const rest = makeWorld({ seed: 1, split: "train", count: 290, avoid: first });
    expect(rest.map((entity) => entity.name)).toEqual(train.slice(10).map((e) => e.name));
  });

  test("every invented word belongs to its entity's split", () => {
    const shared = new Set(
      [...KINDS.flatMap((kind) => kind.full), ...PLACE_PREFIXES].flatMap(words),
    );
    for (const entity of [...train, ...heldout]) {
      const names = entity.facts
        .filter((fact) => ["person", "place", "river"].includes(fact.type))
        .map((fact) => (fact.type === "person" ? familyName(fact.value) : fact.value));
      names.push(entity.kind === "person" ? familyName(entity.name) : entity.name);
      for (const name of names) {
        const cores = words(name).filter((word) => !shared.has(word));
        expect(cores).toHaveLength(1);
        expect(splitOf(cores[0]!)).toBe(entity.split);
      }
    }
  });
});

describe("texts", () => {
  const rng = new Rng(7);
  for (const [name, world] of [
    ["train", train],
    ["heldout", heldout],
  ] as const) {
    test(`${name}: every fact of a passage, answer and study line stands as it should`, () => {
      for (const entity of world) {
        const passage = passageOf(entity, rng);
        const sentences = passage.text.split(/(?<=\.) /);
        expect(passage.facts).toHaveLength(entity.facts.length);
        expect(sentences.length).toBeGreaterThanOrEqual(6);
        expect(sentences.length).toBeLessThanOrEqual(8);
        expect(passage.text).not.toMatch(/[{}]|undefined/);
        expect(passage.text).toContain(entity.name.replace(/^the /, ""));

        for (const lines of [
          implicationsOf(entity, passage.facts, rng),
          rewriteOf(entity, passage.facts, rng),
        ]) {
          expect(lines).toHaveLength(passage.facts.length);
          for (const [index, statement] of lines.entries()) {
            expect(statement).toContain(entity.name.replace(/^the /, ""));
            expect(statement).toContain(passage.facts[index]!.value);
            expect(statement).not.toMatch(/[{}]/);
          }
        }
        for (const wording of ["seen", "unseen"] as const) {
          for (const question of questionsOf(entity, passage.facts, rng, wording)) {
            expect(question.question).toContain(entity.name.replace(/^the /, ""));
            expect(passage.text).toContain(question.answer);
          }
        }
      }
    });
  }

  test("a statement asked back has one question word, no value and no slot left", () => {
    for (const entity of train.slice(0, 100)) {
      for (const { question, answer } of echoQuestionsOf(entity, entity.facts, rng)) {
        expect(question).toMatch(/^\p{Lu}.*\?$/u);
        expect(question).toMatch(/\b(which|how many|what|whom?)\b/i);
        expect(question).not.toContain(answer);
        expect(question).not.toMatch(/[{}]/);
      }
    }
  });

  test("a rewrite never repeats the passage's own sentence template", () => {
    for (const entity of train.slice(0, 50)) {
      const passage = passageOf(entity, rng);
      const lines = rewriteOf(entity, passage.facts, rng);
      expect(passage.text.split(/(?<=\.) /)).not.toEqual(lines);
    }
  });

  test("distractors are different values of the same kind", () => {
    for (const entity of train.slice(0, 50)) {
      for (const fact of entity.facts) {
        const others = distractorsOf(entity, fact, 4, rng);
        expect(new Set([fact.value, ...others]).size).toBe(5);
      }
    }
  });
});
