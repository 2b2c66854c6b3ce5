import type { NewProbe } from "../../db/probes.ts";

/** A probe before it has a place in the database. */
export type ProbeDraft = Pick<NewProbe, "kind" | "question" | "prompt" | "answer"> & {
  /** Drafts with one key ask for one fact, and stay in one split. */
  fact: string;
};

export interface ProbeSplits {
  reward: ProbeDraft[];
  report: ProbeDraft[];
}

/**
 * Deals facts out to the two splits in turn, so that what selects an update never measures it;
 * where there is but one fact, its wordings are dealt. Each split has at most half of `max`, one
 * wording of every fact before a second of any.
 */
export function splitProbes(drafts: ProbeDraft[], max: number): ProbeSplits {
  const facts = [...Map.groupBy(drafts, (draft) => draft.fact).values()];
  const groups = facts.length === 1 ? drafts.map((draft) => [draft]) : facts;
  const half = Math.max(1, Math.floor(max / 2));
  return {
    reward: inTurn(groups.filter((_, i) => i % 2 === 0)).slice(0, half),
    report: inTurn(groups.filter((_, i) => i % 2 === 1)).slice(0, half),
  };
}

/** The first of every group, then the second of every group, and so on. */
export function inTurn<T>(groups: T[][]): T[] {
  const longest = Math.max(0, ...groups.map((group) => group.length));
  return Array.from({ length: longest }, (_, i) =>
    groups.flatMap((group) => (i < group.length ? [group[i] as T] : [])),
  ).flat();
}
