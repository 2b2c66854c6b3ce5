/** @jsxImportSource hono/jsx */
import { Section, Time } from "./parts.tsx";
import type { LogLine } from "./types.ts";

const LEVEL_WORDS = { info: "", warning: "Warning: ", error: "Error: " } as const;

/** What happened lately, the latest first. */
export function LogSection(props: { lines: LogLine[] }) {
  return (
    <Section id="log" title="Log">
      {props.lines.length === 0 ? (
        <p class="quiet empty">Nothing has happened yet.</p>
      ) : (
        <ol class="log">
          {props.lines.map((line) => (
            <li id={`event-${line.id}`} class={`log-${line.level}`}>
              <Time at={line.at} class="quiet" />
              <p dir="auto">
                {LEVEL_WORDS[line.level] && <strong>{LEVEL_WORDS[line.level]}</strong>}
                {line.passageId ? (
                  <a href={`/passages/${line.passageId}`}>{line.message}</a>
                ) : (
                  line.message
                )}
              </p>
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}
