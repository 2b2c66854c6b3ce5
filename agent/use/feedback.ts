import { addDocument } from "../../db/documents.ts";
import { addEvent } from "../../db/events.ts";
import { addFeedback, type Feedback, type FeedbackKind } from "../../db/feedback.ts";
import { enqueueJob } from "../../db/jobs.ts";
import { type Database, transaction } from "../../db/open.ts";
import { addPassages, type Passage } from "../../db/passages.ts";
import { addProbe, changeProbe, listProbes, type Probe, supersedeProbe } from "../../db/probes.ts";
import { handSource } from "../../db/sources.ts";
import { originOf } from "../../db/triage.ts";
import { normaliseAnswer, sameAnswer } from "../probe/answers.ts";
import { closedBook } from "../prompts.ts";
import { queueLearning } from "../read/consent.ts";
import { sha256, textHash } from "../read/hash.ts";
import { learnKey } from "../triage/key.ts";
import { prioritiesOf, reprioritise } from "../triage/priority.ts";

/** Probes that use brings to one passage at most: an exam that grows costs more with each update. */
const MOST_PROBES = 24;

/** What somebody's use showed. */
export interface Said {
  kind: FeedbackKind;
  question: string;
  /** The right answer. */
  answer: string | null;
  /** What the weights said, and of which version; 0 is the untouched base. */
  given: string;
  versionId: number;
  via: Feedback["via"];
}

/** What came of it: where it is recorded, and what happens now, in a sentence for people. */
export interface Noted {
  feedback: Feedback;
  passage?: Passage;
  /** Whether its passage is in the queue now. */
  queued: boolean;
  message: string;
}

/**
 * Records what use showed: the question becomes a probe of the passage that answers it, which is learned again,
 * or earlier. A right answer that stands in no passage becomes one of its own.
 * @param passage the one that answers it; none where no passage is known to
 */
export function noteFeedback(db: Database, said: Said, passage?: Passage): Noted {
  return transaction(db, () => {
    const { kind, question, answer, given, versionId, via } = said;
    const about = passage ?? (answer === null ? undefined : ownPassage(db, question, answer));
    const probe = about && answer !== null ? asProbe(db, about, said, answer) : undefined;
    const feedback = addFeedback(db, {
      ...{ kind, question, answer, given, versionId, via },
      key: normaliseAnswer(question),
      passageId: about?.id ?? null,
      probeId: probe?.id ?? null,
    });
    if (!about) {
      const message =
        "It is noted. Nothing that was read answers it: say what the answer should be, or add a text that does.";
      return { feedback, queued: false, message };
    }
    const { queued, message } = bringForward(db, about);
    const text = `“${question}” ${WORDS[kind]}. ${message}`;
    addEvent(db, { level: "info", kind: `use.${kind}`, message: text, passageId: about.id });
    return { feedback, passage: about, queued, message };
  });
}

const WORDS: Record<FeedbackKind, string> = {
  question: "was asked, and only a passage could answer it",
  correction: "was corrected",
  marked: "was answered wrongly, as you say",
};

/**
 * The passage's probe for a question: the one that asks it already, or a new one. It is for the reward: what
 * people miss is learned in its own words, so it reports nothing.
 */
function asProbe(db: Database, passage: Passage, said: Said, answer: string): Probe | undefined {
  const { kind, question } = said;
  const all = listProbes(db, passage.id);
  const valid = all.filter(({ supersededBy }) => supersededBy === null);
  const same = valid.find((probe) => sameAnswer(probe.question, question));
  if (same && sameAnswer(same.answer, answer)) return same;
  if (same && same.origin !== "made") return changeProbe(db, same.id, { answer, origin: kind });
  if (all.filter(({ origin }) => origin !== "made").length >= MOST_PROBES) return undefined;
  // The exam's own answer is wrong, as people say: it is asked no more.
  if (same) supersedeProbe(db, same.id, { passageId: passage.id, at: Date.now(), answer });
  return addProbe(db, {
    ...{ passageId: passage.id, kind: "written", split: "reward", origin: kind },
    ...{ question, prompt: closedBook(question), answer },
  });
}

/** A correction that nothing states is something handed in. */
function ownPassage(db: Database, question: string, answer: string): Passage {
  const text = `${question} ${answer}`;
  const { document } = addDocument(db, {
    source: "a correction",
    format: "text",
    title: question,
    contentHash: sha256(text),
    sourceId: handSource(db).id,
    consent: "yes",
  });
  const draft = { position: 0, title: question, text, hash: textHash(text) };
  return addPassages(db, document.id, [draft]).passages[0]!;
}

/** Has a passage learned, learned again, or earlier, where people did not say otherwise. */
function bringForward(db: Database, passage: Passage): { queued: boolean; message: string } {
  const { id, title, decision } = passage;
  const name = `“${title}”`;
  const consent = originOf(db, id)?.consent;
  if (consent !== "yes") {
    const why = consent === "ask" ? "waits for your word" : "is not to be learned, as you said";
    return { queued: false, message: `${name} answers it, and ${why}.` };
  }
  if (decision === "skipped" || decision === "review") {
    const why = decision === "review" ? "waits for your word" : "is not to be learned, as you said";
    return { queued: false, message: `${name} answers it, and ${why}: see the Learning page.` };
  }
  if (decision === "new" || decision === "failed") {
    queueLearning(db, [id]);
    reprioritise(db, [id]);
    return { queued: true, message: `${name} answers it, and is learned earlier for it.` };
  }
  const priority = prioritiesOf(db, [id]).get(id)?.value ?? 0;
  const payload = { passageId: id, again: true };
  const { added } = enqueueJob(db, { kind: "learn", payload, key: learnKey(id), priority });
  if (!added) reprioritise(db, [id]);
  return { queued: true, message: `${name} answers it, and is studied again.` };
}
