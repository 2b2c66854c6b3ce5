/** @jsxImportSource hono/jsx */
import { nats } from "./format.ts";
import type { ProbeLine, ProbeScore } from "./types.ts";

/** What use brought. */
const ORIGIN_WORDS = {
  question: "asked by you",
  correction: "corrected by you",
  marked: "marked as wrong by you",
} as const;

/** The probes of a passage, with how each was answered before and after. */
export function ProbeTable(props: { probes: ProbeLine[] }) {
  const studied = props.probes.some((probe) => probe.after);
  const later = props.probes.some((probe) => probe.now);
  return (
    <section class="scroll" tabindex={0} aria-label="Probes">
      <table>
        <thead>
          <tr>
            <th scope="col">Question</th>
            <th scope="col">Answer</th>
            <th scope="col">Used for</th>
            <th scope="col">Before</th>
            {studied && <th scope="col">After</th>}
            {later && <th scope="col">Now</th>}
          </tr>
        </thead>
        <tbody>
          {props.probes.map((probe) => (
            <tr>
              <td dir="auto">
                {probe.question}
                {probe.kind === "cloze" && <span class="quiet kind"> blanked sentence</span>}
                {probe.origin && probe.origin !== "made" && (
                  <span class="quiet kind"> {ORIGIN_WORDS[probe.origin]}</span>
                )}
              </td>
              <td data-label="Answer">
                <bdi>{probe.answer}</bdi>
              </td>
              <td class="quiet" data-label="Used for">
                {probe.split}
              </td>
              <Result label="Before" score={probe.before} />
              {studied && <Result label="After" score={probe.after} />}
              {later && <Result label="Now" score={probe.now} />}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet">
        ✓ the whole answer word for word, ✗ not; the figure is the log-probability of the answer per
        token (0 is certain).
      </p>
    </section>
  );
}

function Result(props: { label: string; score?: ProbeScore }) {
  const { label, score } = props;
  if (!score) {
    return (
      <td class="quiet number" data-label={label}>
        –
      </td>
    );
  }
  return (
    <td class="number" data-label={label}>
      <span class={score.exact ? "right" : "wrong"}>
        <span aria-hidden="true">{score.exact ? "✓" : "✗"}</span>
        <span class="hidden">{score.exact ? "right" : "wrong"}</span>
      </span>{" "}
      {nats(score.logprob)}
    </td>
  );
}
