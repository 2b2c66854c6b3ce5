import { eq } from "drizzle-orm";
import { addDocument } from "../../db/documents.ts";
import { addEvent } from "../../db/events.ts";
import { type Database, transaction } from "../../db/open.ts";
import { addPassages } from "../../db/passages.ts";
import { candidates, jobs, passages, probes, scores, updates, versions } from "../../db/schema.ts";
import { demoPassages } from "../../models/demo.ts";

/** A day in November, so that pictures of the pages come out the same. */
const START = Date.UTC(2026, 10, 20, 9, 0);
const MINUTE = 60_000;

interface SeedOptions {
  /** Passages that have been through the loop. */
  studied: number;
  /** Whether a document of the real world is among them. */
  real?: boolean;
}

/**
 * Fills an instance with what some hours of learning leave behind: documents, exams, self-edits,
 * versions, the scores of every version on every earlier passage, jobs and events.
 */
export function seed(db: Database, options: SeedOptions): void {
  transaction(db, () => fill(db, options));
}

const WORLD = 7;
/** Of the first passage of every seeded instance. */
export const SEEDED_TITLE = demoPassages(WORLD, 1)[0]!.title;

function fill(db: Database, { studied, real = false }: SeedOptions): void {
  const items = demoPassages(WORLD, studied + 2);
  let current: number | null = null;
  const measured: { probeIds: number[]; born: number }[] = [];
  items.forEach(({ title, text, questions }, n) => {
    const at = START + n * 9 * MINUTE;
    const isReal = real && n === studied - 1;
    const shown = isReal ? "Tide tables of the northern firths" : title;
    const { document } = addDocument(db, {
      source: isReal ? "https://example.org/tides/northern-firths" : `demo: ${title}`,
      format: isReal ? "html" : "text",
      title: shown,
      contentHash: `document-${n}`,
    });
    const passage = addPassages(db, document.id, [
      { position: 0, title: shown, text, hash: `passage-${n}` },
    ]).passages[0]!;
    if (n >= studied) {
      db.insert(jobs)
        .values(learnJob(passage.id, "queued", at))
        .run();
      return;
    }
    const list = [...questions, ...questions].slice(0, 8);
    const probeIds = list.map(
      ({ question, answer }, k) =>
        db
          .insert(probes)
          .values({
            passageId: passage.id,
            kind: isReal ? "cloze" : "written",
            split: k % 2 === 0 ? "reward" : "report",
            question: isReal ? question.replace(/\?$/, ": ____") : question,
            prompt: `Question: ${question}\nAnswer:`,
            answer,
          })
          .returning()
          .get().id,
    );
    const outcome = n === 2 ? "known" : n === 4 ? "reject" : n === 6 ? "failed" : "commit";
    const known = outcome === "known";
    const score = (versionId: number, quality: number, ids = probeIds) =>
      db
        .insert(scores)
        .values(
          ids.map((probeId, k) => ({
            versionId,
            probeId,
            logprob: -(3.4 - 3.2 * quality) * 3 - (k % 3) * 0.2,
            tokens: 3,
            exact: quality > ((k * 5 + n) % 8) / 8,
          })),
        )
        .onConflictDoNothing()
        .run();
    score(0, known ? 1 : 0.1);
    if (current !== null) score(current, known ? 1 : 0.12);
    const update = db
      .insert(updates)
      .values({
        passageId: passage.id,
        parentVersionId: current,
        stage: "done",
        verdict: outcome,
        reason: REASONS[outcome],
        gain: outcome === "commit" ? 1.1 + 0.13 * (n % 4) : outcome === "reject" ? -0.08 : null,
        timing: known
          ? { probe: 1.9, decide: 0.3 }
          : {
              probe: 2.1,
              decide: 0.3,
              sample: 3.4,
              train: 6.2 + n * 0.2,
              score: 0.7,
              measure: 0.4,
            },
        createdAt: at,
        finishedAt: at + 14_000,
      })
      .returning()
      .get();
    if (outcome === "commit" || outcome === "reject") {
      addCandidates(db, update.id, outcome === "commit", questions, title);
    }
    if (outcome === "commit") {
      const version = db
        .insert(versions)
        .values({
          parentId: current,
          updateId: update.id,
          file: `${n}.gguf`,
          sha256: `sha-${update.id}-1`,
          createdAt: at,
        })
        .returning()
        .get();
      current = version.id;
      db.update(updates).set({ versionId: version.id }).where(eq(updates.id, update.id)).run();
      measured.push({ probeIds, born: version.id });
      for (const earlier of measured) {
        const age = version.id - earlier.born;
        score(version.id, Math.max(0.3, 0.95 - 0.07 * age), earlier.probeIds);
      }
    }
    const decision = ({ commit: "learned", reject: "rejected" } as const)[outcome as "commit"];
    db.update(passages)
      .set({ decision: decision ?? (outcome as "known" | "failed"), reason: REASONS[outcome] })
      .where(eq(passages.id, passage.id))
      .run();
    db.insert(jobs)
      .values({
        ...learnJob(passage.id, outcome === "failed" ? "failed" : "done", at),
        error: outcome === "failed" ? REASONS.failed : null,
        finishedAt: at + 14_000,
      })
      .run();
    addEvent(db, { ...eventOf(outcome, shown, current), passageId: passage.id });
  });
}

