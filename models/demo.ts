import { makeEntity, passageOf, type Question, questionsOf, Rng } from "./world/index.ts";
import { KINDS } from "./world/kinds/index.ts";

/** A newspaper item from the invented world that the embedded model has never read. */
export interface DemoPassage {
  title: string;
  text: string;
  /** A question per fact that the text states, each understandable without it. */
  questions: Question[];
}

/** `count` passages about held-out entities, as different in kind as possible. */
export function demoPassages(seed: number, count: number): DemoPassage[] {
  const rng = new Rng(`demo:${seed}`);
  const kinds = rng.shuffle(KINDS);
  const titles = new Set<string>();
  const passages: DemoPassage[] = [];
  while (passages.length < count) {
    const entity = makeEntity(rng, "heldout", kinds[passages.length % kinds.length]);
    if (titles.has(entity.title)) continue;
    titles.add(entity.title);
    const { title, text, facts } = passageOf(entity, rng);
    passages.push({ title, text, questions: questionsOf(entity, facts, rng, "seen") });
  }
  return passages;
}
