/**
 * One turn of the outer loop on the synthetic world, with the parts that the running agent uses:
 * edits of the untouched base are rewarded, the writer is trained on the best, and both writers are
 * compared on passages that it was not trained on.
 *
 *     bun bench/writer.ts --seed 1 --train 24 --try 16 --edits 5 --kind implications
 *
 * With `--as knowledge` the second writer is a student that has learned the training passages.
 * Rewards come from questions in seen wordings; what is gained in unseen wordings, which nothing was
 * selected on, is shown beside it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mean } from "../agent/decide.ts";
import { Generator } from "../agent/generator/index.ts";
import { answerText, closedBook } from "../agent/prompts.ts";
import { chooseDistractors } from "../agent/reward/distractors.ts";
import { type RewardProbe, standings } from "../agent/reward/reward.ts";
import { DEFAULT_SETTINGS } from "../agent/settings.ts";
import { editRows } from "../agent/study/rows.ts";
import { sampleEdits } from "../agent/study/written.ts";
import { bestOf } from "../agent/writer/best.ts";
import { compareWriters, judge } from "../agent/writer/compare.ts";
import { earn } from "../agent/writer/earn.ts";
import { trainWriter } from "../agent/writer/fit.ts";
import { EMBEDDED_MODEL } from "../app/config.ts";
import type { PromptKind } from "../db/candidates.ts";
import { type ExamItem, heldOutExam } from "../models/exams.ts";
import type { Question } from "../models/world/index.ts";
import { Trainer } from "../trainer/index.ts";

const { values: flags } = parseArgs({
  options: {
    model: { type: "string", default: EMBEDDED_MODEL },
    seed: { type: "string", default: "1" },
    train: { type: "string", default: "24" },
    try: { type: "string", default: "16" },
    edits: { type: "string", default: "5" },
    lists: { type: "string", default: "1" },
    kind: { type: "string", default: "implications" },
    epochs: { type: "string" },
    "writer-epochs": { type: "string" },
    "writer-rate": { type: "string" },
    /** `policy`: trained to write; `knowledge`: trained on what was written, as the student is. */
    as: { type: "string", default: "policy" },
  },
});
const seed = Number(flags.seed);
const kind = flags.kind as PromptKind;
const lists = Number(flags.lists);
const folder = mkdtempSync(join(tmpdir(), "selkie-writer-"));
const scratch = join(folder, "candidate.gguf");
const { lora, writer } = DEFAULT_SETTINGS;
const inner = {
  ...DEFAULT_SETTINGS.train,
  epochs: Number(flags.epochs ?? DEFAULT_SETTINGS.train.epochs),
};
const outer = {
  ...writer.train,
  epochs: Number(flags["writer-epochs"] ?? writer.train.epochs),
  learningRate: Number(flags["writer-rate"] ?? writer.train.learningRate),
};
const say = (line: string) => process.stderr.write(`${line}\n`);

const started = performance.now();
const trainer = await Trainer.start({ model: flags.model, backend: "cpu" });
const generator = await Generator.start({ model: flags.model, backend: "cpu" });
const exam = heldOutExam(1000 + seed, Number(flags.train) + Number(flags.try));
const items = exam.map((item, id) => {
  const seen = probesOf(item, "seen");
  return { id, ...item.passage, seen: seen.length, probes: [...seen, ...probesOf(item, "unseen")] };
});
const [train, tried] = [items.slice(0, Number(flags.train)), items.slice(Number(flags.train))];

const edits = [];
for (const item of train) {
  const before = await standings(trainer, item.probes);
  const kinds = Array(Number(flags.edits)).fill(kind);
  const sampling = { seed: seed * 10_007 + item.id * 100, lists };
  for (const edit of await sampleEdits(generator, item, kinds, sampling)) {
    const options = { lora, train: inner, scratch };
    const { gains, after } = await earn(trainer, item, edit.lines, item.probes, before, options);
    edits.push({
      ...edit,
      passageId: item.id,
      reward: mean(gains.slice(0, item.seen)),
      unseen: mean(gains.slice(item.seen)),
      exact: mean(after.slice(item.seen).map(({ exact }) => (exact ? 1 : 0))),
    });
  }
  const own = edits.filter(({ passageId }) => passageId === item.id);
  const figures = own.map(({ reward, lines }) => `${reward.toFixed(2)} (${lines.length} lines)`);
  say(`passage ${item.id + 1} of ${train.length}: ${figures.join(", ")}`);
}
const winners = bestOf(edits);
const policy = join(folder, "policy.gguf");
const fit = await (flags.as === "knowledge" ? learnAll() : fitWriter());
say(
  `writer: ${fit.rows} rows, loss ${fit.losses[0]?.toFixed(3)} to ${fit.losses.at(-1)?.toFixed(3)}`,
);

