/** @jsxImportSource hono/jsx */
import { Layout } from "./layout.tsx";
import { Time } from "./parts.tsx";
import type { LogLine, ModelFacts } from "./types.ts";

/** A fault, and what became of it. */
export interface FaultLine extends LogLine {
  /** What Selkie does about such a thing. */
  done: string;
  /** How the job that it was about stands now. */
  since?: string;
}

export interface FaultsFacts {
  /** What is not as it should be at this moment. */
  troubles: { bad: boolean; message: string }[];
  lines: FaultLine[];
  /** When the last good backup was made. */
  backup: number | null;
}

/** What went wrong lately, and what was done about it. */
export function FaultsPage(props: { faults: FaultsFacts; model: ModelFacts }) {
  const { troubles, lines, backup } = props.faults;
  return (
    <Layout title="Faults · Selkie" model={props.model} here="/faults" class="passage">
      <h1>Faults</h1>
      <section aria-labelledby="now-title">
        <h2 id="now-title">Now</h2>
        {troubles.length === 0 && <p>All is well.</p>}
        {troubles.map(({ bad, message }) => (
          <p class={bad ? "note note-error" : "note note-warning"} dir="auto">
            {message}
          </p>
        ))}
        <p class="quiet">
          {backup === null ? (
            "There is no backup yet."
          ) : (
            <>
              The last good backup: <Time at={backup} />.
            </>
          )}{" "}
          <code>selkie doctor</code> looks more closely.
        </p>
      </section>
      <section aria-labelledby="lately-title">
        <h2 id="lately-title">Lately</h2>
        {lines.length === 0 ? (
          <p class="quiet">Nothing went wrong.</p>
        ) : (
          <ol class="log">
            {lines.map((line) => (
              <li class={`log-${line.level}`}>
                <Time at={line.at} class="quiet" />
                <p dir="auto">
                  {line.passageId ? (
                    <a href={`/passages/${line.passageId}`}>{line.message}</a>
                  ) : (
                    line.message
                  )}
                </p>
                <p class="quiet">
                  {line.done} {line.since}
                </p>
              </li>
            ))}
          </ol>
        )}
      </section>
    </Layout>
  );
}
