/** @jsxImportSource hono/jsx */
import type { FeedbackLine } from "./learning-types.ts";
import { DecisionMark, Time } from "./parts.tsx";

const KIND_WORDS: Record<FeedbackLine["kind"], string> = {
  question: "asked",
  correction: "corrected",
  marked: "marked as wrong",
};
const VIA_WORDS: Record<FeedbackLine["via"], string> = {
  page: "on the page",
  command: "on the command line",
  api: "by a program",
};

/** What people's use showed, the latest first. */
export function FeedbackList(props: { lines: FeedbackLine[] }) {
  if (props.lines.length === 0) return <p class="quiet empty">There is nothing of that yet.</p>;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Question</th>
            <th scope="col">The weights said</th>
            <th scope="col">Right answer</th>
            <th scope="col">Where it came from</th>
            <th scope="col">Passage</th>
          </tr>
        </thead>
        <tbody>
          {props.lines.map((line) => (
            <tr>
              <td dir="auto">{line.question}</td>
              <td data-label="The weights said" dir="auto">
                {line.given || "nothing"}{" "}
                <span class="quiet">
                  ({line.versionId > 0 ? `version ${line.versionId}` : "the untouched base"})
                </span>
              </td>
              <td data-label="Right answer" dir="auto">
                {line.answer ?? "not known"}
              </td>
              <td data-label="Where it came from">
                {KIND_WORDS[line.kind]} {VIA_WORDS[line.via]}
                {line.times > 1 && `, ${line.times} times`}, <Time at={line.at} />
              </td>
              <td data-label="Passage">
                {line.passageId === null ? (
                  "none answers it"
                ) : (
                  <a href={`/passages/${line.passageId}`} dir="auto">
                    {line.title?.trim() || "Untitled"}
                  </a>
                )}{" "}
                {line.settledBy !== null ? (
                  <span class="quiet">taken up by update {line.settledBy}</span>
                ) : (
                  line.decision && <DecisionMark decision={line.decision} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
