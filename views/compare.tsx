/** @jsxImportSource hono/jsx */
import { capitalised, whose } from "./ask-words.ts";
import { counted, nats, percent, points, whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import type { ComparedPassage, ComparedScore, CompareFacts } from "./lineage-types.ts";
import { Pages } from "./parts.tsx";
import type { ModelFacts } from "./types.ts";

/** What two versions know, passage by passage. */
export function ComparePage(props: { compared: CompareFacts; model: ModelFacts }) {
  const { a, b, onlyA, onlyB, both, lines, page, pages } = props.compared;
  const [first, second] = [capitalised(whose(a)), capitalised(whose(b))];
  const address = (n: number) => `/versions/compare?a=${a}&b=${b}&page=${n}`;
  return (
    <Layout
      title={`${first} and ${whose(b)} · Selkie`}
      model={props.model}
      here="/versions"
      class="passage"
    >
      <p class="crumbs">
        <a href="/versions">Versions</a>
      </p>
      <h1>
        {first} and {whose(b)}
      </h1>
      <p class="lead">
        {first} knows {counted(onlyA + both, "passage")}, {whose(b)} knows{" "}
        {counted(onlyB + both, "passage")}: {whole(onlyA)} only the first, {whole(onlyB)} only the
        second, {whole(both)} both.
      </p>
      <CompareForm a={a} b={b} />
      {lines.length === 0 ? (
        <p class="quiet empty">Neither of them was taught anything.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Passage</th>
                <th scope="col">Known to</th>
                <th scope="col">{first}</th>
                <th scope="col">{second}</th>
                <th scope="col">Change</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <Row line={line} first={whose(a)} second={whose(b)} />
              ))}
            </tbody>
          </table>
          <p class="quiet">
            Right answers to the report questions with the passage closed, and log p per token: as
            each question was last asked on the way to that version, which is named where it is an
            earlier one.
          </p>
        </div>
      )}
      <Pages
        label="More passages"
        page={page}
        pages={pages}
        href={address}
        words={["Back", "On"]}
      />
    </Layout>
  );
}

function Row(props: { line: ComparedPassage; first: string; second: string }) {
  const { line, first, second } = props;
  const { id, title, knownToA, knownToB, a, b } = line;
  const known = knownToA && knownToB ? "both" : knownToA ? first : second;
  const change = a && b ? b.accuracy - a.accuracy : undefined;
  return (
    <tr>
      <td>
        <a href={`/passages/${id}`} dir="auto">
          {title.trim() || "Untitled"}
        </a>
      </td>
      <td class={knownToA && knownToB ? "quiet" : ""} data-label="known to">
        {known}
      </td>
      <td class="number" data-label={first}>
        <Score score={a} />
      </td>
      <td class="number" data-label={second}>
        <Score score={b} />
      </td>
      <td class={change && change < 0 ? "number wrong" : "number"} data-label="change">
        {points(change)}
      </td>
    </tr>
  );
}

function Score(props: { score: ComparedScore | undefined }) {
  const { score } = props;
  if (!score) return <span class="quiet">not asked</span>;
  return (
    <>
      {percent(score.accuracy)} <span class="quiet">{nats(score.logprob)}</span>
      {score.asOf !== undefined && (
        <span class="quiet"> ({score.asOf > 0 ? `v${score.asOf}` : "base"})</span>
      )}
    </>
  );
}

/** Asks for two versions by their numbers. */
export function CompareForm(props: { a: number; b: number }) {
  return (
    <form method="get" action="/versions/compare" class="compare-form">
      <label for="compare-a">Compare version</label>
      <input id="compare-a" name="a" type="number" min={0} required value={String(props.a)} />
      <label for="compare-b">with</label>
      <input id="compare-b" name="b" type="number" min={0} required value={String(props.b)} />
      <button type="submit" class="plain">
        Compare
      </button>
      <span class="quiet">0 is the untouched base.</span>
    </form>
  );
}