const trials = await compareWriters(
  { generator, trainer },
  tried,
  { after: policy },
  {
    kinds: [kind],
    edits: 2,
    lists,
    seed: seed * 77,
    lora,
    train: inner,
    scratch,
    onTrial: ({ passageId, writer, gain, lines }) =>
      say(`try ${passageId} ${writer}: ${gain.toFixed(2)} (${lines.length} lines)`),
  },
);
/** The trials, with gains of one wording alone. */
const of = (wording: "seen" | "unseen") =>
  trials.map(({ passageId, writer, gains }) => {
    const { seen } = items[passageId]!;
    const own = wording === "seen" ? gains.slice(0, seen) : gains.slice(seen);
    return { passageId, writer, gain: mean(own) };
  });
const lines = (who: string) =>
  mean(trials.filter(({ writer }) => writer === who).map((it) => it.lines.length));
const result = {
  seed,
  kind,
  lists,
  innerEpochs: inner.epochs,
  /** Of the untouched base's edits: a random one against the best by reward. */
  selection: {
    reward: {
      random: mean(edits.map((it) => it.reward)),
      best: mean(winners.map((it) => it.reward)),
    },
    unseenGain: {
      random: mean(edits.map((it) => it.unseen)),
      best: mean(winners.map((it) => it.unseen)),
    },
    unseenExact: {
      random: mean(edits.map((it) => it.exact)),
      best: mean(winners.map((it) => it.exact)),
    },
    lines: {
      random: mean(edits.map((it) => it.lines.length)),
      best: mean(winners.map((it) => it.lines.length)),
    },
    /** Pearson's within passages: the reward with the gain in unseen wordings. */
    correlation: correlation(edits),
  },
  writer: {
    as: flags.as,
    ...(flags.as === "policy" && { epochs: outer.epochs, learningRate: outer.learningRate }),
    rows: fit.rows,
    losses: fit.losses,
  },
  trial: { seen: judge(of("seen"), seed), unseen: judge(of("unseen"), seed) },
  lines: { before: lines("before"), after: lines("after") },
  seconds: (performance.now() - started) / 1000,
};
await Promise.all([trainer.close(), generator.close()]);
rmSync(folder, { recursive: true, force: true });
console.log(JSON.stringify(result, null, 2));
process.exit(0);

function fitWriter() {
  return trainWriter(trainer, winners, { out: policy, lora: writer.lora, options: outer });
}

/** The ablation: does a student that has learned the passages write better, or worse? */
async function learnAll() {
  const material = winners.map(({ passageId, lines }) =>
    editRows(trainer, items[passageId]!, lines),
  );
  const rows = (await Promise.all(material)).flat();
  const result = await trainer.train({ rows, lora, options: inner, out: policy });
  return { ...result, rows: rows.length };
}

function probesOf(item: ExamItem, wording: "seen" | "unseen"): RewardProbe[] {
  const questions = item[wording];
  const elsewhere = exam
    .filter((it) => it !== item)
    .flatMap((it) => it.seen.map(({ answer }) => answer));
  const wrong = chooseDistractors(
    questions.map(({ answer }) => ({ answers: [answer] })),
    elsewhere,
    { seed },
  );
  return questions.map(({ question, answer }: Question, i) => ({
    context: closedBook(question),
    answers: [answerText(answer)],
    distractors: wrong[i]!.map(answerText),
  }));
}

/** Pearson's. */
function correlation(all: { passageId: number; reward: number; unseen: number }[]): number {
  const groups = [...Map.groupBy(all, ({ passageId }) => passageId).values()];
  const pairs = groups.flatMap((own) => {
    const [x, y] = [mean(own.map(({ reward }) => reward)), mean(own.map(({ unseen }) => unseen))];
    return own.map(({ reward, unseen }) => [reward - x, unseen - y] as const);
  });
  const dot = (f: (pair: readonly [number, number]) => number) =>
    pairs.reduce((sum, pair) => sum + f(pair), 0);
  return dot(([a, b]) => a * b) / Math.sqrt(dot(([a]) => a * a) * dot(([, b]) => b * b) || 1);
}
