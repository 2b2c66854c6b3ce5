import { totalSeconds } from "../agent/measure/timing.ts";
import { collected } from "../agent/writer/select.ts";
import type { Database } from "../db/open.ts";
import { getPassages } from "../db/passages.ts";
import { BASE_POLICY, currentPolicyId, listPolicies } from "../db/policies.ts";
import {
  getRound,
  listRoundPassages,
  listRounds,
  listTrials,
  type Round,
  summariseKinds,
} from "../db/rounds.ts";
import { countRecordedEdits, listTeacherUsage } from "../db/teacher.ts";
import type { RoundLine, TrialLine, WriterFacts } from "../views/types.ts";
import { loadSettings } from "./settings.ts";
import { loadTeacher } from "./teacher.ts";

/** The writer of edits as people look at it. */
export function writerFacts(db: Database): WriterFacts {
  const { writer } = loadSettings(db);
  const teacher = loadTeacher(db);
  const remote = teacher !== undefined && /^https?:/i.test(teacher.at);
  return {
    policyId: currentPolicyId(db),
    policies: listPolicies(db).map(({ id, parentId, roundId, createdAt }) => ({
      id,
      parentId,
      roundId,
      at: createdAt,
    })),
    collected: collected(db, writer),
    rounds: writer.rounds,
    history: listRounds(db).map((round) => roundLine(db, round)),
    kinds: summariseKinds(db),
    ...(teacher && {
      teacher: {
        name: remote ? `${teacher.model} at ${new URL(teacher.at).host}` : teacher.at,
        writes: teacher.writes,
        ...(remote && { dailyTokens: teacher.dailyTokens }),
      },
    }),
    usage: listTeacherUsage(db).map(({ promptTokens, completionTokens, ...usage }) => ({
      ...usage,
      tokens: promptTokens + completionTokens,
    })),
    recorded: countRecordedEdits(db),
  };
}

/** A round with the edits of both writers, passage by passage; none where there is no such round. */
export function roundFacts(
  db: Database,
  id: number,
): { round: RoundLine; trials: TrialLine[] } | undefined {
  const round = getRound(db, id);
  if (!round) return undefined;
  const trials = listTrials(db, id);
  const passages = getPassages(db, [...new Set(trials.map(({ passageId }) => passageId))]);
  return {
    round: roundLine(db, round),
    trials: passages.map(({ id: passageId, title }) => {
      const by = (writer: "before" | "after") =>
        trials
          .filter((trial) => trial.passageId === passageId && trial.writer === writer)
          .map(({ kind, lines, gain }) => ({ kind, lines, gain }));
      return { passageId, title, before: by("before"), after: by("after") };
    }),
  };
}

/** A policy as people know it. */
export function policyName(id: number): string {
  return id === BASE_POLICY ? "the untouched base" : `policy ${id}`;
}

function roundLine(db: Database, round: Round): RoundLine {
  const members = listRoundPassages(db, round.id);
  const seconds = totalSeconds(round.timing);
  return {
    id: round.id,
    verdict: round.verdict ?? undefined,
    stage: round.stage,
    reason: round.reason ?? undefined,
    policyId: round.policyId,
    newPolicyId: round.newPolicyId ?? undefined,
    trained: members.filter(({ candidateId }) => candidateId !== null).length,
    tried: members.filter(({ role }) => role === "try").length,
    trial: round.trial ?? undefined,
    at: round.finishedAt ?? round.createdAt,
    seconds: seconds > 0 ? seconds : undefined,
  };
}
