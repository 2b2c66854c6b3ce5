/** @jsxImportSource hono/jsx */
import { Answer } from "./answer.tsx";
import type { AskMode, ConversationFacts, TurnFacts } from "./ask-types.ts";
import { MODE_WORDS, waitWords, whose } from "./ask-words.ts";

/** Longest question that is taken, in characters. */
export const MAX_QUESTION = 2000;

/** What is asked next belongs to the conversation that stands in the page, by a field there. */
const FORM = "ask-form";
/** Refusals go to the note and leave what was typed. */
const REFUSALS = {
  "hx-status:4xx": "target:#ask-note swap:innerHTML",
  "hx-status:5xx": "target:#ask-note swap:innerHTML",
};
const MODES = Object.keys(MODE_WORDS) as AskMode[];
/** Answers stand beside each other in this order. */
const ORDER = { base: 0, learned: 1, passages: 2 };

/** The box to ask a question. */
export function Composer(props: { mode?: AskMode; title?: string }) {
  const { mode = "weights" } = props;
  return (
    <form
      id={FORM}
      class="composer"
      method="post"
      action="/ask"
      hx-post="/ask"
      hx-target="#turns"
      hx-swap="outerMorph"
      {...REFUSALS}
      hx-disable="find button"
    >
      <label for="question">{props.title ?? "Question"}</label>
      <div class="composer-line">
        <QuestionField />
        <button type="submit">Ask</button>
      </div>
      <fieldset class="modes">
        <legend class="hidden">Answer</legend>
        {MODES.map((it) => (
          <label>
            <input type="radio" name="mode" value={it} checked={it === mode} /> {MODE_WORDS[it]}
          </label>
        ))}
      </fieldset>
      <AskNote />
    </form>
  );
}

function QuestionField(props: { focused?: boolean }) {
  return (
    <input
      id="question"
      name="question"
      type="text"
      required
      maxlength={MAX_QUESTION}
      dir="auto"
      autocomplete="off"
      autofocus={props.focused}
    />
  );
}

/** Where a refusal is told. */
function AskNote() {
  return <div id="ask-note" role="status" />;
}

/** The box on the overview, and what was asked there. */
export function AskSection() {
  return (
    <section id="ask" aria-labelledby="ask-title">
      <header class="section-head">
        <h2 id="ask-title">Ask what it knows</h2>
        <p class="aside">
          <a href="/ask">Conversations</a>
        </p>
      </header>
      <Composer />
      <Turns />
    </section>
  );
}

/** Everything that was said in a conversation; before the first question, what will be. */
export function Turns(props: { conversation?: ConversationFacts }) {
  const { conversation } = props;
  return (
    <div id="turns" aria-live="polite">
      {conversation ? (
        <>
          <p class="kept quiet">
            Kept as{" "}
            <a href={`/ask/${conversation.id}`} dir="auto">
              {conversation.title}
            </a>
            .
          </p>
          {conversation.turns.map((turn) => (
            <TurnArticle turn={turn} />
          ))}
          <input type="hidden" name="conversation" value={String(conversation.id)} form={FORM} />
          <Weights conversation={conversation} />
        </>
      ) : (
        <p class="quiet">
          It answers from its weights, and says how sure they are. Then the passages are looked
          through: what only they could answer is learned.
        </p>
      )}
    </div>
  );
}

/** A conversation stays on the version that it began with until somebody switches. */
function Weights(props: { conversation: ConversationFacts }) {
  const { id, versionId, latestId, whyNot } = props.conversation;
  if (versionId === latestId && !whyNot) return null;
  return (
    <form class="note switch" method="post" action={`/ask/${id}/version`}>
      <p>
        {whyNot
          ? `${whyNot} This conversation cannot go on with it.`
          : `This conversation stays with ${whose(versionId)}; ${whose(latestId)} answers by now.`}
      </p>
      <input type="hidden" name="version" value={String(latestId)} />
      <button type="submit" class="plain">
        Go on with {whose(latestId)}
      </button>
    </form>
  );
}

/** A question with its answers, complete or still being written. */
export function TurnArticle(props: { turn: TurnFacts }) {
  const { id, question, waiting, looking, lookedUp } = props.turn;
  const answers = props.turn.answers.toSorted((a, b) => ORDER[a.arm] - ORDER[b.arm]);
  const busy = looking || answers.some(({ state }) => state === "writing");
  return (
    <article id={`turn-${id}`} class="turn" aria-busy={busy ? "true" : undefined}>
      <h3 class="question" dir="auto">
        {question}
      </h3>
      {waiting && <p class="note wait">{waitWords(waiting)}</p>}
      <div class={`answers answers-${answers.length}`}>
        {answers.map((answer) => (
          <Answer answer={answer} alone={answers.length === 1} />
        ))}
      </div>
      {looking && <p class="quiet">Looking through the passages…</p>}
      {lookedUp && <LookedUp found={lookedUp} />}
      {busy && (
        <p class="note note-warning lost">
          This page hears no more of this answer: load the conversation again to see what was said.
        </p>
      )}
    </article>
  );
}

/** What the passages say, and what came of it. */
function LookedUp(props: { found: NonNullable<TurnFacts["lookedUp"]> }) {
  const { passageId, title, answer, known, message } = props.found;
  return (
    <p class="looked-up" dir="auto">
      {known ? "A passage says the same: " : `A passage says “${answer}”: `}
      <a href={`/passages/${passageId}`}>{title.trim() || "Untitled"}</a>.
      {message && <span class="quiet"> The weights did not know it. {message}</span>}
    </p>
  );
}

/** The beginning of an answer as a message: everything that stands before it, and an empty box for the next question. */
export function AnswerBegins(props: { conversation: ConversationFacts }) {
  return (
    <>
      <hx-partial hx-target="#turns" hx-swap="outerMorph">
        <Turns conversation={props.conversation} />
      </hx-partial>
      <hx-partial hx-target="#question" hx-swap="outerHTML">
        <QuestionField focused />
      </hx-partial>
      <hx-partial hx-target="#ask-note" hx-swap="outerMorph">
        <AskNote />
      </hx-partial>
    </>
  );
}

/** How far an answer is, as a message that puts it in place; it holds all of it, so that a missed one does no harm. */
export function AnswerGoesOn(props: { turn: TurnFacts }) {
  return (
    <hx-partial hx-target={`#turn-${props.turn.id}`} hx-swap="outerMorph">
      <TurnArticle turn={props.turn} />
    </hx-partial>
  );
}
