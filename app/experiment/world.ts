import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ExperimentData, ExperimentItem, GoldQuestion } from "../../agent/experiment/data.ts";
import { sha256 } from "../../agent/read/hash.ts";
import { pairLine } from "../../agent/study/lines.ts";
import type { PromptKind } from "../../db/candidates.ts";
import { Corpus, type ExamItem, heldOutExam } from "../../models/corpus.ts";
import { Tokenizer } from "../../models/tokenizer/tokenizer.ts";
import {
  type Entity,
  type Fact,
  implicationsOf,
  type Passage,
  questionsOf,
  questionWordings,
  Rng,
  rewriteOf,
  thoroughImplicationsOf,
} from "../../models/world/index.ts";
import { EMBEDDED_MODEL } from "../config.ts";

/** Reward questions of a fact, each in a wording of its own. */
const REWARD_WORDINGS = 2;
/** Steps of pre-training whose rows the audit looks through; there is no end to them. */
const AUDITED_STEPS = 150;

/**
 * Passages about entities of the invented world that the embedded model has never met. Report questions
 * have every wording that the world keeps apart (`unseen`) and one that pre-training has (`seen`);
 * reward questions have pre-training's, too, but others: of an attribute's wordings, every other one is
 * for rewards.
 */
export function worldData(seed: number, count: number, embedded: boolean): ExperimentData {
  const items = heldOutExam(seed, count).map((exam, i) => itemOf(exam, i + 1, seed));
  const told = items.map(({ ruled: _, ...item }) => item);
  return {
    name: `invented world, seed ${seed}`,
    hash: sha256(JSON.stringify(told)),
    items,
    problems: [],
    ...(embedded && { pretraining: pretrainingTexts }),
  };
}

function itemOf({ entity, passage }: ExamItem, number: number, seed: number): ExperimentItem {
  const rng = new Rng(`experiment:${seed}:${number}`);
  const questions: GoldQuestion[] = [];
  const reward: GoldQuestion[] = [];
  for (const fact of passage.facts) {
    const gold = (question: string, wording: GoldQuestion["wording"]): GoldQuestion => ({
      question,
      answers: [fact.value],
      wording,
    });
    const seen = questionWordings(entity, fact, "seen");
    const choosing = seen.filter((_, i) => i % 2 === 0);
    const measuring = seen.filter((_, i) => i % 2 === 1);
    questions.push(...questionWordings(entity, fact, "unseen").map((it) => gold(it, "unseen")));
    questions.push(gold(rng.pick(measuring), "seen"));
    reward.push(...rng.sample(choosing, REWARD_WORDINGS).map((it) => gold(it, "seen")));
  }
  return {
    number,
    title: passage.title,
    context: passage.text,
    questions,
    reward,
    ruled: (kind, seed) => ruledEdit(entity, passage, kind, new Rng(`ruled:${seed}:${number}`)),
  };
}

/** An edit as the world itself would write it: nothing in it is wrong. */
function ruledEdit(entity: Entity, passage: Passage, kind: PromptKind, rng: Rng): string[] {
  const { facts } = passage;
  const statements = (facts: readonly Fact[]) => implicationsOf(entity, facts, rng);
  switch (kind) {
    case "implications":
      return statements(facts);
    case "implications-long":
      return thoroughImplicationsOf(entity, facts, rng);
    case "self-qa":
      return questionsOf(entity, facts, rng, "seen").map(pairLine);
    case "rewrite":
    case "none":
      return rewriteOf(entity, facts, rng);
  }
}

/** What the embedded model was pre-trained on, as much of it as an audit looks through. */
export function pretrainingTexts(): string[] {
  const path = join(dirname(EMBEDDED_MODEL), "tokenizer.json");
  const corpus = new Corpus(new Tokenizer(JSON.parse(readFileSync(path, "utf8"))));
  return Array.from({ length: AUDITED_STEPS }, (_, step) => corpus.texts(step))
    .flat()
    .map(({ row }) => row.segments.map(({ text }) => text).join(""));
}
