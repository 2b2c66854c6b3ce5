import { isOrdinary } from "../probe/names.ts";

/** What an answer looks like; two answers of one type could stand in each other's place. */
export type AnswerType = "year" | "number" | "measure" | "date" | "name" | "words";

const MONTH =
  /\b(?:jan|febr)uary\b|\b(?:march|april|may|june|july|august)\b|\b(?:septem|octo|novem|decem)ber\b/i;
const YEAR = /^(?:in )?1[0-9]{3}$|^(?:in )?20[0-9]{2}$/i;
const NUMBER = /^[\p{Sc}]?[\p{N}][\p{N}.,]*%?$/u;
const NUMBER_WORD =
  /^(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|thousand)$/i;

/** The type of an answer, by its shape alone. */
export function answerType(answer: string): AnswerType {
  const text = answer.trim().replace(/^(?:the|a|an)\s+/i, "");
  if (YEAR.test(text)) return "year";
  if (NUMBER.test(text) || NUMBER_WORD.test(text)) return "number";
  const hasNumber = /\p{N}/u.test(text);
  if (MONTH.test(text) && (hasNumber || /^\w+$/.test(text))) return "date";
  if (hasNumber && /\p{L}/u.test(text)) return "measure";
  const [first = ""] = text.split(/\s+/);
  const isName = /^\p{Lu}/u.test(first) && (text.includes(" ") || !isOrdinary(first));
  return isName ? "name" : "words";
}
