/** @jsxImportSource hono/jsx */
import { AddSection } from "./add.tsx";
import { whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import { Answers, KIND_WORDS, MODE_WORDS, Soon, State, Wishes } from "./source-parts.tsx";
import type { AddNote, DocumentRow, ModelFacts, SourceLine } from "./types.ts";

/** Where documents come from: every source with its state, and forms to add another. */
export function SourcesPage(props: {
  sources: SourceLine[];
  asked: DocumentRow[];
  model: ModelFacts;
  maxBytes: number;
  /** Whether folders of this machine may be named here. */
  folders: boolean;
  note?: AddNote;
}) {
  const { sources, asked } = props;
  return (
    <Layout title="Sources · Selkie" model={props.model} here="/sources" class="passage">
      <h1>Sources</h1>
      <p class="lead">
        Where Selkie finds what it reads. Of each source you say whether it is learned, whether you
        are asked first, or whether it is only read, and how much of it is taken in a day.
      </p>
      {props.note && (
        <p class={`note note-${props.note.kind}`} role="status" dir="auto">
          {props.note.message}
        </p>
      )}
      {sources.length === 0 ? (
        <p class="quiet empty">There are none yet.</p>
      ) : (
        <SourceTable sources={sources} />
      )}
      {asked.length > 0 && (
        <section id="asked" aria-labelledby="asked-title">
          <h2 id="asked-title">Waiting for your word</h2>
          <Answers documents={asked} />
        </section>
      )}
      <section id="new" aria-labelledby="new-title">
        <h2 id="new-title">Add a source</h2>
        <NewSource folders={props.folders} />
      </section>
      <AddSection maxBytes={props.maxBytes} />
    </Layout>
  );
}

function SourceTable(props: { sources: SourceLine[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">State</th>
            <th scope="col">What it brings</th>
            <th scope="col">A day</th>
            <th scope="col">Documents</th>
            <th scope="col">Held back</th>
            <th scope="col">Failed</th>
            <th scope="col">Next look</th>
          </tr>
        </thead>
        <tbody>
          {props.sources.map((source) => (
            <tr id={`source-${source.id}`}>
              <th scope="row">
                <a href={`/sources/${source.id}`} dir="auto">
                  {source.title}
                </a>{" "}
                <span class="quiet">{KIND_WORDS[source.kind]}</span>
              </th>
              <td>
                <State source={source} />
                {source.error && (
                  <div class="quiet" dir="auto">
                    {source.error}
                  </div>
                )}
              </td>
              <td>
                {MODE_WORDS[source.mode]}
                {source.counts.ask > 0 && `: ${whole(source.counts.ask)} to say`}
              </td>
              <td>{source.quota === null ? "no limit" : whole(source.quota)}</td>
              <td>{whole(source.counts.documents)}</td>
              <td>{whole(source.counts.held)}</td>
              <td>{whole(source.counts.failed)}</td>
              <td>{source.nextCheckAt === null ? "–" : <Soon at={source.nextCheckAt} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NewSource(props: { folders: boolean }) {
  return (
    <>
      <details name="new" open>
        <summary>A feed, by its address or that of its page</summary>
        <form class="source-form" method="post" action="/sources/new">
          <label for="new-feed">Address</label>
          <input id="new-feed" name="feed" type="url" required placeholder="https://…" />
          <Wishes id="feed" />
          <button type="submit">Find it and add it</button>
        </form>
      </details>
      <details name="new">
        <summary>A category of arXiv</summary>
        <form class="source-form" method="post" action="/sources/new">
          <label for="new-arxiv">Category</label>
          <input id="new-arxiv" name="arxiv" required placeholder="cs.CL" />
          <Wishes id="arxiv" />
          <button type="submit">Add it</button>
        </form>
      </details>
      {props.folders && (
        <details name="new">
          <summary>A folder of this machine</summary>
          <form class="source-form" method="post" action="/sources/new">
            <label for="new-folder">Path</label>
            <input id="new-folder" name="folder" required placeholder="/home/me/notes" />
            <Wishes id="folder" />
            <button type="submit">Watch it</button>
          </form>
        </details>
      )}
      <details name="new">
        <summary>Many feeds, from another program (OPML)</summary>
        <form
          class="source-form"
          method="post"
          action="/sources/opml"
          enctype="multipart/form-data"
        >
          <label for="new-opml">OPML file</label>
          <input id="new-opml" name="file" type="file" required accept=".opml,.xml" />
          <Wishes id="opml" />
          <button type="submit">Import it</button>
        </form>
        <p>
          <a href="/sources.opml">Export the feeds that are here</a>
        </p>
      </details>
    </>
  );
}
