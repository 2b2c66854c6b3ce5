/** @jsxImportSource hono/jsx */
import { counted, whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import { BeforeAfter, DecisionMark, Pages, probeWords, Section } from "./parts.tsx";
import type { ModelFacts, PassageLine, PassageList } from "./types.ts";

/** The latest passages, for the overview. */
export function PassagesSection(props: { list: PassageList }) {
  const { list } = props;
  return (
    <Section
      id="passages"
      title="Passages"
      aside={
        list.total > list.lines.length ? (
          <a href="/passages">
            All {whole(list.total)} from {counted(list.documents, "document")}
          </a>
        ) : (
          list.total > 0 && `${whole(list.total)} from ${counted(list.documents, "document")}`
        )
      }
    >
      {list.lines.length > 0 && <Legend />}
      <PassageLines
        lines={list.lines}
        empty="Nothing has been read yet. What you add is split into passages, which appear here with the exam before and after."
      />
    </Section>
  );
}

/** One stretch of all passages, with links to its neighbours. */
export function PassagesPage(props: {
  list: PassageList;
  model: ModelFacts;
  page: number;
  pages: number;
}) {
  const { list, page, pages } = props;
  return (
    <Layout title="Passages · Selkie" model={props.model} here="/passages">
      <h1>Passages</h1>
      <p class="lead">
        {counted(list.total, "passage")} from {counted(list.documents, "document")}. The one that
        was studied last comes first.
      </p>
      <Legend />
      <PassageLines lines={list.lines} empty="There is nothing here." />
      <Pages
        label="More passages"
        page={page}
        pages={pages}
        href={(to) => `/passages?page=${to}`}
      />
    </Layout>
  );
}

/** What the figures beside each passage are. */
function Legend() {
  return (
    <p class="legend quiet">
      Right answers with the passage closed: before studying → right after → now, if that has
      changed. Below, the same in log-probability per token, where 0 is certain.
    </p>
  );
}

function PassageLines(props: { lines: PassageLine[]; empty: string }) {
  if (props.lines.length === 0) return <p class="quiet empty">{props.empty}</p>;
  return (
    <ul class="lines">
      {props.lines.map((line) => (
        <Line line={line} />
      ))}
    </ul>
  );
}

function Line(props: { line: PassageLine }) {
  const { line } = props;
  return (
    <li id={`passage-${line.id}`} class="line">
      <div class="line-what">
        <a class="line-title" href={`/passages/${line.id}`} dir="auto" title={line.title}>
          {line.title.trim() || "Untitled"}
        </a>
        {line.documentTitle !== line.title && (
          <span class="line-source quiet" dir="auto" title={line.source}>
            {line.documentTitle || line.source}
          </span>
        )}
        {line.reason && (
          <span class="line-reason" dir="auto">
            {line.reason}
          </span>
        )}
        {line.probes > 0 && (
          <span class="line-kind quiet">
            {whole(line.probes)} {probeWords(line.kinds)}
          </span>
        )}
      </div>
      <div class="line-state">
        <DecisionMark decision={line.decision} learning={line.learning} />
      </div>
      <div class="line-result">
        <BeforeAfter before={line.before} after={line.after} now={line.now} />
      </div>
    </li>
  );
}
