import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { listCandidates } from "../../../db/candidates.ts";
import { addDocument } from "../../../db/documents.ts";
import { claimJob, enqueueJob, requeueOrphans } from "../../../db/jobs.ts";
import { closeDatabase, type Database, openDatabase } from "../../../db/open.ts";
import { addPassages, getPassage, type Passage } from "../../../db/passages.ts";
import { listProbes } from "../../../db/probes.ts";
import { currentVersion } from "../../../db/versions.ts";
import type { LearnerContext } from "../../context.ts";
import { takeExam } from "../../exam.ts";
import { type Home, openHome } from "../../home.ts";
import { learnPassage } from "../../learn/index.ts";
import { sha256, textHash } from "../../read/hash.ts";
import { makeEdits } from "../../study/index.ts";
import { kindsInTurn } from "../../study/kinds.ts";
import { ownEdits } from "../../study/own.ts";
import { editRows } from "../../study/rows.ts";
import { matchTokens, tokensOf } from "./match.ts";
import type { PlaceboCase } from "./select.ts";

export { choosePassages, type PlaceboCase } from "./select.ts";

/** What the experiment needs of a learner; everything else it makes for itself. */
export type PlaceboContext = Pick<
  LearnerContext,
  "model" | "settings" | "trainer" | "generator" | "signal"
>;

/** How the questions about one passage were answered closed-book by three sets of weights. */
export interface PlaceboResult {
  title: string;
  /** The other article. */
  placeboTitle: string;
  questions: number;
  /** What the learner made of the passage; only `learned` has weights of its own. */
  decision: Passage["decision"];
  kind: string | null;
  /** Mean log-probability of an answer, in nats. */
  base: number;
  learned: number;
  placebo: number;
  /** Tokens trained on, over all epochs. */
  learnedTokens: number;
  placeboTokens: number;
  /** Whether learning raised it by more than the placebo did. */
  wins: boolean;
  seconds: number;
}

/**
 * One case: the passage goes through the learner's whole path on a fresh instance, and the placebo
 * through the same kind of edit, on another article's text, with as many tokens. Both begin at the
 * untouched base, with the same hyperparameters and seed. The questions are shown to neither.
 *
 * Kept in `folder`: a case that is done there is not done again, one that was interrupted goes on.
 */
export async function runPlacebo(
  context: PlaceboContext,
  work: PlaceboCase,
  folder: string,
): Promise<PlaceboResult> {
  mkdirSync(folder, { recursive: true });
  const { model, settings } = context;
  const key = sha256(JSON.stringify([model.path, settings, work])).slice(0, 16);
  const done = join(folder, `${key}.json`);
  if (existsSync(done)) return JSON.parse(readFileSync(done, "utf8")) as PlaceboResult;
  const root = join(folder, key);
  const home = openHome(root);
  const db = openDatabase(home.database);
  try {
    const result = await compare(context, work, home, db);
    await Bun.write(done, JSON.stringify(result, null, 2));
    return result;
  } finally {
    closeDatabase(db);
    if (existsSync(done)) rmSync(root, { recursive: true, force: true });
  }
}

async function compare(
  context: PlaceboContext,
  work: PlaceboCase,
  home: Home,
  db: Database,
): Promise<PlaceboResult> {
  const start = performance.now();
  const { signal } = context;
  const passage = await learn(context, work, home, db);
  const version = currentVersion(db);
  const trainer = await context.trainer();
  const score = async (adapter?: string) => {
    const exam = { items: [work.passage], problems: [] };
    return takeExam(trainer, exam, { signal, ...(adapter && { adapter }) });
  };
  const base = await score();
  const placebo = await trainPlacebo(context, work, home, db);
  const placeboScore = (await score(placebo?.adapter)).summary.logprob;
  const learned = version
    ? (await score(join(home.adapters, version.file))).summary.logprob
    : base.summary.logprob;
  return {
    title: work.passage.title,
    placeboTitle: work.other.title,
    questions: base.summary.questions,
    decision: passage.decision,
    kind: listProbes(db, passage.id)[0]?.kind ?? null,
    base: base.summary.logprob,
    learned,
    placebo: placeboScore,
    learnedTokens: placebo?.learnedTokens ?? 0,
    placeboTokens: placebo?.tokens ?? 0,
    wins: learned > placeboScore && learned > base.summary.logprob,
    seconds: (performance.now() - start) / 1000,
  };
}

/** Ingests the context alone, as the loop would. */
async function learn(
  context: PlaceboContext,
  { passage: { title, context: text } }: PlaceboCase,
  home: Home,
  db: Database,
): Promise<Passage> {
  const hash = textHash(text);
  const draft = { source: `exam:${title}`, format: "text", title, contentHash: hash } as const;
  const { document } = addDocument(db, draft);
  const { passages } = addPassages(db, document.id, [{ position: 0, title, text, hash }]);
  const passage = passages[0]!;
  enqueueJob(db, { kind: "learn", payload: { passageId: passage.id }, key: "learn" });
  // What a process that died left running, this one goes on with.
  requeueOrphans(db);
  const claimed = claimJob(db, `placebo/${process.pid}`)!;
  await learnPassage({ ...context, db, home, onProgress: () => {} }, claimed);
  return getPassage(db, passage.id)!;
}

/** Trains on another article what the winner was trained on: the same kind of rows, as many tokens. */
async function trainPlacebo(
  context: PlaceboContext,
  { passage, other }: PlaceboCase,
  home: Home,
  db: Database,
) {
  const { settings, signal } = context;
  const trainer = await context.trainer();
  const version = currentVersion(db);
  const candidates = listCandidates(db, 1);
  const winner = candidates.find(({ sha256 }) => sha256 === version?.sha256) ?? candidates[0];
  // Known already, or nothing could be asked: nothing was trained.
  if (!winner?.trainTokens) return undefined;
  const { trainTokens: learnedTokens, lines, kind, ordinal } = winner;
  const text = { title: passage.title, text: passage.context };
  const learnedRows = await editRows(trainer, text, lines);
  const target = learnedTokens / settings.train.epochs;
  // What an epoch had beyond the texts: a begin token, where the model wants one, and an end token.
  const frame = (target - sum(await tokensOf(trainer, learnedRows, 0))) / learnedRows.length;

  const rows = [];
  for (const otherText of other.texts) {
    const source = { title: other.title, text: otherText };
    const writer = ownEdits(context.generator, source, {
      seed: settings.seed,
      lists: settings.editLists,
      signal,
    });
    const edits = await makeEdits(kind === "sentences" ? [] : [writer], source, {
      kinds: kindsInTurn(settings),
      seed: settings.seed,
      examQuestions: [],
    });
    rows.push(...(await editRows(trainer, source, edits[ordinal]?.lines ?? [])));
    if (sum(await tokensOf(trainer, rows, frame)) >= target) break;
  }
  const adapter = join(home.adapters, "placebo.gguf");
  const result = await trainer.train(
    {
      rows: await matchTokens(trainer, rows, target, frame),
      lora: settings.lora,
      options: { ...settings.train, seed: settings.train.seed + 1 },
      out: adapter,
    },
    { signal },
  );
  return { adapter, tokens: result.tokens, learnedTokens };
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
