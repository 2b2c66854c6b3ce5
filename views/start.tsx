/** @jsxImportSource hono/jsx */
/** What a fresh instance says: three sentences, and what to do. Empty once there is something to read. */
export function StartHint(props: { fresh: boolean; embedded: boolean }) {
  return (
    <div id="start" class={props.fresh ? "start" : undefined}>
      {props.fresh && (
        <>
          <h1>Give it something to read</h1>
          <p class="lead">
            Add a web address, a file or some text: Selkie splits it into passages and asks itself
            questions about each. What it cannot answer it studies, and it keeps the result only if
            its answers got better. Then ask it: it answers from memory, with nothing looked up.
          </p>
          {props.embedded && (
            <form class="start-demo" method="post" action="/demo">
              <p class="quiet">
                No text at hand? The embedded model comes from an invented world, and can read the
                news of it.
              </p>
              <button type="submit" class="plain">
                Read the demo news
              </button>
            </form>
          )}
        </>
      )}
    </div>
  );
}
