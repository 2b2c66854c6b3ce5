import type { HomeFacts } from "../../../views/home.tsx";
import type {
  PassageFacts,
  PassageLine,
  RoundLine,
  TrialLine,
  WriterFacts,
} from "../../../views/types.ts";

/** Markup and attributes that would do something if they were let through. */
export const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(1)>' hx-get="/x" & </textarea>`;

export const RIGHT_TO_LEFT = "מגדלור חיפה (1934)";

export function passageLine(change: Partial<PassageLine> = {}): PassageLine {
  return {
    id: 7,
    title: "The Klindmel Light",
    documentTitle: "News of the coast",
    source: "/home/ann/coast.md",
    decision: "learned",
    reason: "Edit 2 of 3 helped.",
    kinds: ["written"],
    probes: 8,
    before: { accuracy: 0, logprob: -3.1 },
    after: { accuracy: 0.75, logprob: -0.4 },
    now: { accuracy: 0.75, logprob: -0.4 },
    learning: false,
    ...change,
  };
}

export function homeFacts(change: Partial<HomeFacts> = {}): HomeFacts {
  return {
    model: { name: "pup", embedded: true },
    now: { queued: 0, running: 0, failed: 0, done: 0, loop: "here" },
    passages: { lines: [], total: 0, documents: 0 },
    memory: {
      rows: 0,
      columns: 0,
      metrics: { acc: null, bwt: null, forgetting: null, netGain: null },
      revision: "0.0",
      description: "",
    },
    lineage: { updates: [], versions: 0, omitted: 0 },
    log: [],
    ...change,
  };
}

/** A passage in which every text is `text`. */
export function passageFacts(text: string): PassageFacts {
  return {
    line: passageLine({ title: text, documentTitle: text, source: text, reason: text }),
    text,
    position: 0,
    siblings: 2,
    readAt: 0,
    probes: [
      {
        id: 1,
        kind: "cloze",
        split: "report",
        question: text,
        answer: text,
        before: { logprob: -2, exact: false },
      },
    ],
    decisions: [],
    feedback: [],
    updates: [
      {
        id: 3,
        passageId: 7,
        title: text,
        verdict: "commit",
        reason: text,
        gain: 1.2,
        versionId: 2,
        current: true,
        at: 0,
        stage: "done",
        timing: { train: 4.2 },
        candidates: [
          {
            id: 1,
            ordinal: 0,
            origin: "self",
            kind: text,
            lines: [text],
            reward: 1.2,
            losses: [2, 1],
            winner: true,
          },
        ],
      },
    ],
  };
}

/** A writer with one round of each verdict, with `text` wherever somebody else's words stand. */
export function writerFacts(text: string): WriterFacts {
  const verdicts = ["adopt", "reject", "failed", undefined] as const;
  return {
    policyId: 1,
    policies: [{ id: 1, parentId: 0, roundId: 1, at: 0 }],
    collected: { fresh: 3, wanted: 36, edits: 9, winners: 2 },
    rounds: true,
    history: verdicts.map((verdict, i) => ({ ...roundFacts(text).round, id: i + 1, verdict })),
    kinds: [{ kind: "self-qa", origin: "self", edits: 4, reward: 0.31, best: 2 }],
    teacher: { name: text, writes: ["edits"], dailyTokens: 1000 },
    usage: [{ day: "2026-11-21", teacher: text, requests: 4, failures: 1, tokens: 700 }],
    recorded: { edits: 2, passages: 1 },
  };
}

/** A round with one passage, about which both writers wrote `text`. */
export function roundFacts(text: string): { round: RoundLine; trials: TrialLine[] } {
  const trial = { passages: 6, before: 1, after: 2.5, low: 1.1, high: 1.9, p: 0.016 };
  const edit = { kind: "implications", lines: [text], gain: 1 };
  const empty = { kind: "none", lines: [], gain: -0.2 };
  return {
    round: {
      id: 1,
      verdict: "adopt",
      stage: "done",
      reason: text,
      policyId: 0,
      newPolicyId: 1,
      trained: 6,
      tried: 6,
      trial,
      at: 0,
      seconds: 65,
    },
    trials: [{ passageId: 7, title: text, before: [empty], after: [edit] }],
  };
}
