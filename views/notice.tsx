/** @jsxImportSource hono/jsx */
import type { ModelAdvice } from "./types.ts";

/** Says plainly, at the first real document, that the embedded model is for the demo. */
export function DemoNotice(props: { advice?: ModelAdvice }) {
  const { advice } = props;
  return (
    <aside id="notice" aria-label="About the embedded model" class={advice ? "notice" : undefined}>
      {advice && (
        <>
          <h2>The embedded model is for the demo</h2>
          <p>
            It was taught an invented world and cannot understand real text: it asks about blanked
            words instead of writing questions, and its answers will be poor. To learn real
            documents, choose a real model.
          </p>
          <p>
            This machine has {advice.hardware}. A model that fits it is{" "}
            <a href={advice.url}>{advice.name}</a>. The <a href="/models">Models page</a> downloads
            it, and so does the command line. Start Selkie with a home of its own then, since what
            is learned belongs to one model:
          </p>
          <pre class="command">
            <code>
              {`export SELKIE_HOME=~/selkie-real
bun run selkie models pull ${advice.url} --use
bun run selkie serve`}
            </code>
          </pre>
        </>
      )}
    </aside>
  );
}
