/** @jsxImportSource hono/jsx */
import { FeedbackList } from "./feedback.tsx";
import { whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import type { LearningFacts, LearningSettings, WaitingLine } from "./learning-types.ts";
import { behindWords, points, whyWords } from "./learning-words.ts";
import type { ModelFacts } from "./types.ts";

/** When and what it learns, what waits for it or for a person, and what is left out. */
export function LearningPage(props: {
  learning: LearningFacts;
  model: ModelFacts;
  saved?: boolean;
}) {
  const { learning } = props;
  const { settings, rest } = learning;
  return (
    <Layout title="Learning · Selkie" model={props.model} here="/learning" class="passage">
      <h1>Learning</h1>
      <p class="lead">{behindWords(learning)}</p>
      {rest && <p class="note note-warning">{rest.message}</p>}
      {props.saved && (
        <p class="note" role="status">
          Saved: it holds from now on.
        </p>
      )}
      <form method="post" action="/learning/pause" class="passage-state">
        <button type="submit" name="pause" value={settings.paused ? "off" : "on"}>
          {settings.paused ? "Go on learning" : "Pause learning"}
        </button>
      </form>
      <LeftOut learning={learning} />
      {learning.reviews.length > 0 && (
        <Reviews reviews={learning.reviews} of={learning.left.review} />
      )}
      <section id="next" aria-labelledby="next-title">
        <h2 id="next-title">Next</h2>
        {learning.next.length === 0 ? (
          <p class="quiet empty">Nothing waits to be learned.</p>
        ) : (
          <Next lines={learning.next} of={learning.waiting} />
        )}
      </section>
      <section id="use" aria-labelledby="use-title">
        <h2 id="use-title">From your questions</h2>
        <p class="quiet">
          What only a passage could answer, what you corrected and what you marked as wrong: each is
          a question of its passage now, and brings it forward.
        </p>
        <FeedbackList lines={learning.feedback} />
      </section>
      <section id="settings" aria-labelledby="settings-title">
        <h2 id="settings-title">When it learns, and how much</h2>
        <Settings settings={settings} />
      </section>
    </Layout>
  );
}

function LeftOut(props: { learning: LearningFacts }) {
  const { left, today, settings } = props.learning;
  const limit = (n: number) => (n > 0 ? ` of ${whole(n)}` : "");
  const rows: [string, string][] = [
    ["Updates today", `${whole(today.updates)}${limit(settings.dailyUpdates)}`],
    [
      "Minutes of learning today",
      `${whole(Math.round(today.minutes))}${limit(settings.dailyMinutes)}`,
    ],
    ["Waiting to be learned", whole(props.learning.waiting)],
    ["Held back by their sources’ daily limit", whole(left.held)],
    ["Documents that wait for your word", whole(left.asked)],
    ["Passages that wait for your word", whole(left.review)],
    ["Skipped by you", whole(left.skipped)],
    ["Left alone, since they were known", whole(left.known)],
    ["Studied and not kept", whole(left.rejected)],
  ];
  return (
    <section aria-labelledby="left-title">
      <h2 id="left-title">Today, and what is left out</h2>
      <dl class="figures">
        {rows.map(([name, value]) => (
          <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Reviews(props: { reviews: LearningFacts["reviews"]; of: number }) {
  const { reviews, of } = props;
  return (
    <section id="review" aria-labelledby="review-title">
      <h2 id="review-title">Waiting for your word</h2>
      <form method="post" action="/learning/review">
        <ul class="lines">
          {reviews.map(({ passageId, title, reason, source }) => (
            <li class="line">
              <div class="line-what">
                <label class="line-title" dir="auto">
                  <input type="checkbox" name="passage" value={String(passageId)} checked />{" "}
                  {title.trim() || "Untitled"}
                </label>
                <span class="line-source quiet" dir="auto">
                  {source}
                </span>
                <span class="line-reason" dir="auto">
                  {reason}
                </span>
              </div>
              <a class="line-state" href={`/passages/${passageId}`} aria-label={`Read ${title}`}>
                Read it
              </a>
            </li>
          ))}
        </ul>
        <button type="submit" name="answer" value="yes">
          Learn these
        </button>{" "}
        <button type="submit" name="answer" value="no" class="plain">
          Skip these
        </button>
        {of > reviews.length && <span class="quiet"> {whole(of - reviews.length)} more wait.</span>}
      </form>
    </section>
  );
}

function Next(props: { lines: WaitingLine[]; of: number }) {
  const { lines, of } = props;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Passage</th>
            <th scope="col">Priority</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ passageId, title, priority, parts }) => (
            <tr>
              <th scope="row">
                <a href={`/passages/${passageId}`} dir="auto">
                  {title.trim() || "Untitled"}
                </a>
              </th>
              <td class="number" data-label="Priority">
                {points(priority)}
              </td>
              <td data-label="Why">{whyWords(parts)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {of > lines.length && <p class="quiet">{whole(of - lines.length)} more wait after these.</p>}
    </div>
  );
}

function Settings(props: { settings: LearningSettings }) {
  const { settings } = props;
  const { dailyUpdates, dailyMinutes, quietHours, niceness, together, learnFromUse } = settings;
  const number = (
    name: string,
    label: string,
    value: number,
    range: { min: number; max: number },
  ) => (
    <>
      <label for={`set-${name}`}>{label}</label>
      <input id={`set-${name}`} name={name} type="number" value={String(value)} {...range} />
    </>
  );
  return (
    <form class="source-form" method="post" action="/learning">
      {number("daily-updates", "Updates a day (0: no limit)", dailyUpdates, {
        min: 0,
        max: 1_000_000,
      })}
      {number("daily-minutes", "Minutes a day (0: no limit)", dailyMinutes, { min: 0, max: 1440 })}
      <label for="set-quiet-hours">Quiet hours, in which it does not learn</label>
      <input
        id="set-quiet-hours"
        name="quiet-hours"
        value={quietHours}
        placeholder="22:00-07:00, 12:00-13:00"
      />
      {number("niceness", "Niceness of the trainer (0 to 19; from its next start)", niceness, {
        min: 0,
        max: 19,
      })}
      {number("together", "Passages in one update at most, where that is cheaper", together, {
        min: 1,
        max: 64,
      })}
      <label for="set-learn-from-use">Look up what I ask, and learn what was not known</label>
      <select id="set-learn-from-use" name="learn-from-use">
        <option value="on" selected={learnFromUse}>
          yes
        </option>
        <option value="off" selected={!learnFromUse}>
          no
        </option>
      </select>
      {settings.byEnvironment.length > 0 && (
        <p class="quiet">
          Set by the environment, which is stronger: {settings.byEnvironment.join(", ")}.
        </p>
      )}
      <button type="submit">Save</button>
    </form>
  );
}
