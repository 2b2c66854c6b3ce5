import { learningFacts, waitingLines } from "../../app/facts-learning.ts";
import type { Database } from "../../db/open.ts";
import { listPassages } from "../../db/passages.ts";

/** What became of the passages, and why. */
export interface Choices {
  /** Passages by what was decided of them and the reason, whose figures are left out. */
  decided: { decision: string; reason: string; passages: number; example: string }[];
  /** Those that wait: why none of them is learned now, and what gives them their places. */
  waiting: {
    passages: number;
    rest: string | null;
    places: { why: string; passages: number }[];
  };
  today: { updates: number; minutes: number };
  /** Passages of which nobody can say why they are as they are. */
  unexplained: number;
}

/** The learner's choices as the pages and the command line tell them. */
export function choicesOf(db: Database): Choices {
  const { rest, today, waiting } = learningFacts(db);
  const passages = listPassages(db);
  const done = passages.filter(({ decision }) => decision !== "new");
  const groups = Map.groupBy(done, (it) => `${it.decision}\n${kindOf(it.reason ?? "")}`);
  const places = Map.groupBy(
    waitingLines(db, waiting).map(({ parts }) => parts.map(({ why }) => why).join(", ")),
    (why) => why || "in the order in which they came",
  );
  const without = done.filter(({ reason }) => !reason).length;
  const open = passages.length - done.length;
  return {
    decided: [...groups].map(([key, [first, ...more]]) => {
      const [decision = "", reason = ""] = key.split("\n");
      return { decision, reason, passages: more.length + 1, example: first!.reason ?? "" };
    }),
    waiting: {
      passages: waiting,
      rest: rest?.message ?? null,
      places: [...places].map(([why, all]) => ({ why, passages: all.length })),
    },
    today,
    // What is not decided waits in the queue; one may be under way.
    unexplained: without + Math.max(0, open - waiting - 1),
  };
}

/** What a reason says apart from its figures. */
function kindOf(reason: string): string {
  return reason.replace(/“[^”]*”/g, "“…”").replace(/[+−-]?\d+(?:[.,]\d+)*%?/g, "#");
}
