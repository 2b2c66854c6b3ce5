import type { Database } from "../../db/open.ts";
import { supersededAnswers } from "../../db/probes.ts";
import { containsAnswer } from "../probe/answers.ts";

/** Lines about a passage without those that state what a later passage has superseded. */
export function stillTrue(db: Database, passageId: number, lines: string[]): string[] {
  const outdated = supersededAnswers(db, passageId);
  return outdated.length === 0
    ? lines
    : lines.filter((line) => !outdated.some((answer) => containsAnswer(line, answer)));
}
