import { addEvent } from "../../db/events.ts";
import { openFeedback } from "../../db/feedback.ts";
import { type Database, transaction } from "../../db/open.ts";
import { decidePassage, getPassage } from "../../db/passages.ts";
import {
  listDecisions,
  originOf,
  passagesToReview,
  personsWord,
  saveDecision,
} from "../../db/triage.ts";
import { BASE_VERSION, currentVersion } from "../../db/versions.ts";
import { remember } from "../measure/remember.ts";
import { relearn } from "../read/consent.ts";

/**
 * Whether a person wants a passage learned: they handed it in, were asked about its document, approved it, or
 * their use of it showed what is missing. Nobody is asked twice.
 */
export function isWanted(db: Database, passageId: number): boolean {
  const origin = originOf(db, passageId);
  const approved = origin?.mode === "ask" && origin.consent === "yes";
  if (!origin?.kind || origin.kind === "hand" || approved) return true;
  return personsWord(db, passageId) === "study" || openFeedback(db, passageId).length > 0;
}

/**
 * Says whether a passage that waits for a person's word is learned (its place in the queue is as any other's) or
 * skipped. A skipped one stays to be read and asked, and can be approved later.
 * @returns whether there was such a passage
 */
export function answerReview(db: Database, passageId: number, learn: boolean): boolean {
  return transaction(db, () => {
    const passage = getPassage(db, passageId);
    const open = passage?.decision === "review" || (learn && passage?.decision === "skipped");
    if (!passage || !open) return false;
    const reason = learn ? "You approved it." : "You said that it is not to be learned.";
    const versionId = currentVersion(db)?.id ?? BASE_VERSION;
    const verdict = learn ? "study" : "skip";
    saveDecision(db, { passageId, versionId, verdict, by: "person", reason });
    if (learn) {
      relearn(db, [passageId]);
    } else {
      decidePassage(db, passageId, "skipped", reason);
      rememberSkipped(db, passageId);
    }
    const kind = learn ? "passage.approved" : "passage.skipped";
    addEvent(db, { level: "info", kind, message: `“${passage.title}”: ${reason}`, passageId });
    return true;
  });
}

/** It counts in every measure as what it is: examined, and not learned. */
function rememberSkipped(db: Database, passageId: number): void {
  const asked = listDecisions(db, passageId).find(({ by }) => by === "rule");
  if (asked) remember(db, passageId, "rejected", asked.versionId);
}

/** Answers for all that wait. @returns how many */
export function answerReviews(db: Database, learn: boolean): number {
  const waiting = passagesToReview(db, 1_000_000);
  return waiting.filter(({ id }) => answerReview(db, id, learn)).length;
}
