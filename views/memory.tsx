/** @jsxImportSource hono/jsx */
import { isLarge } from "./charts/heatmap.ts";
import { percent, points, whole } from "./format.ts";
import { Section, ThemedPicture } from "./parts.tsx";
import type { MemoryFacts, Metrics } from "./types.ts";

/** Each metric with the one sentence that says what it is. */
const METRICS: {
  key: keyof Metrics;
  name: string;
  what: string;
  format: (value: number | null) => string;
}[] = [
  {
    key: "acc",
    name: "Accuracy now",
    what: "Share of right closed-book answers, averaged over every passage learned so far (ACC).",
    format: percent,
  },
  {
    key: "bwt",
    name: "Backward transfer",
    what: "How much the result on a passage has changed since it was learned, on average: below zero, later learning has cost something (BWT).",
    format: points,
  },
  {
    key: "forgetting",
    name: "Forgetting",
    what: "How far each passage is below the best result it ever had, on average.",
    format: percent,
  },
  {
    key: "netGain",
    name: "Net gain",
    what: "How much better all these passages are answered now than by the untouched base model.",
    format: points,
  },
];

/** The accuracy matrix as a picture, and what it comes to. */
export function MemorySection(props: { memory: MemoryFacts }) {
  const { memory } = props;
  const empty = memory.rows === 0 || memory.columns === 0;
  return (
    <Section
      id="memory"
      title="Memory"
      aside={
        !empty && (
          <>
            <a href="/memory">More</a> <a href="/matrix">Look closer</a> The numbers:{" "}
            <a href="/matrix.csv">CSV</a> <a href="/matrix.json">JSON</a>
          </>
        )
      }
    >
      {empty ? (
        <p class="quiet empty">
          After the first update a picture appears here: a row for each update, a column for each
          passage, so that one sees at a glance what was learned and what is being forgotten.
        </p>
      ) : (
        <>
          <dl class="metrics">
            {METRICS.map((metric) => (
              <div>
                <dt>{metric.name}</dt>
                <dd class="value">{metric.format(memory.metrics[metric.key])}</dd>
                <dd class="quiet">{metric.what}</dd>
              </div>
            ))}
          </dl>
          <MatrixFigure memory={memory} />
        </>
      )}
    </Section>
  );
}

function MatrixFigure(props: { memory: MemoryFacts }) {
  const { rows, columns, revision, description } = props.memory;
  return (
    <figure class={isLarge(rows, columns) ? "matrix matrix-large" : "matrix"}>
      <ThemedPicture
        source={(theme) => `/matrix/picture?theme=${theme}&rev=${revision}`}
        alt={`Accuracy matrix, ${whole(rows)} updates by ${whole(columns)} passages. ${description}`}
      />
      <figcaption class="quiet">
        Each row is an update, each column a passage: how well that passage was answered after that
        update. {description}
      </figcaption>
    </figure>
  );
}
