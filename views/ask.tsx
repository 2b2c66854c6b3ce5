import type { AnswerFacts, LookedUpFacts } from "./types.ts";

/** Longest question, and longest right answer, that is taken, in characters. */
export const MAX_QUESTION = 2000;
export const MAX_RIGHT = 500;

/** What is asked next goes to the version that answered, by fields that stand in the answer. */
const FORM = "ask-form";

/** The box to ask a question, and the last answer under it. */
export function AskSection(props: { answer?: AnswerFacts }) {
  return (
    <section id="ask" aria-labelledby="ask-title">
      <header class="section-head">
        <h2 id="ask-title">Ask what it knows</h2>
      </header>
      <form
        id={FORM}
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
          <p class="quiet">
            It answers from its weights. Then the passages are looked through: what only they could
            answer is learned.
          </p>
        )}
      </div>
    </section>
  );
}

/** An answer, complete or still being written. */
export function Answer(props: { answer: AnswerFacts }) {
  const { question, answer, versionId, state, lookedUp } = props.answer;
  const complete = state === "done" || state === "looking";
  return (
    <figure
      class={`answer answer-${complete ? "done" : state}`}
      aria-busy={state === "done" ? undefined : "true"}
    >
      <p class="question" dir="auto">
        {question}
      </p>
      <blockquote dir="auto">{answer || (complete ? "It had nothing to say." : "…")}</blockquote>
      <figcaption class="quiet">{provenance(state, versionId)}</figcaption>
      <Conversation answer={props.answer} />
      {state === "looking" && <p class="quiet">Looking through the passages…</p>}
      {lookedUp && <LookedUp found={lookedUp} />}
      {state === "done" && <Correction answer={props.answer} />}
    </figure>
  );
}

/** A conversation stays on the version that it began with until somebody says otherwise. */
function Conversation(props: { answer: AnswerFacts }) {
  const { versionId, latestId, began, state } = props.answer;
  if (state === "waiting") return null;
  const who = (id: number) => (id > 0 ? `version ${id}` : "the untouched base");
  return (
    <>
      <input type="hidden" name="version" value={String(versionId)} form={FORM} />
      {began !== undefined && began !== versionId && (
        <p class="note note-warning">
          {`This began with ${who(began)}, which cannot answer any more: it goes on with ${who(versionId)}.`}
        </p>
      )}
      {latestId !== undefined && latestId !== versionId && (
        <label class="quiet">
          <input type="checkbox" name="latest" value="1" form={FORM} />
          {` Ask ${who(latestId)} next, which answers by now`}
        </label>
      )}
    </>
  );
}

/** What the passages say, and what came of it. */
function LookedUp(props: { found: LookedUpFacts }) {
  const { passageId, title, answer, known, message } = props.found;
  return (
    <p class="looked-up" dir="auto">
      {known ? "A passage says the same: " : `A passage says “${answer}”: `}
      <a href={`/passages/${passageId}`}>{title.trim() || "Untitled"}</a>.
      {message && <span class="quiet"> The weights did not know it. {message}</span>}
    </p>
  );
}

/** Where a person says what is right, or only that the answer is wrong. */
function Correction(props: { answer: AnswerFacts }) {
  const { question, answer, versionId } = props.answer;
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
        <input type="hidden" name="question" value={question} />
        <input type="hidden" name="given" value={answer} />
        <input type="hidden" name="version" value={String(versionId)} />
        <label for="right">It should be (if you know)</label>
        <input
          id="right"
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

function provenance(state: AnswerFacts["state"], versionId: number): string {
  if (state === "waiting") return "Waiting for the model: it may be in the middle of learning.";
  const who = versionId > 0 ? `adapter version ${versionId}` : "the untouched base model";
  return `From the weights of ${who}; nothing was looked up.`;
}
