/** @jsxImportSource hono/jsx */
import type { AnswerFacts } from "./ask-types.ts";
import { armName, originWords, sureness } from "./ask-words.ts";
import { nats, percent } from "./format.ts";

/** Longest right answer that is taken, in characters. */
export const MAX_RIGHT = 500;

/** An answer and where it comes from. */
export function Answer(props: { answer: AnswerFacts; alone: boolean }) {
  const { answer, alone } = props;
  const { state, text, logprob, error } = answer;
  const over = state === "done" || state === "cut";
  return (
    <figure class={`answer answer-${state}`}>
      {!alone && <h4>{armName(answer)}</h4>}
      {error ? (
        <p class="note note-error" dir="auto">
          {error}
        </p>
      ) : (
        <blockquote dir="auto">{text || (over ? "It had nothing to say." : "…")}</blockquote>
      )}
      {state === "cut" && (
        <p class="cut">
          <span class="mark mark-rejected">cut off</span>{" "}
          <span class="quiet">The connection was lost before the answer was complete.</span>
        </p>
      )}
      {state === "done" && (
        <figcaption class="quiet">
          {logprob !== undefined && <Sureness logprob={logprob} />}
          <p>{originWords(answer)}</p>
          <Opened answer={answer} />
          <Covering answer={answer} />
        </figcaption>
      )}
      {over && text !== "" && answer.arm !== "base" && <Wrong answer={answer} />}
    </figure>
  );
}

/** How sure the weights are of what they say: not how right it is. */
function Sureness(props: { logprob: number }) {
  const { words, chance } = sureness(props.logprob);
  return (
    <p class="sure">
      <meter min={0} max={1} value={chance} aria-hidden="true" />
      <strong>{words}</strong>{" "}
      <span title="The mean chance that the weights give each token of this answer, and its logarithm">
        {percent(chance)} per token, log p {nats(props.logprob)}
      </span>
    </p>
  );
}

function Opened(props: { answer: AnswerFacts }) {
  const { passages } = props.answer;
  if (passages.length === 0) return null;
  return (
    <ul class="cites">
      {passages.map(({ passageId, title, source }) => (
        <li dir="auto">
          {source ? "It stands in " : "Also open: "}
          <a href={`/passages/${passageId}`}>{title.trim() || "Untitled"}</a>
        </li>
      ))}
    </ul>
  );
}

/** The exam questions that cover what was asked. */
function Covering(props: { answer: AnswerFacts }) {
  const { probes } = props.answer;
  if (probes.length === 0) return null;
  return (
    <details>
      <summary>
        {probes.length === 1 ? "An exam question covers" : "Exam questions cover"} this
      </summary>
      <ul class="cites">
        {probes.map(({ passageId, title, question, answer, result }) => (
          <li dir="auto">
            “{question}” {answer}.{" "}
            {result
              ? `Last asked of ${result.versionId > 0 ? `version ${result.versionId}` : "the base"}: ${result.exact ? "right" : "wrong"}, log p ${nats(result.logprob)}.`
              : "Not asked of these weights yet."}{" "}
            <a href={`/passages/${passageId}`}>{title.trim() || "Untitled"}</a>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Where a person says what is right, or only that the answer is wrong; and what they said. */
function Wrong(props: { answer: AnswerFacts }) {
  const { id, right } = props.answer;
  if (right !== undefined) {
    return (
      <p class="quiet" dir="auto">
        {right === null ? "Marked as wrong." : `Corrected: “${right}”.`}
      </p>
    );
  }
  return (
    <details class="correction">
      <summary>This is wrong</summary>
      <form
        method="post"
        action="/ask/correct"
        hx-post="/ask/correct"
        hx-target="closest details"
        hx-swap="outerHTML"
        hx-disable="find button"
      >
        <input type="hidden" name="answer" value={String(id)} />
        <label for={`right-${id}`}>It should be (if you know)</label>
        <input
          id={`right-${id}`}
          name="right"
          type="text"
          maxlength={MAX_RIGHT}
          dir="auto"
          autocomplete="off"
        />
        <button type="submit">Say so</button>
      </form>
    </details>
  );
}

/** What came of a correction. */
export function Corrected(props: { message: string }) {
  return (
    <p class="note" role="status" dir="auto">
      {props.message}
    </p>
  );
}
