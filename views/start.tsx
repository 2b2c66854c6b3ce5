/** What a fresh instance says: three sentences, and what to do. Stays empty once there is a document. */
export function StartHint(props: { fresh: boolean; embedded: boolean }) {
  return (
    <div id="start" class={props.fresh ? "start" : undefined}>
      {props.fresh && (
        <>
          <h1>Give it something to read</h1>
          <p>
            Add a web address, a file or some text below: Selkie splits it into passages and asks
            itself questions about each. What it cannot answer it studies, and it keeps the result
            only if the answers got better. Then ask it: it answers from memory, with nothing looked
            up.
          </p>
          {props.embedded && (
            <p class="quiet">
              No text at hand? <code>bun run selkie ingest demo:</code> brings in news of the
              invented world that the embedded model comes from.
            </p>
          )}
        </>
      )}
    </div>
  );
}
