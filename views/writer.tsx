/** @jsxImportSource hono/jsx */
import { counted, duration, signed, whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import { Time } from "./parts.tsx";
import type { KindLine, ModelFacts, RoundLine, TrialLine, WriterFacts } from "./types.ts";
import { KIND_WORDS, ORIGIN_WORDS } from "./update.tsx";

/** What a round came to, in words. */
const VERDICT_WORDS = { adopt: "adopted", reject: "not adopted", failed: "failed" } as const;
/** The marks of updates, which look alike. */
const VERDICT_CLASS = { adopt: "commit", reject: "reject", failed: "failed" } as const;

/** The writer of edits: who writes, what it learned from, and how that was tried. */
export function WriterPage(props: { writer: WriterFacts; model: ModelFacts }) {
  const { writer } = props;
  return (
    <Layout title="Writer · Selkie" model={props.model} here="/writer" class="passage">
      <h1>The writer</h1>
      <p class="lead">
        Selkie studies what it writes itself. What its edits earned teaches it to write better ones:
        a new writer is tried on passages that it was not trained on, and adopted only if its edits
        earn more there.
      </p>
      <Now writer={writer} />
      <section aria-labelledby="rounds-title">
        <h2 id="rounds-title">Rounds</h2>
        {writer.history.length === 0 ? (
          <p class="quiet empty">There has been no round yet.</p>
        ) : (
          <Rounds rounds={writer.history} />
        )}
      </section>
      <section aria-labelledby="kinds-title">
        <h2 id="kinds-title">Kinds of edits</h2>
        {writer.kinds.length === 0 ? (
          <p class="quiet empty">No edit has earned anything yet.</p>
        ) : (
          <Kinds kinds={writer.kinds} />
        )}
      </section>
      <TeacherPart writer={writer} />
    </Layout>
  );
}

/** One round, with the edits of both writers side by side. */
export function RoundPage(props: { round: RoundLine; trials: TrialLine[]; model: ModelFacts }) {
  const { round, trials } = props;
  return (
    <Layout title={`Round ${round.id} · Selkie`} model={props.model} here="/writer" class="passage">
      <p class="crumbs">
        <a href="/writer">Writer</a>
      </p>
      <h1>Round {round.id}</h1>
      <p class="lead">
        <Verdict round={round} /> {round.reason}
      </p>
      {trials.length === 0 && <p class="quiet empty">Nothing has been tried in it yet.</p>}
      {trials.map((trial) => (
        <section aria-labelledby={`trial-${trial.passageId}`}>
          <h2 id={`trial-${trial.passageId}`} dir="auto">
            <a href={`/passages/${trial.passageId}`}>{trial.title.trim() || "Untitled"}</a>
          </h2>
          <div class="candidates">
            <Edits title="Before" edits={trial.before} />
            <Edits title="After" edits={trial.after} />
          </div>
        </section>
      ))}
    </Layout>
  );
}

function Now(props: { writer: WriterFacts }) {
  const { policyId, policies, collected, rounds } = props.writer;
  const others = [0, ...policies.map(({ id }) => id)].filter((id) => id !== policyId);
  return (
    <section aria-labelledby="now-title">
      <h2 id="now-title">{capital(nameOf(policyId))} writes now</h2>
      <p>
        {whole(collected.fresh)} of the {counted(collected.wanted, "new passage")} that a round
        takes have been studied. {counted(collected.edits, "edit")} of this writer count for it, and
        the best of {counted(collected.winners, "passage")} can be learned from.{" "}
        {rounds
          ? "When there are enough, a round begins by itself."
          : "Rounds begin only when they are asked for."}
      </p>
      <div class="passage-state">
        <form method="post" action="/writer/rounds">
          <button type="submit">Begin a round now</button>
        </form>
        {others.map((id) => (
          <form method="post" action="/writer/policy">
            <button type="submit" name="policy" value={String(id)}>
              Let {nameOf(id)} write
            </button>
          </form>
        ))}
      </div>
    </section>
  );
}

function Rounds(props: { rounds: RoundLine[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Round</th>
            <th scope="col">Verdict</th>
            <th scope="col">From</th>
            <th scope="col">Learned from</th>
            <th scope="col">Tried on</th>
            <th scope="col">Gain before</th>
            <th scope="col">Gain after</th>
            <th scope="col">Difference, 95%</th>
            <th scope="col">p</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {props.rounds.map((round) => (
            <tr>
              <td>
                <a href={`/writer/rounds/${round.id}`}>Round {round.id}</a>
                <span class="quiet">
                  {" "}
                  <Time at={round.at} />
                </span>
              </td>
              <td>
                <Verdict round={round} />
              </td>
              <td>{nameOf(round.policyId)}</td>
              <td class="number">{counted(round.trained, "passage")}</td>
              <td class="number">{counted(round.tried, "passage")}</td>
              <td class="number">{signed(round.trial?.before)}</td>
              <td class="number">{signed(round.trial?.after)}</td>
              <td class="number">
                {round.trial && `${signed(round.trial.low)} to ${signed(round.trial.high)}`}
              </td>
              <td class="number">{round.trial && p(round.trial.p)}</td>
              <td class="number">{duration(round.seconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet">
        Gains in nats per token of the answers to reward questions; p is that of a paired
        permutation test.
      </p>
    </div>
  );
}

function Kinds(props: { kinds: KindLine[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Kind</th>
            <th scope="col">Edits</th>
            <th scope="col">Mean reward</th>
            <th scope="col">Best of its passage</th>
          </tr>
        </thead>
        <tbody>
          {props.kinds.map(({ kind, origin, edits, reward, best }) => (
            <tr>
              <td>
                {KIND_WORDS[kind] ?? kind}
                <span class="quiet">, {ORIGIN_WORDS[origin]}</span>
              </td>
              <td class="number">{whole(edits)}</td>
              <td class="number">{signed(reward)}</td>
              <td class="number">{whole(best)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TeacherPart(props: { writer: WriterFacts }) {
  const { teacher, usage, recorded } = props.writer;
  if (!teacher && usage.length === 0 && recorded.edits === 0) return null;
  return (
    <section aria-labelledby="teacher-title">
      <h2 id="teacher-title">Teacher</h2>
      {teacher && (
        <p>
          {teacher.name} writes {teacher.writes.join(" and ")}
          {teacher.dailyTokens !== undefined &&
            `, with at most ${whole(teacher.dailyTokens)} tokens a day (UTC)`}
          .
        </p>
      )}
      {recorded.edits > 0 && (
        <p>
          {counted(recorded.edits, "recorded edit")} of {counted(recorded.passages, "passage")} came
          from files.
        </p>
      )}
      {usage.length > 0 && (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Day</th>
                <th scope="col">Teacher</th>
                <th scope="col">Requests</th>
                <th scope="col">Failed</th>
                <th scope="col">Tokens</th>
              </tr>
            </thead>
            <tbody>
              {usage.map((day) => (
                <tr>
                  <td>{day.day}</td>
                  <td>{day.teacher}</td>
                  <td class="number">{whole(day.requests)}</td>
                  <td class="number">{whole(day.failures)}</td>
                  <td class="number">{whole(day.tokens)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Edits(props: { title: string; edits: TrialLine["before"] }) {
  return (
    <div>
      {props.edits.map(({ kind, lines, gain }) => (
        <article class="candidate">
          <header>
            <h3>{props.title}</h3>
            <p class="reward" title="Mean gain over the untouched base, nats per token">
              <strong>{signed(gain)}</strong>
            </p>
          </header>
          <p class="quiet">{KIND_WORDS[kind] ?? kind}</p>
          <ul class="study-lines">
            {lines.map((line) => (
              <li dir="auto">{line}</li>
            ))}
          </ul>
          {lines.length === 0 && <p class="quiet">No line that can be used.</p>}
        </article>
      ))}
    </div>
  );
}

function Verdict(props: { round: RoundLine }) {
  const { verdict, newPolicyId, stage } = props.round;
  if (!verdict) {
    return <span class="verdict">{stage === "train" ? "being trained" : "being tried"}</span>;
  }
  return (
    <span class={`verdict verdict-${VERDICT_CLASS[verdict]}`}>
      {VERDICT_WORDS[verdict]}
      {newPolicyId !== undefined && ` as policy ${newPolicyId}`}
    </span>
  );
}

function nameOf(policyId: number): string {
  return policyId === 0 ? "the untouched base" : `policy ${policyId}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function p(value: number): string {
  return value < 0.001 ? "<0.001" : value.toFixed(3);
}
