import type { AnswerFacts } from "./types.ts";

/** Longest question that is taken, in characters. */
export const MAX_QUESTION = 2000;

/** The box to ask a question, and the last answer under it. */
export function AskSection(props: { answer?: AnswerFacts }) {
  return (
    <section id="ask" aria-labelledby="ask-title">
      <header class="section-head">
        <h2 id="ask-title">Ask what it knows</h2>
      </header>
      <form
        method="post"
        action="/ask"
        hx-post="/ask"
        hx-target="#answer"
        hx-swap="innerMorph"
        hx-disable="find button"
      >
        <label for="question">Question</label>
        <input
          id="question"
          name="question"
          type="text"
          required
          maxlength={MAX_QUESTION}
          dir="auto"
          autocomplete="off"
          value={props.answer?.question}
        />
        <button type="submit">Ask</button>
      </form>
      <div id="answer" aria-live="polite">
        {props.answer ? (
          <Answer answer={props.answer} />
        ) : (
          <p class="quiet">It answers from its weights: no text is looked up.</p>
        )}
      </div>
    </section>
  );
}

/** An answer, complete or still being written. */
export function Answer(props: { answer: AnswerFacts }) {
  const { question, answer, versionId, state } = props.answer;
  return (
    <figure class={`answer answer-${state}`} aria-busy={state === "done" ? undefined : "true"}>
      <p class="question" dir="auto">
        {question}
      </p>
      <blockquote dir="auto">
        {answer || (state === "done" ? "It had nothing to say." : "…")}
      </blockquote>
      <figcaption class="quiet">{provenance(state, versionId)}</figcaption>
    </figure>
  );
}

function provenance(state: AnswerFacts["state"], versionId: number): string {
  if (state === "waiting") return "Waiting for the model: it may be in the middle of learning.";
  const who = versionId > 0 ? `adapter version ${versionId}` : "the untouched base model";
  return `From the weights of ${who}; nothing was looked up.`;
}
