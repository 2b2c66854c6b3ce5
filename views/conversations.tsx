/** @jsxImportSource hono/jsx */
import { Composer, Turns } from "./ask.tsx";
import type { ConversationFacts, ConversationLineFacts, ConversationList } from "./ask-types.ts";
import { capitalised, MAX_TITLE, whose } from "./ask-words.ts";
import { counted, whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import { Pages, Time } from "./parts.tsx";
import type { ModelFacts } from "./types.ts";

/** A new question, and the conversations so far. */
export function AskPage(props: { list: ConversationList; model: ModelFacts }) {
  const { list, model } = props;
  return (
    <Layout title="Ask · Selkie" model={model} here="/ask" class="asking">
      <h1>Ask</h1>
      <p class="lead">
        Every answer says where it comes from: from the weights of the model, from a passage that
        was open, or from both.
      </p>
      <Composer />
      <h2 class="hidden">Answers</h2>
      <Turns />
      <Conversations list={list} />
    </Layout>
  );
}

function Conversations(props: { list: ConversationList }) {
  const { query, lines, total, page, pages } = props.list;
  if (total === 0) return null;
  return (
    <section aria-labelledby="conversations-title">
      <h2 id="conversations-title">Conversations</h2>
      <search>
        <form method="get" action="/ask" class="search-form">
          <label for="search">Words that were said</label>
          <div class="composer-line">
            <input
              id="search"
              name="q"
              type="search"
              dir="auto"
              maxlength={200}
              value={query}
              autocomplete="off"
            />
            <button type="submit" class="plain">
              Search
            </button>
          </div>
        </form>
      </search>
      {query !== "" && (
        <p class="quiet" role="status">
          {counted(lines.length, "conversation")} of {whole(total)} found. <a href="/ask">All</a>
        </p>
      )}
      <ul class="conversations">
        {lines.map((line) => (
          <Line line={line} />
        ))}
      </ul>
      <Pages
        label="More conversations"
        page={page}
        pages={pages}
        href={(to) => `/ask?page=${to}`}
      />
    </section>
  );
}

function Line(props: { line: ConversationLineFacts }) {
  const { id, title, versionId, at, questions, found } = props.line;
  return (
    <li>
      <a class="line-title" href={`/ask/${id}`} dir="auto">
        {title.trim() || "Untitled"}
      </a>
      {found && (
        <p class="found" dir="auto">
          {found}
        </p>
      )}
      <p class="quiet">
        <Time at={at} />, {counted(questions, "question")}, {whose(versionId)}
      </p>
    </li>
  );
}

/** One conversation. */
export function ConversationPage(props: { conversation: ConversationFacts; model: ModelFacts }) {
  const { conversation, model } = props;
  const { id, title, versionId, at, turns } = conversation;
  return (
    <Layout title={`${title} · Selkie`} model={model} here="/ask" class="asking conversation">
      <p class="crumbs">
        <a href="/ask">All conversations</a>
      </p>
      <h1 dir="auto">{title.trim() || "Untitled"}</h1>
      <p class="quiet">
        Begun <Time at={at} />. {capitalised(whose(versionId))} answers here.
      </p>
      <h2 class="hidden">Questions and answers</h2>
      <Turns conversation={conversation} />
      <Composer mode={turns.at(-1)?.mode} title="Next question" />
      <Care id={id} title={title} />
    </Layout>
  );
}

/** What can be done with a whole conversation. */
function Care(props: { id: number; title: string }) {
  const { id, title } = props;
  return (
    <section class="care" aria-label="This conversation">
      <p>
        Save it as <a href={`/ask/${id}/export.md`}>Markdown</a> or{" "}
        <a href={`/ask/${id}/export.json`}>JSON</a>.
      </p>
      <details name="care">
        <summary>Rename it</summary>
        <form method="post" action={`/ask/${id}/title`}>
          <label for="title">Title</label>
          <input
            id="title"
            name="title"
            type="text"
            required
            maxlength={MAX_TITLE}
            dir="auto"
            value={title}
            autocomplete="off"
          />
          <button type="submit">Rename</button>
        </form>
      </details>
      <details name="care">
        <summary>Delete it</summary>
        <form method="post" action={`/ask/${id}/delete`}>
          <p>What was asked and answered here is gone then. What was learned of it stays.</p>
          <button type="submit">Delete for good</button>
        </form>
      </details>
    </section>
  );
}