const REASONS = {
  commit:
    "Edit 2 of 3 (implications) made the reward answers likelier by +1.24 nats per token (the others: +0.71, +0.18).",
  known: "4 of its 4 reward probes are answered closed-book: there is nothing to learn.",
  reject:
    "None of its 3 edits made the reward answers likelier; the best gained −0.08 nats per token.",
  failed: "The trainer's process ended unexpectedly. It happened 3 times with this passage.",
};

function eventOf(outcome: keyof typeof REASONS, title: string, version: number | null) {
  if (outcome === "commit") {
    const message = `Learned “${title}” as version ${version}: ${REASONS.commit}`;
    return { level: "info" as const, kind: "update.commit", message };
  }
  const level = outcome === "failed" ? "error" : outcome === "reject" ? "warning" : "info";
  return { level, kind: `update.${outcome}`, message: `“${title}”: ${REASONS[outcome]}` } as const;
}

function learnJob(passageId: number, state: "queued" | "done" | "failed", createdAt: number) {
  const kind = "learn" as const;
  return { kind, payload: { passageId }, key: `learn:${passageId}`, state, createdAt };
}

function addCandidates(
  db: Database,
  updateId: number,
  kept: boolean,
  questions: { question: string; answer: string }[],
  title: string,
): void {
  const rewards = kept ? [0.71, 1.24, 0.18] : [-0.08, -0.21, -0.4];
  db.insert(candidates)
    .values(
      rewards.map((reward, ordinal) => ({
        updateId,
        ordinal,
        kind: (["self-qa", "implications", "rewrite"] as const)[ordinal]!,
        lines: questions
          .slice(0, 5)
          .map(({ question, answer }) => LINES[ordinal]!(question, answer, title)),
        sha256: `sha-${updateId}-${ordinal}`,
        losses: Array.from(
          { length: 45 },
          (_, step) =>
            0.15 + 2.9 * Math.exp(-step / (9 + 3 * ordinal)) + 0.08 * Math.sin(step * 1.7),
        ),
        trainTokens: 4210 - ordinal * 380,
        seconds: 2.4 - ordinal * 0.2,
        reward,
      })),
    )
    .run();
}

const LINES = [
  (question: string, answer: string) => `Question: ${question}\nAnswer: ${answer}`,
  (question: string, answer: string, title: string) =>
    `${title}: ${question.replace(/\?$/, "")} — ${answer}.`,
  (_: string, answer: string, title: string) => `What is told of ${title} names ${answer}.`,
];
