import { openFeedback, settleFeedback } from "../../db/feedback.ts";
import { finishJob } from "../../db/jobs.ts";
import { decidePassage } from "../../db/passages.ts";
import {
  addProbes,
  answersElsewhere,
  listProbes,
  type NewProbe,
  supersedeProbe,
} from "../../db/probes.ts";
import { saveScores } from "../../db/scores.ts";
import { listDecisions, saveDecision, setSurprise } from "../../db/triage.ts";
import { BASE_VERSION } from "../../db/versions.ts";
import { decide } from "../decide.ts";
import { remember } from "../measure/remember.ts";
import { normaliseAnswer } from "../probe/answers.ts";
import { keepFittingDistractors, makeProbes, probeRows } from "../probe/index.ts";
import { type Contradiction, findContradictions } from "../probe/supersede.ts";
import { chooseDistractors } from "../reward/distractors.ts";
import { teacherQuestions } from "../teacher/source.ts";
import { spend } from "../triage/budget.ts";
import { isWanted } from "../triage/review.ts";
import { surprises, typicalSurprise } from "../triage/surprise.ts";
import { soundVersion } from "../versions.ts";
import type { Run } from "./run.ts";
import { scoreProbesUnder } from "./score.ts";

/** Stage `probe`: the exam of the passage, unless an earlier update has set it. */
export async function probeStage(run: Run): Promise<void> {
  const { context, db, passage } = run;
  // What people's use brought is no exam yet.
  if (listProbes(db, passage.id).some(({ origin }) => origin === "made")) {
    return run.advance({ stage: "decide" });
  }
  run.say("Writing questions about the passage");
  const set = await run.timed("probe", async () => {
    const [generator, trainer] = await Promise.all([context.generator(), context.trainer()]);
    const settings = { ...run.settings, seed: run.seed };
    const questions = await taughtQuestions(run);
    return makeProbes({ generator, trainer }, passage, settings, {
      signal: context.signal,
      questions,
    });
  });
  const rows = await withDistractors(run, withoutAsked(run, probeRows(passage.id, set.splits)));
  if (rows.length === 0 && listProbes(db, passage.id).length === 0) {
    const reason = `Nothing could be asked about it: ${set.note}`;
    return close(run, "rejected", reason, () => run.note("update.reject", reason, "warning"));
  }
  const news = await run.timed("probe", () => contradictions(run));
  run.advance({ stage: "decide" }, () => {
    addProbes(db, rows);
    for (const { probe, answer } of news) {
      supersedeProbe(db, probe.id, { passageId: passage.id, at: passage.createdAt, answer });
      const change = `“${probe.question}” was “${probe.answer}”, and is “${answer}” since “${passage.title}”`;
      run.note("news.superseded", `News: ${change}. The older answer counts as forgotten no more.`);
    }
    run.note("update.probed", `“${passage.title}”: ${rows.length} probes. ${set.note}`);
  });
}

/** A question that somebody asked in these words is there already, to be learned: it reports nothing. */
function withoutAsked({ db, passage }: Run, rows: NewProbe[]): NewProbe[] {
  const asked = new Set(
    listProbes(db, passage.id).map(({ question }) => normaliseAnswer(question)),
  );
  return rows.filter(({ question }) => !asked.has(normaliseAnswer(question)));
}

/** Older questions that this passage answers otherwise. */
async function contradictions(run: Run): Promise<Contradiction[]> {
  const { context, db, passage, seed } = run;
  return findContradictions(db, await context.generator(), passage, {
    seed,
    signal: context.signal,
  });
}

/** Question lists by a teacher, where there is one that writes them. */
async function taughtQuestions(run: Run): Promise<string[]> {
  const { context, passage, seed } = run;
  const teacher = await context.teacher?.();
  if (!teacher?.writes.includes("probes")) return [];
  const onProblem = (message: string) => run.warn("teacher.problem", message);
  return teacherQuestions(teacher, passage, { seed, onProblem, signal: context.signal });
}

/**
 * Gives each probe wrong answers of its type, of its own split alone: what measures must not take
 * part in choosing.
 */
