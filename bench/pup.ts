/**
 * What the embedded model can do, on entities that it has never seen:
 *
 *     bun run bench:pup --world-seed 7 --entities 100 --json
 *
 * Answers are scored teacher-forced (every token and the end token the argmax after the gold
 * prefix, which is what greedy decoding gives); texts are generated.
 */
import { parseArgs } from "node:util";
import { Generator } from "../agent/generator/index.ts";
import { parseQuestions } from "../agent/probe/parse.ts";
import {
  answerText,
  closedBook,
  implicationsPrompt,
  openBook,
  type PassageText,
  questionsPrompt,
} from "../agent/prompts.ts";
import { EMBEDDED_MODEL } from "../app/config.ts";
import { type ExamItem, heldOutExam, knownExam } from "../models/exams.ts";
import { questionWordings, statementsOf } from "../models/world/index.ts";
import { Trainer } from "../trainer/index.ts";

const { values: flags } = parseArgs({
  options: {
    model: { type: "string", default: EMBEDDED_MODEL },
    "world-seed": { type: "string", default: "7" },
    entities: { type: "string", default: "100" },
    json: { type: "boolean", default: false },
  },
});

const started = performance.now();
const trainer = await Trainer.start({ model: flags.model, backend: "cpu" });
const generator = await Generator.start({ model: flags.model, backend: "cpu" });
const heldOut = heldOutExam(Number(flags["world-seed"]), Number(flags.entities));
const known = knownExam();

const result = {
  worldSeed: Number(flags["world-seed"]),
  entities: heldOut.length,
  openBook: {
    seen: await asked(heldOut, "seen", true),
    unseen: await asked(heldOut, "unseen", true),
  },
  closedBook: {
    knownAsked: await asked(
      known.filter((item) => item.asked),
      "seen",
      false,
    ),
    knownNeverAsked: await asked(
      known.filter((item) => !item.asked),
      "seen",
      false,
    ),
    heldOut: await asked(heldOut, "seen", false),
  },
  implications: { greedy: await implications(0), sampled: await implications(1) },
  questions: { greedy: await questions(0), sampled: await questions(1) },
  seconds: 0,
};
result.seconds = (performance.now() - started) / 1000;
await Promise.all([trainer.close(), generator.close()]);

if (flags.json) console.log(JSON.stringify(result, null, 2));
else {
  const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
  const { openBook: open, closedBook: closed } = result;
  console.log(`${result.entities} held-out entities of world ${result.worldSeed}`);
  console.log(`open-book, seen wordings              ${percent(open.seen)}`);
  console.log(`open-book, unseen wordings            ${percent(open.unseen)}`);
  console.log(`known entities, questions trained     ${percent(closed.knownAsked)}`);
  console.log(`known entities, never asked           ${percent(closed.knownNeverAsked)}`);
  console.log(`held-out entities, closed-book        ${percent(closed.heldOut)}`);
  const row = (what: string, key: keyof ListQuality, list: Lists): void =>
    console.log(`${what.padEnd(39) + percent(list.greedy[key])} / ${percent(list.sampled[key])}`);
  row("implications right, T=0 / T=1", "right", result.implications);
  row("facts that they cover", "covered", result.implications);
  row("question-answer pairs right, T=0 / T=1", "right", result.questions);
  row("facts that they cover", "covered", result.questions);
}
process.exit(0);

/** Share of questions answered exactly. */
async function asked(
  items: readonly ExamItem[],
  wording: "seen" | "unseen",
  open: boolean,
): Promise<number> {
  const pairs = items.flatMap((item) =>
    item[wording].map(({ question, answer }) => ({
      context: open ? openBook(item.passage, question) : closedBook(question),
      answer: answerText(answer),
    })),
  );
  const scores = await trainer.score(pairs);
  return scores.filter((score) => score.exact).length / scores.length;
}

async function written(prompt: (passage: PassageText) => string, temperature: number) {
  return generator.generate(
    heldOut.map(({ passage }, seed) => ({
      prompt: prompt(passage),
      maxTokens: 480,
      temperature,
      seed: seed + 1,
    })),
  );
}

/** What a list that the model writes about a passage is worth. */
interface ListQuality {
  /** Share of its items that are true to the letter; a repeated one counts each time. */
  right: number;
  /** Share of the passage's facts that at least one right item states. */
  covered: number;
}

/** By greedy decoding, and sampled at temperature 1. */
interface Lists {
  greedy: ListQuality;
  sampled: ListQuality;
}

/** @param attributes the attribute that each written item states rightly, per passage */
function quality(attributes: (string | undefined)[][]): ListQuality {
  const written = attributes.flat();
  const facts = heldOut.reduce((all, { passage }) => all + passage.facts.length, 0);
  const covered = attributes.reduce(
    (all, items) => all + new Set(items.filter((item) => item !== undefined)).size,
    0,
  );
  return {
    right: written.filter((item) => item !== undefined).length / Math.max(1, written.length),
    covered: covered / facts,
  };
}

/** Written lines that are true statements about the passage's entity, and right pairs after them. */
async function implications(temperature: number): Promise<ListQuality> {
  const texts = await written(implicationsPrompt, temperature);
  return quality(
    heldOut.map((item, i) => {
      const stated = new Map(
        item.passage.facts.flatMap((fact) =>
          statementsOf(item.entity, fact).map((statement) => [statement, fact.attribute] as const),
        ),
      );
      const lines = (texts[i] as string).split("\n").filter((line) => line.trim() !== "");
      const [asking, stating] = [true, false].map((wanted) =>
        lines.filter((line) => /^(Question|Answer):/.test(line) === wanted),
      ) as [string[], string[]];
      return [
        ...stating.map((line) => stated.get(line.trim())),
        ...pairsOf(item, asking.join("\n")),
      ];
    }),
  );
}

/** Written pairs whose question is a wording of a stated fact and whose answer is right. */
async function questions(temperature: number): Promise<ListQuality> {
  const texts = await written(questionsPrompt, temperature);
  return quality(heldOut.map((item, i) => pairsOf(item, texts[i] as string)));
}

/** The attribute that each pair in a text asks and answers rightly. */
function pairsOf({ entity, passage }: ExamItem, text: string): (string | undefined)[] {
  const asked = new Map(
    passage.facts.flatMap((fact) =>
      (["name", "intro"] as const).flatMap((as) =>
        questionWordings(entity, fact, "seen", as).map((question) => [question, fact] as const),
      ),
    ),
  );
  return parseQuestions(text).map(({ question, answer }) => {
    const fact = asked.get(question);
    return fact?.value === answer ? fact.attribute : undefined;
  });
}
