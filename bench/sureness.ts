/**
 * What the word beside an answer is worth: how often the embedded model is right when it is sure, half sure,
 * unsure or guessing, asked with every passage closed of things that it knows by heart and, as many, of things
 * that it has never heard of.
 *
 *     bun run bench:sureness --questions 400
 */
import { parseArgs } from "node:util";
import { writeAnswer } from "../agent/ask.ts";
import { Generator } from "../agent/generator/index.ts";
import { sameAnswer } from "../agent/probe/answers.ts";
import { closedBook } from "../agent/prompts.ts";
import { EMBEDDED_MODEL } from "../app/config.ts";
import { heldOutExam, knownExam } from "../models/exams.ts";
import { type Question, Rng } from "../models/world/index.ts";
import { sureness } from "../views/ask-words.ts";

const { values: flags } = parseArgs({
  options: {
    questions: { type: "string", default: "400" },
    seed: { type: "string", default: "7" },
  },
});
const half = Math.floor(Number(flags.questions) / 2);
const rng = new Rng(`sureness:${flags.seed}`);
const some = (exam: { seen: Question[] }[]) =>
  rng.sample(
    exam.flatMap(({ seen }) => seen),
    half,
  );
const known = some(knownExam());
const unheard = some(heldOutExam(Number(flags.seed), half));

const generator = await Generator.start({ model: EMBEDDED_MODEL, backend: "cpu" });
const tally = new Map<string, { answers: number; right: number; known: number }>();
for (const [i, { question, answer }] of [...known, ...unheard].entries()) {
  const { text, logprob } = await writeAnswer(generator, closedBook(question));
  const { words } = sureness(logprob ?? Number.NEGATIVE_INFINITY);
  const row = tally.get(words) ?? { answers: 0, right: 0, known: 0 };
  row.answers += 1;
  row.right += Number(sameAnswer(text, answer));
  row.known += Number(i < known.length);
  tally.set(words, row);
}
await generator.close();
console.log(JSON.stringify(Object.fromEntries(tally), null, 2));
