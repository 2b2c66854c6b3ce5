import { counted, duration } from "./format.ts";
import type { LearningFacts, WaitingLine } from "./learning-types.ts";

/** How far behind it is, in a sentence or two. */
export function behindWords(
  learning: Pick<LearningFacts, "waiting" | "pace" | "behindHours" | "growing">,
): string {
  const { waiting, pace, behindHours, growing } = learning;
  if (waiting === 0)
    return "Nothing waits to be learned: everything that came in has been dealt with.";
  const wait = `${counted(waiting, "passage")} ${waiting === 1 ? "waits" : "wait"} to be learned`;
  if (behindHours === null) {
    return `${wait}. None was dealt with in the last 24 hours, so nobody can say how long that takes.`;
  }
  const rate = `${counted(pace.dealt, "passage")} in ${duration(pace.hours * 3600)}`;
  const flood = growing
    ? ` ${counted(pace.arrived, "passage")} came in meanwhile: it falls further behind. Lower what the sources bring, or let it learn more.`
    : "";
  return `${wait}. At the present rate (${rate}) that takes ${spell(behindHours)}.${flood}`;
}

/** Hours as people say them: "about 40 minutes", "about 5 hours", "about 12 days". */
function spell(hours: number): string {
  if (hours < 1.5) return `about ${counted(Math.max(1, Math.round(hours * 60)), "minute")}`;
  return hours < 48
    ? `about ${counted(Math.round(hours), "hour")}`
    : `about ${counted(Math.round(hours / 24), "day")}`;
}

/** "its source is trusted (+1), asked about twice (+2.5)". */
export function whyWords(parts: WaitingLine["parts"]): string {
  if (parts.length === 0) return "in the order in which it came";
  return parts.map(({ value, why }) => `${why} (${points(value)})`).join(", ");
}

/** A priority, or a part of one: `+1.5`, `−1`. */
export function points(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  return rounded > 0 ? `+${rounded}` : String(rounded).replace("-", "\u2212");
}
