/** @jsxImportSource hono/jsx */
import { counted, whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import { Time } from "./parts.tsx";
import { Answers, KIND_WORDS, Soon, State, Wishes } from "./source-parts.tsx";
import type { DocumentRow, ItemRow, ModelFacts, SourceLine } from "./types.ts";

const CONSENT_WORDS: Record<DocumentRow["consent"], string> = {
  yes: "yes",
  ask: "waits for you",
  no: "declined",
  read: "read only",
};

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
      {documents.length > 0 && (
        <form method="post" action="/unlearn">
          <p class="quiet">
            Unlearning makes a version that was never trained on anything that this source brought.
            The source itself goes on.
          </p>
          <button type="submit" name="source" value={String(source.id)} class="plain">
            Unlearn what it brought
          </button>
        </form>
      )}
      {items.some(({ state }) => state !== "read") && (
        <section aria-labelledby="items-title">
          <h2 id="items-title">Not read, or not yet</h2>
          <Items items={items.filter(({ state }) => state !== "read")} />
        </section>
      )}
    </Layout>
  );
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

function Documents(props: { documents: DocumentRow[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Document</th>
            <th scope="col">To be learned</th>
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
