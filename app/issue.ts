import * as v from "valibot";

/** What is wrong of something that was sent, and where. What was sent is not repeated: it may be secret. */
export function explainIssue(issue: v.BaseIssue<unknown>): { message: string; param?: string } {
  const param = v.getDotPath(issue) ?? undefined;
  const words = issue.message.replace(/(?: but received|: Received) [\s\S]*$/, "");
  const message = `${words.replace(/\.$/, "")}.`;
  return param ? { message: `${param}: ${message}`, param } : { message };
}
