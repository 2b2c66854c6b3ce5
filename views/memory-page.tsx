/** @jsxImportSource hono/jsx */
import { counted, percent, points, whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import type { Estimated, GateLine, Measure, MemoryPageFacts } from "./memory-types.ts";
import { ThemedPicture, Time } from "./parts.tsx";
import type { ModelFacts } from "./types.ts";

const VERDICTS = { commit: "kept", rescale: "kept, scaled down", reject: "refused" } as const;

/** What is remembered, how it fades, what it costs the base, and what is done about it. */
export function MemoryPage(props: { memory: MemoryPageFacts; model: ModelFacts }) {
  const { memory } = props;
  const { latest } = memory;
  return (
    <Layout title="Memory · Selkie" model={props.model} here="/memory" class="passage">
      <h1>Memory</h1>
      {!latest ? (
        <p class="quiet empty">
          Nothing has been learned yet. After the first update this page says what is remembered and
          what it cost.
        </p>
      ) : (
        <Latest memory={memory} latest={latest} />
      )}
      {memory.superseded.length > 0 && <Superseded memory={memory} />}
    </Layout>
  );
}

type Latest = NonNullable<MemoryPageFacts["latest"]>;

function Latest({ memory, latest }: { memory: MemoryPageFacts; latest: Latest }) {
  const { learned, known, rejected } = latest.passages;
  return (
    <>
      <p class="lead">
        Measured under version {latest.version} at <Time at={latest.at} />, from{" "}
        {whole(latest.asked)} of {counted(latest.population, "question")} that nothing was chosen by
        {latest.asked < latest.population && ", drawn by age, kind and how they stood last"}. Of{" "}
        {counted(learned + known + rejected, "examined passage")}, {whole(learned)} are learned,{" "}
        {whole(known)} were known and {whole(rejected)} were not kept.
      </p>
      <form method="post" action="/memory/sweep" class="passage-state">
        <button type="submit">Ask every question</button>
      </form>
      <section aria-labelledby="measures-title">
        <h2 id="measures-title">What is remembered</h2>
        <Measures measures={latest.measures} />
        {memory.points > 1 && (
          <figure>
            <ThemedPicture
              source={(theme) => `/memory/history.svg?theme=${theme}&rev=${memory.revision}`}
              alt="The measures over the versions; the table above has the latest values."
            />
          </figure>
        )}
      </section>
      <Ages latest={latest} />
      <section aria-labelledby="control-title">
        <h2 id="control-title">What the base knew and could do</h2>
        <p>
          A control set that is never trained on: half of it decides at the gate, the other half is
          shown here. Shares are of what the untouched base could do.
        </p>
        <Measures measures={latest.control} />
        <p>
          The perplexity of general text is {ratio(latest.perplexity)} times the base's, and the
          weights have moved by {latest.kl === null ? "–" : latest.kl.toFixed(3)} nats per token (KL
          divergence, estimated on text that the base wrote).
        </p>
      </section>
      <Beliefs memory={memory} believed={latest.believed} />
      <section aria-labelledby="gate-title">
        <h2 id="gate-title">The gate</h2>
        <p>
          Before an update is kept, old questions and the control set are asked. Losses are counted
          since each question was learned, so that small ones add up in sight.
        </p>
        <Gates gates={memory.gates} />
      </section>
      <section aria-labelledby="reviews-title">
        <h2 id="reviews-title">Reviews</h2>
        <p>
          {counted(memory.reviews.due, "question")} {memory.reviews.due === 1 ? "is" : "are"} due:
          study lines about them are mixed into the next update, those that were answered wrongly
          first.
          {memory.reviews.next !== null &&
            ` The next one is due at version ${memory.reviews.next}.`}{" "}
          {counted(memory.rehearsals, "row")} that the base wrote itself keep up what it knows and
          can do.
        </p>
      </section>
    </>
  );
}

function Measures(props: { measures: Measure[] }) {
  return (
    <dl class="metrics">
      {props.measures.map(({ name, what, value, form }) => (
        <div>
          <dt>{name}</dt>
          <dd class="value">{form === "share" ? percent(value?.mean) : points(value?.mean)}</dd>
          {value && value.high > value.low && (
            <dd class="quiet">
              {form === "share" ? share(value) : difference(value)}{" "}
              <span class="hidden">is its</span> 95% interval
            </dd>
          )}
          <dd class="quiet">{what}</dd>
        </div>
      ))}
    </dl>
  );
}

function Ages({ latest }: { latest: Latest }) {
  const { ages, halfLife } = latest;
  return (
    <section aria-labelledby="ages-title">
      <h2 id="ages-title">How it fades</h2>
      <p>
        Of the questions that were right just after their passage's update, how many still are, by
        how many updates ago that was.{" "}
        {halfLife
          ? `Half would be forgotten after ${updates(halfLife.mean)} (half-life; 95%: ${updates(halfLife.low)} to ${updates(halfLife.high)}).`
          : "Nothing is seen to fade yet."}
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Updates ago</th>
              <th scope="col">Questions</th>
              <th scope="col">Still right</th>
              <th scope="col">95%</th>
            </tr>
          </thead>
          <tbody>
            {ages.map(({ from, to, probes, kept }) => (
              <tr>
                <td>{from === to ? whole(from) : `${whole(from)} to ${whole(to)}`}</td>
                <td class="number">{whole(Math.round(probes))}</td>
                <td class="number">{percent(kept.mean)}</td>
                <td class="number">{share(kept)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Beliefs(props: { memory: MemoryPageFacts; believed: Estimated | null }) {
  const { beliefs } = props.memory;
  return (
    <section aria-labelledby="beliefs-title">
      <h2 id="beliefs-title">Wrong beliefs</h2>
      <p>
        Questions that are now answered wrongly with a probability of at least 50%, and were not by
        the untouched base.{" "}
        {props.believed &&
          `About ${whole(Math.round(props.believed.mean))} of all questions (95%: ${whole(Math.round(props.believed.low))} to ${whole(Math.round(props.believed.high))}).`}
      </p>
      {beliefs.length === 0 ? (
        <p class="quiet empty">None was found among the questions asked.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Question</th>
                <th scope="col">Says</th>
                <th scope="col">Right</th>
                <th scope="col">How sure</th>
              </tr>
            </thead>
            <tbody>
              {beliefs.map(({ question, said, answer, probability }) => (
                <tr>
                  <td dir="auto">{question}</td>
                  <td dir="auto">{said}</td>
                  <td dir="auto">{answer}</td>
                  <td class="number">{percent(probability)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Gates(props: { gates: GateLine[] }) {
  if (props.gates.length === 0) return <p class="quiet empty">Nothing has come before it yet.</p>;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Passage</th>
            <th scope="col">Verdict</th>
            <th scope="col">Scale</th>
            <th scope="col">Old answers lost</th>
            <th scope="col">Of the base lost</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {props.gates.map((gate) => (
            <tr>
              <td dir="auto">
                <a href={`/passages/${gate.passageId}`}>{gate.title.trim() || "Untitled"}</a>
              </td>
              <td>
                <span class={`verdict verdict-${gate.verdict === "reject" ? "reject" : "commit"}`}>
                  {VERDICTS[gate.verdict]}
                </span>
              </td>
              <td class="number">{gate.scale}</td>
              <td class="number">
                {percent(gate.oldLoss)}
                {gate.asked !== undefined && <span class="quiet"> of {whole(gate.asked)}</span>}
              </td>
              <td class="number">{percent(gate.baseLoss)}</td>
              <td>{gate.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Superseded(props: { memory: MemoryPageFacts }) {
  return (
    <section aria-labelledby="news-title">
      <h2 id="news-title">What is no longer so</h2>
      <p>
        Later passages answer these questions otherwise. The older answers count as forgotten no
        more, and are not practised.
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Question</th>
              <th scope="col">Was</th>
              <th scope="col">From</th>
              <th scope="col">Until</th>
              <th scope="col">Is</th>
            </tr>
          </thead>
          <tbody>
            {props.memory.superseded.map((it) => (
              <tr>
                <td dir="auto">
                  <a href={`/passages/${it.passageId}`}>{it.question}</a>
                </td>
                <td dir="auto">{it.answer}</td>
                <td>
                  <Time at={it.from} />
                </td>
                <td>
                  <Time at={it.until} />
                </td>
                <td dir="auto">
                  <a href={`/passages/${it.byId}`}>{it.newAnswer}</a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function share({ low, high }: Estimated): string {
  return `${percent(Math.max(0, low))} to ${percent(Math.min(1, high))}`;
}

function difference({ low, high }: Estimated): string {
  return `${points(low)} to ${points(high)}`;
}

function ratio(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}

function updates(n: number): string {
  return n >= 1e5 ? "more than 100,000 updates" : counted(Math.max(1, Math.round(n)), "update");
}
