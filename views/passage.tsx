/** @jsxImportSource hono/jsx */
import { FeedbackList } from "./feedback.tsx";
import { counted } from "./format.ts";
import { Layout } from "./layout.tsx";
import type { DecisionLine } from "./learning-types.ts";
import { whyWords } from "./learning-words.ts";
import { BeforeAfter, DecisionMark, probeWords, Time } from "./parts.tsx";
import { ProbeTable } from "./probes.tsx";
import type { ModelFacts, PassageFacts } from "./types.ts";
import { UpdateStory } from "./update.tsx";

/** Everything about one passage: its text, its exam, and how it was studied. */
export function PassagePage(props: { passage: PassageFacts; model: ModelFacts }) {
  const { line, text, position, siblings, readAt, probes, updates } = props.passage;
  const { decisions, feedback } = props.passage;
  const title = line.title.trim() || "Untitled";
  return (
    <Layout
      title={`${title.slice(0, 80)} · Selkie`}
      model={props.model}
      here="/passages"
      class="passage"
    >
      <p class="crumbs">
        <a href="/passages">Passages</a>
      </p>
      <h1 dir="auto">{title}</h1>
      <div class="passage-state">
        <DecisionMark decision={line.decision} learning={line.learning} />
        <BeforeAfter before={line.before} after={line.after} now={line.now} />
      </div>
      {line.reason && (
        <p class="lead" dir="auto">
          {line.reason}
        </p>
      )}
      <Standing passage={props.passage} />
      <section aria-labelledby="text-title">
        <h2 id="text-title">The passage</h2>
        <p class="quiet source">
          <span dir="auto">{line.source}</span>
          {siblings > 1 && `, passage ${position + 1} of ${siblings}`}, read <Time at={readAt} />
        </p>
        <div class="prose" dir="auto">
          {text.split(/\n{2,}/).map((paragraph) => (
            <p dir="auto">{paragraph}</p>
          ))}
        </div>
      </section>
      <section aria-labelledby="probes-title">
        <h2 id="probes-title">The exam</h2>
        <p class="quiet">
          {probes.length === 0
            ? "No questions have been written about this passage yet."
            : `${counted(probes.length, "probe")}: ${probeWords(line.kinds)}, answered with the passage closed. Reward probes choose among the candidates; only report probes count in the results shown.`}
        </p>
        {probes.length > 0 && <ProbeTable probes={probes} />}
      </section>
      {feedback.length > 0 && (
        <section id="use" aria-labelledby="use-title">
          <h2 id="use-title">From your questions</h2>
          <FeedbackList lines={feedback} />
        </section>
      )}
      {decisions.length > 0 && (
        <section id="decisions" aria-labelledby="decisions-title">
          <h2 id="decisions-title">What was decided</h2>
          <Decisions lines={decisions} />
        </section>
      )}
      {updates.map((update) => (
        <UpdateStory update={update} />
      ))}
      {line.decision === "learned" && (
        <form method="post" action="/unlearn">
          <button type="submit" name="passage" value={String(line.id)} class="plain">
            Unlearn this passage
          </button>
        </form>
      )}
      {updates.length === 0 && (
        <p class="quiet empty">It has not been studied{line.learning ? " yet" : ""}.</p>
      )}
    </Layout>
  );
}

/** Where it stands among those that wait, and what a person may say about it. */
function Standing(props: { passage: PassageFacts }) {
  const { waiting, line } = props.passage;
  const { decision, id } = line;
  return (
    <>
      {waiting && !line.learning && (
        <p class="quiet">
          It waits to be learned: {whyWords(waiting.parts)}.{" "}
          <a href="/learning#next">What goes first</a>
        </p>
      )}
      {(decision === "review" || decision === "skipped") && (
        <form method="post" action="/learning/review" class="passage-state">
          <input type="hidden" name="passage" value={String(id)} />
          <input type="hidden" name="back" value={String(id)} />
          <button type="submit" name="answer" value="yes">
            {decision === "review" ? "Learn it" : "Learn it after all"}
          </button>{" "}
          {decision === "review" && (
            <button type="submit" name="answer" value="no" class="plain">
              Skip it
            </button>
          )}
        </form>
      )}
    </>
  );
}

const VERDICT_WORDS: Record<DecisionLine["verdict"], string> = {
  known: "known",
  study: "to be studied",
  review: "to be looked at by you",
  skip: "skipped",
};

/** Every decision about a passage with its reason, the latest first. */
function Decisions(props: { lines: DecisionLine[] }) {
  return (
    <ul class="lines">
      {props.lines.map(({ verdict, by, versionId, reason, at }) => (
        <li class="line">
          <div class="line-what">
            <span>
              <strong>{VERDICT_WORDS[verdict]}</strong>{" "}
              <span class="quiet">
                {by === "person"
                  ? "by you"
                  : `under ${versionId > 0 ? `version ${versionId}` : "the untouched base"}`}
                , <Time at={at} />
              </span>
            </span>
            <span class="line-reason" dir="auto">
              {reason}
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}