async function withDistractors(run: Run, rows: NewProbe[]): Promise<NewProbe[]> {
  const { db, passage, seed, context } = run;
  const chosen = (["reward", "report"] as const).flatMap((split) => {
    const own = rows.filter((row) => row.split === split);
    const questions = own.map(({ answer }) => ({ answers: [answer] }));
    const elsewhere = answersElsewhere(db, passage.id, split);
    const wrong = chooseDistractors(questions, elsewhere, { seed });
    return own.map((row, i) => ({ ...row, distractors: wrong[i]! }));
  });
  const fitting = await keepFittingDistractors(await context.trainer(), chosen);
  return chosen.map((row, i) => ({ ...row, distractors: fitting[i]! }));
}

/** Stage `decide`: what is answered from the weights already, under the current version and the base. */
export async function decideStage(run: Run): Promise<void> {
  const { context, db, passage } = run;
  run.say("Asking the questions with the passage closed");
  const probes = listProbes(db, passage.id).filter(({ supersededBy }) => supersededBy === null);
  const parent = await soundVersion(db, context.home);
  const { signal } = context;
  const adapter = parent ? run.adapterPath(parent.file) : null;
  const { current, base, surprise } = await run.timed("decide", async () => {
    const trainer = await context.trainer();
    const adapters = adapter ? [null, adapter] : [null];
    const scores = await scoreProbesUnder(trainer, probes, context.model, adapters, signal);
    const [base = [], current = base] = scores;
    const [surprise = null] = await surprises(trainer, [passage], { adapter, signal });
    return { current, base, surprise };
  });
  const typical = typicalSurprise(db);
  const wanted = isWanted(db, passage.id);
  const asked = new Set(openFeedback(db, passage.id).map(({ probeId }) => probeId));
  const missed = current.filter(({ probeId, exact }) => asked.has(probeId) && !exact).length;
  const decision = decide(current, run.settings, { surprise, typical, wanted, missed });
  const record = () => {
    saveScores(db, BASE_VERSION, base);
    if (parent) saveScores(db, parent.id, current);
    setSurprise(db, passage.id, surprise);
    const { verdict, accuracy, logprob, reason } = decision;
    saveDecision(db, {
      ...{ passageId: passage.id, updateId: run.update.id, versionId: parent?.id ?? BASE_VERSION },
      ...{ verdict, by: "rule", probes: current.length, accuracy, logprob, surprise, reason },
      typical: typical ?? null,
    });
  };
  const parentVersionId = parent?.id ?? null;
  if (decision.verdict === "review") {
    const { reason } = decision;
    const end = { stage: "done", verdict: "review", finishedAt: Date.now() } as const;
    return run.advance({ ...end, parentVersionId, reason }, () => {
      record();
      decidePassage(db, passage.id, "review", reason);
      const message = `“${passage.title}” waits for your word: ${reason}`;
      run.note("passage.review", message, "warning");
      finishJob(db, run.job);
    });
  }
  if (decision.known) {
    return close(
      run,
      "known",
      decision.reason,
      () => {
        record();
        run.note("update.known", `“${passage.title}” is left as it is: ${decision.reason}`);
      },
      { parentVersionId },
    );
  }
  // Done again, since another version was committed meanwhile, it is still one update of the day's.
  const first = listDecisions(db, passage.id)[0]?.updateId !== run.update.id;
  run.advance({ stage: "study", parentVersionId, reason: decision.reason }, () => {
    record();
    if (first) spend(db, { updates: 1 });
  });
}

/** Ends an update that commits no version: its verdict, the passage's decision and the job, at once. */
export function close(
  run: Run,
  decision: "known" | "rejected",
  reason: string,
  results: () => void,
  change: { parentVersionId?: number | null; gain?: number } = {},
): void {
  const verdict = decision === "known" ? "known" : "reject";
  const version = change.parentVersionId ?? run.parentId;
  const { db, passage, update } = run;
  // Studied again without success, it is still what an earlier version learned.
  const learned = passage.decision === "learned";
  run.advance({ ...change, stage: "done", verdict, reason, finishedAt: Date.now() }, () => {
    results();
    if (!learned) decidePassage(db, passage.id, decision, reason);
    remember(db, passage.id, learned ? "learned" : decision, version, { onlyNew: learned });
    settleFeedback(db, passage.id, update.id);
    finishJob(db, run.job);
  });
}
