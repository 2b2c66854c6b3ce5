import { type Candidate, changeCandidate, listCandidates } from "../../db/candidates.ts";
import { commitStep, nextJobs, postponeJob, setNotBefore } from "../../db/jobs.ts";
import type { Database } from "../../db/open.ts";
import { getPassage, type Passage } from "../../db/passages.ts";
import { latestTimings } from "../../db/triage.ts";
import {
  ALONE,
  changeUpdate,
  membersOf,
  PREPARED,
  preparedUpdates,
  type Update,
} from "../../db/updates.ts";
import { JobYield } from "../jobs/trouble.ts";
import { totalSeconds } from "../measure/timing.ts";
import { learnKey } from "../triage/key.ts";
import { isOpen, type Run } from "./run.ts";

/** What is prepared waits so long for others, in milliseconds; then it is learned alone. */
const PATIENCE_MS = 3_600_000;
/** Learning several passages in one update pays from this share of what is the same however many there are. */
const FIXED_SHARE = 0.2;
/** Updates that tell, the latest, and how few say nothing. */
const TIMED = 20;
const ENOUGH = 3;

/** A passage that is learned in another one's update. */
export interface Member {
  update: Update;
  passage: Passage;
}

/**
 * Where several passages in one update are cheaper and others wait, puts a passage that is about to be trained
 * aside until there are enough to be trained together; the last of them trains for all.
 * @throws JobYield when it is put aside
 */
export function waitForOthers(run: Run): void {
  const { db, job, update, settings } = run;
  const { together } = settings.triage;
  if (together < 2 || update.stage !== "train" || update.leadId !== null) return;
  if (listCandidates(db, update.id).some(({ sha256 }) => sha256 !== null)) return;
  if (preparedUpdates(db).length + 1 >= together || membersOf(db, update.id).length > 0) return;
  // Those that are prepared may not begin yet, and are not waited for.
  if (nextJobs(db, "learn", 1).length === 0) return;
  if (!isCheaper(db)) return;
  commitStep(db, job, () => {
    changeUpdate(db, update.id, { leadId: PREPARED });
    postponeJob(db, job, Date.now() + PATIENCE_MS);
  });
  throw new JobYield(`“${run.passage.title}” waits for others to be learned with.`);
}

/** Has the first of those that are prepared begin, where nobody else is left to wait for. */
export function wakePrepared(db: Database): void {
  const [first] = preparedUpdates(db);
  if (first && nextJobs(db, "learn", 1).length === 0) {
    setNotBefore(db, learnKey(first.passageId), 0);
  }
}

/** Whether the gate and the measurement, which cost the same for any number of passages, are much of an update. */
export function isCheaper(db: Database): boolean {
  const timings = latestTimings(db, TIMED);
  if (timings.length < ENOUGH) return false;
  let fixed = 0;
  let all = 0;
  for (const { timing, passages } of timings) {
    const same = (timing.gate ?? 0) + (timing.measure ?? 0);
    const rest = totalSeconds(timing) - same;
    fixed += same;
    all += same + rest / passages;
  }
  return fixed >= FIXED_SHARE * all;
}

/** Takes the passages that are prepared under the same version into an update that is about to train. */
export function gather(run: Run): Member[] {
  const { db, job, update, settings } = run;
  commitStep(db, job, () => {
    if (update.leadId === PREPARED) run.update = changeUpdate(db, update.id, { leadId: null });
    const gone = listMembers(run).filter(({ update: member }) => !fits(run, member));
    // They began from a version that answers no more, or were removed: what was trained with them is not kept.
    for (const { update: member } of gone) release(db, member, null);
    if (gone.length > 0) untrain(db, update.id);
    const fresh = listCandidates(db, update.id).every(({ sha256 }) => sha256 === null);
    const room = settings.triage.together - 1 - listMembers(run).length;
    if (!fresh || run.update.leadId === ALONE || room <= 0) return;
    for (const member of preparedUpdates(db)
      .filter((it) => fits(run, it))
      .slice(0, room)) {
      changeUpdate(db, member.id, { leadId: update.id });
    }
  });
  return listMembers(run);
}

/** The passages that are learned in this update beside its own. */
export function listMembers(run: Run): Member[] {
  return membersOf(run.db, run.update.id).flatMap((update) => {
    const passage = getPassage(run.db, update.passageId);
    return passage ? [{ update, passage }] : [];
  });
}

/** The candidate of a member that is trained in one of the lead's candidates. */
export function candidateOf(db: Database, member: Member, ordinal: number): Candidate | undefined {
  const all = listCandidates(db, member.update.id);
  return all.length === 0 ? undefined : all[ordinal % all.length];
}

/** What each of the lead's candidates earned, over all passages that it teaches. */
export function jointRewards(run: Run, all: Candidate[]): Candidate[] {
  const members = listMembers(run);
  if (members.length === 0) return all;
  return all.map((candidate) => {
    if (candidate.reward === null) return candidate;
    const rewards = members.flatMap(
      (member) => candidateOf(run.db, member, candidate.ordinal)?.reward ?? [],
    );
    const sum = rewards.reduce((total, reward) => total + reward, candidate.reward);
    return { ...candidate, reward: sum / (rewards.length + 1) };
  });
}

/**
 * Several passages were refused together: each is tried alone, this one at once. To be called in the
 * transaction that takes the update back to training.
 */
export function separate(run: Run): void {
  const { db, update } = run;
  for (const member of listMembers(run)) release(db, member.update, ALONE);
  changeUpdate(db, update.id, { leadId: ALONE });
  untrain(db, update.id);
}

/** Lets the members of an update that came to nothing go on by themselves. */
export function releaseMembers(db: Database, leadId: number): void {
  for (const member of membersOf(db, leadId)) {
    if (member.stage === "train") release(db, member, null);
    else setNotBefore(db, learnKey(member.passageId), 0);
  }
}

/** What a candidate is before it is trained. */
const UNTRAINED = { file: null, sha256: null, reward: null, gains: null };

function release(db: Database, { id, passageId }: Update, leadId: number | null): void {
  changeUpdate(db, id, { leadId });
  untrain(db, id);
  setNotBefore(db, learnKey(passageId), 0);
}

export function untrain(db: Database, updateId: number): void {
  for (const { id } of listCandidates(db, updateId)) changeCandidate(db, id, UNTRAINED);
}

function fits(run: Run, member: Update): boolean {
  const passage = getPassage(run.db, member.passageId);
  const open = passage !== undefined && isOpen(passage.decision);
  return open && member.parentVersionId === run.update.parentVersionId;
}
