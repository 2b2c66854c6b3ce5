import type { CoveringProbe } from "../../db/conversations.ts";
import type { Database } from "../../db/open.ts";
import { listProbes } from "../../db/probes.ts";
import { latestScores } from "../../db/scores.ts";
import { BASE_VERSION, historyOf } from "../../db/versions.ts";
import { normaliseAnswer, sameAnswer } from "../probe/answers.ts";
import { passagesNaming } from "../use/look-up.ts";

/** Exam questions that are shown beside an answer, at most. */
const SHOWN = 3;
/** Of the words of two questions, the share that must be in both for one to cover the other. */
const ALIKE = 0.5;
/** What an exam question is nearer by that has the answer that was given. */
const SAME_ANSWER = 0.25;

/**
 * The exam questions that cover a question: they ask nearly the same, in words, of a passage in which all names of
 * the question occur; the nearest first, each with how the weights last answered it on the way to a version.
 * @param given the answer that the weights gave
 * @param versionId 0 is the untouched base
 */
export function coveringProbes(
  db: Database,
  question: string,
  given: string,
  versionId: number,
): CoveringProbe[] {
  const near = passagesNaming(db, question, question)
    .flatMap(({ id, title }) => listProbes(db, id).map((probe) => ({ probe, title })))
    .filter(({ probe }) => probe.supersededBy === null)
    .map(({ probe, title }) => {
      const same = sameAnswer(probe.answer, given) ? SAME_ANSWER : 0;
      return { probe, title, alike: alike(question, probe.question) + same };
    })
    .filter((it) => it.alike >= ALIKE)
    .sort((a, b) => b.alike - a.alike)
    .slice(0, SHOWN);
  const known = [BASE_VERSION, ...historyOf(db, versionId).map(({ id }) => id)];
  const scores = latestScores(
    db,
    near.map(({ probe }) => probe.id),
    known,
  );
  return near.map(({ probe, title }) => {
    const { id, passageId, question, answer } = probe;
    const score = scores.get(id);
    const result = score && {
      versionId: score.versionId,
      exact: score.exact,
      logprob: score.logprob / Math.max(1, score.tokens),
    };
    return { passageId, title, question, answer, ...(result && { result }) };
  });
}

/** The share of two questions' words that is in both. */
function alike(a: string, b: string): number {
  const [one, other] = [a, b].map((text) => new Set(normaliseAnswer(text).split(" ")));
  return one!.intersection(other!).size / one!.union(other!).size;
}
