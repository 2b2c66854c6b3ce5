import { answerText, closedBook, studyLine } from "../../agent/prompts.ts";
import { pairLine } from "../../agent/study/lines.ts";
import { lineRow } from "../../agent/study/rows.ts";
import { heldOutExam } from "../../models/exams.ts";
import { implicationsOf, questionsOf, Rng, rewriteOf } from "../../models/world/index.ts";
import type { ScorePair, TrainingRow } from "../../trainer/types.ts";

/** Study lines of a passage, besides itself. */
const LINES = 15;

/** A passage about something that the embedded model has never heard of. */
export interface Lesson {
  title: string;
  /** The passage, and its study lines. */
  rows: TrainingRow[];
  /** Closed-book questions in wordings that no study line and no pre-training has. */
  probes: ScorePair[];
}

/**
 * A sequence of lessons of the invented world. Study lines are a statement, a question with its answer
 * and a rewritten statement for each fact in turn, at most 15: what a faultless writer would write.
 */
export function makeSequence(seed: number, passages: number): Lesson[] {
  const rng = new Rng(`forgetting:${seed}`);
  return heldOutExam(seed, passages).map(({ entity, passage, unseen }) => {
    const { title, text, facts } = passage;
    const lines = [
      ...implicationsOf(entity, facts, rng),
      ...questionsOf(entity, facts, rng, "seen").map(pairLine),
      ...rewriteOf(entity, facts, rng),
    ].slice(0, LINES);
    return {
      title,
      rows: [passageRow(title, text), ...lines.map((line) => lineRow(title, line))],
      probes: unseen.map(({ question, answer }) => ({
        context: closedBook(question),
        answer: answerText(answer),
      })),
    };
  });
}

function passageRow(title: string, text: string): TrainingRow {
  return {
    segments: [
      { text: studyLine(title, ""), loss: false },
      { text, loss: true },
    ],
    end: true,
  };
}
