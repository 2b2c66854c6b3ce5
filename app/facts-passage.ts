import { bestOf } from "../agent/learn/commit.ts";
import { prioritiesOf } from "../agent/triage/priority.ts";
import { listCandidates } from "../db/candidates.ts";
import { countSiblings, passageOverview } from "../db/dashboard.ts";
import { feedbackOf } from "../db/feedback.ts";
import type { Database } from "../db/open.ts";
import { listProbes } from "../db/probes.ts";
import { probeScores, type ScoreRow } from "../db/scores.ts";
import { isQueued, listDecisions } from "../db/triage.ts";
import { type Update, updatesOfPassage } from "../db/updates.ts";
import { BASE_VERSION, currentVersion, getVersion } from "../db/versions.ts";
import type { WaitingLine } from "../views/learning-types.ts";
import type {
  CandidateLine,
  PassageFacts,
  ProbeLine,
  ProbeScore,
  UpdateFacts,
} from "../views/types.ts";
import { passageLines, updateLine } from "./facts.ts";
import { feedbackLine } from "./facts-learning.ts";

/** Everything about one passage; none where there is no such passage. */
export function passageFacts(db: Database, id: number): PassageFacts | undefined {
  const overview = passageOverview(db, id);
  if (!overview) return undefined;
  const updates = updatesOfPassage(db, id);
  const current = currentVersion(db)?.id;
  return {
    line: passageLines(db, [overview])[0]!,
    text: overview.text,
    position: overview.position,
    siblings: countSiblings(db, overview.documentId),
    readAt: overview.createdAt,
    probes: probeLines(db, id, updates[0], current),
    updates: updates.map((update) => ({
      ...updateLine(update, overview.title, current),
      stage: update.stage,
      timing: update.timing,
      candidates: candidateLines(db, update),
    })) satisfies UpdateFacts[],
    ...(isQueued(db, id) && { waiting: waitingLine(db, id, overview.title) }),
    decisions: listDecisions(db, id).map(({ createdAt, ...row }) => ({ ...row, at: createdAt })),
    feedback: feedbackOf(db, id).map((row) =>
      feedbackLine({ ...row, title: overview.title, decision: overview.decision }),
    ),
  };
}

function waitingLine(db: Database, passageId: number, title: string): WaitingLine {
  const { value = 0, parts = [] } = prioritiesOf(db, [passageId]).get(passageId) ?? {};
  return { passageId, title, priority: value, parts };
}

/** The candidates of an update; the winner is the one that was kept, or would have been. */
export function candidateLines(db: Database, update: Update): CandidateLine[] {
  const all = listCandidates(db, update.id);
  const kept = update.versionId === null ? undefined : getVersion(db, update.versionId);
  const winner = kept
    ? (all.find(({ sha256 }) => sha256 === kept.sha256) ?? bestOf(all))?.id
    : update.verdict === null
      ? undefined
      : bestOf(all)?.id;
  return all.map(({ id, ordinal, kind, origin, lines, reward, losses, trainTokens, seconds }) => ({
    id,
    ordinal,
    kind,
    origin,
    lines,
    reward: reward ?? undefined,
    losses: losses ?? [],
    trainTokens: trainTokens ?? undefined,
    seconds: seconds ?? undefined,
    winner: id === winner,
  }));
}

function probeLines(
  db: Database,
  passageId: number,
  update: Update | undefined,
  current: number | undefined,
): ProbeLine[] {
  const scoresUnder = (versionId: number) => probeScores(db, versionId, passageId);
  const before = scoresUnder(update?.parentVersionId ?? BASE_VERSION);
  const after = update?.versionId ? scoresUnder(update.versionId) : undefined;
  const later = current !== undefined && update?.versionId && current !== update.versionId;
  const now = later ? scoresUnder(current) : undefined;
  // What is reported comes first; the others were asked once, to choose.
  const probes = [...listProbes(db, passageId, "report"), ...listProbes(db, passageId, "reward")];
  return probes.map(({ id, kind, split, origin, question, answer }) => ({
    id,
    kind,
    split,
    origin,
    question,
    answer,
    before: perToken(before.get(id)),
    after: perToken(after?.get(id)),
    now: perToken(now?.get(id)),
  }));
}

function perToken(score: ScoreRow | undefined): ProbeScore | undefined {
  return score && { logprob: score.logprob / Math.max(1, score.tokens), exact: score.exact };
}
