/** @jsxImportSource hono/jsx */
import { isLarge } from "./charts/heatmap.ts";
import { percent, whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import { ThemedPicture } from "./parts.tsx";
import type { Matrix, ModelFacts } from "./types.ts";

/** A picture is divided into this many stretches a side, each a way to look closer. */
const SPLIT = 4;

type Stretch = [from: number, to: number];
type Window = Matrix["window"];

/** The accuracy matrix, or a stretch of it, with the way closer, back and aside. */
export function MatrixPage(props: { matrix: Matrix; revision: string; model: ModelFacts }) {
  const { matrix, revision, model } = props;
  const { size, window, rows, columns } = matrix;
  return (
    <Layout title="Matrix · Selkie" model={model} here="/memory" class="passage">
      <p class="crumbs">
        <a href="/memory">Memory</a>
      </p>
      <h1>The accuracy matrix</h1>
      {rows.length === 0 || columns.length === 0 ? (
        <p class="quiet empty">There is no matrix before the first update.</p>
      ) : (
        <>
          <p class="lead">
            How each passage (from left to right, as they were learned) was answered under each
            version (from top to bottom). {stretchWords(window, size)}
          </p>
          <Legend />
          <figure class={isLarge(rows.length, columns.length) ? "matrix matrix-large" : "matrix"}>
            <div class="heat">
              <ThemedPicture
                source={(theme) =>
                  `/matrix/picture?theme=${theme}&rev=${revision}&${query(window)}`
                }
                alt={description(matrix)}
              />
              {isLarge(rows.length, columns.length) && <Zoom window={window} />}
            </div>
            <figcaption class="quiet">
              {description(matrix)}
              {isLarge(rows.length, columns.length) &&
                " Choose a part of the picture to look closer."}
            </figcaption>
          </figure>
          <Ways window={window} size={size} />
          <p class="passage-state">
            These numbers: <a href={`/matrix.csv?${query(window)}`}>CSV</a>{" "}
            <a href={`/matrix.json?${query(window)}`}>JSON</a>
          </p>
        </>
      )}
    </Layout>
  );
}

function Legend() {
  return (
    <p class="heat-legend quiet">
      <span>nothing right</span>
      <span class="ramp" />
      <span>everything right</span>
      <span class="ramp-blank" />
      <span>not asked</span>
    </p>
  );
}

/** Links over the picture. */
function Zoom(props: { window: Window }) {
  const rows = split(props.window.rows);
  const columns = split(props.window.columns);
  return (
    <div class={`heat-zoom split-rows-${rows.length} split-columns-${columns.length}`}>
      {rows.flatMap((row) =>
        columns.map((column) => (
          <a href={`/matrix?${query({ rows: row, columns: column })}`}>
            <span class="hidden">
              Look closer at versions {words(row)}, passages {words(column)}
            </span>
          </a>
        )),
      )}
    </div>
  );
}

/** Out to all of it, and to the stretches beside this one. */
function Ways(props: { window: Window; size: Matrix["size"] }) {
  const { window, size } = props;
  const { rows, columns } = window;
  const isWhole = rows[1] - rows[0] === size.rows && columns[1] - columns[0] === size.columns;
  if (isWhole) return null;
  const ways: { label: string; window: Window | undefined }[] = [
    {
      label: "Earlier versions",
      window: beside(rows, -1, size.rows, (it) => ({ rows: it, columns })),
    },
    {
      label: "Later versions",
      window: beside(rows, 1, size.rows, (it) => ({ rows: it, columns })),
    },
    {
      label: "Earlier passages",
      window: beside(columns, -1, size.columns, (it) => ({ rows, columns: it })),
    },
    {
      label: "Later passages",
      window: beside(columns, 1, size.columns, (it) => ({ rows, columns: it })),
    },
  ];
  return (
    <nav class="pages" aria-label="Other parts of the matrix">
      <a href="/matrix">All of it</a>
      {ways.map(({ label, window }) => window && <a href={`/matrix?${query(window)}`}>{label}</a>)}
    </nav>
  );
}

function beside(
  [from, to]: Stretch,
  direction: 1 | -1,
  length: number,
  windowOf: (stretch: Stretch) => Window,
): Window | undefined {
  const step = to - from;
  if (direction < 0 ? from === 0 : to >= length) return undefined;
  const begin = direction < 0 ? Math.max(0, from - step) : Math.min(to, length - step);
  return windowOf([begin, begin + step]);
}

function split([from, to]: Stretch): Stretch[] {
  const parts = Math.min(SPLIT, to - from);
  const at = (i: number) => from + Math.round(((to - from) * i) / parts);
  return Array.from({ length: parts }, (_, i) => [at(i), at(i + 1)]);
}

function query({ rows, columns }: Window): string {
  return `rows=${rows.join("-")}&columns=${columns.join("-")}`;
}

/** People count from 1, and the end is part of it. */
function words([from, to]: Stretch): string {
  return `${whole(from + 1)} to ${whole(to)}`;
}

function stretchWords({ rows, columns }: Window, size: Matrix["size"]): string {
  return `Versions ${words(rows)} of ${whole(size.rows)}, passages ${words(columns)} of ${whole(size.columns)}, in the order in which they came.`;
}

/** The picture in a sentence, for those who do not see it. */
function description({ rows, columns, values, window }: Matrix): string {
  const cells = values.flat().filter((value) => value !== null);
  const mean = cells.reduce((sum, value) => sum + value, 0) / cells.length;
  const each = ([from, to]: Stretch, shown: number, what: string) => {
    const count = Math.ceil((to - from) / shown);
    return count > 1 ? [`${whole(count)} ${what}`] : [];
  };
  const shared = [
    ...each(window.rows, rows.length, "versions"),
    ...each(window.columns, columns.length, "passages"),
  ];
  const share = shared.length > 0 ? ` Each cell stands for ${shared.join(" by ")}.` : "";
  return `${cells.length > 0 ? `${percent(mean)} right on average over ${whole(cells.length)} cells that were asked.` : "Nothing here was asked."}${share}`;
}
