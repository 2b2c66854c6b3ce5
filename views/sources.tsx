import { AddSection } from "./add.tsx";
import { counted, whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import { Time } from "./parts.tsx";
import type { AddNote, DocumentRow, ItemRow, ModelFacts, SourceLine } from "./types.ts";

const KIND_WORDS: Record<SourceLine["kind"], string> = {
  hand: "handed in",
  feed: "feed",
  arxiv: "arXiv",
  folder: "folder",
  demo: "newspaper",
};
const MODE_WORDS: Record<SourceLine["mode"], string> = {
  learn: "Learn it",
  ask: "Ask me first",
  read: "Read only",
};
const STATE_WORDS: Record<SourceLine["state"], string> = {
  active: "fine",
  failing: "failing",
  paused: "paused",
  gone: "gone",
};
/** The marks of passages, which look alike. */
const STATE_CLASS = { active: "learned", failing: "failed", paused: "new", gone: "rejected" };
const CONSENT_WORDS: Record<DocumentRow["consent"], string> = {
  yes: "is learned",
  ask: "waits for you",
  no: "not learned",
  read: "read only",
};

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

/** One source: how it is, what can be changed about it, what it brought and what it could not. */
export function SourcePage(props: {
  source: SourceLine;
  items: ItemRow[];
  documents: DocumentRow[];
  model: ModelFacts;
}) {
  const { source, items, documents } = props;
  const asked = documents.filter((it) => it.consent === "ask" && it.supersededBy === null);
  return (
    <Layout title={`${source.title} · Selkie`} model={props.model} here="/sources" class="passage">
      <p class="crumbs">
        <a href="/sources">Sources</a>
      </p>
      <h1 dir="auto">{source.title}</h1>
      <p class="lead">
        <State source={source} />{" "}
        {source.address && (
          <span dir="auto">
            {KIND_WORDS[source.kind]}: {source.address}
          </span>
        )}
      </p>
      {source.error && (
        <p class="note note-error" role="alert" dir="auto">
          {source.error}
        </p>
      )}
      <p>
        <Times source={source} />
      </p>
      <Change source={source} />
      {asked.length > 0 && (
        <section id="asked" aria-labelledby="asked-title">
          <h2 id="asked-title">Waiting for your word</h2>
          <Answers documents={asked} sourceId={source.id} />
        </section>
      )}
      <section aria-labelledby="documents-title">
        <h2 id="documents-title">Documents</h2>
        {documents.length === 0 ? (
          <p class="quiet empty">It has brought none yet.</p>
        ) : (
          <Documents documents={documents} />
        )}
      </section>
      {items.some(({ state }) => state !== "read") && (
        <section aria-labelledby="items-title">
          <h2 id="items-title">Not read, or not yet</h2>
          <Items items={items.filter(({ state }) => state !== "read")} />
        </section>
      )}
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

function State(props: { source: SourceLine }) {
  const { state } = props.source;
  return <span class={`mark mark-${STATE_CLASS[state]}`}>{STATE_WORDS[state]}</span>;
}

function Times(props: { source: SourceLine }) {
  const { checkedAt, changedAt, nextCheckAt, failures, counts } = props.source;
  return (
    <>
      {checkedAt !== null && (
        <>
          Last look <Time at={checkedAt} />.{" "}
        </>
      )}
      {changedAt !== null && (
        <>
          It last brought something <Time at={changedAt} />.{" "}
        </>
      )}
      {nextCheckAt !== null && (
        <>
          Next look: <Soon at={nextCheckAt} />.{" "}
        </>
      )}
      {failures > 1 && `${whole(failures)} looks in a row have failed. `}
      {counts.held > 0 && `${counted(counts.held, "item")} wait for another day's quota. `}
      {counts.gone > 0 &&
        `${counted(counts.gone, "file")} not there any more; what was read of them stays.`}
    </>
  );
}

function Soon(props: { at: number }) {
  return props.at <= Date.now() ? <>now</> : <Time at={props.at} />;
}

function Change(props: { source: SourceLine }) {
  const { source } = props;
  const polled = source.kind !== "hand";
  return (
    <form class="source-form" method="post" action={`/sources/${source.id}`}>
      <Wishes source={source} />
      <button type="submit" name="action" value="save">
        Save
      </button>
      {polled && source.state !== "paused" && (
        <>
          <button type="submit" name="action" value="check" class="plain">
            Look now
          </button>
          <button type="submit" name="action" value="pause" class="plain">
            Pause
          </button>
        </>
      )}
      {polled && source.state === "paused" && (
        <button type="submit" name="action" value="resume" class="plain">
          Go on
        </button>
      )}
      {polled && (
        <button type="submit" name="action" value="remove" class="plain">
          Remove
        </button>
      )}
    </form>
  );
}

/** What can be wished of a source. */
function Wishes(props: { source?: SourceLine; id?: string }) {
  const { source } = props;
  const id = props.id ?? "change";
  return (
    <>
      <label for={`${id}-mode`}>What it brings</label>
      <select id={`${id}-mode`} name="mode">
        {(["learn", "ask", "read"] as const).map((mode) => (
          <option value={mode} selected={(source?.mode ?? "learn") === mode}>
            {MODE_WORDS[mode]}
          </option>
        ))}
      </select>
      <label for={`${id}-quota`}>Items a day (empty: no limit)</label>
      <input
        id={`${id}-quota`}
        name="quota"
        type="number"
        min="0"
        max="1000000"
        value={source?.quota === null || !source ? "" : String(source.quota)}
      />
      {(source?.kind === "feed" || source?.kind === "arxiv") && (
        <>
          <label for={`${id}-content`}>Text of an entry</label>
          <select id={`${id}-content`} name="content">
            <option value="auto" selected={source.content === "auto"}>
              as it needs
            </option>
            <option value="feed" selected={source.content === "feed"}>
              what the feed has
            </option>
            <option value="page" selected={source.content === "page"}>
              {source.kind === "arxiv" ? "the whole paper" : "the whole page"}
            </option>
          </select>
        </>
      )}
    </>
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

/** Documents about which people are asked, with what they may answer. */
function Answers(props: { documents: DocumentRow[]; sourceId?: number }) {
  return (
    <form method="post" action="/documents/consent">
      {props.sourceId !== undefined && (
        <input type="hidden" name="back" value={String(props.sourceId)} />
      )}
      <ul class="lines">
        {props.documents.map(({ id, title, origin, passages }) => (
          <li class="line">
            <label>
              <input type="checkbox" name="document" value={String(id)} checked />{" "}
              <span dir="auto">{title.trim() || "Untitled"}</span>{" "}
              <span class="quiet" dir="auto">
                {counted(passages, "passage")}, {origin}
              </span>
            </label>
          </li>
        ))}
      </ul>
      <button type="submit" name="answer" value="yes">
        Learn these
      </button>{" "}
      <button type="submit" name="answer" value="no" class="plain">
        Do not learn these
      </button>
    </form>
  );
}

function Documents(props: { documents: DocumentRow[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Document</th>
            <th scope="col">Learning</th>
            <th scope="col">Passages</th>
            <th scope="col">Written</th>
            <th scope="col">Read</th>
          </tr>
        </thead>
        <tbody>
          {props.documents.map((it) => (
            <tr>
              <th scope="row">
                <span dir="auto">{it.title.trim() || "Untitled"}</span>{" "}
                <span class="quiet" dir="auto">
                  {it.origin}
                </span>
              </th>
              <td>
                {it.supersededBy === null
                  ? CONSENT_WORDS[it.consent]
                  : `replaced by document ${it.supersededBy}`}
              </td>
              <td>{whole(it.passages)}</td>
              <td>{it.publishedAt === null ? "–" : <Time at={it.publishedAt} />}</td>
              <td>
                <Time at={it.readAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const ITEM_WORDS: Record<ItemRow["state"], string> = {
  held: "waits for the quota",
  queued: "in the queue",
  read: "read",
  failed: "failed",
  gone: "not there any more",
};

function Items(props: { items: ItemRow[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Item</th>
            <th scope="col">State</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {props.items.map((it) => (
            <tr>
              <th scope="row" dir="auto">
                {it.title}
              </th>
              <td>{ITEM_WORDS[it.state]}</td>
              <td dir="auto">
                {it.error}
                {it.retryAt !== null && (
                  <>
                    {" "}
                    It is tried again <Time at={it.retryAt} />.
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
