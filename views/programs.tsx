/** @jsxImportSource hono/jsx */
import { Layout } from "./layout.tsx";
import { Time } from "./parts.tsx";
import type { ModelFacts } from "./types.ts";

/** A key as the list has it. */
export interface KeyRow {
  id: number;
  name: string;
  hint: string;
  scopes: string[];
  createdAt: number;
  usedAt: number | null;
  expiresAt: number | null;
}

/** A webhook, with how its latest message ended. */
export interface WebhookRow {
  id: number;
  url: string;
  events: string[];
  last?: { state: "waiting" | "delivered" | "failed"; error: string | null; at: number };
}

export interface ProgramsFacts {
  keys: KeyRow[];
  webhooks: WebhookRow[];
  scopes: readonly string[];
  events: readonly string[];
  /** Whether programs of this machine need no key. */
  open: boolean;
  /** What was made just now, and is not shown again. */
  made?: { what: "key" | "secret"; of: string; text: string };
}

const SCOPE_WORDS: Record<string, string> = {
  read: "look at everything",
  write: "hand in documents, add and change sources",
  chat: "ask the model",
  admin: "everything, settings and keys included",
};
const EVENT_WORDS: Record<string, string> = {
  "update.commit": "something was learned",
  "update.reject": "an update was refused",
  "memory.alarm": "too much is forgotten",
};
const STATE_WORDS = { waiting: "on its way", delivered: "taken", failed: "not taken" };
const STATE_CLASS = { waiting: "new", delivered: "learned", failed: "failed" };

/** Other programs: the keys that they come with, and the addresses that are told of what happens. */
export function ProgramsPage(props: { facts: ProgramsFacts; model: ModelFacts }) {
  const { keys, webhooks, scopes, events, open, made } = props.facts;
  return (
    <Layout title="Programs · Selkie" model={props.model} here="/programs" class="passage">
      <h1>Programs</h1>
      <p class="lead">
        Other programs can ask Selkie, hand it documents and be told of what it learns.{" "}
        {open
          ? "Those of this machine need no key."
          : "Each needs a key, which says what it may do."}
      </p>
      {made && (
        <div class="note" role="status">
          <p>
            The {made.what} of {made.of}. It is not shown again: copy it now.
          </p>
          <p>
            <code id="made">{made.text}</code>
          </p>
        </div>
      )}
      <section id="keys" aria-labelledby="keys-title">
        <h2 id="keys-title">Keys</h2>
        {keys.length === 0 ? <p class="quiet empty">There are none.</p> : <Keys keys={keys} />}
        <details open={keys.length === 0}>
          <summary>Make a key</summary>
          <form class="source-form" method="post" action="/programs/keys">
            <label for="key-name">What it is for</label>
            <input id="key-name" name="name" required maxlength={100} placeholder="Open WebUI" />
            <fieldset>
              <legend>What it may do</legend>
              {scopes.map((scope) => (
                <Choice
                  name="scope"
                  value={scope}
                  words={SCOPE_WORDS[scope]}
                  checked={scope === "read" || scope === "chat"}
                />
              ))}
            </fieldset>
            <label for="key-days">Days that it is valid (empty: for ever)</label>
            <input id="key-days" name="days" type="number" min="1" max="36500" />
            <button type="submit">Make it</button>
          </form>
        </details>
      </section>
      <section id="webhooks" aria-labelledby="webhooks-title">
        <h2 id="webhooks-title">Webhooks</h2>
        {webhooks.length === 0 ? (
          <p class="quiet empty">No address is told anything.</p>
        ) : (
          <Webhooks webhooks={webhooks} />
        )}
        <details>
          <summary>Tell an address</summary>
          <form class="source-form" method="post" action="/programs/webhooks">
            <label for="webhook-url">Address</label>
            <input id="webhook-url" name="url" type="url" required placeholder="https://…" />
            <fieldset>
              <legend>Of what</legend>
              {events.map((event) => (
                <Choice name="event" value={event} words={EVENT_WORDS[event]} checked />
              ))}
            </fieldset>
            <button type="submit">Add it</button>
          </form>
        </details>
      </section>
    </Layout>
  );
}

function Keys({ keys }: { keys: KeyRow[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">For</th>
            <th scope="col">Key</th>
            <th scope="col">May</th>
            <th scope="col">Used</th>
            <th scope="col">Ends</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {keys.map(({ id, name, hint, scopes, usedAt, expiresAt }) => (
            <tr>
              <th scope="row" dir="auto">
                {name}
              </th>
              <td>
                <code>{hint}</code>
              </td>
              <td>{scopes.join(", ")}</td>
              <td>{usedAt === null ? "never" : <Time at={usedAt} />}</td>
              <td>
                {expiresAt === null ? (
                  "never"
                ) : expiresAt <= Date.now() ? (
                  <span class="mark mark-rejected">ended</span>
                ) : (
                  <Time at={expiresAt} />
                )}
              </td>
              <td>
                <Change action={`/programs/keys/${id}`} value="remove" label="Revoke" of={name} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Webhooks({ webhooks }: { webhooks: WebhookRow[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Address</th>
            <th scope="col">Is told of</th>
            <th scope="col">Last message</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {webhooks.map(({ id, url, events, last }) => (
            <tr>
              <th scope="row" dir="auto">
                {url}
              </th>
              <td>{events.join(", ")}</td>
              <td>
                {last ? (
                  <>
                    <span class={`mark mark-${STATE_CLASS[last.state]}`}>
                      {STATE_WORDS[last.state]}
                    </span>{" "}
                    <Time at={last.at} class="quiet" />
                    {last.error && (
                      <div class="quiet" dir="auto">
                        {last.error}
                      </div>
                    )}
                  </>
                ) : (
                  "none yet"
                )}
              </td>
              <td>
                <Change action={`/programs/webhooks/${id}`} value="test" label="Test" of={url} />
                <Change
                  action={`/programs/webhooks/${id}`}
                  value="remove"
                  label="Remove"
                  of={url}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Choice(props: { name: string; value: string; words?: string; checked?: boolean }) {
  return (
    <label class="choice">
      <input type="checkbox" name={props.name} value={props.value} checked={props.checked} />{" "}
      <code>{props.value}</code> {props.words}
    </label>
  );
}

function Change(props: { action: string; value: string; label: string; of: string }) {
  return (
    <form method="post" action={props.action} class="inline">
      <button
        type="submit"
        name="action"
        value={props.value}
        class="plain"
        aria-label={`${props.label} ${props.of}`}
      >
        {props.label}
      </button>
    </form>
  );
}
