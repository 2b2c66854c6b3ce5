import { random, seedFor, shuffled } from "../../../trainer/random.ts";
import type { ExamItem } from "../../exam.ts";

/** A passage with the questions people asked about it. */
export type ExamPassage = ExamItem & { context: string };

/** A passage to be learned, and the other article whose text the placebo is trained on. */
export interface PlaceboCase {
  passage: ExamPassage;
  other: { title: string; texts: string[] };
}

/** Fewer questions say too little about a passage. */
const MIN_QUESTIONS = 3;

/**
 * Chooses passages over all articles in turn, by a seed, and gives each the text of another article.
 * @throws RangeError when there are fewer than two articles
 */
export function choosePassages(items: ExamItem[], count: number, seed: number): PlaceboCase[] {
  const usable = items.filter((item): item is ExamPassage =>
    Boolean(item.context?.trim() && item.questions.length >= MIN_QUESTIONS),
  );
  const articles = [...Map.groupBy(usable, ({ title }) => title)].map(([title, list]) => {
    const next = random(seedFor(seed, title));
    return { title, list: shuffled(list.length, next).map((i) => list[i]!) };
  });
  if (articles.length < 2) {
    throw new RangeError(
      `The placebo needs passages of two articles at least, with a context and ${MIN_QUESTIONS} questions each; the file has ${articles.length}.`,
    );
  }
  const cases: PlaceboCase[] = [];
  for (let round = 0; cases.length < count; round++) {
    const before = cases.length;
    articles.forEach(({ list }, i) => {
      const passage = list[round];
      if (!passage || cases.length >= count) return;
      const { title, list: texts } =
        articles[(i + 1 + (round % (articles.length - 1))) % articles.length]!;
      cases.push({ passage, other: { title, texts: texts.map(({ context }) => context) } });
    });
    if (cases.length === before) break;
  }
  return cases;
}
